// Details of incidents and their pictures, loaded before they are needed and kept for a while.
import { signal } from '@preact/signals';
import { get } from '../api/client';
import type { Case, Detail, StillKind } from '../api/types';

const KEPT = 60;
const kept = new Map<string, Detail>();
const asked = new Map<string, Promise<Detail | null>>();
const pictures = new Map<string, HTMLImageElement>();

/** Counts up when a detail arrives, so that what shows one is drawn anew. */
export const arrivals = signal(0);

/** The detail of an incident, if it is here. */
export function known(id: string | null): Detail | null {
  return id ? (kept.get(id) ?? null) : null;
}

/** Asks for a detail that is not here, or again for one that is. */
export function fetchDetail(id: string, fresh = false): Promise<Detail | null> {
  const here = kept.get(id);
  if (here && !fresh) return Promise.resolve(here);
  const under_way = asked.get(id);
  if (under_way && !fresh) return under_way;
  const request = get<Detail>(`/v1/incidents/${encodeURIComponent(id)}`).then(
    (detail) => {
      if (asked.get(id) === request) asked.delete(id);
      keep(detail);
      return detail;
    },
    () => {
      if (asked.get(id) === request) asked.delete(id);
      return null;
    },
  );
  asked.set(id, request);
  return request;
}

function keep(detail: Detail): void {
  kept.delete(detail.id);
  kept.set(detail.id, detail);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
  arrivals.value++;
}

export function forget(id: string): void {
  kept.delete(id);
}

export function forgetAll(): void {
  kept.clear();
  asked.clear();
  pictures.clear();
}

/** The address of a picture, by the kinds that would do, best first. */
export function still(it: Case, ...kinds: StillKind[]): string | null {
  for (const kind of kinds) {
    const found = it.stills.find((one) => one.kind === kind);
    if (found) return found.url;
  }
  return null;
}

/** Loads and decodes the pictures that the incident shows first. */
export function loadPictures(it: Case): void {
  const urls = [still(it, 'close_up_annotated', 'close_up'), still(it, 'context_annotated', 'context')];
  for (const url of urls) {
    if (!url || pictures.has(url)) continue;
    const picture = new Image();
    picture.src = url;
    picture.decode().catch(() => pictures.delete(url));
    pictures.set(url, picture);
  }
  for (const oldest of pictures.keys()) {
    if (pictures.size <= KEPT) break;
    pictures.delete(oldest);
  }
}

/** Makes the next cases ready. */
export function makeReady(cases: readonly Case[]): void {
  for (const it of cases) {
    void fetchDetail(it.id);
    loadPictures(it);
  }
}
