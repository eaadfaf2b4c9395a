// What happens at the desk: the queue as a signal, decisions sent while the person goes on, changes of others taken in quietly.
import { batch, computed, effect, signal } from '@preact/signals';
import { ApiError, get } from '../api/client';
import { type Change, onChange } from '../api/live';
import * as operations from '../api/operations';
import type { Case, Detail, Operation, Outcome, Page } from '../api/types';
import { moment, stateOf, titleOf } from '../format';
import { both, t } from '../i18n';
import { dismiss, toast } from '../ui/toast';
import * as details from './details';
import { type Filters, belongs, none, path } from './filters';
import * as model from './queue';

const PAGE = 50;
const AHEAD = 3;

export const queue = signal<model.Queue>(model.empty);
export const filters = signal<Filters>(none);
export const loading = signal(false);
/** Whether the first answer to the queue has been shown. */
export const started = signal(false);
export const failure = signal<string | null>(null);
export const bulk = signal(false);
export const neighbourIndex = signal(0);
export const dialog = signal<null | 'reject' | 'reassign' | 'split' | 'help' | 'filters' | 'hold'>(null);
export const plain = signal(false);
/** Whether this person decides here, or only looks. */
export const mayDecide = signal(false);
/** Whether this person puts cases under legal hold. */
export const mayHold = signal(false);

export const current = computed(() => model.rowOf(queue.value, queue.value.current) ?? null);

/** The detail of the current row, with the newer of the two states of its case. */
export const detail = computed<Detail | null>(() => {
  void details.arrivals.value;
  return details.known(queue.value.current);
});

/** The neighbour that `m` merges with. */
export const neighbour = computed(() => {
  const found = detail.value?.neighbours ?? [];
  return found.length > 0 ? (found[neighbourIndex.value % found.length] ?? null) : null;
});

/** The rows that a decision is about: the selected ones in bulk, else the current one. */
export function chosen(): model.Row[] {
  const { rows, selected } = queue.peek();
  if (bulk.peek() && selected.size > 0) return rows.filter((row) => selected.has(row.it.id) && model.open(row));
  const row = current.peek();
  return row ? [row] : [];
}

const say = (text: string): void => void toast(text);

let latest = 0;

/** Asks for the queue anew. */
export async function reload(): Promise<void> {
  const turn = ++latest;
  loading.value = true;
  try {
    const page = await get<Page>(path(filters.peek(), null, PAGE));
    if (turn !== latest) return;
    batch(() => {
      queue.value = model.load(queue.peek(), page);
      failure.value = null;
    });
  } catch (error) {
    if (turn === latest) failure.value = wordsOf(error);
  } finally {
    if (turn === latest) loading.value = false;
    requestAnimationFrame(() => setTimeout(() => (started.value = true)));
  }
}

let below: Promise<void> | null = null;

/** Asks for the rows below the last one. */
export function loadBelow(): Promise<void> {
  const { next } = queue.peek();
  if (!next || below) return below ?? Promise.resolve();
  const turn = latest;
  below = get<Page>(path(filters.peek(), next, PAGE))
    .then((page) => {
      if (turn === latest) queue.value = model.append(queue.peek(), page);
    })
    .catch((error: unknown) => void toast(wordsOf(error), { urgent: true }))
    .finally(() => {
      below = null;
    });
  return below;
}

export function setFilters(change: Partial<Filters>): void {
  filters.value = { ...filters.peek(), ...change };
  void reload();
}

/** Words for an error that a person can act on. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 0) return t('error_no_answer');
  return t('error_status', { status: error.status, detail: error.message });
}

// What was decided here, latest last, for undo.
interface Done {
  key: string;
  ids: string[];
  title: string;
  operations: Operation[];
  answer: Promise<Outcome[] | null>;
  toast: number;
}
const done: Done[] = [];

/** Sends one decision about one row, having gone on already. */
function decideOne(row: model.Row, verb: model.Verb, operation: Operation, alsoIds: string[] = []): void {
  const key = operations.newKey();
  const ids = [row.it.id, ...alsoIds];
  const title = titleOf(row.it);
  queue.value = model.decide(queue.peek(), ids, verb, key);
  const answer = operations.send(operation, key).then(
    (outcome) => {
      takeIn(key, [outcome]);
      return [outcome];
    },
    (error: unknown) => {
      fail(ids, title, error);
      return null;
    },
  );
  record({ key, ids, title, operations: [operation], answer }, t('done_one', { verb: t(`done_${verb}`), title }));
}

