// One incident: pictures, facts, proposal, neighbours, what happened so far.
import type { ComponentChildren } from 'preact';
import type { Case, Detail } from '../api/types';
import { ago, area, coordinates, metres, moment, momentInFull, percent, stateOf, titleOf, untilDeadline } from '../format';
import { language, nameOf, say, t } from '../i18n';
import { propose } from '../flights/missions';
import { holdOf } from '../holds/holds';
import { MatterIcon } from '../ui/icons';
import { toast } from '../ui/toast';
import * as desk from './desk';
import { Neighbours } from './neighbours';
import { viewers } from './presence';
import { Clip, CloseUp, Context } from './stills';

export function Incident() {
  const row = desk.current.value;
  if (!row) return <p class="notice grow">{t(desk.loading.value ? 'loading' : 'no_incident')}</p>;
  const detail = desk.detail.value;
  return (
    <article class="incident" aria-labelledby="incident-title">
      <Title it={row.it} />
      {row.mark?.kind === 'conflict' && (
        <p class="note conflict" role="alert">
          {desk.conflictWords(row.mark)}
        </p>
      )}
      <div class="look">
        <CloseUp it={row.it} />
        <div class="beside">
          <Context it={row.it} />
          <Clip it={row.it} />
          <Neighbours detail={detail} />
        </div>
      </div>
      <div class="columns">
        <Facts it={row.it} />
        <Proposal it={row.it} />
      </div>
      <History detail={detail} />
    </article>
  );
}

function Title({ it }: { it: Case }) {
  const names = [...viewers.value];
  return (
    <header class="incident-head">
      <MatterIcon matter={it.class} />
      <h2 id="incident-title">{titleOf(it)}</h2>
      {it.task && it.task.priority !== 'normal' && (
        <span class={`mark mark-${it.task.priority}`}>{t(`priority_${it.task.priority}`)}</span>
      )}
      <span class="mark">{stateOf(it)}</span>
      <Held id={it.id} />
      <span class="presence" role="status">
        {names.length > 0 && (
          <>
            <span class="avatars" aria-hidden="true">
              {names.slice(0, 3).map((name) => (
                <span key={name} class="avatar">
                  {[...name][0]}
                </span>
              ))}
            </span>
            {t('viewers', { names: names.join(language.value === 'zh' ? '、' : ', ') })}
          </>
        )}
      </span>
    </header>
  );
}

/** That the case is under legal hold, and for those who may a way to change it. */
function Held({ id }: { id: string }) {
  const held = holdOf(id);
  const ask = () => desk.ask('hold');
  return (
    <>
      {held && (
        <span class="mark mark-high" title={t('hold_mark_title', { actor: held.actor, reason: held.reason })}>
          {t('hold_mark')}
        </span>
      )}
      {desk.mayHold.value && (
        <button type="button" class="quiet hold-button" onMouseDown={(event) => event.preventDefault()} onClick={ask}>
          {t(held ? 'hold_lift' : 'hold_set')} <kbd>H</kbd>
        </button>
      )}
    </>
  );
}

interface FactProps {
  name: string;
  children: ComponentChildren;
  wide?: boolean;
  half?: boolean;
  two?: boolean;
}

