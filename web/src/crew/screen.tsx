import type { Session } from '../api/types';
export function Crew({ who }: { who: Session }) {
  return <p class="notice">{who.name}</p>;
}