/** Sends one decision about many rows. */
function decideMany(rows: model.Row[], verb: model.Verb, make: (it: Case) => Operation | null, reason: string): void {
  const pairs = rows.map((row) => ({ row, operation: make(row.it) })).filter((pair) => pair.operation !== null);
  if (pairs.length === 0) return say(t('cannot_confirm'));
  const key = operations.newKey();
  const ids = pairs.map(({ row }) => row.it.id);
  const sent = pairs.map(({ operation }) => operation as Operation);
  queue.value = model.decide(queue.peek(), ids, verb, key);
  bulk.value = false;
  const title = t('done_many', { verb: t(`done_${verb}`), n: ids.length });
  const answer = operations.sendBulk(sent, reason, key).then(
    (outcome) => {
      takeIn(key, outcome.done);
      for (const one of outcome.refused) bringBack(ids[one.index], one.detail);
      if (outcome.refused.length > 0) toast(t('bulk_refused', { n: outcome.refused.length }), { urgent: true });
      return outcome.done;
    },
    (error: unknown) => {
      fail(ids, title, error);
      return null;
    },
  );
  record({ key, ids, title, operations: sent, answer }, title);
}

function record(made: Omit<Done, 'toast'>, text: string): void {
  const one: Done = { ...made, toast: 0 };
  one.toast = toast(text, { action: { label: `${t('undo')} (U)`, run: () => void undo(one) } });
  done.push(one);
  if (done.length > 200) done.shift();
  neighbourIndex.value = 0;
}

function takeIn(key: string, outcomes: readonly Outcome[]): void {
  const incidents = outcomes.flatMap((outcome) => outcome.incidents);
  for (const it of incidents) details.forget(it.id);
  queue.value = model.settle(queue.peek(), key, incidents);
}

function forgetDone(ids: readonly string[]): void {
  const at = done.findLastIndex((one) => one.ids.some((id) => ids.includes(id)));
  for (const one of at >= 0 ? done.splice(at, 1) : []) dismiss(one.toast);
}

function bringBack(id: string | undefined, detail: string): void {
  if (!id) return;
  const mark = { kind: 'conflict', actor: t('somebody'), at: new Date().toISOString(), detail } as const;
  queue.value = model.comeBack(queue.peek(), [id], mark);
  void refresh(id);
}

/** A decision that did not stand comes back with who did what. */
function fail(ids: string[], title: string, error: unknown): void {
  forgetDone(ids);
  const problem = error instanceof ApiError ? error.problem : null;
  const conflict = error instanceof ApiError && error.status === 409;
  const actor = problem?.actor ?? t('somebody');
  const mark = conflict
    ? ({ kind: 'conflict', actor, at: problem?.at ?? new Date().toISOString(), detail: problem?.detail ?? '' } as const)
    : null;
  queue.value = model.comeBack(queue.peek(), ids, mark);
  for (const id of ids) void refresh(id);
  const text = conflict ? t('conflict_toast', { actor, title }) : t('refused_toast', { detail: wordsOf(error) });
  toast(text, { urgent: true, action: { label: t('open_item'), run: () => go(ids[0] ?? null) } });
}

/** Takes the latest decision back, or the one given. */
export async function undo(one: Done | undefined = done.at(-1)): Promise<void> {
  if (!one) return say(t('nothing_to_undo'));
  const at = done.indexOf(one);
  if (at < 0) return;
  done.splice(at, 1);
  dismiss(one.toast);
  queue.value = model.takeBack(queue.peek(), one.ids);
  const outcomes = await one.answer;
  if (!outcomes) return;
  const undone = one.operations
    .map((operation, index) => ({ operation, outcome: outcomes[index] ?? outcomes[0] }))
    .filter((pair): pair is { operation: Operation; outcome: Outcome } => pair.outcome !== undefined)
    .map(({ operation, outcome }) => operations.undoOf(operation, outcome));
  try {
    const key = operations.newKey();
    const first = undone[0];
    const answers =
      undone.length === 1 && first ? [await operations.send(first, key)] : (await operations.sendBulk(undone, '', key)).done;
    for (const it of answers.flatMap((answer) => answer.incidents)) {
      details.forget(it.id);
      queue.value = model.patch(queue.peek(), it, belongs(it, filters.peek().state));
    }
    queue.value = model.takeBack(queue.peek(), one.ids);
    toast(t('undone', { title: one.title }));
    ready();
  } catch (error) {
    fail(one.ids, one.title, error);
  }
}

export function confirm(): void {
  const rows = chosen();
  const row = rows[0];
  if (!row) return;
  if (rows.length > 1) return decideMany(rows, 'confirm', operations.confirm, '');
  const operation = operations.confirm(row.it);
  if (operation && model.open(row)) return decideOne(row, 'confirm', operation);
  if (row.it.task?.state === 'bounced') return say(t('cannot_confirm_bounced'));
  say(row.it.task ? t('cannot_confirm_state', { state: stateOf(row.it) }) : t('cannot_confirm'));
}

export function reject(reason: string): void {
  const rows = chosen();
  const row = rows[0];
  dialog.value = null;
  if (!row) return;
  if (rows.length > 1) return decideMany(rows, 'reject', (it) => operations.reject(it, reason), reason);
  decideOne(row, 'reject', operations.reject(row.it, reason));
}

export function reassign(department: string, reason: string): void {
  const rows = chosen();
  const row = rows[0];
  dialog.value = null;
  if (!row) return;
  if (rows.length > 1) return decideMany(rows, 'reassign', (it) => operations.reassign(it, department, reason), reason);
  const operation = operations.reassign(row.it, department, reason);
  if (operation) decideOne(row, 'reassign', operation);
}

