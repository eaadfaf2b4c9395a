import { describe, expect, it } from 'vitest';
import type { Page } from '../../src/api/types';
import * as q from '../../src/desk/queue';
import { makeCase } from './cases';

const page = (ids: string, next: string | null = null): Page => {
  const items = [...ids].map((id) => makeCase(id));
  return { items, next, total: items.length };
};
const start = (ids: string): q.Queue => q.load(q.empty, page(ids));
const order = (queue: q.Queue): string => queue.rows.map((row) => row.it.id).join('');

describe('a decision', () => {
  it('goes on to the next row at once and leaves every row where it is', () => {
    const after = q.decide(start('abc'), ['a'], 'confirm', 'k');
    expect(after.current).toBe('b');
    expect(order(after)).toBe('abc');
    expect(q.waiting(after)).toBe(2);
  });

  it('wraps to open rows above after the last one', () => {
    const after = q.decide(q.show(start('abc'), 'c'), ['c'], 'reject', 'k');
    expect(after.current).toBe('a');
  });

  it('stays on the last row when nothing is left', () => {
    const after = q.decide(start('a'), ['a'], 'confirm', 'k');
    expect(after.current).toBe('a');
    expect(q.waiting(after)).toBe(0);
  });

  it('about others does not move the current row', () => {
    const after = q.decide(start('abcd'), ['c', 'd'], 'reject', 'k');
    expect(after.current).toBe('a');
  });

  it('that is settled carries what the server answered', () => {
    const decided = q.decide(start('ab'), ['a'], 'confirm', 'k');
    const after = q.settle(decided, 'k', [makeCase('a', { state: 'dispatched', version: 2 })]);
    expect(q.rowOf(after, 'a')?.it.task?.state).toBe('dispatched');
    expect(q.rowOf(after, 'a')?.mark).toMatchObject({ kind: 'decided', sent: true });
  });

  it('to split puts the parts below their whole and asks for both next', () => {
    const decided = q.decide(start('ab'), ['a'], 'split', 'k');
    const after = q.settle(decided, 'k', [makeCase('a', { version: 2 }), makeCase('x')]);
    expect(order(after)).toBe('axb');
    expect(after.rows.every(q.open)).toBe(true);
    expect(q.ahead(after, 2).map((one) => one.id)).toEqual(['a', 'x']);
    expect(q.waiting(after)).toBe(3);
  });

  it('that is taken back shows its first row again', () => {
    const decided = q.decide(start('abc'), ['a', 'b'], 'merge', 'k');
    const after = q.takeBack(decided, ['a', 'b']);
    expect(after.current).toBe('a');
    expect(q.waiting(after)).toBe(3);
  });
});

describe('a conflict', () => {
  const conflict = { kind: 'conflict', actor: 'li', at: '2026-06-20T02:15:00Z', detail: 'rejected' } as const;

  it('does not move the person, and the row is the next to come', () => {
    const decided = q.decide(start('abcd'), ['a'], 'confirm', 'k');
    const back = q.comeBack(decided, ['a'], conflict);
    expect(back.current).toBe('b');
    expect(q.following(back)).toBe('a');
    expect(order(back)).toBe('abcd');
    expect(q.rowOf(back, 'a')?.mark).toBe(conflict);
  });

  it('is over once the row was shown', () => {
    const back = q.comeBack(q.decide(start('abcd'), ['a'], 'confirm', 'k'), ['a'], conflict);
    const shown = q.decide(back, ['b'], 'confirm', 'k2');
    expect(shown.current).toBe('a');
    expect(q.following(shown)).toBe('c');
  });
});

describe('skipping', () => {
  it('goes on, and comes round to skipped rows when only they are left', () => {
    let queue = q.skip(start('abc'));
    expect(queue.current).toBe('b');
    queue = q.decide(queue, ['b'], 'confirm', 'k');
    queue = q.decide(queue, ['c'], 'confirm', 'k2');
    expect(queue.current).toBe('a');
  });
});

describe('changes by others', () => {
  it('never reorder rows', () => {
    const after = q.patch(start('abc'), makeCase('b', { state: 'rejected', version: 2 }), false);
    expect(order(after)).toBe('abc');
    expect(q.rowOf(after, 'b')?.mark).toEqual({ kind: 'elsewhere' });
  });

  it('that are older than what is shown are let go', () => {
    const queue = q.load(q.empty, { items: [makeCase('a', { version: 5 })], next: null, total: 1 });
    expect(q.patch(queue, makeCase('a', { version: 4 }), false)).toBe(queue);
  });

  it('are counted, and wait until asked for', () => {
    const after = q.arrive(start('abc'), page('xabyc'));
    expect(after.arrived).toEqual(['x', 'y']);
    expect(order(after)).toBe('abc');
  });

  it('below the rows that are loaded are no news', () => {
    const queue = q.load(q.empty, page('abc', 'cursor'));
    expect(q.arrive(queue, page('xbcde', 'cursor')).arrived).toEqual(['x']);
  });

  it('keep the current row when the list is loaded anew', () => {
    expect(q.load(q.show(start('abc'), 'b'), page('xabc')).current).toBe('b');
  });

  it('keep what is selected, and what is decided and not answered yet, when the list is loaded anew', () => {
    const busy = q.decide(q.toggle(start('abcd'), 'd'), ['a'], 'confirm', 'k');
    const after = q.load(q.toggle(q.toggle(busy, 'c'), 'd'), page('xacd'));
    expect([...after.selected]).toEqual(['c', 'd']);
    expect(after.anchor).toBe('d');
    expect(after.rows.filter((row) => !q.open(row)).map((row) => row.it.id)).toEqual(['a']);
    const settled = q.settle(after, 'k', [makeCase('a', { version: 2 })]);
    expect(q.open(q.load(settled, page('a')).rows[0] as q.Row)).toBe(true);
  });
});

describe('selecting', () => {
  it('extends from where it began', () => {
    const queue = q.extend(q.extend(start('abcde'), 'b'), 'c');
    expect([...queue.selected]).toEqual(['a', 'b', 'c']);
  });

  it('leaves decided rows out', () => {
    const queue = q.decide(start('abcd'), ['b'], 'confirm', 'k');
    expect([...q.extend(queue, 'd').selected]).toEqual(['a', 'c', 'd']);
  });

  it('takes all of one matter in one district', () => {
    const items = [makeCase('a'), makeCase('b', { matter: 'fume' }), makeCase('c'), makeCase('d', { place_zh: '江澄区、南浦街道' })];
    const queue = q.selectAlike(q.load(q.empty, { items, next: null, total: 4 }));
    expect([...queue.selected]).toEqual(['a', 'c']);
  });
});

describe('loading ahead', () => {
  it('names the rows that will be shown', () => {
    expect(q.ahead(q.decide(start('abcde'), ['b'], 'reject', 'k'), 2).map((one) => one.id)).toEqual(['c', 'd']);
  });

  it('ends where the rows end', () => {
    expect(q.ahead(start('ab'), 5).map((one) => one.id)).toEqual(['b']);
  });
});

it('the next page goes below without doubles', () => {
  expect(order(q.append(start('abc'), page('cde')))).toBe('abcde');
});
