// The list of legal holds: set one, see why, lift it with a reason.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Hold, Session } from '../api/types';
import { wordsOf } from '../desk/desk';
import { moment, momentInFull } from '../format';
import { say, t } from '../i18n';
import { address } from '../router';
import { HoldDialog } from './dialog';
import * as state from './holds';
import '../styles/holds.css';

export function Holds({ who }: { who: Session }) {
  const problem = useSignal('');
  const asked = useSignal<{ id: string; title: string; held: boolean } | null>(null);
  const may = state.mayHold(who.role);
  const load = () => {
    state.load().then(
      () => {
        problem.value = '';
      },
      (error: unknown) => {
        problem.value = wordsOf(error);
      },
    );
  };
  useEffect(load, []);
  const all = state.holds.value;
  return (
    <div class="holds">
      <header>
        <h1>{t('holds')}</h1>
        <p class="muted">{t('holds_lead')}</p>
      </header>
      {may ? <New onAsk={(id) => (asked.value = { id, title: id, held: false })} /> : <p class="note">{t('holds_who')}</p>}
      <label class="check">
        <input
          type="checkbox"
          checked={state.withLifted.value}
          onChange={(event) => {
            state.withLifted.value = event.currentTarget.checked;
            load();
          }}
        />
        {t('holds_with_lifted')}
      </label>
      {problem.value && (
        <p class="notice problem" role="alert">
          {problem.value}
        </p>
      )}
      {all === null && !problem.value && <p class="notice">{t('loading')}</p>}
      {all?.length === 0 && <p class="notice">{t('holds_none')}</p>}
      {all && all.length > 0 && (
        <Table rows={all} may={may} onLift={(one) => (asked.value = { id: one.incident, title: titleOf(one), held: true })} />
      )}
      {asked.value && (
        <HoldDialog
          {...asked.value}
          onClose={() => {
            asked.value = null;
          }}
        />
      )}
    </div>
  );
}

const titleOf = (one: Hold): string => say(one, 'title') || one.incident;

function New({ onAsk }: { onAsk: (id: string) => void }) {
  const problem = useSignal('');
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const id = state.incidentIn(String(new FormData(form).get('incident')));
    problem.value = id ? '' : t('hold_incident_bad');
    if (!id) return;
    form.reset();
    onAsk(id);
  };
  return (
    <form class="card hold-new" onSubmit={submit}>
      <label class="grow">
        {t('hold_incident')}
        <input name="incident" required placeholder={t('hold_incident_hint')} aria-describedby="hold-problem" />
      </label>
      <button type="submit" class="primary">
        {t('hold_set')}
      </button>
      <p id="hold-problem" class="problem" role="alert">
        {problem.value}
      </p>
    </form>
  );
}

function Table({ rows, may, onLift }: { rows: readonly Hold[]; may: boolean; onLift: (one: Hold) => void }) {
  return (
    <div class="card table-scroll" tabIndex={0} role="region" aria-label={t('holds')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('incident')}</th>
            <th scope="col">{t('hold_since')}</th>
            <th scope="col">{t('hold_actor')}</th>
            <th scope="col">{t('hold_reason')}</th>
            <th scope="col">{t('hold_state')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={`${one.incident}-${one.since}`} data-hold={one.incident} class={one.lifted ? 'lifted' : ''}>
              <th scope="row">
                {one.put_away ? titleOf(one) : <a href={address('desk', one.incident)}>{titleOf(one)}</a>}
                {one.put_away && <span class="mark">{t('hold_put_away')}</span>}
              </th>
              <td>
                <When at={one.since} />
              </td>
              <td>{one.actor}</td>
              <td>{one.reason}</td>
              <td>
                <State one={one} may={may} onLift={onLift} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const When = ({ at }: { at: string }) => <time title={momentInFull(at)}>{moment(at)}</time>;

function State({ one, may, onLift }: { one: Hold; may: boolean; onLift: (one: Hold) => void }) {
  if (one.lifted) {
    return (
      <>
        {t('hold_lifted_by', { actor: one.lifted.actor })} <When at={one.lifted.at} />
        <span class="under">{one.lifted.reason}</span>
      </>
    );
  }
  if (!may) return <span class="mark mark-high">{t('hold_mark')}</span>;
  return (
    <button type="button" aria-label={t('hold_lift_of', { title: titleOf(one) })} onClick={() => onLift(one)}>
      {t('hold_lift')}
    </button>
  );
}
