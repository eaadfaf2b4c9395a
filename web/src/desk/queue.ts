// The queue as a value: what the list shows, which row is current, what was decided. Pure, so that it can be tested whole.
//
// Rows never change places while a person works. A decided row stays where it is and is marked; what arrives meanwhile is
// counted and shown on request; a row that came back by a conflict keeps its place and is next in turn.
import type { Case, Page } from '../api/types';

export type Verb = 'confirm' | 'reject' | 'merge' | 'split' | 'reassign';

export type Mark =
  | { kind: 'decided'; verb: Verb; key: string; sent: boolean }
  | { kind: 'skipped' }
  | { kind: 'conflict'; actor: string; at: string; detail: string }
  | { kind: 'elsewhere' };

export interface Row {
  it: Case;
  mark: Mark | null;
}

export interface Queue {
  rows: readonly Row[];
  current: string | null;
  next: string | null;
  total: number;
  selected: ReadonlySet<string>;
  anchor: string | null;
  /** Rows that came back and are shown before others. */
  returned: readonly string[];
  /** New ids that wait behind the bar. */
  arrived: readonly string[];
}

export const empty: Queue = {
  rows: [],
  current: null,
  next: null,
  total: 0,
  selected: new Set(),
  anchor: null,
  returned: [],
  arrived: [],
};

/** A fresh list; what is current, selected or decided and not answered yet stays so where it is still there. */
export function load(queue: Queue, page: Page): Queue {
  const rows = page.items.map((it) => ({ it, mark: unanswered(rowOf(queue, it.id)) }));
  const ids = rows.map((row) => row.it.id);
  const kept = (id: string | null) => (id !== null && ids.includes(id) ? id : null);
  return {
    ...empty,
    rows,
    next: page.next,
    total: page.total,
    current: kept(queue.current) ?? ids[0] ?? null,
    selected: new Set(ids.filter((id) => queue.selected.has(id))),
    anchor: kept(queue.anchor),
  };
}

const unanswered = (row: Row | undefined): Mark | null => (row?.mark?.kind === 'decided' && !row.mark.sent ? row.mark : null);

/** The next page goes below. */
export function append(queue: Queue, page: Page): Queue {
  const known = new Set(queue.rows.map((row) => row.it.id));
  const more = page.items.filter((it) => !known.has(it.id)).map((it) => ({ it, mark: null }));
  return { ...queue, rows: [...queue.rows, ...more], next: page.next };
}

/** A case that was asked for by name goes above the others. */
export function onTop(queue: Queue, it: Case): Queue {
  if (rowOf(queue, it.id)) return queue;
  return { ...queue, rows: [{ it, mark: null }, ...queue.rows] };
}

export const rowOf = (queue: Queue, id: string | null): Row | undefined => queue.rows.find((row) => row.it.id === id);
export const indexOf = (queue: Queue, id: string | null): number => queue.rows.findIndex((row) => row.it.id === id);

/** Whether a row still asks for a decision. */
export const open = (row: Row): boolean => row.mark === null || row.mark.kind === 'skipped' || row.mark.kind === 'conflict';

/** How many wait: those of the server less those decided here. */
export function waiting(queue: Queue): number {
  return Math.max(0, queue.total - queue.rows.filter((row) => !open(row)).length);
}

export function show(queue: Queue, id: string | null): Queue {
  return { ...queue, current: id, returned: queue.returned.filter((one) => one !== id) };
}

/** One row up or down, whatever its mark. */
export function step(queue: Queue, by: 1 | -1): Queue {
  const at = indexOf(queue, queue.current);
  const row = queue.rows[Math.min(queue.rows.length - 1, Math.max(0, at + by))];
  return row ? show(queue, row.it.id) : queue;
}

/** The row that comes after the current one: those that came back first, then open ones below, then skipped ones. */
export function following(queue: Queue, from: string | null = queue.current): string | null {
  const back = queue.returned.find((id) => id !== from && rowOf(queue, id));
  if (back) return back;
  const at = indexOf(queue, from);
  const turn = [...queue.rows.slice(at + 1), ...queue.rows.slice(0, Math.max(0, at))];
  const fresh = turn.find((row) => open(row) && row.mark?.kind !== 'skipped');
  return (fresh ?? turn.find(open))?.it.id ?? null;
}

/** The rows that will be shown next, for loading ahead. */
export function ahead(queue: Queue, count: number): Case[] {
  const found: Case[] = [];
  let rest: Queue = queue;
  let from = queue.current;
  while (found.length < count) {
    const id = following(rest, from);
    const row = rowOf(rest, id);
    if (!row || id === queue.current || found.some((one) => one.id === id)) return found;
    found.push(row.it);
    rest = { ...rest, returned: rest.returned.filter((one) => one !== id) };
    from = id;
  }
  return found;
}

function marked(queue: Queue, ids: ReadonlySet<string>, mark: (row: Row) => Mark | null): Queue {
  return { ...queue, rows: queue.rows.map((row) => (ids.has(row.it.id) ? { ...row, mark: mark(row) } : row)) };
}

/** Skips the current row and goes on. */
export function skip(queue: Queue): Queue {
  const id = queue.current;
  if (!id) return queue;
  const row = rowOf(queue, id);
  const after = row && open(row) ? marked(queue, new Set([id]), () => ({ kind: 'skipped' })) : queue;
  return show(after, following(after) ?? id);
}

