// Short messages that go away by themselves, some with one thing to press.
import { signal } from '@preact/signals';

export interface Toast {
  id: number;
  text: string;
  urgent: boolean;
  action: { label: string; run: () => void } | null;
}

export const toasts = signal<readonly Toast[]>([]);

const LIFE_MILLIS = 7000;
const AT_MOST = 3;
let lastId = 0;

/** Shows a message; the answer is its number, to take it away before its time. */
export function toast(text: string, options: { urgent?: boolean; action?: Toast['action'] } = {}): number {
  const one: Toast = { id: ++lastId, text, urgent: options.urgent ?? false, action: options.action ?? null };
  toasts.value = [...toasts.peek(), one].slice(-AT_MOST);
  setTimeout(() => dismiss(one.id), one.urgent ? LIFE_MILLIS * 2 : LIFE_MILLIS);
  return one.id;
}

export function dismiss(id: number): void {
  toasts.value = toasts.peek().filter((one) => one.id !== id);
}
