import { describe, expect, test } from 'vitest';
import { areaOf, read, type Corner } from '../../src/flights/area';
import { draftShapes } from '../../src/flights/shapes';

const bytes = (text: string) => new TextEncoder().encode(text);
const SQUARE: Corner[] = [[118.8, 28.9], [118.9, 28.9], [118.9, 29], [118.8, 29]];

describe('an area', () => {
  test('of fewer than three corners is none yet', () => {
    expect(areaOf({ corners: SQUARE.slice(0, 2) })).toBeNull();
  });

  test('is a closed ring', () => {
    const area = areaOf({ corners: SQUARE });
    expect(area).toEqual({ type: 'Polygon', coordinates: [[...SQUARE, SQUARE[0]]] });
  });

  test('is read from GeoJSON, and a plan from anything else byte for byte', () => {
    const text = '{"type":"FeatureCollection","features":[]}';
    expect(read('A.GeoJSON', bytes(text))).toEqual({ area: JSON.parse(text), name: 'A.GeoJSON' });
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const found = read('x.kmz', all);
    expect('plan' in found && Uint8Array.from(atob(found.plan.base64), (c) => c.charCodeAt(0))).toEqual(all);
  });

  test('that is none says which type it is', () => {
    expect(() => read('p.json', bytes('{"type":"LineString"}'))).toThrow('type LineString is none of');
    expect(() => read('p.json', bytes('[]'))).toThrow('type -');
    expect(() => read('p.json', bytes('{'))).toThrow();
    expect(() => read('p.json', Uint8Array.of(0xff))).toThrow();
  });

  test('is shown with its corners while it is drawn', () => {
    const roles = draftShapes({ corners: SQUARE }).features.map((one) => one.properties['role']);
    expect(roles).toEqual(['area', 'draft', 'corner', 'corner', 'corner', 'corner']);
  });
});
