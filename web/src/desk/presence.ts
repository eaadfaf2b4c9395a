// Who else looks at the item shown: told to the server when the item changes and every ten seconds.
import { effect, signal } from '@preact/signals';
import { call } from '../api/client';
import { queue } from './desk';

export const viewers = signal<readonly string[]>([]);

const EVERY_MILLIS = 10_000;
const SETTLE_MILLIS = 400;

async function tell(incident: string | null): Promise<void> {
  try {
    const answer = await call<{ viewers?: string[] } | undefined>('PUT', '/v1/presence', { body: { incident } });
    if (incident === queue.peek().current) viewers.value = answer?.viewers ?? [];
  } catch {
    viewers.value = [];
  }
}

/** Keeps telling until the returned function is called. */
export function keepPresence(): () => void {
  let soon: ReturnType<typeof setTimeout> | undefined;
  let shown: string | null = null;
  const stop = effect(() => {
    const id = queue.value.current;
    if (id === shown) return;
    shown = id;
    viewers.value = [];
    clearTimeout(soon);
    soon = setTimeout(() => void tell(id), SETTLE_MILLIS);
  });
  const timer = setInterval(() => void tell(queue.peek().current), EVERY_MILLIS);
  return () => {
    stop();
    clearTimeout(soon);
    clearInterval(timer);
    void tell(null);
  };
}
