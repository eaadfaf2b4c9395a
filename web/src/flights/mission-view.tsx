// One flight: what it is, what it does now, what may be ordered, and what was.
import { useSignal } from '@preact/signals';
import type { Mission, MissionAct } from '../api/types';
import { wordsOf } from '../desk/desk';
import { count, duration, moment } from '../format';
import { language, nameOf, say, t } from '../i18n';
import { address } from '../router';
import { Icon } from '../ui/icons';
import { toast } from '../ui/toast';
import { CoverageView } from './coverage-view';
import { OrderDialog } from './order-dialog';
import { missions, remove } from './missions';

export function MissionView({ mission, maySteer }: { mission: Mission; maySteer: boolean }) {
  const asking = useSignal<MissionAct | null>(null);
  const { state } = mission;
  const next = language.value === 'zh' ? state.next_zh : state.next_en;
  return (
    <article class="mission">
      <header>
        <h2>{mission.name}</h2>
        <p class="muted">
          {t('flight_by', { name: mission.by })} · {moment(mission.created)}
        </p>
      </header>
      <div class={`mission-state phase-${mission.phase} kind-${state.kind}`} role="status">
        <strong>
          <span class="dot" aria-hidden="true" /> {nameOf(state)}
        </strong>
        {next && (
          <p>
            {t('flight_next')}: {next}
          </p>
        )}
        <Progress mission={mission} />
      </div>
      <Purpose mission={mission} />
      {maySteer && (
        <div class="buttons mission-acts">
          {mission.actions.map((act) => (
            <button
              type="button"
              key={act}
              class={act === 'launch' ? 'primary' : act === 'abort' ? 'danger' : ''}
              onClick={() => {
                asking.value = act;
              }}
            >
              {t(`flight_${act}`)}
            </button>
          ))}
        </div>
      )}
      <Figures mission={mission} />
      <Warnings mission={mission} />
      <CoverageView mission={mission} maySteer={maySteer} />
      <Log mission={mission} />
      <p class="buttons">
        {mission.source && (
          <a class="button" href={address('duty', 'source', mission.source)}>
            <Icon name="eye" /> {t('flight_video')}
          </a>
        )}
        <a class="button" href={`/v1/missions/${encodeURIComponent(mission.id)}/plan.kmz`} download={`${mission.name}.kmz`}>
          {t('flight_download')}
        </a>
        {maySteer && mission.phase !== 'active' && (
          <button type="button" class="quiet" onClick={() => void drop(mission)}>
            {t('flight_delete')}
          </button>
        )}
      </p>
      {asking.value && (
        <OrderDialog
          mission={mission}
          act={asking.value}
          onClose={() => {
            asking.value = null;
          }}
        />
      )}
    </article>
  );
}

/** The task that a flight looks at, and what became of it. */
function Purpose({ mission }: { mission: Mission }) {
  // The list is asked for again and again: a task moves on when its flight is long over.
  const task = missions.value.find((one) => one.id === mission.id)?.task ?? mission.task;
  if (!task) return null;
  const word =
    task.state === 'closed' || task.state === 'verified' ? 'flight_task_verified' : task.state === 'reopened' ? 'flight_task_still' : null;
  return (
    <p class="mission-task">
      {t('flight_task')} <a href={address('desk', task.incident)}>{nameOf(task)}</a> · {say(task, 'state')}
      {word && mission.phase === 'over' && <strong> · {t(word)}</strong>}
    </p>
  );
}

async function drop(mission: Mission): Promise<void> {
  if (!confirm(t('flight_delete_ask', { name: mission.name }))) return;
  try {
    await remove(mission.id);
    location.hash = address('flights');
  } catch (error) {
    toast(wordsOf(error), { urgent: true });
  }
}

function Progress({ mission }: { mission: Mission }) {
  const { progress, aircraft } = mission;
  if (!progress && !aircraft) return null;
  const way = progress && t('flight_progress', { waypoint: progress.waypoint ?? '–', waypoints: progress.waypoints });
  return (
    <>
      {progress && way && <progress max={100} value={progress.percent} aria-label={way} />}
      <p class="muted">
        {progress && `${progress.percent} % · ${way}`}
        {aircraft?.battery_percent != null && ` · ${t('flight_battery', { n: aircraft.battery_percent })}`}
      </p>
    </>
  );
}

function Figures({ mission: { plan } }: { mission: Mission }) {
  const rows: [string, string][] = [
    [t('flight_aircraft'), plan.aircraft],
    [t('flight_waypoints'), count(plan.waypoints)],
    [t('flight_length'), `${(plan.length_m / 1000).toFixed(1)} km`],
    [t('flight_duration'), duration(plan.duration_s * 1000)],
    [t('flight_height'), `${plan.height_m.toFixed(0)} m`],
  ];
  if (plan.gsd_cm !== null) rows.push([t('flight_gsd'), plan.gsd_cm.toFixed(1)]);
  if (plan.area_m2 !== null) rows.push([t('flight_surface'), `${(plan.area_m2 / 1e4).toFixed(2)} ha`]);
  return (
    <dl class="mission-figures">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Warnings({ mission }: { mission: Mission }) {
  const { warnings } = mission;
  if (warnings.length === 0) return <p class="muted">{t('flight_no_warnings')}</p>;
  return (
    <section class="mission-warnings">
      <h3>{t('flight_warnings', { n: warnings.length })}</h3>
      <ul>
        {warnings.map((one, index) => (
          <li key={index}>
            <strong>
              {one.leg !== null && `${t('flight_leg', { n: one.leg })} · `}
              {say(one, 'what')}
            </strong>
            {say(one, 'mend') && (
              <span>
                {t('flight_mend')}: {say(one, 'mend')}
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Log({ mission }: { mission: Mission }) {
  if (mission.log.length === 0) return null;
  return (
    <section class="mission-log">
      <h3>{t('flight_log')}</h3>
      <ol reversed>
        {[...mission.log].reverse().map((one, index) => (
          <li key={mission.log.length - index}>
            <time class="muted">{moment(one.at)}</time> <span>{one.actor ?? t('flight_log_vehicle')}</span> {nameOf(one)}
            {one.reason && <span class="muted"> · {one.reason}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
