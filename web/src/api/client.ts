// One door to the server: session cookie, CSRF header, problems as errors.
import { signal } from '@preact/signals';
import type { Session } from './types';

/** Who is signed in: undefined until asked, null for nobody. */
export const session = signal<Session | null | undefined>(undefined);

/** Whether this person may see pictures as they were taken; everybody else gets coarse ones, and no clips. */
export const seesOriginals = (): boolean => ['admin', 'duty', 'analyst'].includes(session.value?.role ?? '');

/** What the server says went wrong (RFC 9457). */
export interface Problem {
  title: string;
  status: number;
  detail: string;
  actor?: string;
  at?: string;
  name?: string;
}

/** An answer that is no success. Status 0: no answer at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail || problem.title);
  }
}

interface Options {
  body?: unknown;
  form?: FormData;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/** Sends one request and reads JSON. */
export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  const csrf = session.peek()?.csrf;
  if (method !== 'GET' && csrf) headers['x-csrf'] = csrf;
  if (options.idempotencyKey) headers['idempotency-key'] = options.idempotencyKey;
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  const body = options.form ?? (options.body === undefined ? null : JSON.stringify(options.body));
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body, credentials: 'same-origin', signal: options.signal ?? null });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, { title: 'no answer', status: 0, detail: String(cause) });
  }
  if (response.ok) return response;
  if (response.status === 401 && path !== '/v1/sign-in') session.value = null;
  throw new ApiError(response.status, await problemOf(response));
}

async function problemOf(response: Response): Promise<Problem> {
  const plain = { title: response.statusText, status: response.status, detail: '' };
  try {
    return { ...plain, ...((await response.json()) as Partial<Problem>) };
  } catch {
    return plain;
  }
}

/** GET as JSON. */
export const get = <T>(path: string, abort?: AbortSignal) =>
  call<T>('GET', path, abort ? { signal: abort } : {});

/** POST as JSON, answered once however often it is sent with the same key. */
export const post = <T>(path: string, body?: unknown, idempotencyKey?: string) =>
  call<T>('POST', path, { ...(body === undefined ? {} : { body }), ...(idempotencyKey ? { idempotencyKey } : {}) });

/** A query string of what is set. */
export function query(values: Record<string, string | number | boolean | null | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== '' && value !== false) params.set(name, String(value));
  }
  const text = params.toString();
  return text ? `?${text}` : '';
}

const KEPT = 'flyonce.session';

/** The session that this device had last, for a page that is opened without a line. It holds no secret but the CSRF word. */
function keptSession(): Session | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Session | null;
  } catch {
    return null;
  }
}

function keep(found: Session | null): void {
  session.value = found;
  if (found?.role === 'department') localStorage.setItem(KEPT, JSON.stringify(found));
  else localStorage.removeItem(KEPT);
}

/** Asks who is signed in; without a line a crew goes on as it was. */
export async function loadSession(): Promise<void> {
  try {
    keep(await get<Session>('/v1/session'));
  } catch (error) {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return keep(null);
    const kept = error instanceof ApiError && error.status === 0 ? keptSession() : null;
    if (!kept) throw error;
    session.value = kept;
    addEventListener('online', () => void loadSession().catch(() => undefined), { once: true });
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  const answer = await post<Session>('/v1/sign-in', { name, password });
  keep(answer.csrf ? answer : await get<Session>('/v1/session'));
}

export async function signOut(): Promise<void> {
  try {
    await post('/v1/sign-out');
  } finally {
    keep(null);
  }
}
