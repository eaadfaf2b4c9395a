// The blind second look: pictures and facts of one case, two answers, and beside it how well people agree.
import { useEffect, useLayoutEffect } from 'preact/hooks';
import type { Agreement, Blind } from '../api/types';
import { wordsOf } from '../desk/desk';
import { area, count, moment, momentInFull, percent } from '../format';
import { say, switchLanguage, t } from '../i18n';
import { switchTheme } from '../theme';
import { MatterIcon } from '../ui/icons';
import * as state from './recheck';
import '../styles/recheck.css';

const KEYS: Record<string, () => void> = {
  c: () => void state.say(true),
  x: () => void state.say(false),
  ' ': () => void state.pass(),
  p: () => {
    state.plain.value = !state.plain.peek();
  },
  l: switchLanguage,
  t: switchTheme,
};

function onKey(event: KeyboardEvent): void {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('input, select, textarea, dialog')) return;
  if ((event.key === ' ' || event.key === 'Enter') && target?.closest('button, a')) return;
  const act = KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
}

export function Recheck() {
  useEffect(() => void state.open(), []);
  useLayoutEffect(() => {
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const it = state.blind.value;
  return (
    <div class="recheck">
      <section class="recheck-case" aria-labelledby="recheck-title">
        <header>
          <h1 id="recheck-title">{t('recheck_title')}</h1>
          <p class="muted">{t('recheck_lead')}</p>
        </header>
        {state.problem.value !== null && (
          <p class="note conflict" role="alert">
            {wordsOf(state.problem.value)}
          </p>
        )}
        {it === undefined && state.problem.value === null && <p class="notice">{t('loading')}</p>}
        {it === null && <Nothing />}
        {it && <Case it={it} />}
      </section>
      <Measured />
    </div>
  );
}

function Nothing() {
  return (
    <div class="notice" role="status">
      <p>
        <strong>{t('recheck_none')}</strong>
      </p>
      <p>{t('recheck_none_hint')}</p>
    </div>
  );
}

function Case({ it }: { it: Blind }) {
  const bare = state.plain.value;
  return (
    <>
      <p class="recheck-question" role="status" data-incident={it.incident}>
        <MatterIcon matter={it.class} />
        <strong>{t('recheck_question', { matter: say(it, 'class') })}</strong>
        <span class="muted">{t('recheck_left', { n: count(it.left) })}</span>
      </p>
      <div class="recheck-look">
        <Picture it={it} what="close_up" bare={bare} />
        <Picture it={it} what="context" bare={bare} />
      </div>
      <Facts it={it} />
      <Answers />
    </>
  );
}

function Picture({ it, what, bare }: { it: Blind; what: 'close_up' | 'context'; bare: boolean }) {
  const url = state.pictureOf(it, what, bare);
  const [kind, form] = [t(what), t(bare ? 'plain' : 'annotated')];
  if (!url) return <div class={`still still-${what} none`}>{t('no_still')}</div>;
  return (
    <figure class={`still still-${what}`}>
      <img src={url} alt={t('still_alt', { title: say(it, 'class'), kind, form })} draggable={false} />
      <figcaption class="still-label" aria-hidden="true">
        {kind} · {form}
      </figcaption>
    </figure>
  );
}

function Facts({ it }: { it: Blind }) {
  return (
    <dl class="card recheck-facts">
      <Fact name={t('first_seen')}>
        <time title={momentInFull(it.first_seen)}>{moment(it.first_seen)}</time>
      </Fact>
      <Fact name={t('size')}>{it.area_m2 === null ? t('size_unknown') : area(it.area_m2)}</Fact>
      <Fact name={t('sightings')}>{t('sightings_n', { n: it.sightings })}</Fact>
      <Fact name={t('score')}>{percent(it.score)}</Fact>
      <Fact name={t('place')}>{say(it, 'place') || t('nothing_here')}</Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Answers() {
  const off = state.busy.value;
  const keep = (event: MouseEvent) => event.preventDefault();
  return (
    <div class="actions" role="toolbar" aria-label={t('recheck_answer')}>
      <button type="button" class="act confirm" disabled={off} onMouseDown={keep} onClick={() => void state.say(true)}>
        <span>{t('recheck_real')}</span> <kbd>C</kbd>
      </button>
      <button type="button" class="act reject" disabled={off} onMouseDown={keep} onClick={() => void state.say(false)}>
        <span>{t('recheck_not_real')}</span> <kbd>X</kbd>
      </button>
      <button type="button" class="act" disabled={off} onMouseDown={keep} onClick={() => void state.pass()}>
        <span>{t('recheck_later')}</span> <kbd>{t('space_key')}</kbd>
      </button>
      <button
        type="button"
        class="act"
        aria-pressed={state.plain.value}
        onMouseDown={keep}
        onClick={() => {
          state.plain.value = !state.plain.peek();
        }}
      >
        <span>{t('plain')}</span> <kbd>P</kbd>
      </button>
    </div>
  );
}

function Measured() {
  const told = state.agreement.value;
  return (
    <aside class="recheck-agreement card" aria-labelledby="agreement-title">
      <h2 id="agreement-title">{t('agreement')}</h2>
      {told === null ? <p class="muted">{t('loading')}</p> : <Figures told={told} />}
      <p class="muted">{t('agreement_note')}</p>
      {state.said.value > 0 && <p role="status">{t('recheck_said', { n: state.said.value })}</p>}
    </aside>
  );
}

function Figures({ told }: { told: Agreement }) {
  return (
    <dl class="agreement">
      <Fact name={t('agreement_decided')}>{count(told.decided)}</Fact>
      <Fact name={t('agreement_rechecked')}>{t('agreement_looks', { n: count(told.rechecked), looks: count(told.looks) })}</Fact>
      <Fact name={t('agreement_same')}>{told.same_share === null ? t('nothing_here') : percent(told.same_share)}</Fact>
      <Kappa name={t('kappa_cohen')} value={told.cohen_kappa} />
      <Kappa name={t('kappa_fleiss')} value={told.fleiss_kappa} />
    </dl>
  );
}

function Kappa({ name, value }: { name: string; value: number | null }) {
  return (
    <Fact name={name}>
      {value !== null && <strong>{value.toFixed(2)}</strong>} <span class="muted">{t(state.strength(value))}</span>
    </Fact>
  );
}
