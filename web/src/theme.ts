// Light or dark: as the system prefers, or as the person chose.
import { computed, effect, signal } from '@preact/signals';

export type Choice = 'auto' | 'light' | 'dark';

const STORED = 'flyonce.theme';
const stored = localStorage.getItem(STORED);
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const system = signal(prefersDark.matches);

export const choice = signal<Choice>(stored === 'light' || stored === 'dark' ? stored : 'auto');
export const dark = computed(() => (choice.value === 'auto' ? system.value : choice.value === 'dark'));

prefersDark.addEventListener('change', (event) => {
  system.value = event.matches;
});

effect(() => {
  document.documentElement.dataset['theme'] = dark.value ? 'dark' : 'light';
  localStorage.setItem(STORED, choice.value);
});

/** The next of: system, light, dark. */
export function switchTheme(): void {
  choice.value = ({ auto: 'light', light: 'dark', dark: 'auto' } as const)[choice.peek()];
}
