// The bar of decisions, each with its key.
import { t, type Key } from '../i18n';
import * as desk from './desk';
import { confirmable } from '../api/operations';

interface Act {
  key: Key;
  letter: string;
  run: () => void;
  kind?: string;
  off?: boolean;
}

export function Actions() {
  const mayDecide = desk.mayDecide.value;
  const row = desk.current.value;
  const selected = desk.queue.value.selected.size;
  const many = desk.bulk.value;
  const acts: Act[] = [
    { key: 'confirm', letter: 'C', run: desk.confirm, kind: 'confirm', off: !many && !(row && confirmable(row.it)) },
    { key: 'reject', letter: 'X', run: () => desk.ask('reject'), kind: 'reject' },
    { key: 'merge', letter: 'M', run: () => void desk.merge(), off: many || !desk.neighbour.value },
    { key: 'split', letter: 'S', run: () => desk.ask('split'), off: many || (row?.it.sightings ?? 0) < 2 },
    { key: 'reassign', letter: 'A', run: () => desk.ask('reassign'), off: !row?.it.task },
    { key: 'skip', letter: t('space_key'), run: desk.skip },
    { key: 'undo', letter: 'U', run: () => void desk.undo() },
  ];
  return (
    <div class="actions" role="toolbar" aria-label={t('actions')}>
      {many && (
        <div class="bulk-bar">
          <strong>{t('bulk_selected', { n: selected })}</strong>
          <button type="button" class="quiet" onMouseDown={keepFocus} onClick={desk.selectAlike} title={t('select_alike_hint')}>
            {t('select_alike')} <kbd>=</kbd>
          </button>
          <span class="muted">{t('bulk_hint')}</span>
        </div>
      )}
      {acts.map((act) => (
        <button
          key={act.key}
          type="button"
          class={`act ${act.kind ?? ''}`}
          disabled={!row || (!mayDecide && act.key !== 'skip') || act.off}
          onMouseDown={keepFocus}
          onClick={act.run}
        >
          <span>{t(act.key)}</span> <kbd>{act.letter}</kbd>
        </button>
      ))}
      <button
        type="button"
        class="act help-button"
        aria-label={t('help')}
        title={t('help')}
        onMouseDown={keepFocus}
        onClick={() => {
          desk.dialog.value = 'help';
        }}
      >
        <span aria-hidden="true">?</span>
      </button>
    </div>
  );
}

/** A press by the mouse leaves the focus where it is, so that the space bar goes on to mean "skip". */
function keepFocus(event: MouseEvent): void {
  event.preventDefault();
}
