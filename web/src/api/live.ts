// The event stream: tells the parts of the page which incident or task changed, and whether the line is up.
import { signal } from '@preact/signals';
import { session } from './client';
import { backoffMillis, feed, newParser } from './sse';

/** What changed, by the type and the subject of a CloudEvent. */
export interface Change {
  kind: 'incident' | 'task' | 'other';
  type: string;
  subject: string;
}

export type Line = 'connecting' | 'up' | 'down';
export const line = signal<Line>('connecting');

type Listener = (change: Change) => void;
const listeners = new Set<Listener>();

/** Hears of every change until the returned function is called. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Asks at once, soon after a change and every so often, until the returned function is called. */
export function keepAsking(ask: () => void, soonMillis: number, everyMillis: number): () => void {
  let soon: ReturnType<typeof setTimeout> | null = null;
  ask();
  const stop = onChange(() => {
    soon ??= setTimeout(() => {
      soon = null;
      ask();
    }, soonMillis);
  });
  const timer = setInterval(ask, everyMillis);
  return () => {
    stop();
    clearInterval(timer);
    if (soon) clearTimeout(soon);
  };
}

/** The change that an event speaks of. */
export function changeOf(type: string, data: string): Change {
  let subject = '';
  try {
    const event = JSON.parse(data) as { subject?: unknown; type?: unknown };
    if (typeof event.subject === 'string') subject = event.subject;
    if (type === 'message' && typeof event.type === 'string') type = event.type;
  } catch {
    // An event that is no JSON still says by its type that something changed.
  }
  const kind = type.includes('.incident.') ? 'incident' : type.includes('.task.') ? 'task' : 'other';
  return { kind, type, subject: subject.split('/').pop() ?? '' };
}

let abort: AbortController | null = null;

/** Keeps the stream open until `stopLive`. */
export function startLive(): void {
  if (abort) return;
  abort = new AbortController();
  void keepOpen(abort.signal);
}

export function stopLive(): void {
  abort?.abort();
  abort = null;
}

async function keepOpen(stop: AbortSignal): Promise<void> {
  const parser = newParser();
  let tries = 0;
  while (!stop.aborted) {
    try {
      await readOnce(parser, stop, () => {
        tries = 0;
      });
    } catch {
      if (stop.aborted) return;
    }
    line.value = 'down';
    await pause(backoffMillis(tries++, Math.random()), stop);
  }
}

async function readOnce(parser: ReturnType<typeof newParser>, stop: AbortSignal, opened: () => void): Promise<void> {
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (parser.lastId) headers['last-event-id'] = parser.lastId;
  const response = await fetch('/v1/feed/stream', { headers, signal: stop, credentials: 'same-origin' });
  if (response.status === 401) session.value = null;
  if (!response.ok || !response.body) throw new Error(`feed: status ${response.status}`);
  opened();
  line.value = 'up';
  parser.rest = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const event of feed(parser, value)) {
      const change = changeOf(event.type, event.data);
      for (const listener of listeners) listener(change);
    }
  }
}

function pause(millis: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, millis);
    stop.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
