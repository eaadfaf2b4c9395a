// Decisions as the server takes them, each with the versions it was based on.
import { post } from './client';
import type { BulkOutcome, Case, Detail, Expected, Operation, Outcome, What } from './types';

export const newKey = (): string => crypto.randomUUID();

const incidentAt = (it: Case): Expected => ({ subject: { incident: it.id }, version: it.version });
const taskAt = (it: Case): Expected[] =>
  it.task ? [{ subject: { task: it.task.id }, version: it.task.version }] : [];

/** Whether the desk may confirm this case: it has a task that waits for a person. */
export function confirmable(it: Case): boolean {
  return it.task !== null && ['proposed', 'reopened', 'confirmed'].includes(it.task.state);
}

/** It is one: the task goes to its lead. A task confirmed already is sent. */
export function confirm(it: Case): Operation | null {
  const task = it.task;
  if (!task || !confirmable(it)) return null;
  const step =
    task.state === 'confirmed' && task.lead
      ? ({ step: 'dispatch', department: task.lead } as const)
      : ({ step: 'confirm' } as const);
  return { what: { act: { kind: 'step', task: task.id, step } }, reason: '', expected: taskAt(it) };
}

/** It is none: the task is rejected, or the incident where there is no task. */
export function reject(it: Case, reason: string): Operation {
  const what: What = it.task
    ? { act: { kind: 'step', task: it.task.id, step: { step: 'reject' } } }
    : { act: { kind: 'reject', incident: it.id } };
  return { what, reason, expected: it.task ? taskAt(it) : [incidentAt(it)] };
}

/** It goes to another department. */
export function reassign(it: Case, department: string, reason: string): Operation | null {
  if (!it.task) return null;
  const step = { step: it.task.state === 'bounced' ? 'dispatch' : 'reassign', department } as const;
  return { what: { act: { kind: 'step', task: it.task.id, step } }, reason, expected: taskAt(it) };
}

/** Two incidents are one thing. */
export function merge(it: Case, other: Case, reason: string): Operation {
  const expected = [incidentAt(it), incidentAt(other), ...taskAt(it), ...taskAt(other)];
  return { what: { act: { kind: 'merge', incidents: [it.id, other.id] } }, reason, expected };
}

/** Some observations are of another thing. */
export function split(it: Detail | Case, observations: string[], reason: string): Operation {
  const what: What = { act: { kind: 'split', incident: it.id, observations } };
  return { what, reason, expected: [incidentAt(it), ...taskAt(it)] };
}

/** Takes the latest operation on the same subject back. */
export function undoOf(done: Operation, outcome: Outcome): Operation {
  const act = 'act' in done.what ? done.what.act : null;
  const subject = act?.kind === 'step' ? { task: act.task } : { incident: subjectOf(done.what) };
  const expected = outcome.incidents.flatMap((it) => {
    if ('task' in subject) return it.task?.id === subject.task ? taskAt(it) : [];
    return it.id === subject.incident ? [incidentAt(it)] : [];
  });
  return { what: { undo: subject }, reason: '', expected };
}

function subjectOf(what: What): string {
  if (!('act' in what)) return '';
  if (what.act.kind === 'merge') return what.act.incidents[0] ?? '';
  return 'incident' in what.act ? what.act.incident : '';
}

export const send = (operation: Operation, key: string) => post<Outcome>('/v1/operations', operation, key);

export const sendBulk = (operations: Operation[], reason: string, key: string) =>
  post<BulkOutcome>(
    '/v1/operations/bulk',
    { operations: operations.map(({ what, expected }) => ({ what, expected })), reason },
    key,
  );
