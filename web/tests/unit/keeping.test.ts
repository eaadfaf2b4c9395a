import { describe, expect, it } from 'vitest';
import type { Blind, Hold } from '../../src/api/types';
import { holdOf, holds, incidentIn, mayHold } from '../../src/holds/holds';
import { pictureOf, strength } from '../../src/recheck/recheck';
import { screensOf } from '../../src/router';

const ID = '019ee2cf-58a0-7aaf-8f2a-0000001a2b3c';

describe('a second look', () => {
  const blind = { stills: [{ kind: 'close_up', url: 'a' }, { kind: 'context_annotated', url: 'b' }] } as Blind;

  it('shows the picture that is wished, or the other of its kind', () => {
    expect(pictureOf(blind, 'close_up', true)).toBe('a');
    expect(pictureOf(blind, 'close_up', false)).toBe('a');
    expect(pictureOf(blind, 'context', true)).toBe('b');
    expect(pictureOf({ ...blind, stills: [] }, 'context', false)).toBeNull();
  });

  it('calls a kappa what Landis and Koch do', () => {
    expect([null, -0.1, 0.1, 0.3, 0.5, 0.7, 0.9].map(strength)).toEqual([
      'kappa_none',
      'kappa_poor',
      'kappa_slight',
      'kappa_fair',
      'kappa_moderate',
      'kappa_substantial',
      'kappa_perfect',
    ]);
  });
});

describe('a hold', () => {
  it('is set by duty officers and admins', () => {
    expect((['operator', 'analyst', 'duty', 'department', 'admin'] as const).filter(mayHold)).toEqual(['duty', 'admin']);
  });

  it('is that of an incident until it is lifted', () => {
    const hold = { incident: ID, lifted: null } as Hold;
    holds.value = [hold];
    expect(holdOf(ID)).toBe(hold);
    expect(holdOf(null)).toBeNull();
    holds.value = [{ ...hold, lifted: { at: '', actor: 'wang', reason: '' } }];
    expect(holdOf(ID)).toBeNull();
  });

  it('takes an incident by its number or its address', () => {
    expect(incidentIn(` ${ID.toUpperCase()} `)).toBe(ID);
    expect(incidentIn(`https://city.example/#/desk/${ID}`)).toBe(ID);
    expect(incidentIn('019ee2cf')).toBeNull();
  });
});

it('second looks are for those who decide', () => {
  const roles = ['operator', 'analyst', 'duty', 'department', 'admin'] as const;
  expect(roles.filter((role) => screensOf(role).includes('recheck'))).toEqual(['analyst', 'duty', 'admin']);
});