/** Merges with the neighbour shown. */
export async function merge(): Promise<void> {
  const row = current.peek();
  const beside = neighbour.peek();
  if (!row || !beside) return say(t('no_neighbour'));
  const other = model.rowOf(queue.peek(), beside.id)?.it ?? (await details.fetchDetail(beside.id));
  if (!other || queue.peek().current !== row.it.id) return;
  decideOne(row, 'merge', operations.merge(row.it, other, both('merge_reason')), [other.id]);
}

export function split(observations: string[]): void {
  const row = current.peek();
  dialog.value = null;
  if (!row || observations.length === 0) return;
  decideOne(row, 'split', operations.split(row.it, observations, both('split_reason')));
}

/** Opens the window that a decision needs, if it can be taken at all. */
export function ask(what: 'reject' | 'reassign' | 'split' | 'hold'): void {
  const row = current.peek();
  if (!row) return;
  if (what === 'reassign' && !row.it.task) return say(t('cannot_reassign'));
  if (what === 'split' && row.it.sightings < 2) return say(t('cannot_split'));
  dialog.value = what;
}

export const skip = () => change(model.skip);
export const move = (by: 1 | -1) => change((it) => model.step(it, by));
export const go = (id: string | null) => change((it) => model.show(it, id));
export const toggle = (id: string) => change((it) => model.toggle(it, id));
export const extend = (id: string) => change((it) => model.extend(it, id));
export const selectAlike = () => change(model.selectAlike);
export const selectRows = (wanted: (row: model.Row) => boolean) => change((it) => model.select(it, wanted));

export function setBulk(on: boolean): void {
  bulk.value = on;
  if (!on) change(model.clearSelection);
}

function change(by: (queue: model.Queue) => model.Queue): void {
  const before = queue.peek().current;
  queue.value = by(queue.peek());
  if (queue.peek().current !== before) neighbourIndex.value = 0;
}

export function nextNeighbour(): void {
  neighbourIndex.value++;
}

/** Loads what is shown and what comes after it. */
function ready(): void {
  const { current: id, rows, next } = queue.peek();
  if (!id) return;
  const here = model.rowOf(queue.peek(), id);
  if (here) details.makeReady([here.it]);
  details.makeReady(model.ahead(queue.peek(), AHEAD));
  if (next && model.indexOf(queue.peek(), id) > rows.length - 12) void loadBelow();
}

/** Takes in what the server says of one incident now. */
async function refresh(id: string): Promise<void> {
  const fresh = await details.fetchDetail(id, true);
  if (fresh) queue.value = model.patch(queue.peek(), fresh, belongs(fresh, filters.peek().state));
}

let quiet: ReturnType<typeof setTimeout> | null = null;
const touched = new Set<string>();

/** Others changed something: rows shown are renewed in place, new ones are counted. */
function heard(change: Change): void {
  if (change.kind === 'other') return;
  touched.add(change.subject);
  quiet ??= setTimeout(() => {
    quiet = null;
    void renew();
  }, 700);
}

async function renew(): Promise<void> {
  const ids = new Set(touched);
  touched.clear();
  const { rows } = queue.peek();
  const known = rows.flatMap(({ it }) => (it.task ? [it.id, it.task.id] : [it.id]));
  const others = [...ids].filter((id) => !known.includes(id));
  const mine = new Set(done.flatMap((one) => one.ids));
  const changed = rows.filter(({ it }) => ids.has(it.id) || (it.task && ids.has(it.task.id)));
  const asked = changed.filter((row) => !mine.has(row.it.id) || model.open(row)).slice(0, 20);
  await Promise.all(asked.map((row) => refresh(row.it.id)));
  if (others.length === 0) return;
  try {
    const page = await get<Page>(path(filters.peek(), null, PAGE));
    const nothing = queue.peek().rows.length === 0;
    queue.value = nothing ? model.load(queue.peek(), page) : model.arrive(queue.peek(), page);
  } catch {
    // The next event asks again.
  }
}

/** Words for the note above an item that came back. */
export const conflictWords = (mark: Extract<model.Mark, { kind: 'conflict' }>): string =>
  t('conflict_note', { actor: mark.actor, at: moment(mark.at), detail: mark.detail });

/** Shows an incident wherever it is: one that the list does not have comes on top. */
export async function goTo(id: string): Promise<void> {
  if (!model.rowOf(queue.peek(), id)) {
    const found = await details.fetchDetail(id);
    if (found) queue.value = model.onTop(queue.peek(), found);
  }
  go(id);
}

/** Opens the desk; the returned function closes it. */
export function openDesk(first: string | null): () => void {
  if (first) queue.value = { ...queue.peek(), current: first };
  void reload().then(() => (first && queue.peek().current !== first ? goTo(first) : undefined));
  const stopReady = effect(() => {
    void queue.value.current;
    ready();
  });
  const stopHearing = onChange(heard);
  return () => {
    stopReady();
    stopHearing();
  };
}
