// The queue as a list of which only the rows in view exist; rows have one height.
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { count, finestFirst, shortTitle, stateOf, untilDeadline } from '../format';
import { language, t } from '../i18n';
import { Icon, MatterIcon } from '../ui/icons';
import * as desk from './desk';
import * as filtering from './filters';
import { choose, floods } from './groups';
import * as model from './queue';

const ROW_PX = 62;
const SPARE = 6;

export function QueueList() {
  const queue = desk.queue.value;
  return (
    <section class="queue" aria-label={t('queue')}>
      <QueueHead />
      <div class="over-list">
        <Floods />
        {queue.arrived.length > 0 && (
          <button type="button" class="arrived" onClick={() => void desk.reload()}>
            {t('new_items', { n: count(queue.arrived.length) })}
          </button>
        )}
      </div>
      {desk.failure.value && (
        <p class="notice problem" role="alert">
          {desk.failure.value}{' '}
          <button type="button" class="link" onClick={() => void desk.reload()}>
            {t('retry')}
          </button>
        </p>
      )}
      {queue.rows.length === 0 && !desk.failure.value ? <Nothing /> : <Rows />}
    </section>
  );
}

/** What one cause may have made many of: one press selects all of it. */
function Floods() {
  const zh = language.value === 'zh';
  return (
    <>
      {floods.value.slice(0, 3).map((flood) => (
        <button type="button" key={flood.id} class="flood" disabled={!desk.mayDecide.value} onClick={() => void choose(flood)}>
          <strong>{t('flood', { n: count(flood.waiting.length) })}</strong> {zh ? flood.cause_zh : flood.cause_en} <kbd>G</kbd>
        </button>
      ))}
    </>
  );
}

function Nothing() {
  if (desk.loading.value) return <p class="notice">{t('loading')}</p>;
  return (
    <div class="notice">
      <p>{t('queue_empty')}</p>
      <p class="muted">{t('queue_empty_hint')}</p>
    </div>
  );
}

function QueueHead() {
  const filters = desk.filters.value;
  const active = filtering.active(filters);
  return (
    <header class="queue-head">
      <div class="queue-title">
        <h1>{t(`view_${filters.state}`)}</h1>
        <span class="badge" aria-label={t('queue_waiting', { n: model.waiting(desk.queue.value) })}>
          {count(model.waiting(desk.queue.value))}
        </span>
        <button
          type="button"
          class={desk.bulk.value ? 'quiet active' : 'quiet'}
          aria-pressed={desk.bulk.value}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => desk.setBulk(!desk.bulk.peek())}
        >
          {t('bulk')} <kbd>B</kbd>
        </button>
        <button
          type="button"
          class={active ? 'quiet active' : 'quiet'}
          onClick={() => {
            desk.dialog.value = 'filters';
          }}
        >
          <Icon name="filter" /> {t('filters')}
          {active > 0 && (
            <span title={t('filters_active', { n: active })}>{active}</span>
          )}
        </button>
      </div>
      <Search />
    </header>
  );
}

function Search() {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        id="queue-search"
        type="search"
        aria-label={t('search')}
        placeholder={`${t('search_hint')}  ( / )`}
        value={desk.filters.value.q}
        onInput={(event) => {
          const q = event.currentTarget.value.trim();
          clearTimeout(timer.current);
          timer.current = setTimeout(() => desk.setFilters({ q }), 250);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' || event.key === 'Escape') event.currentTarget.blur();
        }}
      />
    </div>
  );
}

