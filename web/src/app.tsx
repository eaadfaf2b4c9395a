// The frame around every screen: who is signed in, where one can go, language and theme.
import { lazy, Suspense } from 'preact/compat';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { session, signOut } from './api/client';
import { line, startLive, stopLive } from './api/live';
import type { Session } from './api/types';
import { loadCatalogue } from './catalogue';
import { Desk } from './desk/screen';
import { t, language, switchLanguage } from './i18n';
import { parts, type Screen, SCREENS, screensOf, address } from './router';
import { SignIn } from './sign-in';
import { choice, switchTheme } from './theme';
import { Icon } from './ui/icons';
import { toast } from './ui/toast';
import { Toasts } from './ui/toasts';

const Duty = lazy(() => import('./duty/screen').then((m) => ({ default: m.Duty })));
const Crew = lazy(() => import('./crew/screen').then((m) => ({ default: m.Crew })));
const Flights = lazy(() => import('./flights/screen').then((m) => ({ default: m.Flights })));
const Recheck = lazy(() => import('./recheck/screen').then((m) => ({ default: m.Recheck })));
const Holds = lazy(() => import('./holds/screen').then((m) => ({ default: m.Holds })));
const Record = lazy(() => import('./record/screen').then((m) => ({ default: m.Record })));

export function App() {
  const who = session.value;
  return (
    <>
      {who === null && <SignIn />}
      {who && <Signed key={who.name} who={who} />}
      <Toasts />
    </>
  );
}

function Signed({ who }: { who: Session }) {
  // Before the first paint: what is asked for sooner is here sooner.
  useLayoutEffect(() => {
    loadCatalogue().catch(() => toast(t('error_no_answer'), { urgent: true }));
    startLive();
    return stopLive;
  }, []);
  const screens = screensOf(who.role);
  const asked = parts.value[0] as Screen | undefined;
  const screen = asked ?? screens[0];
  useEffect(() => {
    document.title = `${screen && screens.includes(screen) ? t(screen) : t('product')} · ${t('product')}`;
  }, [screen, language.value]);
  return (
    <div class={`frame frame-${screen}`}>
      <a class="skip" href="#main" onClick={(event) => focusMain(event)}>
        {t('skip_to_content')}
      </a>
      <Head who={who} screens={screens} screen={screen} />
      <main id="main" tabIndex={-1}>
        {!screen || !screens.includes(screen) ? (
          <p class="notice">{t(asked && SCREENS.includes(asked) ? 'not_allowed' : 'page_missing')}</p>
        ) : (
          <Suspense fallback={<p class="notice">{t('loading')}</p>}>
            {screen === 'desk' && <Desk who={who} />}
            {screen === 'duty' && <Duty who={who} />}
            {screen === 'crew' && <Crew who={who} />}
            {screen === 'flights' && <Flights who={who} />}
            {screen === 'recheck' && <Recheck />}
            {screen === 'holds' && <Holds who={who} />}
            {screen === 'record' && <Record who={who} />}
          </Suspense>
        )}
      </main>
    </div>
  );
}

/** The address after '#' is the screen, so the jump is made by hand. */
function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Head({ who, screens, screen }: { who: Session; screens: readonly Screen[]; screen: Screen | undefined }) {
  return (
    <header class="head">
      <a class="brand" href={address(screens[0] ?? 'desk')} aria-label={`${language.value === 'zh' ? who.city_zh : who.city_en} ${t('product_long')}`}>
        <img src="/icon.svg" alt="" width="22" height="22" />
        <strong>{language.value === 'zh' ? who.city_zh : who.city_en}</strong>
        <span class="muted brand-product">{t('product_long')}</span>
      </a>
      <nav aria-label={t('main_navigation')}>
        {screens.map((one) => (
          <a key={one} href={address(one)} aria-current={one === screen ? 'page' : undefined}>
            {t(one)}
          </a>
        ))}
      </nav>
      <div class="head-end">
        <Line />
        <button type="button" class="quiet" onClick={switchLanguage} title={t('language_hint')}>
          {t('language')}
        </button>
        <ThemeButton />
        <span class="who" title={who.role}>
          {who.name}
        </span>
        <button type="button" class="icon-button" aria-label={t('sign_out')} title={t('sign_out')} onClick={() => void signOut()}>
          <Icon name="out" />
        </button>
      </div>
    </header>
  );
}

export function ThemeButton() {
  const label = t(`theme_${choice.value}`);
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={switchTheme}>
      <Icon name={({ auto: 'auto', light: 'sun', dark: 'moon' } as const)[choice.value]} />
    </button>
  );
}

function Line() {
  const state = line.value;
  return (
    <span class={`line line-${state}`} role="status">
      <span class="dot" aria-hidden="true" />
      <span class="line-text">{t(`line_${state}`)}</span>
    </span>
  );
}
