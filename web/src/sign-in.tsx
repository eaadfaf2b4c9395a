// The sign-in form.
import { useState } from 'preact/hooks';
import { ApiError, signIn } from './api/client';
import { ThemeButton } from './app';
import { switchLanguage, t } from './i18n';

export function SignIn() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem('');
    try {
      await signIn(String(form.get('name')), String(form.get('password')));
    } catch (error) {
      const wrong = error instanceof ApiError && [400, 401, 403, 422].includes(error.status);
      setProblem(t(wrong ? 'sign_in_failed' : 'sign_in_later'));
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
          {problem}
        </p>
        <button class="primary" type="submit" disabled={busy}>
          {t(busy ? 'signing_in' : 'sign_in')}
        </button>
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
