// Floods: many alarms that one cause may have made, asked about once.
import { signal } from '@preact/signals';
import { get } from '../api/client';
import { keepAsking } from '../api/live';
import type { Flood, Overview } from '../api/types';
import * as desk from './desk';
import * as model from './queue';

/** Floods of which something still waits, the largest first. */
export const floods = signal<readonly Flood[]>([]);

const SOON_MILLIS = 3000;
const EVERY_MILLIS = 60_000;
/** Pages that are loaded at most to have all rows of a flood. */
const MOST_PAGES = 20;

async function ask(): Promise<void> {
  try {
    const { groups } = await get<Overview>('/v1/overview');
    floods.value = groups.filter((one) => one.waiting.length > 1).sort((a, b) => b.waiting.length - a.waiting.length);
  } catch {
    // The next change asks again; that the line is broken the page says itself.
  }
}

/** Keeps the floods fresh until the returned function is called. */
export const keepFloods = (): (() => void) => keepAsking(() => void ask(), SOON_MILLIS, EVERY_MILLIS);

/** Selects all rows of a flood that wait, so that the next decision is about all of them. */
export async function choose(flood: Flood): Promise<void> {
  const tasks = new Set(flood.waiting);
  const missing = () => {
    const here = new Set(desk.queue.peek().rows.map((row) => row.it.task?.id));
    return flood.waiting.some((id) => !here.has(id));
  };
  for (let page = 0; page < MOST_PAGES && missing() && desk.queue.peek().next; page++) await desk.loadBelow();
  desk.setBulk(true);
  desk.selectRows((row) => model.open(row) && tasks.has(row.it.task?.id ?? ''));
}

let turn = 0;

/** Selects the flood after the one that was selected. */
export function chooseNext(): void {
  const flood = floods.peek()[turn++ % Math.max(1, floods.peek().length)];
  if (flood) void choose(flood);
}