function Fact({ name, children, wide, half, two }: FactProps) {
  return (
    <div class={wide ? 'fact wide' : half ? 'fact half' : two ? 'fact two' : 'fact'}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Facts({ it }: { it: Case }) {
  return (
    <section class="card" aria-label={t('facts')}>
      <dl class="facts">
        <Fact name={t('score')}>
          <span class="meter" aria-hidden="true">
            <span style={{ width: `${Math.round(it.score * 100)}%` }} />
          </span>
          {percent(it.score)}
        </Fact>
        <Fact name={t('size')}>{it.area_m2 === null ? t('size_unknown') : area(it.area_m2)}</Fact>
        <Fact name={t('sightings')}>{t('sightings_n', { n: it.sightings })}</Fact>
        <Fact name={t('first_seen')} half>
          <time title={momentInFull(it.first_seen)}>{moment(it.first_seen)}</time>
        </Fact>
        <Fact name={t('last_seen')} half>
          <time title={momentInFull(it.last_seen)}>{moment(it.last_seen)}</time>
        </Fact>
        <Fact name={t('place')} wide>
          {say(it, 'place') || t('nothing_here')}
        </Fact>
        <Fact name={t('position')} wide>
          <Where it={it} />
        </Fact>
      </dl>
    </section>
  );
}

function Where({ it }: { it: Case }) {
  if (!it.position) return <span class="warn">{`${t('unlocated')} · ${t('unlocated_note')}`}</span>;
  const { ce90_m, datum, height_m } = it.position;
  return (
    <>
      <span class="code">{coordinates(it.position)}</span>
      <span class="under">
        {t('ce90', { m: metres(ce90_m) })} · {t('height')} {metres(height_m)} · {datum}
      </span>
    </>
  );
}

function Proposal({ it }: { it: Case }) {
  const task = it.task;
  if (!task) {
    return (
      <section class="card" aria-label={t('proposal')}>
        <h3>{t('proposal')}</h3>
        <p class="muted">{t('no_task')}</p>
      </section>
    );
  }
  return (
    <section class="card" aria-label={t('proposal')}>
      <h3>{t('proposal')}</h3>
      <p class="lead">
        <strong>{say(task, 'lead') || t('nothing_here')}</strong>
        {task.probability !== null && <span class="muted"> {t('probability', { p: percent(task.probability) })}</span>}
      </p>
      {task.assisting.map((one) => (
        <p key={one.department} class="assisting">
          <span class="muted">{t('assisting')}</span> {nameOf(one)}{' '}
          <span class="muted">{t('probability', { p: percent(one.probability) })}</span>
        </p>
      ))}
      <p class="why">{say(task, 'reason')}</p>
      <dl class="facts">
        <Fact name={t('deadline')} two>
          <DeadlineView it={it} />
        </Fact>
        <Fact name={t('severity')}>{severity(task.severity)}</Fact>
      </dl>
      {it.position && (
        <button type="button" class="quiet" onClick={() => void look(task.id, titleOf(it))}>
          {t('flight_propose')}
        </button>
      )}
    </section>
  );
}

/** A flight to the task is planned and waits among the flights: that it is launched is another person's word. */
async function look(task: string, title: string): Promise<void> {
  try {
    await propose(task, t('flight_propose_name', { name: title }));
    toast(t('flight_proposed'));
  } catch (error) {
    toast(desk.wordsOf(error), { urgent: true });
  }
}

function severity(word: string): string {
  return word === 'minor' || word === 'moderate' || word === 'severe' ? t(`severity_${word}`) : word;
}

function DeadlineView({ it }: { it: Case }) {
  const task = it.task;
  if (!task?.deadline) return <>{t('no_deadline')}</>;
  const { text, late, soon } = untilDeadline(task.deadline);
  return (
    <>
      <time title={momentInFull(task.deadline)}>{moment(task.deadline)}</time>{' '}
      <span class={late ? 'due late' : soon ? 'due soon' : 'due'}>{text}</span>
      {task.paused && <span class="mark">{t('paused')}</span>}
    </>
  );
}

function History({ detail }: { detail: Detail | null }) {
  return (
    <section class="card" aria-label={t('history')}>
      <h3>
        {t('history')}
        <span class="code" title={t('number')}>
          {detail?.id}
        </span>
      </h3>
      {!detail ? (
        <p class="muted">{t('loading')}</p>
      ) : detail.history.length === 0 ? (
        <p class="muted">{t('no_history')}</p>
      ) : (
        <ol class="history">
          {[...detail.history].reverse().map((event, index) => (
            <li key={`${event.at}-${index}`}>
              <time title={momentInFull(event.at)}>{ago(event.at)}</time>
              <span>
                {nameOf(event)}
                {event.actor && <span class="muted"> · {event.actor}</span>}
                {event.reason && <span class="muted"> · {event.reason}</span>}
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
