// The windows of the desk: why rejected, to whom, which observations, filters, keys.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { departments } from '../catalogue';
import { clock, momentInFull, percent } from '../format';
import { both, type Key, nameOf, say, t } from '../i18n';
import { Dialog } from '../ui/dialog';
import * as desk from './desk';
import { matching } from './departments';
import { fetchDetail } from './details';
import { REJECT_REASONS, reasonOfDigit } from './reasons';

export { FiltersDialog } from './filters-dialog';

const close = () => {
  desk.dialog.value = null;
};

export function RejectDialog() {
  const typed = useSignal('');
  const many = desk.chosen().length;
  const onKeyDown = (event: KeyboardEvent) => {
    const inField = event.target instanceof HTMLInputElement;
    const reason = inField ? null : reasonOfDigit(event.key);
    if (reason) {
      event.preventDefault();
      desk.reject(both(reason));
    } else if (!inField && /^[\p{L}]$/u.test(event.key) && !event.ctrlKey && !event.metaKey) {
      document.getElementById('reject-other')?.focus();
    }
  };
  return (
    <Dialog title={t('reject_title')} hint={t('reject_hint')} onClose={close} onKeyDown={onKeyDown}>
      {many > 1 && <p class="note">{t('bulk_selected', { n: many })}</p>}
      <ol class="choices">
        {REJECT_REASONS.map((reason, at) => (
          <li key={reason}>
            <button type="button" data-first={at === 0 || undefined} onClick={() => desk.reject(both(reason))}>
              <kbd>{at + 1}</kbd> {t(reason)}
            </button>
          </li>
        ))}
      </ol>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.value.trim()) desk.reject(typed.value.trim());
        }}
      >
        <label>
          {t('reject_other')}
          <input
            id="reject-other"
            maxLength={300}
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
          />
        </label>
      </form>
    </Dialog>
  );
}

export function ReassignDialog() {
  const typed = useSignal('');
  const at = useSignal(0);
  const reason = useSignal('');
  const task = desk.current.value?.it.task;
  const found = matching(departments.value.filter((one) => one.id !== task?.lead || desk.bulk.value), typed.value);
  const chosen = found[Math.min(at.value, found.length - 1)];
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      event.preventDefault();
      at.value = Math.max(0, Math.min(found.length - 1, at.value + by));
    } else if (event.key === 'Enter' && !event.isComposing && chosen && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      desk.reassign(chosen.id, reason.value.trim());
    }
  };
  return (
    <Dialog title={t('reassign_title')} hint={t('reassign_hint')} onClose={close} onKeyDown={onKeyDown}>
      {task && <p class="muted">{t('reassign_current', { name: say(task, 'lead') })}</p>}
      <input
        data-first
        role="combobox"
        aria-expanded="true"
        aria-controls="departments"
        aria-label={t('filter_department')}
        aria-activedescendant={chosen ? `department-${chosen.id}` : undefined}
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
          at.value = 0;
        }}
      />
      <ul id="departments" role="listbox" class="choices scroll" aria-label={t('filter_department')}>
        {found.map((one) => (
          <li
            key={one.id}
            id={`department-${one.id}`}
            role="option"
            aria-selected={one.id === chosen?.id}
            class={one.id === chosen?.id ? 'choice active' : 'choice'}
            onClick={() => desk.reassign(one.id, reason.value.trim())}
          >
            {nameOf(one)}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p class="muted">{t('no_match')}</p>}
      <label>
        {t('reassign_reason')}
        <input
          maxLength={300}
          value={reason.value}
          onInput={(event) => {
            reason.value = event.currentTarget.value;
          }}
        />
      </label>
    </Dialog>
  );
}

export function SplitDialog() {
  const id = desk.queue.value.current;
  const ticked = useSignal<ReadonlySet<string>>(new Set());
  useEffect(() => {
    if (id) void fetchDetail(id);
  }, [id]);
  const observations = desk.detail.value?.observations ?? [];
  const sources = [...new Set(observations.map((one) => one.source))];
  const fit = ticked.value.size > 0 && ticked.value.size < observations.length;
  const tick = (ids: string[], on: boolean) => {
    const next = new Set(ticked.value);
    for (const one of ids) on ? next.add(one) : next.delete(one);
    ticked.value = next;
  };
  return (
    <Dialog title={t('split_title')} hint={t('split_hint')} onClose={close} wide>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (fit) desk.split([...ticked.value]);
        }}
      >
        {sources.length > 1 && (
          <p class="buttons">
            {sources.map((source) => (
              <button
                key={source}
                type="button"
                onClick={() => tick(observations.filter((one) => one.source === source).map((one) => one.id), true)}
              >
                {t('whole_source', { source })}
              </button>
            ))}
          </p>
        )}
        <ul class="choices scroll observations">
          {observations.map((one, at) => (
            <li key={one.id}>
              <label class="choice">
                <input
                  type="checkbox"
                  data-first={at === 0 || undefined}
                  checked={ticked.value.has(one.id)}
                  onChange={(event) => tick([one.id], event.currentTarget.checked)}
                />
                <span class="grow">{t('observation', { source: one.source, frame: one.frame })}</span>
                <time class="muted" title={momentInFull(one.time)}>
                  {clock(one.time)}
                </time>
                <span class="number">{percent(one.score)}</span>
              </label>
            </li>
          ))}
        </ul>
        <p class="dialog-foot">
          {ticked.value.size > 0 && !fit && <span class="problem">{t('split_all')}</span>}
          <button type="submit" class="primary" disabled={!fit}>
            {t('split_do', { n: ticked.value.size })}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

const KEYS: readonly [string, Key][] = [
  ['C', 'confirm'],
  ['X 1–8', 'reject'],
  ['M', 'merge'],
  ['N', 'help_neighbour'],
  ['S', 'split'],
  ['A', 'reassign'],
  ['Space', 'help_skip'],
  ['U', 'undo'],
  ['J K ↑ ↓', 'help_move'],
  ['B', 'bulk'],
  ['V  Shift+↑↓', 'help_select'],
  ['=', 'select_alike'],
  ['G', 'help_flood'],
  ['P', 'help_plain'],
  ['H', 'help_hold'],
  ['/', 'help_search'],
  ['F', 'help_filters'],
  ['L', 'help_language'],
  ['T', 'help_theme'],
  ['?', 'help'],
];

export function HelpDialog() {
  return (
    <Dialog title={t('help_title')} hint={t('help_lead')} onClose={close} wide>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{t(what)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
