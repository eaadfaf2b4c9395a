// Sends what waits, one at a time, when there is a line.
import { signal } from '@preact/signals';
import { ApiError, call } from '../api/client';
import { newKey } from '../api/operations';
import { backoffMillis } from '../api/sse';
import type { Case, Outcome } from '../api/types';
import { type Entry, bodyOf, inOrder, nextToSend, verdict } from './outbox';
import * as store from './store';

export const entries = signal<readonly Entry[]>([]);
export const sending = signal(false);
export const online = signal(navigator.onLine);

/** Told of cases as the server has them after a step, before the step leaves the outbox: a list never falls back in between. */
let changed: (cases: readonly Case[]) => void = () => undefined;

/** Told of what the server answered, so that the list is renewed. */
let answered: () => void = () => undefined;

async function load(): Promise<void> {
  entries.value = inOrder(await store.allEntries());
}

/** Puts something done on its way. */
export async function put(it: Case, what: Entry['what']): Promise<void> {
  const task = it.task;
  if (!task) return;
  const number = Math.max(Date.now(), ...entries.peek().map((one) => one.number + 1));
  const { title_zh, title_en } = task;
  const made = new Date().toISOString();
  await store.putEntry({ key: newKey(), number, task: task.id, title_zh, title_en, what, made, version: null, refused: null });
  await load();
  void flush();
}

/** Remembers the versions that the server tells of; an answer that was overtaken by a newer one teaches nothing. */
export async function learn(cases: readonly Case[]): Promise<void> {
  const one = async ({ task }: Case) => {
    if (task && task.version > ((await store.versionOf(task.id)) ?? 0)) await store.putVersion(task.id, task.version);
  };
  await Promise.all(cases.map(one));
}

async function request(entry: Entry): Promise<void> {
  const { what } = entry;
  if (what.kind === 'step') {
    const outcome = await call<Outcome>('POST', '/v1/operations', { body: bodyOf(entry), idempotencyKey: entry.key });
    await learn(outcome.incidents);
    changed(outcome.incidents);
    return;
  }
  const form = new FormData();
  form.set('note', what.note);
  if (what.lat_deg !== null) form.set('lat_deg', String(what.lat_deg));
  if (what.lon_deg !== null) form.set('lon_deg', String(what.lon_deg));
  if (what.photo) form.set('photo', what.photo, 'photo.jpg');
  await call('POST', `/v1/tasks/${encodeURIComponent(entry.task)}/report`, { form, idempotencyKey: entry.key });
}

/** Tries one entry; says what became of it. */
async function attempt(entry: Entry): Promise<'sent' | 'later' | 'refused'> {
  if (entry.version === null && entry.what.kind === 'step') {
    entry = { ...entry, version: (await store.versionOf(entry.task)) ?? null };
    await store.putEntry(entry);
  }
  try {
    await request(entry);
    await store.dropEntry(entry.key);
    return 'sent';
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 0;
    const fate = verdict(status);
    if (fate === 'refused') await store.putEntry({ ...entry, refused: error instanceof Error ? error.message : String(error) });
    return fate;
  }
}

let again: ReturnType<typeof setTimeout> | null = null;
let tries = 0;

let wanted = false;

/** Sends all that can be sent. One page at a time does so, however many are open. */
export async function flush(): Promise<void> {
  // What is put while the last answer is taken in would else wait for the next occasion.
  wanted = true;
  if (sending.peek()) return;
  sending.value = true;
  if (again) clearTimeout(again);
  again = null;
  try {
    const locks = navigator.locks as LockManager | undefined;
    while (wanted) {
      wanted = false;
      await (locks ? locks.request('flyonce-outbox', drain) : drain());
    }
  } finally {
    sending.value = false;
  }
}

async function drain(): Promise<void> {
  let moved = false;
  for (;;) {
    await load();
    const entry = nextToSend(entries.peek());
    if (!entry) break;
    const fate = await attempt(entry);
    if (fate === 'later') {
      if (again) clearTimeout(again);
      again = setTimeout(() => void flush(), backoffMillis(tries++, Math.random()));
      break;
    }
    tries = 0;
    moved = true;
  }
  await load();
  if (moved) answered();
}

/** Gives a refused entry up. */
export async function drop(key: string): Promise<void> {
  await store.dropEntry(key);
  await load();
  answered();
}

/** Tries a refused entry again, on what the server says now. */
export async function retry(entry: Entry): Promise<void> {
  await store.putEntry({ ...entry, key: newKey(), version: null, refused: null });
  await store.dropEntry(entry.key);
  await flush();
}

/** Keeps sending until the returned function is called. */
export function keepSending(whenAnswered: () => void, whenChanged: (cases: readonly Case[]) => void): () => void {
  answered = whenAnswered;
  changed = whenChanged;
  const up = () => {
    online.value = navigator.onLine;
    tries = 0;
    if (navigator.onLine) void flush();
  };
  addEventListener('online', up);
  addEventListener('offline', up);
  void flush();
  return () => {
    removeEventListener('online', up);
    removeEventListener('offline', up);
    if (again) clearTimeout(again);
  };
}
