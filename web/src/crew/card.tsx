// One task of a crew: picture, place, deadline, and the next step.
import { useSignal } from '@preact/signals';
import { seesOriginals } from '../api/client';
import type { Case, StepName, TaskState } from '../api/types';
import { still } from '../desk/details';
import { area, coordinates, metres, moment, titleOf, untilDeadline } from '../format';
import { say, t, type Key } from '../i18n';
import { Icon, MatterIcon } from '../ui/icons';
import { put } from './sender';

const NEXT: Partial<Record<TaskState, { step: StepName; key: Key }>> = {
  dispatched: { step: 'accept', key: 'crew_take' },
  accepted: { step: 'depart', key: 'crew_depart' },
  en_route: { step: 'arrive', key: 'crew_arrive' },
  on_site: { step: 'finish', key: 'crew_finish' },
};

const STAGES: readonly TaskState[] = ['dispatched', 'accepted', 'en_route', 'on_site'];

interface Props {
  it: Case;
  onFinish: () => void;
  onBounce: () => void;
}

export function TaskCard({ it, onFinish, onBounce }: Props) {
  const task = it.task;
  if (!task) return null;
  const next = NEXT[task.state];
  const due = task.deadline ? untilDeadline(task.deadline) : null;
  const advance = async () => {
    if (!next) return;
    if (next.step === 'finish') return onFinish();
    await put(it, { kind: 'step', step: next.step, reason: '' });
  };
  return (
    <li class="task" data-task={task.id}>
      <Picture it={it} />
      <div class="task-body">
        <div class="task-head">
          <MatterIcon matter={it.class} />
          <h2>{titleOf(it)}</h2>
          {(task.priority === 'urgent' || task.priority === 'high') && (
            <span class={`mark mark-${task.priority}`}>{t(`priority_${task.priority}`)}</span>
          )}
        </div>
        <p class="muted">{say(it, 'place')}</p>
        <p class="task-facts">
          {task.deadline && due && (
            <span class={due.late ? 'due late' : due.soon ? 'due soon' : 'due'}>
              <Icon name="clock" /> {due.text} · {moment(task.deadline)}
            </span>
          )}
          {it.area_m2 !== null && <span>{area(it.area_m2)}</span>}
        </p>
        {it.position && (
          <p class="task-facts muted">
            <Icon name="pin" /> <span class="code">{coordinates(it.position)}</span> ±{metres(it.position.ce90_m)}
          </p>
        )}
        <Stages state={task.state} />
        <div class="task-acts">
          {next && (
            <button type="button" class="primary" onClick={() => void advance()}>
              {t(next.key)}
            </button>
          )}
          <button type="button" onClick={onBounce}>
            {t('crew_bounce')}
          </button>
        </div>
      </div>
    </li>
  );
}

function Picture({ it }: { it: Case }) {
  const whole = useSignal(false);
  const url = whole.value
    ? still(it, 'context_annotated', 'context', 'close_up_annotated')
    : still(it, 'close_up_annotated', 'close_up', 'context_annotated');
  if (!url) return null;
  const coarse = seesOriginals() ? '' : t('picture_coarse');
  return (
    <button
      type="button"
      class="task-picture"
      aria-label={`${t('close_up')} / ${t('context')}${coarse ? ` · ${coarse}` : ''}`}
      onClick={() => {
        whole.value = !whole.value;
      }}
    >
      <img src={url} alt={titleOf(it)} loading="lazy" />
      {coarse && (
        <span class="task-coarse" aria-hidden="true">
          {coarse}
        </span>
      )}
    </button>
  );
}

function Stages({ state }: { state: TaskState }) {
  const at = STAGES.indexOf(state);
  return (
    <ol class="stages" aria-label={t('stage')}>
      {STAGES.map((one, index) => (
        <li key={one} class={index <= at ? 'reached' : ''} aria-current={index === at ? 'step' : undefined}>
          {t(`task_${one}`)}
        </li>
      ))}
    </ol>
  );
}
