// A second look at what somebody else decided, without knowing how: one case at a time, and how well people agree.
import { batch, signal } from '@preact/signals';
import { call, get, post, query } from '../api/client';
import type { Agreement, Blind, StillKind } from '../api/types';
import type { Key } from '../i18n';

/** The case that is looked at: undefined until asked, null for none. */
export const blind = signal<Blind | null | undefined>(undefined);
export const agreement = signal<Agreement | null>(null);
/** A request is on its way; a second press means nothing then. */
export const busy = signal(false);
export const problem = signal<unknown>(null);
/** Without what was recognised drawn in. */
export const plain = signal(false);
/** Cases said here since the page was opened. */
export const said = signal(0);

async function work(ask: () => Promise<Blind | null>, counts = 0): Promise<void> {
  if (busy.peek()) return;
  busy.value = true;
  try {
    const next = await ask();
    batch(() => {
      blind.value = next;
      said.value += counts;
      problem.value = null;
    });
  } catch (error) {
    problem.value = error;
  } finally {
    busy.value = false;
  }
}

/** Asks for the first case that waits, and for how well people agree. */
export async function open(): Promise<void> {
  await Promise.all([work(() => get<Blind | null>('/v1/rechecks')), measure()]);
}

async function measure(): Promise<void> {
  agreement.value = await call<Agreement>('GET', '/v1/agreement').catch(() => agreement.peek());
}

/** Says that the case is what it was taken for, or is none. */
export async function say(real: boolean): Promise<void> {
  const { value } = blind;
  if (!value) return;
  await work(() => post<Blind | null>('/v1/rechecks', { incident: value.incident, real }), 1);
  await measure();
}

/** Leaves the case for later. */
export async function pass(): Promise<void> {
  const { value } = blind;
  if (value) await work(() => get<Blind | null>(`/v1/rechecks${query({ after: value.incident })}`));
}

/** The picture of a case: annotated or plain as wished, whichever is there. */
export function pictureOf(it: Blind, what: 'close_up' | 'context', bare: boolean): string | null {
  const kinds: StillKind[] = bare ? [what, `${what}_annotated`] : [`${what}_annotated`, what];
  for (const kind of kinds) {
    const found = it.stills.find((still) => still.kind === kind);
    if (found) return found.url;
  }
  return null;
}

/** A kappa in words (Landis and Koch 1977). */
export function strength(kappa: number | null): Key {
  if (kappa === null) return 'kappa_none';
  if (kappa < 0) return 'kappa_poor';
  if (kappa < 0.2) return 'kappa_slight';
  if (kappa < 0.4) return 'kappa_fair';
  if (kappa < 0.6) return 'kappa_moderate';
  return kappa < 0.8 ? 'kappa_substantial' : 'kappa_perfect';
}
