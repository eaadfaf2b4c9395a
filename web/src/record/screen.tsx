import type { Session } from '../api/types';
export function Record({ who }: { who: Session }) {
  return <p class="notice">{who.name}</p>;
}
