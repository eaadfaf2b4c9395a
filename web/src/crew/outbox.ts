// What a crew did, on its way to the server: in order, each once, whatever the line does. Pure; the store is in store.ts.
//
// An entry has one key for all its tries, and its body is fixed at the first of them, so that a try whose answer was lost and
// the next one are the same request. The version that a step is based on is the one the server last told of, which for a step
// after another own step is only known when that one has been answered.
import type { Case, Expected, StepName } from '../api/types';

export interface Step {
  kind: 'step';
  step: StepName;
  reason: string;
}

export interface Report {
  kind: 'report';
  note: string;
  lat_deg: number | null;
  lon_deg: number | null;
  photo: Blob | null;
}

export interface Entry {
  key: string;
  /** Order of doing. */
  number: number;
  task: string;
  title_zh: string;
  title_en: string;
  what: Step | Report;
  made: string;
  /** Version the step is based on, fixed at the first try. */
  version: number | null;
  /** Why the server will not have it, or null. */
  refused: string | null;
}

export type Verdict = 'sent' | 'later' | 'refused';

/** What an answer means for the entry. Status 0 is no answer. */
export function verdict(status: number): Verdict {
  if (status >= 200 && status < 300) return 'sent';
  return status === 0 || status === 401 || status === 408 || status === 425 || status === 429 || status >= 500 ? 'later' : 'refused';
}

/** The entry to send now: the oldest, unless an older one of the same task was refused. */
export function nextToSend(entries: readonly Entry[]): Entry | null {
  const stuck = new Set<string>();
  for (const entry of inOrder(entries)) {
    if (entry.refused !== null) stuck.add(entry.task);
    else if (!stuck.has(entry.task)) return entry;
  }
  return null;
}

export const inOrder = (entries: readonly Entry[]): Entry[] => [...entries].sort((a, b) => a.number - b.number);

/** The body of a step. */
export function bodyOf(entry: Entry): { what: unknown; reason: string; expected: Expected[] } {
  const step = entry.what.kind === 'step' ? entry.what : null;
  const expected: Expected[] = entry.version === null ? [] : [{ subject: { task: entry.task }, version: entry.version }];
  return { what: { act: { kind: 'step', task: entry.task, step: { step: step?.step } } }, reason: step?.reason ?? '', expected };
}

const AFTER: Partial<Record<StepName, NonNullable<Case['task']>['state']>> = {
  accept: 'accepted',
  depart: 'en_route',
  arrive: 'on_site',
  finish: 'done',
  bounce: 'bounced',
};

/** The tasks as they will be when all that waits has been sent; those that left the crew are gone. */
export function asIfSent(cases: readonly Case[], entries: readonly Entry[]): Case[] {
  const state = new Map(cases.map((it) => [it.task?.id, it.task?.state]));
  for (const { task, what, refused } of inOrder(entries)) {
    const after = what.kind === 'step' ? AFTER[what.step] : undefined;
    if (after && refused === null && state.has(task)) state.set(task, after);
  }
  return cases
    .map((it) => (it.task ? { ...it, task: { ...it.task, state: state.get(it.task.id) ?? it.task.state } } : it))
    .filter((it) => it.task && !['done', 'bounced', 'closed', 'verified', 'rejected', 'merged'].includes(it.task.state));
}

/** The cases of a list as they are now: of a task that is known to be further on, what is known counts. */
export function newest(items: readonly Case[], known: readonly Case[]): Case[] {
  const before = new Map(known.map((it) => [it.id, it]));
  return items.map((it) => {
    const had = before.get(it.id);
    return had?.task && it.task && had.task.version > it.task.version ? had : it;
  });
}

export interface Counts {
  waiting: number;
  refused: number;
}

export const counts = (entries: readonly Entry[]): Counts => ({
  waiting: entries.filter((entry) => entry.refused === null).length,
  refused: entries.filter((entry) => entry.refused !== null).length,
});
