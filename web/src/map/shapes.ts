// What the map shows of one incident, of the sources and of the heat, as GeoJSON. Pure.
import type { Case, Detail, Overview, Source } from '../api/types';

type Features = GeoJSON.FeatureCollection<GeoJSON.Geometry, Record<string, unknown>>;
type Box = [west: number, south: number, east: number, north: number];

const feature = (geometry: GeoJSON.Geometry, properties: Record<string, unknown>): Features['features'][number] => ({
  type: 'Feature',
  geometry,
  properties,
});

const point = (lon_deg: number, lat_deg: number): GeoJSON.Point => ({ type: 'Point', coordinates: [lon_deg, lat_deg] });

/** An incident with its outline, error ellipse, path, footprint and neighbours, one of which is to be merged with. */
export function focusOf(it: Case | null, detail: Detail | null, neighbours: readonly Case[], shown: string | null): Features {
  const features: Features['features'] = [];
  for (const role of ['footprint', 'path', 'outline', 'ellipse'] as const) {
    const geometry = detail?.[role];
    if (geometry) features.push(feature(geometry, { role }));
  }
  for (const one of neighbours) {
    if (!one.position) continue;
    const at = point(one.position.lon_deg, one.position.lat_deg);
    features.push(feature(at, { role: 'neighbour', id: one.id, shown: one.id === shown }));
  }
  if (it?.position) features.push(feature(point(it.position.lon_deg, it.position.lat_deg), { role: 'point', class: it.class }));
  return { type: 'FeatureCollection', features };
}

/** H3 cells with their share of the fullest one. */
export function heatOf(heat: Overview['heat']): Features {
  const most = Math.max(1, ...heat.map((cell) => cell.count));
  const features = heat.map(({ cell, count, ring }) => {
    const first = ring[0];
    const last = ring.at(-1);
    const closed = first && last && (first[0] !== last[0] || first[1] !== last[1]) ? [...ring, first] : ring;
    return feature({ type: 'Polygon', coordinates: [closed] }, { cell, count, share: Math.sqrt(count / most) });
  });
  return { type: 'FeatureCollection', features };
}

/** Sources with what they look at. */
export function sourcesOf(sources: readonly Source[]): Features {
  const features = sources.flatMap((source) => {
    const found: Features['features'] = [];
    if (source.footprint) found.push(feature(source.footprint, { role: 'footprint', id: source.id }));
    if (source.position) {
      const broken = source.state === 'failed' || source.state === 'stalled';
      const { lon_deg, lat_deg } = source.position;
      found.push(feature(point(lon_deg, lat_deg), { role: 'point', id: source.id, broken }));
    }
    return found;
  });
  return { type: 'FeatureCollection', features };
}

/** The box around all positions of a GeoJSON, or null around none. */
export function boxOf(data: { features: readonly { geometry: GeoJSON.Geometry }[] }): Box | null {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  const take = (at: unknown): void => {
    if (!Array.isArray(at)) return;
    if (typeof at[0] === 'number' && typeof at[1] === 'number') {
      box[0] = Math.min(box[0], at[0]);
      box[1] = Math.min(box[1], at[1]);
      box[2] = Math.max(box[2], at[0]);
      box[3] = Math.max(box[3], at[1]);
    } else at.forEach(take);
  };
  for (const one of data.features) if ('coordinates' in one.geometry) take(one.geometry.coordinates);
  return box[0] <= box[2] ? box : null;
}

/** One point for the name of each zone: the middle of mass of its largest ring. */
export function namesOf(zones: { features: readonly { geometry: GeoJSON.Geometry; properties: object }[] }): Features {
  const features = zones.features.flatMap(({ geometry, properties }) => {
    const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.type === 'MultiPolygon' ? geometry.coordinates : [];
    const middles = polygons.map((rings) => middleOf(rings[0] ?? [])).sort((a, b) => b.size - a.size);
    const best = middles[0];
    return best ? [feature(point(best.lon, best.lat), { ...properties })] : [];
  });
  return { type: 'FeatureCollection', features };
}

/** Middle of mass and size (in square degrees) of a ring, reckoned from its first corner to keep digits. */
function middleOf(ring: readonly GeoJSON.Position[]): { lon: number; lat: number; size: number } {
  const [x0 = 0, y0 = 0] = ring[0] ?? [];
  let [twice, sumX, sumY] = [0, 0, 0];
  for (let i = 0; i + 1 < ring.length; i++) {
    const [ax, ay] = [(ring[i]?.[0] ?? 0) - x0, (ring[i]?.[1] ?? 0) - y0];
    const [bx, by] = [(ring[i + 1]?.[0] ?? 0) - x0, (ring[i + 1]?.[1] ?? 0) - y0];
    const cross = ax * by - bx * ay;
    twice += cross;
    sumX += (ax + bx) * cross;
    sumY += (ay + by) * cross;
  }
  if (twice === 0) return { lon: x0, lat: y0, size: 0 };
  return { lon: x0 + sumX / (3 * twice), lat: y0 + sumY / (3 * twice), size: Math.abs(twice / 2) };
}
