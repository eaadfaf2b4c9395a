import type { Session } from '../api/types';
export function Duty({ who }: { who: Session }) {
  return <p class="notice">{who.name}</p>;
}
