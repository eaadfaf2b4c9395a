import { describe, expect, it } from 'vitest';
import * as operations from '../../src/api/operations';
import { makeCase } from './cases';

describe('operations', () => {
  it('confirm what waits, and send what was confirmed', () => {
    expect(operations.confirm(makeCase('a'))?.what).toEqual({ act: { kind: 'step', task: 'task-a', step: { step: 'confirm' } } });
    const sent = operations.confirm(makeCase('a', { state: 'confirmed' }));
    expect(sent?.what).toEqual({ act: { kind: 'step', task: 'task-a', step: { step: 'dispatch', department: 'municipal_drainage' } } });
  });

  it('do not confirm what is on its way, given back, or without a task', () => {
    expect(operations.confirm(makeCase('a', { state: 'accepted' }))).toBeNull();
    expect(operations.confirm(makeCase('a', { state: 'bounced' }))).toBeNull();
    expect(operations.confirm({ ...makeCase('a'), task: null })).toBeNull();
  });

  it('reject the incident where there is no task', () => {
    const operation = operations.reject({ ...makeCase('a'), task: null }, 'why');
    expect(operation).toEqual({ what: { act: { kind: 'reject', incident: 'a' } }, reason: 'why', expected: [{ subject: { incident: 'a' }, version: 1 }] });
  });

  it('give a task that came back to another department by sending it', () => {
    expect(operations.reassign(makeCase('a', { state: 'bounced' }), 'transport', '')?.what).toMatchObject({ act: { step: { step: 'dispatch', department: 'transport' } } });
  });

  it('say which versions they were based on', () => {
    const { expected } = operations.merge(makeCase('a', { version: 3 }), makeCase('b', { version: 4 }), '');
    expect(expected.map((one) => one.version)).toEqual([3, 4, 3, 4]);
  });

  it('are undone on their own subject, based on what the server answered', () => {
    const done = operations.merge(makeCase('a'), makeCase('b'), '');
    const outcome = { operation: 'o', undoes: null, incidents: [makeCase('a', { version: 7 }), makeCase('b', { version: 8 })], remarks: [] };
    expect(operations.undoOf(done, outcome)).toEqual({ what: { undo: { incident: 'a' } }, reason: '', expected: [{ subject: { incident: 'a' }, version: 7 }] });
  });
});
