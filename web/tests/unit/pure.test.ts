import { describe, expect, it } from 'vitest';
import { changeOf } from '../../src/api/live';
import { backoffMillis, feed, newParser } from '../../src/api/sse';
import { query } from '../../src/api/client';
import { matching } from '../../src/desk/departments';
import { belongs } from '../../src/desk/filters';
import { REJECT_REASONS, reasonOfDigit } from '../../src/desk/reasons';
import { busy, byStage } from '../../src/duty/board';
import { area, coordinates, duration, metres, now, titleOf, untilDeadline } from '../../src/format';
import { both, language, say, t } from '../../src/i18n';
import { en } from '../../src/i18n/en';
import { zh } from '../../src/i18n/zh';
import { boxOf, focusOf, heatOf, namesOf } from '../../src/map/shapes';
import { bounds, byDepartment } from '../../src/record/rows';
import { makeCase } from './cases';

describe('server-sent events', () => {
  it('are found in pieces of any length', () => {
    const text = ': hi\n\nid: 7\nevent: cn.flyonce.task.changed\ndata: {"subject":\ndata: "t1"}\n\nid: 8\ndata: x\n\n';
    for (let length = 1; length < 12; length++) {
      const parser = newParser();
      const found = [];
      for (let at = 0; at < text.length; at += length) found.push(...feed(parser, text.slice(at, at + length)));
      expect(found).toEqual([
        { id: '7', type: 'cn.flyonce.task.changed', data: '{"subject":\n"t1"}' },
        { id: '8', type: 'message', data: 'x' },
      ]);
      expect(parser.lastId).toBe('8');
    }
  });

  it('name what changed', () => {
    expect(changeOf('cn.flyonce.task.changed', '{"subject":"tasks/t1"}')).toMatchObject({ kind: 'task', subject: 't1' });
    expect(changeOf('message', '{"type":"cn.flyonce.incident.created","subject":"i1"}')).toMatchObject({ kind: 'incident', subject: 'i1' });
    expect(changeOf('cn.flyonce.source.state', 'no json').kind).toBe('other');
  });

  it('are asked for again after waits that grow to a limit', () => {
    expect(backoffMillis(0, 0.5)).toBe(750);
    expect(backoffMillis(50, 1)).toBe(30_000);
  });
});

it('a query has only what is set', () => {
  expect(query({ a: 'x y', b: '', c: null, d: false, e: true, f: 0 })).toBe('?a=x+y&e=true&f=0');
  expect(query({})).toBe('');
});

describe('departments', () => {
  const offices = [
    { id: 'comprehensive_enforcement', zh: '综合行政执法局', en: 'Comprehensive Administrative Law Enforcement Bureau' },
    { id: 'water_resources', zh: '水利局', en: 'Water Resources Bureau' },
    { id: 'municipal_drainage', zh: '市政排水管理中心', en: 'Municipal Drainage Centre' },
  ];
  it.each([
    ['水', ['water_resources', 'municipal_drainage']],
    ['drain', ['municipal_drainage']],
    ['mdc', ['municipal_drainage']],
    ['执法', ['comprehensive_enforcement']],
    ['综执', ['comprehensive_enforcement']],
    ['zzz', []],
  ])('are found by %s', (typed, ids) => {
    expect(matching(offices, typed).map((one) => one.id)).toEqual(ids);
  });
});

it('each digit has its reason, and others have none', () => {
  expect(reasonOfDigit('1')).toBe(REJECT_REASONS[0]);
  expect(reasonOfDigit('8')).toBe(REJECT_REASONS[7]);
  expect(reasonOfDigit('9')).toBeNull();
  expect(reasonOfDigit('a')).toBeNull();
});

it('a case belongs to the view of its task', () => {
  expect(belongs(makeCase('a'), 'waiting')).toBe(true);
  expect(belongs(makeCase('a', { state: 'bounced' }), 'waiting')).toBe(true);
  expect(belongs(makeCase('a', { state: 'dispatched' }), 'waiting')).toBe(false);
  expect(belongs({ ...makeCase('a'), merged_into: 'b' }, 'waiting')).toBe(false);
  expect(belongs({ ...makeCase('a'), task: null }, 'waiting')).toBe(true);
});

