// The open tasks of a department: from the server, or as they were when there was a line.
import { computed, signal } from '@preact/signals';
import { get, query } from '../api/client';
import type { Case } from '../api/types';
import { asIfSent, newest } from './outbox';
import { entries, learn } from './sender';
import * as store from './store';

const told = signal<readonly Case[] | null>(null);
export const keptAt = signal<string | null>(null);

/** The tasks with what waits to be sent taken in. */
export const tasks = computed(() => (told.value === null ? null : asIfSent(told.value, entries.value)));

/** Takes in cases as the server has them now. */
export function take(cases: readonly Case[]): void {
  if (told.peek()) told.value = newest(told.peek() ?? [], cases);
}

export async function ask(department: string): Promise<void> {
  let items: Case[];
  try {
    ({ items } = await get<{ items: Case[] }>(`/v1/tasks${query({ department, state: 'open' })}`));
  } catch {
    const kept = await store.keptTasks(department);
    told.value = kept?.items ?? told.peek() ?? [];
    keptAt.value = kept?.at ?? null;
    return;
  }
  told.value = newest(items, told.peek() ?? []);
  keptAt.value = null;
  await Promise.all([store.keepTasks(department, { at: new Date().toISOString(), items }), learn(items)]);
}
