// What modules ask of a browser when they are loaded, as little as will do.
import 'fake-indexeddb/auto';

const kept = new Map<string, string>();

Object.assign(globalThis, {
  localStorage: {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  },
  location: { hash: '' },
  document: { documentElement: { lang: '', dataset: {} } },
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
});
Object.defineProperty(globalThis, 'navigator', { value: { language: 'en-GB', onLine: true }, configurable: true });
