// Why something found is none: the short list behind the digits.
import type { Key } from '../i18n';

export const REJECT_REASONS: readonly Key[] = [
  'reason_shadow',
  'reason_water_belongs',
  'reason_steam',
  'reason_permitted',
  'reason_cleared',
  'reason_unclear',
  'reason_outside',
  'reason_test',
];

/** The reason of a digit key, if it has one. */
export function reasonOfDigit(key: string): Key | null {
  return /^[1-9]$/.test(key) ? (REJECT_REASONS[Number(key) - 1] ?? null) : null;
}
