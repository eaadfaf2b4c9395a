// Legal holds: what is kept whatever its age, who said so and why.
import { signal } from '@preact/signals';
import { call, get, post, query } from '../api/client';
import type { Hold, Role } from '../api/types';

/** All holds that were asked for last, the latest first; null until then. */
export const holds = signal<readonly Hold[] | null>(null);
/** Whether those that were lifted are listed too. */
export const withLifted = signal(false);

/** Who may put a case under hold and lift it; everybody else of the city may look. */
export const mayHold = (role: Role): boolean => role === 'admin' || role === 'duty';

/** The hold of an incident that lasts. */
export const holdOf = (id: string | null): Hold | null => holds.value?.find((one) => one.incident === id && one.lifted === null) ?? null;

let latest = 0;

export async function load(): Promise<void> {
  const turn = ++latest;
  const found = await get<Hold[]>(`/v1/holds${query({ lifted: withLifted.peek() })}`);
  if (turn === latest) holds.value = found;
}

const path = (id: string, what: string): string => `/v1/incidents/${encodeURIComponent(id)}/${what}`;

export async function hold(id: string, reason: string): Promise<void> {
  await call('PUT', path(id, 'hold'), { body: { reason } });
  await load();
}

export async function lift(id: string, reason: string): Promise<void> {
  await post(path(id, 'release'), { reason });
  await load();
}

/** The id of an incident in what somebody typed or pasted: the id itself, or an address of the desk. */
export function incidentIn(text: string): string | null {
  return /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i.exec(text)?.[0].toLowerCase() ?? null;
}
