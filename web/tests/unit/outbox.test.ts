import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Entry, asIfSent, newest, nextToSend, verdict } from '../../src/crew/outbox';
import * as sender from '../../src/crew/sender';
import * as store from '../../src/crew/store';
import { makeCase } from './cases';

const entry = (number: number, task: string, refused: string | null = null): Entry => ({
  key: `k${number}`,
  number,
  task,
  title_zh: '',
  title_en: '',
  what: { kind: 'step', step: 'accept', reason: '' },
  made: '2026-06-20T02:15:00Z',
  version: null,
  refused,
});

describe('the order of sending', () => {
  it('is the order of doing', () => {
    expect(nextToSend([entry(2, 'b'), entry(1, 'a')])?.number).toBe(1);
  });

  it('passes over what was refused and all later steps of that task', () => {
    expect(nextToSend([entry(1, 'a', 'no'), entry(2, 'a'), entry(3, 'b')])?.number).toBe(3);
    expect(nextToSend([entry(1, 'a', 'no'), entry(2, 'a')])).toBeNull();
  });
});

it('keeps what is known of a task that went on while an older list was under way', () => {
  const at = (id: string, version: number) => {
    const it = makeCase(id);
    return { ...it, task: it.task && { ...it.task, version } };
  };
  const versions = newest([at('a', 2), at('b', 5)], [at('a', 4), at('b', 3), at('gone', 9)]).map((one) => [one.id, one.task?.version]);
  expect(versions).toEqual([['a', 4], ['b', 5]]);
});

it.each([
  [200, 'sent'],
  [0, 'later'],
  [401, 'later'],
  [429, 'later'],
  [503, 'later'],
  [409, 'refused'],
  [422, 'refused'],
])('status %i means %s', (status, expected) => {
  expect(verdict(status)).toBe(expected);
});

it('tasks are shown as they will be, and gone when they will be done', () => {
  const cases = [makeCase('a', { state: 'dispatched' }), makeCase('b', { state: 'on_site' })];
  const steps: Entry[] = [entry(1, 'task-a'), { ...entry(2, 'task-b'), what: { kind: 'step', step: 'finish', reason: '' } }];
  expect(asIfSent(cases, steps).map((it) => [it.id, it.task?.state])).toEqual([['a', 'accepted']]);
});

describe('the sender', () => {
  interface Sent {
    path: string;
    key: string | undefined;
    body: string;
  }
  let sent: Sent[] = [];
  let answer: (sent: Sent) => Response | Error = () => new Error('no line');

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    sent = [];
    for (const one of await store.allEntries()) await store.dropEntry(one.key);
    vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
      const one = { path, key: (init.headers as Record<string, string>)['idempotency-key'], body: String(init.body) };
      sent.push(one);
      const given = answer(one);
      if (given instanceof Error) throw given;
      return given;
    });
  });

  const fine = (version: number) => () =>
    Response.json({ operation: 'o', undoes: null, incidents: [makeCase('a', { state: 'accepted', version })], remarks: [] });

  async function waitForQuiet(): Promise<void> {
    await vi.waitFor(() => expect(sender.sending.value).toBe(false));
  }

  it('keeps what cannot be sent and sends it once, with the same key and body', async () => {
    answer = () => new Error('no line');
    await sender.learn([makeCase('a', { version: 4 })]);
    await sender.put(makeCase('a', { version: 4 }), { kind: 'step', step: 'accept', reason: '' });
    await waitForQuiet();
    expect(sender.entries.value).toHaveLength(1);
    answer = fine(5);
    await sender.flush();
    await waitForQuiet();
    expect(sender.entries.value).toHaveLength(0);
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(sent[0]);
    expect(JSON.parse(sent[0]?.body ?? '').expected).toEqual([{ subject: { task: 'task-a' }, version: 4 }]);
    await sender.flush();
    expect(sent).toHaveLength(2);
  });

  it('bases the next step on the version that the last one gave', async () => {
    answer = () => new Error('no line');
    await sender.learn([makeCase('a', { version: 6 })]);
    await sender.put(makeCase('a'), { kind: 'step', step: 'accept', reason: '' });
    await sender.put(makeCase('a'), { kind: 'step', step: 'depart', reason: '' });
    await waitForQuiet();
    sent = [];
    answer = fine(9);
    await sender.flush();
    await waitForQuiet();
    expect(sent.map((one) => JSON.parse(one.body).expected[0].version)).toEqual([6, 9]);
    expect(sender.entries.value).toHaveLength(0);
  });

  it('sends what is put while another answer is taken in', async () => {
    answer = fine(2);
    const steps = ['accept', 'depart', 'arrive'] as const;
    await sender.learn([makeCase('a', { version: 1 })]);
    for (const step of steps) {
      await sender.put(makeCase('a'), { kind: 'step', step, reason: '' });
      await vi.waitFor(() => expect(sent.length).toBeGreaterThan(steps.indexOf(step)));
    }
    await vi.waitFor(() => expect(sender.entries.value).toHaveLength(0));
    expect(sent.map((one) => JSON.parse(one.body).what.act.step.step)).toEqual(steps);
  });

  it('keeps what the server refuses, with the reason, and goes on with other tasks', async () => {
    answer = (one) =>
      one.body.includes('task-a') ? Response.json({ title: 'changed', status: 409, detail: 'li reassigned it' }, { status: 409 }) : fine(2)();
    await sender.put(makeCase('a'), { kind: 'step', step: 'accept', reason: '' });
    await sender.put(makeCase('b'), { kind: 'step', step: 'accept', reason: '' });
    await vi.waitFor(() => expect(sender.entries.value.map((one) => one.refused)).toEqual(['li reassigned it']));
  });
});