describe('the board', () => {
  const load = { id: 'a', zh: '', en: '', open: 7, overdue: 1, by_state: { proposed: 2, bounced: 1, accepted: 4 } };
  it('puts every state of an open task into one stage', () => {
    expect(byStage(load)).toEqual([3, 0, 4, 0, 0, 0]);
  });
  it('shows the most overdue first and leaves idle ones out', () => {
    const idle = { ...load, id: 'b', open: 0, overdue: 0, by_state: {} };
    expect(busy([load, idle, { ...load, id: 'c', overdue: 5 }]).map((one) => one.id)).toEqual(['c', 'a']);
  });
});

describe('words', () => {
  it('are the same list in both languages, with the same values in them', () => {
    const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((one) => one[1]).sort();
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) expect([key, holes(en[key])]).toEqual([key, holes(zh[key])]);
  });
  it('are taken in the language of the page, or in the other where one is missing', () => {
    language.value = 'en';
    expect(t('queue_waiting', { n: 3 })).toBe('3 waiting');
    expect(say({ title_zh: '积水', title_en: '' }, 'title')).toBe('积水');
    language.value = 'zh';
    expect(t('queue_waiting', { n: 3 })).toBe('待办 3');
    expect(both('merge_reason')).toBe('同一处 / same thing');
  });
});

describe('formats', () => {
  it('lengths, areas and places have the digits that mean something', () => {
    expect([metres(4.4142), metres(238.2), metres(1520)]).toEqual(['4.4 m', '238 m', '1.5 km']);
    expect([area(193.6), area(25_000)]).toEqual(['194 m²', '2.50 ha']);
    expect(coordinates({ lat_deg: -28.9, lon_deg: 118.87005624 })).toBe('28.900000° S, 118.870056° E');
  });
  it('a length of time has its two largest units', () => {
    language.value = 'en';
    expect([duration(45 * 60_000), duration(26 * 3_600_000), duration(20_000)]).toEqual(['45 min', '1 d 2 h', '0 min']);
  });
  it('a deadline is left or late', () => {
    language.value = 'en';
    now.value = Date.parse('2026-06-20T02:00:00Z');
    expect(untilDeadline('2026-06-20T02:30:00Z')).toEqual({ text: '30 min left', late: false, soon: true });
    expect(untilDeadline('2026-06-20T00:00:00Z')).toEqual({ text: 'late by 2 h', late: true, soon: false });
  });
  it('a case without a task is called by matter, size and place', () => {
    language.value = 'en';
    expect(titleOf({ ...makeCase('a'), task: null })).toBe('Waterlogging 120 m², Yunling District, Shitang Street');
  });
});

describe('shapes', () => {
  it('of an incident without a position are none', () => {
    expect(focusOf({ ...makeCase('a'), position: null }, null, [], null).features).toEqual([]);
  });
  it('mark the neighbour that is to be merged', () => {
    const shown = focusOf(makeCase('a'), null, [makeCase('b'), makeCase('c')], 'c').features.map((one) => one.properties['shown']);
    expect(shown).toEqual([false, true, undefined]);
  });
  it('of heat are closed rings with their share', () => {
    const heat = heatOf([
      { cell: 'x', count: 4, ring: [[0, 0], [1, 0], [1, 1]] },
      { cell: 'y', count: 1, ring: [[0, 0], [1, 0], [1, 1], [0, 0]] },
    ]);
    expect(heat.features.map((one) => one.properties['share'])).toEqual([1, 0.5]);
    expect(heat.features.every((one) => one.geometry.type === 'Polygon' && one.geometry.coordinates[0]?.length === 4)).toBe(true);
  });
  it('have a box, and names in their middle', () => {
    const square = { type: 'Polygon' as const, coordinates: [[[118, 28], [120, 28], [120, 30], [118, 30], [118, 28]]] };
    const zones = { features: [{ geometry: square, properties: { zh: '区' } }] };
    expect(boxOf(zones)).toEqual([118, 28, 120, 30]);
    expect(boxOf({ features: [] })).toBeNull();
    expect(namesOf(zones).features[0]?.geometry).toEqual({ type: 'Point', coordinates: [119, 29] });
  });
});

describe('the record', () => {
  it('asks for whole months', () => {
    expect(bounds('2026-02')).toEqual({ from: '2026-02-01', to: '2026-02-28' });
    expect(bounds('2028-02').to).toBe('2028-02-29');
  });
  it('weighs shares by tasks', () => {
    const row = { department: 'd', zh: '', en: '', zone: 'z', class: 'c', in_time_share: 1, redone_share: 0 };
    const rows = [{ ...row, closed_share: 1, tasks: 30 }, { ...row, closed_share: 0.5, tasks: 10 }];
    expect(byDepartment(rows)).toMatchObject([{ tasks: 40, closed_share: 0.875 }]);
  });
});
