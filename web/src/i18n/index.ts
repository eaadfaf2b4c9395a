// The language of the page: remembered, and read by every text through a signal.
import { effect, signal } from '@preact/signals';
import { en } from './en';
import { type Key, zh } from './zh';

export type { Key };
export type Language = 'zh' | 'en';

const STORED = 'flyonce.language';

function first(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === 'zh' || stored === 'en') return stored;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const language = signal<Language>(first());

effect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
  localStorage.setItem(STORED, language.value);
});

export function switchLanguage(): void {
  language.value = language.peek() === 'zh' ? 'en' : 'zh';
}

/** The text of a key, with values put in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = (language.value === 'zh' ? zh : en)[key];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A text in both languages, for what is stored and read by others. */
export const both = (key: Key): string => `${zh[key]} / ${en[key]}`;

/** The field of a record in the language of the page: `title` reads `title_zh` or `title_en`. */
export function say<K extends string>(record: { [P in `${K}_zh` | `${K}_en`]: string }, name: K): string {
  const [own, other] = language.value === 'zh' ? (['zh', 'en'] as const) : (['en', 'zh'] as const);
  return record[`${name}_${own}` as `${K}_zh`] || record[`${name}_${other}` as `${K}_zh`];
}

/** The name of something that has one in both languages. */
export const nameOf = (named: { zh: string; en: string }): string =>
  language.value === 'zh' ? named.zh || named.en : named.en || named.zh;
