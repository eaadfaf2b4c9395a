// The sign-in form.
import { useEffect, useState } from 'preact/hooks';
import { ApiError, get, signIn } from './api/client';
import type { Ways } from './api/types';
import { ThemeButton } from './app';
import { type Key, language, switchLanguage, t } from './i18n';

/** What the server says in the address of who was not let in by their organisation. */
const REFUSED: Record<string, Key> = { no_role: 'sign_in_no_role', denied: 'sign_in_denied', late: 'sign_in_late' };

function refusal(): Key | null {
  const word = new URLSearchParams(location.search).get('sign_in');
  return word === null ? null : (REFUSED[word] ?? 'sign_in_trouble');
}

function trouble(error: unknown): Key {
  const status = error instanceof ApiError ? error.status : 0;
  if (status === 429) return 'sign_in_wait';
  return [400, 401, 403, 422].includes(status) ? 'sign_in_failed' : 'sign_in_later';
}

/** The way past the password, where an organisation vouches for its people. */
function Vouched() {
  const [oidc, setOidc] = useState<Ways['oidc']>(null);
  useEffect(() => {
    const asked = new AbortController();
    // Without an answer there is the password.
    get<Ways>('/v1/sign-in', asked.signal).then((ways) => setOidc(ways.oidc), () => undefined);
    return () => asked.abort();
  }, []);
  if (!oidc) return null;
  return (
    <a class="button" href="/v1/sign-in/oidc">
      {(language.value === 'zh' ? oidc.label_zh : oidc.label_en) ?? t('sign_in_vouched')}
    </a>
  );
}

export function SignIn() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Key | null>(refusal);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem(null);
    try {
      await signIn(String(form.get('name')), String(form.get('password')));
    } catch (error) {
      setProblem(trouble(error));
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)} aria-labelledby="sign-in-title">
        <img src="/icon.svg" alt="" width="44" height="44" />
        <h1 id="sign-in-title">{t('product_long')}</h1>
        <p class="muted">{t('sign_in_lead')}</p>
        <label>
          {t('name')}
          <input name="name" autocomplete="username" required autoFocus />
        </label>
        <label>
          {t('password')}
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <p class="problem" role="alert">
          {problem && t(problem)}
        </p>
        <button class="primary" type="submit" disabled={busy}>
          {t(busy ? 'signing_in' : 'sign_in')}
        </button>
        <Vouched />
      </form>
      <div class="sign-in-foot">
        <button type="button" class="quiet" onClick={switchLanguage}>
          {t('language')}
        </button>
        <ThemeButton />
      </div>
    </main>
  );
}