function Rows() {
  const queue = desk.queue.value;
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(800);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const watch = new ResizeObserver(() => {
      height.value = element.clientHeight;
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const at = model.indexOf(queue, queue.current);
  useLayoutEffect(() => keepInView(box.current, at, top.peek(), height.peek()), [at]);
  const first = Math.max(0, Math.floor(top.value / ROW_PX) - SPARE);
  const last = Math.min(queue.rows.length, Math.ceil((top.value + height.value) / ROW_PX) + SPARE);
  return (
    <div
      ref={box}
      class="rows"
      role="listbox"
      tabIndex={0}
      aria-label={t('queue')}
      aria-multiselectable={desk.bulk.value}
      aria-activedescendant={queue.current ? `row-${queue.current}` : undefined}
      onScroll={(event) => {
        top.value = event.currentTarget.scrollTop;
        if (last >= queue.rows.length - SPARE) void desk.loadBelow();
      }}
    >
      <div class="rows-space" style={{ height: `${queue.rows.length * ROW_PX}px` }} role="presentation">
        {queue.rows.slice(first, last).map((row, index) => (
          <RowView
            key={row.it.id}
            row={row}
            top={(first + index) * ROW_PX}
            place={first + index + 1}
            of={Math.max(queue.total, queue.rows.length)}
            current={row.it.id === queue.current}
            selected={queue.selected.has(row.it.id)}
          />
        ))}
      </div>
    </div>
  );
}

/** Scrolls no more than needed for the current row and the one after it; asks the page for nothing, which would lay it out. */
function keepInView(box: HTMLElement | null, at: number, top: number, height: number): void {
  if (!box || at < 0) return;
  const [from, to] = [at * ROW_PX, (at + 2) * ROW_PX];
  if (from < top) box.scrollTop = Math.max(0, from - ROW_PX);
  else if (to > top + height) box.scrollTop = to - height;
}

interface RowProps {
  row: model.Row;
  top: number;
  place: number;
  of: number;
  current: boolean;
  selected: boolean;
}

function RowView({ row, top, place, of, current, selected }: RowProps) {
  const { it, mark } = row;
  const urgency = it.task?.priority ?? 'normal';
  const over = !model.open(row);
  return (
    <div
      id={`row-${it.id}`}
      role="option"
      aria-selected={desk.bulk.value ? selected : current}
      aria-posinset={place}
      aria-setsize={of}
      class={['row', `row-${urgency}`, current && 'current', over && 'over', selected && 'selected'].filter(Boolean).join(' ')}
      style={{ transform: `translateY(${top}px)` }}
      onClick={(event) => press(it.id, event)}
    >
      {desk.bulk.value ? <span class="tick">{selected && <Icon name="check" />}</span> : null}
      <MatterIcon matter={it.class} />
      <span class="row-text">
        <span class="row-title">{shortTitle(it)}</span>
        <span class="row-under">
          <MarkView row={row} />
          <span class="ellipsis">{finestFirst(it)}</span>
          <Due row={row} />
        </span>
      </span>
      {mark?.kind === 'decided' && !mark.sent && <span class="sending" title={t('sending')} />}
    </div>
  );
}

function press(id: string, event: MouseEvent): void {
  if (event.shiftKey) {
    desk.setBulk(true);
    desk.extend(id);
  } else if (desk.bulk.peek()) {
    desk.toggle(id);
    desk.go(id);
  } else {
    desk.go(id);
  }
}

function MarkView({ row }: { row: model.Row }) {
  const { it, mark } = row;
  if (mark?.kind === 'decided') return <span class={`mark mark-${mark.verb}`}>{t(`done_${mark.verb}`)}</span>;
  if (mark?.kind === 'conflict') return <span class="mark mark-conflict">{t('conflict_badge')}</span>;
  if (mark?.kind === 'skipped') return <span class="mark">{t('skipped')}</span>;
  if (mark?.kind === 'elsewhere') return <span class="mark">{t('elsewhere')}</span>;
  const urgency = it.task?.priority;
  if (urgency === 'urgent' || urgency === 'high') return <span class={`mark mark-${urgency}`}>{t(`priority_${urgency}`)}</span>;
  if (!it.task || it.task.state !== 'proposed') return <span class="mark">{stateOf(it)}</span>;
  return null;
}

function Due({ row }: { row: model.Row }) {
  const deadline = row.it.task?.deadline;
  if (!deadline || !model.open(row)) return null;
  const { text, late, soon } = untilDeadline(deadline);
  return <span class={late ? 'due late' : soon ? 'due soon' : 'due'}>{text}</span>;
}
