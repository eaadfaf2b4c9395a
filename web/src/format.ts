// Numbers, times and places as people read them, in the zone and the language of the page.
import { signal } from '@preact/signals';
import type { Case, Position } from './api/types';
import { type Key, language, say, t } from './i18n';

/** The moment that the page reckons with, renewed twice a minute. */
export const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, 30_000);

const locale = (): string => (language.value === 'zh' ? 'zh-CN' : 'en-GB');

// Making a formatter takes longer than all its uses, so that each is made once.
const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function numbers(name: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale()} ${name}`;
  const found = made.get(key) ?? new Intl.NumberFormat(locale(), options);
  made.set(key, found);
  return found as Intl.NumberFormat;
}

function times(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale()} ${name}`;
  const found = made.get(key) ?? new Intl.DateTimeFormat(locale(), options);
  made.set(key, found);
  return found as Intl.DateTimeFormat;
}

export const count = (value: number): string => numbers('count', {}).format(value);

/** Whole per cents, with a digit more where rounding would hide that some are missing. */
export function percent(share: number): string {
  const digits = share > 0.995 && share < 1 ? 1 : 0;
  return numbers(`percent ${digits}`, { style: 'percent', maximumFractionDigits: digits }).format(share);
}

/** Metres with the digits that mean something. */
export function metres(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} km`;
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} m`;
}

export const area = (value_m2: number): string =>
  value_m2 >= 10_000 ? `${(value_m2 / 10_000).toFixed(2)} ha` : `${value_m2.toFixed(0)} m²`;

/** Day and minute in the page's zone. */
export function moment(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  const old = at.getFullYear() !== new Date(now.value).getFullYear();
  const minute = { month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hour12: false } as const;
  return times(`moment ${old}`, old ? { year: 'numeric', ...minute } : minute).format(at);
}

/** The same with seconds and offset, for titles. */
export function momentInFull(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  return times('full', { dateStyle: 'medium', timeStyle: 'long', hour12: false }).format(at);
}

/** Time of day to a tenth of a second, for looks that follow each other. */
export function clock(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  const tenth = { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 1, hour12: false } as const;
  return times('clock', tenth).format(at);
}

/** A length of time in its two largest units. */
export function duration(millis: number): string {
  const minutes = Math.round(Math.abs(millis) / 60_000);
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  const parts: [Key, number][] = days
    ? [['days', days], ['hours', hours]]
    : hours
      ? [['hours', hours], ['minutes', rest]]
      : [['minutes', rest]];
  return parts
    .filter(([, n], at) => n > 0 || at === 0)
    .map(([key, n]) => t(key, { n }))
    .join(' ');
}

/** How far a deadline is. */
export function untilDeadline(deadline: string): { text: string; late: boolean; soon: boolean } {
  const left = new Date(deadline).getTime() - now.value;
  const late = left < 0;
  return { text: t(late ? 'over_by' : 'left', { t: duration(left) }), late, soon: !late && left < 3_600_000 };
}

export function ago(time: string): string {
  const past = now.value - new Date(time).getTime();
  return past < 60_000 ? t('just_now') : t('ago', { t: duration(past) });
}

/** Latitude and longitude to a tenth of a metre. */
export function coordinates(position: Pick<Position, 'lat_deg' | 'lon_deg'>): string {
  const { lat_deg, lon_deg } = position;
  const side = (value: number, plus: string, minus: string) => `${Math.abs(value).toFixed(6)}° ${value < 0 ? minus : plus}`;
  return `${side(lat_deg, 'N', 'S')}, ${side(lon_deg, 'E', 'W')}`;
}

/** The title of a case: that of its task, else its matter and place. */
export function titleOf(it: Case): string {
  if (it.task) return say(it.task, 'title');
  const size = it.area_m2 === null ? '' : ` ${area(it.area_m2)}`;
  const place = say(it, 'place');
  return `${say(it, 'class')}${size}${place ? (language.value === 'zh' ? ',' : ', ') + place : ''}`;
}

/** Matter and size, where the place is written beside it. */
export const shortTitle = (it: Case): string => `${say(it, 'class')}${it.area_m2 === null ? '' : ` · ${area(it.area_m2)}`}`;

/** The names of a place, the finest first. */
export const finestFirst = (it: Case): string => say(it, 'place').split(/[、,]\s*/).reverse().join(' · ');

/** The state of a case in words: that of its task, else of the incident. */
export function stateOf(it: Case): string {
  return it.task ? t(`task_${it.task.state}`) : t(`incident_${it.state}`);
}

/** The end of an id, enough to tell two apart. */
export const shortId = (id: string): string => id.slice(-6);
