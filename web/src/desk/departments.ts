// Finding a department by what a person types: part of a name, the id, or the first letters of its words.
import type { Named } from '../api/types';

const initials = (text: string): string =>
  text
    .split(/[\s_-]+/)
    .map((word) => word[0] ?? '')
    .join('')
    .toLowerCase();

/** How well a department answers to a text; less is better, null is not at all. */
function rank(office: Named, typed: string): number | null {
  const [en, id] = [office.en.toLowerCase(), office.id.toLowerCase()];
  if (office.zh.startsWith(typed) || en.startsWith(typed) || id.startsWith(typed)) return 0;
  if (initials(office.en).startsWith(typed) || initials(office.id).startsWith(typed)) return 1;
  if (en.split(/\s+/).some((word) => word.startsWith(typed))) return 2;
  if (office.zh.includes(typed) || en.includes(typed) || id.includes(typed)) return 3;
  return [...typed].every((letter) => office.zh.includes(letter)) ? 4 : null;
}

/** The departments that answer to a text, best first; all of them to none. */
export function matching(offices: readonly Named[], text: string): Named[] {
  const typed = text.trim().toLowerCase();
  if (typed === '') return [...offices];
  return offices
    .map((office, at) => ({ office, at, rank: rank(office, typed) }))
    .filter((one) => one.rank !== null)
    .sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0) || a.at - b.at)
    .map((one) => one.office);
}
