// IndexedDB behind the crew's page: entries on their way, versions told by the server, tasks for when there is no line.
import type { Case } from '../api/types';
import type { Entry } from './outbox';

const NAME = 'flyonce-crew';

let opened: Promise<IDBDatabase> | null = null;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('entries', { keyPath: 'key' });
      request.result.createObjectStore('versions');
      request.result.createObjectStore('tasks');
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no IndexedDB'));
  });
  return opened;
}

async function run<T>(store: string, mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await database();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(store, mode);
    const request = act(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? new Error(`cannot use ${store}`));
  });
}

export const allEntries = (): Promise<Entry[]> => run('entries', 'readonly', (store) => store.getAll() as IDBRequest<Entry[]>);
export const putEntry = (entry: Entry) => run('entries', 'readwrite', (store) => store.put(entry));
export const dropEntry = (key: string) => run('entries', 'readwrite', (store) => store.delete(key));

export const versionOf = (task: string): Promise<number | undefined> =>
  run('versions', 'readonly', (store) => store.get(task) as IDBRequest<number | undefined>);
export const putVersion = (task: string, version: number) => run('versions', 'readwrite', (store) => store.put(version, task));

export interface Kept {
  at: string;
  items: Case[];
}

export const keptTasks = (department: string): Promise<Kept | undefined> =>
  run('tasks', 'readonly', (store) => store.get(department) as IDBRequest<Kept | undefined>);
export const keepTasks = (department: string, kept: Kept) => run('tasks', 'readwrite', (store) => store.put(kept, department));
