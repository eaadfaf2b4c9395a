// The state of the city and of its sources, asked again when something changes.
import { signal } from '@preact/signals';
import { get } from '../api/client';
import { keepAsking } from '../api/live';
import type { Overview, Source } from '../api/types';

export const overview = signal<Overview | null>(null);
export const sources = signal<readonly Source[]>([]);
export const failed = signal(false);

const SOON_MILLIS = 1500;
const EVERY_MILLIS = 15_000;

async function ask(): Promise<void> {
  try {
    const [city, feeds] = await Promise.all([get<Overview>('/v1/overview'), get<Source[]>('/v1/sources')]);
    overview.value = city;
    sources.value = feeds;
    failed.value = false;
  } catch {
    failed.value = true;
  }
}

export const askSources = async (): Promise<void> => {
  sources.value = await get<Source[]>('/v1/sources');
};

/** Keeps the overview fresh until the returned function is called. */
export const keepFresh = (): (() => void) => keepAsking(() => void ask(), SOON_MILLIS, EVERY_MILLIS);
