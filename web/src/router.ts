// Which screen is shown: the part of the address after '#', so that the server has one page to serve.
import { computed, signal } from '@preact/signals';
import type { Role } from './api/types';

export const SCREENS = ['desk', 'duty', 'crew', 'record', 'flights', 'recheck', 'holds'] as const;

export type Screen = (typeof SCREENS)[number];

const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

/** The parts of the address: `#/desk/ID` is ['desk', 'ID']. */
export const parts = computed(() => hash.value.replace(/^#\/?/, '').split('/').filter(Boolean).map(decodeURIComponent));

export const address = (...path: string[]): string => `#/${path.map(encodeURIComponent).join('/')}`;

/** Notes where the person is, without a new entry in the history of the browser. */
export function note(...path: string[]): void {
  const wanted = address(...path);
  if (location.hash === wanted) return;
  history.replaceState(null, '', wanted);
  hash.value = wanted;
}

const SCREENS_OF: Record<Role, readonly Screen[]> = {
  analyst: ['desk', 'duty', 'recheck', 'holds', 'record'],
  operator: ['desk', 'duty', 'flights', 'record'],
  duty: ['duty', 'desk', 'flights', 'recheck', 'holds', 'record'],
  department: ['crew', 'record'],
  admin: ['desk', 'duty', 'flights', 'crew', 'recheck', 'holds', 'record'],
};

/** The screens of a role, the first of which it starts with. */
export const screensOf = (role: Role): readonly Screen[] => SCREENS_OF[role] ?? ['desk'];