/** Marks rows as decided and goes on to the next at once. */
export function decide(queue: Queue, ids: readonly string[], verb: Verb, key: string): Queue {
  const set = new Set(ids);
  const after = marked(queue, set, () => ({ kind: 'decided', verb, key, sent: false }));
  const clean = { ...after, selected: new Set<string>(), anchor: null };
  const moves = queue.current === null || set.has(queue.current);
  return moves ? show(clean, following(clean) ?? queue.current) : clean;
}

/** The server took it: the rows carry what it answered. Parts of a split go below their whole, and are next in turn with it. */
export function settle(queue: Queue, key: string, incidents: readonly Case[]): Queue {
  const answered = new Map(incidents.map((it) => [it.id, it]));
  const apart: string[] = [];
  const rows = queue.rows.flatMap((row): Row[] => {
    const it = answered.get(row.it.id) ?? row.it;
    if (row.mark?.kind !== 'decided' || row.mark.key !== key) return [{ ...row, it }];
    const split = row.mark.verb === 'split';
    const whole: Row = { it, mark: split ? null : { ...row.mark, sent: true } };
    if (!split) return [whole];
    const parts = incidents.filter((part) => part.id !== it.id && indexOf(queue, part.id) < 0);
    apart.push(it.id, ...parts.map((part) => part.id));
    return [whole, ...parts.map((part) => ({ it: part, mark: null }))];
  });
  const returned = [...queue.returned, ...apart.filter((id) => id !== queue.current && !queue.returned.includes(id))];
  return { ...queue, rows, returned, total: queue.total + rows.length - queue.rows.length };
}

/** Rows of a decision that did not stand: somebody was faster, or the server refused. */
export function comeBack(queue: Queue, ids: readonly string[], mark: Mark | null): Queue {
  const known = ids.filter((id) => rowOf(queue, id));
  const after = marked(queue, new Set(known), () => mark);
  const returned = [...queue.returned, ...known.filter((id) => !queue.returned.includes(id) && id !== queue.current)];
  return { ...after, returned };
}

/** Takes a decision off the rows and shows the first of them again. */
export function takeBack(queue: Queue, ids: readonly string[]): Queue {
  const first = ids.find((id) => rowOf(queue, id)) ?? queue.current;
  return show(marked(queue, new Set(ids), () => null), first);
}

/** What the server says of a case now; its row stays where it is. */
export function patch(queue: Queue, it: Case, stillWaiting: boolean): Queue {
  const row = rowOf(queue, it.id);
  if (!row || row.it.version > it.version) return queue;
  const gone = open(row) && row.mark?.kind !== 'conflict' && !stillWaiting;
  const mark = gone ? ({ kind: 'elsewhere' } as const) : row.mark?.kind === 'elsewhere' && stillWaiting ? null : row.mark;
  return { ...queue, rows: queue.rows.map((one) => (one.it.id === it.id ? { it, mark } : one)) };
}

/** New ones wait behind the bar; those below the last row shown are no news, only not loaded yet. */
export function arrive(queue: Queue, page: Page): Queue {
  const known = new Set(queue.rows.map((row) => row.it.id));
  const ids = page.items.map((it) => it.id);
  const end = queue.next === null ? ids.length : ids.findLastIndex((id) => known.has(id)) + 1;
  return { ...queue, arrived: ids.slice(0, end).filter((id) => !known.has(id)) };
}

export function toggle(queue: Queue, id: string): Queue {
  const selected = new Set(queue.selected);
  if (!selected.delete(id)) selected.add(id);
  return { ...queue, selected, anchor: id };
}

/** Selects all open rows between the anchor and this one. */
export function extend(queue: Queue, id: string): Queue {
  const [a, b] = [indexOf(queue, queue.anchor ?? queue.current), indexOf(queue, id)].sort((x, y) => x - y);
  const between = queue.rows.slice(Math.max(0, a ?? 0), (b ?? 0) + 1).filter(open);
  const selected = new Set([...queue.selected, ...between.map((row) => row.it.id)]);
  return { ...show(queue, id), selected, anchor: queue.anchor ?? queue.current };
}

/** Selects every open row of the same matter whose names of places share the district: a flood with one cause. */
export function selectAlike(queue: Queue): Queue {
  const like = rowOf(queue, queue.current)?.it;
  if (!like) return queue;
  const alike = queue.rows.filter((row) => open(row) && row.it.class === like.class && district(row.it) === district(like));
  return { ...queue, selected: new Set(alike.map((row) => row.it.id)) };
}

/** Selects the rows that are asked for; the first of them is shown. */
export function select(queue: Queue, wanted: (row: Row) => boolean): Queue {
  const rows = queue.rows.filter(wanted);
  const selected = new Set(rows.map((row) => row.it.id));
  const current = queue.current && selected.has(queue.current) ? queue.current : (rows[0]?.it.id ?? queue.current);
  return { ...show(queue, current), selected, anchor: null };
}

export const clearSelection = (queue: Queue): Queue => ({ ...queue, selected: new Set(), anchor: null });

const district = (it: Case): string => it.place_zh.split('、')[0] ?? '';
