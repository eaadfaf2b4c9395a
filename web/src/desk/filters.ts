// What the queue is asked for.
import { query } from '../api/client';
import type { Case } from '../api/types';

export type View = 'waiting' | 'sent' | 'done' | 'over' | 'all';

export interface Filters {
  class: string;
  zone: string;
  department: string;
  state: View;
  overdue: boolean;
  q: string;
}

export const none: Filters = { class: '', zone: '', department: '', state: 'waiting', overdue: false, q: '' };

/** How many filters narrow the queue, the search apart. */
export const active = (filters: Filters): number =>
  [filters.class, filters.zone, filters.department, filters.state === 'waiting' ? '' : filters.state, filters.overdue].filter(
    Boolean,
  ).length;

export const path = (filters: Filters, after: string | null, limit: number): string =>
  `/v1/queue${query({ ...filters, state: filters.state === 'waiting' ? '' : filters.state, after, limit })}`;

const STATES: Record<View, readonly string[] | null> = {
  waiting: ['proposed', 'reopened', 'bounced'],
  sent: ['confirmed', 'dispatched', 'accepted', 'en_route', 'on_site'],
  done: ['done', 'verified'],
  over: ['closed', 'rejected', 'merged'],
  all: null,
};

/** Whether a case still belongs to what the queue was asked for, as far as its own state says. */
export function belongs(it: Case, view: View): boolean {
  const states = STATES[view];
  if (states === null) return true;
  if (it.merged_into) return view === 'over';
  if (!it.task) return it.state === 'closed' ? view === 'over' : view === 'waiting';
  return states.includes(it.task.state);
}
