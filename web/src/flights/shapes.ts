// What the map shows of a flight, as GeoJSON. Pure.
import type { Coverage, Mission } from '../api/types';
import { areaOf, type Chosen } from './area';

type Features = GeoJSON.FeatureCollection<GeoJSON.Geometry, Record<string, unknown>>;

const feature = (geometry: GeoJSON.Geometry, role: string): Features['features'][number] => ({
  type: 'Feature',
  geometry,
  properties: { role },
});

const flat = (line: GeoJSON.LineString): GeoJSON.LineString => ({
  type: 'LineString',
  coordinates: line.coordinates.map(([lon = 0, lat = 0]) => [lon, lat]),
});

/** The plan, what was flown and where the aircraft is. */
export function missionShapes(mission: Mission, coverage: Coverage | null = null): Features {
  const features = coverage ? geometries(coverage.holes).map((one) => feature(one, 'hole')) : [];
  features.push(feature(flat(mission.track), 'track'));
  if (mission.flown && mission.flown.coordinates.length > 1) features.push(feature(flat(mission.flown), 'flown'));
  const [lon, lat] = mission.track.coordinates[0] ?? [];
  if (lon !== undefined && lat !== undefined) features.push(feature({ type: 'Point', coordinates: [lon, lat] }, 'start'));
  const at = mission.aircraft;
  if (at) features.push(feature({ type: 'Point', coordinates: [at.lon_deg, at.lat_deg] }, 'aircraft'));
  return { type: 'FeatureCollection', features };
}

/** What is being drawn, or was imported. */
export function draftShapes(chosen: Chosen): Features {
  const area = areaOf(chosen);
  const features = area ? geometries(area).map((one) => feature(one, 'area')) : [];
  if ('corners' in chosen) {
    if (chosen.corners.length > 1) features.push(feature({ type: 'LineString', coordinates: chosen.corners }, 'draft'));
    features.push(...chosen.corners.map((corner) => feature({ type: 'Point', coordinates: corner }, 'corner')));
  }
  return { type: 'FeatureCollection', features };
}

function geometries(data: GeoJSON.GeoJSON): GeoJSON.Geometry[] {
  if (data.type === 'FeatureCollection') return data.features.flatMap((one) => geometries(one));
  if (data.type === 'Feature') return data.geometry ? [data.geometry] : [];
  return [data];
}
