// The flights: their list, the one that is open, and the orders that are given.
import { signal } from '@preact/signals';
import { ApiError, call, get, post, query } from '../api/client';
import type { Coverage, Gate, Mission, MissionAct, MissionHead, Vehicle } from '../api/types';

export const missions = signal<readonly MissionHead[]>([]);
export const vehicles = signal<readonly Vehicle[]>([]);
export const aircraft = signal<readonly { id: string; name: string }[]>([]);
export const failed = signal(false);
export const asked = signal(false);
/** The flight that is open, as it is now. */
export const opened = signal<Mission | null>(null);

/** What was seen of the area of the open flight, where it was asked for. */
export const coverage = signal<Coverage | null>(null);

const LIST_MILLIS = 10_000;
/** Seconds that the server holds a question for a change. */
const WAIT_SECS = 20;
const AGAIN_MILLIS = 3000;

export async function ask(): Promise<void> {
  try {
    const [list, found] = await Promise.all([get<{ items: MissionHead[] }>('/v1/missions'), get<Vehicle[]>('/v1/vehicles')]);
    missions.value = list.items;
    vehicles.value = found;
    failed.value = false;
    asked.value = true;
  } catch {
    failed.value = true;
  }
}

/** Keeps the list fresh until the returned function is called. */
export function keepList(): () => void {
  void ask();
  void get<{ id: string; name: string }[]>('/v1/aircraft').then(
    (found) => {
      aircraft.value = found;
    },
    () => undefined,
  );
  const timer = setInterval(() => void ask(), LIST_MILLIS);
  return () => clearInterval(timer);
}

/** Follows one flight until the returned function is called: each answer comes with the next change. */
export function follow(id: string): () => void {
  const stop = new AbortController();
  const path = `/v1/missions/${encodeURIComponent(id)}`;
  const turn = async () => {
    let version: number | null = null;
    while (!stop.signal.aborted) {
      try {
        const found: Mission = await get<Mission>(path + query(version === null ? {} : { after: version, wait: WAIT_SECS }), stop.signal);
        if (stop.signal.aborted) return;
        version = found.version;
        take(found);
        failed.value = false;
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof ApiError && error.status === 404) {
          opened.value = null;
          return;
        }
        failed.value = true;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MILLIS));
      }
    }
  };
  opened.value = null;
  coverage.value = null;
  void turn();
  return () => stop.abort();
}

/** Takes in a flight as it is now; an answer that was overtaken is dropped. */
function take(found: Mission): void {
  const known = opened.peek();
  if (known?.id === found.id && known.version > found.version) return;
  opened.value = found;
  missions.value = missions.peek().map((one) => (one.id === found.id ? found : one));
}

/** What a flight is made of: an area with how finely it is to be seen, or a plan as a file. */
export type Wanted =
  | { name: string; area: GeoJSON.GeoJSON; gsd_cm: number; aircraft: string }
  | { name: string; plan_base64: string };

/** Proposes a flight that looks at a task; who flies launches it, or nobody. */
export const propose = (task: string, name: string): Promise<Mission> => post<Mission>('/v1/missions', { name, for_task: task });

export async function plan(wanted: Wanted): Promise<Mission> {
  const made = await post<Mission>('/v1/missions', wanted);
  await ask();
  return made;
}

/** Asks what was seen of the area of a flight. */
export async function askCoverage(id: string): Promise<void> {
  coverage.value = await get<Coverage>(`/v1/missions/${encodeURIComponent(id)}/coverage`);
}

/** Plans what a flight left out as a flight of its own. */
export const planHoles = (mission: Mission, found: Coverage, name: string): Promise<Mission> =>
  plan({ name, area: found.holes, gsd_cm: found.gsd_m * 100, aircraft: mission.plan.aircraft });

export async function remove(id: string): Promise<void> {
  await call('DELETE', `/v1/missions/${encodeURIComponent(id)}`);
  await ask();
}

export interface Wind {
  speed_mps: number;
  from_deg: number;
}

export interface Launch {
  vehicle: string;
  reason: string;
  confirmed: boolean;
  accept_warnings: boolean;
  wind?: Wind;
}

export async function order(id: string, act: MissionAct, body: Launch | { reason: string; wind?: Wind }): Promise<void> {
  take(await post<Mission>(`/v1/missions/${encodeURIComponent(id)}/${act}`, body));
}

/** The conditions that a refused launch names. */
export function gatesOf(error: unknown): Gate[] {
  const problem = error instanceof ApiError ? (error.problem as { gates?: Gate[] }) : {};
  return problem.gates ?? [];
}
