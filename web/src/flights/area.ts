// An area that is being drawn, or read from a file. Pure.

export type Corner = [lon_deg: number, lat_deg: number];

/** A plan in a format that the server reads by itself. */
export interface PlanFile {
  name: string;
  base64: string;
}

/** What a person chose: corners drawn, an area, or a plan. */
export type Chosen = { corners: Corner[] } | { area: GeoJSON.GeoJSON; name: string } | { plan: PlanFile };

/** The area of corners, or null while they are too few. */
export function areaOf(chosen: Chosen): GeoJSON.GeoJSON | null {
  if ('area' in chosen) return chosen.area;
  if (!('corners' in chosen) || chosen.corners.length < 3) return null;
  const first = chosen.corners[0] as Corner;
  return { type: 'Polygon', coordinates: [[...chosen.corners, first]] };
}

const KINDS = ['Feature', 'FeatureCollection', 'Polygon', 'MultiPolygon'];

/** Reads a file by its name: GeoJSON is an area, anything else a plan. */
export function read(name: string, bytes: Uint8Array): Chosen {
  if (!/\.(geo)?json$/i.test(name)) return { plan: { name, base64: base64(bytes) } };
  const found: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  const type = typeof found === 'object' && found !== null && 'type' in found ? String(found.type) : '';
  if (!KINDS.includes(type)) throw new Error(`type ${type || '-'} is none of ${KINDS.join(', ')}`);
  return { area: found as GeoJSON.GeoJSON, name };
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
