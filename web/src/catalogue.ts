// The lists that rarely change: departments, classes, zones. Asked once a session.
import { signal } from '@preact/signals';
import { get } from './api/client';
import type { Named } from './api/types';

export interface ZoneProperties {
  code: string;
  level: 'city' | 'district' | 'township' | 'community' | 'grid' | 'special';
  zh: string;
  en: string;
}

export type Zones = GeoJSON.FeatureCollection<GeoJSON.Geometry, ZoneProperties>;

export const departments = signal<readonly Named[]>([]);
export const classes = signal<readonly Named[]>([]);
export const zones = signal<Zones | null>(null);

const KEPT = 'flyonce.catalogue';

/** Asks for the lists; those of the last time serve until the answer is here, and without a line. */
export async function loadCatalogue(): Promise<void> {
  const kept = localStorage.getItem(KEPT);
  if (kept) [departments.value, classes.value] = JSON.parse(kept) as [Named[], Named[]];
  try {
    const lists = await Promise.all([get<Named[]>('/v1/departments'), get<Named[]>('/v1/classes')]);
    [departments.value, classes.value] = lists;
    localStorage.setItem(KEPT, JSON.stringify(lists));
  } catch (error) {
    if (!kept) throw error;
  }
}

let zonesAsked: Promise<void> | null = null;

/** Zones come after the queue: they are only for the map and a filter. */
export function loadZones(): Promise<void> {
  zonesAsked ??= get<Zones>('/v1/zones').then(
    (found) => {
      zones.value = found;
    },
    () => {
      zonesAsked = null;
    },
  );
  return zonesAsked;
}
