// The style of the map, made here from the city's own zones: no tile, glyph or sprite is asked of anybody.
//
// Without `glyphs` MapLibre draws text from the fonts of the device.
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { Language } from '../i18n';
import type { Colours } from './colours';

const NOTHING: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };
const FONT = ['sans-serif'];

export interface Look {
  colours: Colours;
  language: Language;
  tiles: string | null;
}

/** The whole style with empty sources. */
export function style(look: Look): StyleSpecification {
  const geojson = (data: GeoJSON.GeoJSON = NOTHING) => ({ type: 'geojson' as const, data });
  return {
    version: 8,
    sources: {
      zones: geojson(),
      names: geojson(),
      heat: geojson(),
      sources: geojson(),
      flight: geojson(),
      points: {
        ...geojson(),
        cluster: true,
        clusterRadius: 44,
        clusterMaxZoom: 15,
        clusterProperties: { late: ['+', ['case', ['to-boolean', ['get', 'overdue']], 1, 0]] },
      },
      focus: geojson(),
      ...(look.tiles ? { tiles: { type: 'raster' as const, tiles: [look.tiles], tileSize: 256 } } : {}),
    },
    layers: layers(look),
  };
}

/** The colour of a point by its matter. */
function matterColour(colours: Colours): ExpressionSpecification {
  const pairs = Object.entries(colours.matter).flat();
  return ['match', ['get', 'class'], ...pairs, colours.other] as unknown as ExpressionSpecification;
}

const level = (name: string): ExpressionSpecification => ['==', ['get', 'level'], name];
const role = (name: string): ExpressionSpecification => ['==', ['get', 'role'], name];

/** The layers, lowest first. */
export function layers(look: Look): LayerSpecification[] {
  return [...ground(look), ...zoneLayers(look), ...heatLayers(look), ...flightLayers(look), ...focusAreas(look), ...pointLayers(look), ...focusPoints(look)];
}

/** The layers in the order in which a slow device shows them, those together that are of one matter. */
export function batches(look: Look): LayerSpecification[][] {
  return [ground(look), zoneLayers(look), [...focusAreas(look), ...focusPoints(look)], pointLayers(look), [...heatLayers(look), ...flightLayers(look)]];
}

function ground({ colours, tiles }: Look): LayerSpecification[] {
  const background: LayerSpecification = { id: 'ground', type: 'background', paint: { 'background-color': colours.ground } };
  if (!tiles) return [background];
  return [background, { id: 'tiles', type: 'raster', source: 'tiles', paint: { 'raster-opacity': 0.85 } }];
}

function zoneLayers({ colours, language, tiles }: Look): LayerSpecification[] {
  const line = (name: string, width: number, minzoom: number, dash?: number[]): LayerSpecification => ({
    id: `zone-line-${name}`,
    type: 'line',
    source: 'zones',
    minzoom,
    filter: level(name),
    paint: { 'line-color': colours.line, 'line-width': width, ...(dash ? { 'line-dasharray': dash } : {}) },
  });
  const label = (name: string, minzoom: number, maxzoom: number, size: number): LayerSpecification => ({
    id: `zone-label-${name}`,
    type: 'symbol',
    source: 'names',
    minzoom,
    maxzoom,
    filter: level(name),
    layout: { 'text-field': ['get', language], 'text-font': FONT, 'text-size': size, 'text-max-width': 8, 'text-padding': 6 },
    paint: { 'text-color': colours.text, 'text-halo-color': colours.halo, 'text-halo-width': 1.4 },
  });
  return [
    { id: 'zone-land', type: 'fill', source: 'zones', filter: level('district'), paint: { 'fill-color': colours.land, 'fill-opacity': tiles ? 0.15 : 1 } },
    { id: 'zone-special', type: 'fill', source: 'zones', filter: level('special'), paint: { 'fill-color': colours.special, 'fill-opacity': 0.7 } },
    line('grid', 0.4, 14, [2, 3]),
    line('community', 0.6, 12, [3, 2]),
    line('township', 1, 9),
    line('district', 2, 0),
    label('community', 14.5, 24, 11),
    label('township', 11, 14.5, 12),
    label('district', 0, 11, 13),
  ];
}

function heatLayers({ colours }: Look): LayerSpecification[] {
  return [
    {
      id: 'heat',
      type: 'fill',
      source: 'heat',
      paint: { 'fill-color': colours.late, 'fill-opacity': ['interpolate', ['linear'], ['get', 'share'], 0, 0.12, 1, 0.75] },
    },
    { id: 'heat-line', type: 'line', source: 'heat', paint: { 'line-color': colours.late, 'line-width': 0.6, 'line-opacity': 0.6 } },
    {
      id: 'heat-count',
      type: 'symbol',
      source: 'heat',
      layout: { 'text-field': ['to-string', ['get', 'count']], 'text-font': FONT, 'text-size': 11 },
      paint: { 'text-color': colours.text, 'text-halo-color': colours.halo, 'text-halo-width': 1.4 },
    },
    { id: 'source-view', type: 'fill', source: 'sources', filter: role('footprint'), paint: { 'fill-color': colours.accent, 'fill-opacity': 0.12 } },
    { id: 'source-view-line', type: 'line', source: 'sources', filter: role('footprint'), paint: { 'line-color': colours.accent, 'line-width': 1 } },
    {
      id: 'source-point',
      type: 'circle',
      source: 'sources',
      filter: role('point'),
      paint: { 'circle-color': colours.land, 'circle-radius': 6, 'circle-stroke-width': 3, 'circle-stroke-color': ['case', ['get', 'broken'], colours.late, colours.accent] },
    },
    {
      id: 'source-name',
      type: 'symbol',
      source: 'sources',
      filter: role('point'),
      layout: { 'text-field': ['get', 'id'], 'text-font': FONT, 'text-size': 11, 'text-offset': [0, 1.2], 'text-anchor': 'top' },
      paint: { 'text-color': colours.text, 'text-halo-color': colours.halo, 'text-halo-width': 1.4 },
    },
  ];
}

/** A flight: the area asked for, the plan, what was flown, the aircraft, and corners that are being drawn. */
function flightLayers({ colours }: Look): LayerSpecification[] {
  const line = (name: string, colour: string, width: number, dash?: number[]): LayerSpecification => ({
    id: `flight-${name}`,
    type: 'line',
    source: 'flight',
    filter: role(name),
    layout: { 'line-join': 'round' },
    paint: { 'line-color': colour, 'line-width': width, ...(dash ? { 'line-dasharray': dash } : {}) },
  });
  const dot = (name: string, radius: number, fill: string, edge: string): LayerSpecification => ({
    id: `flight-${name}`,
    type: 'circle',
    source: 'flight',
    filter: role(name),
    paint: { 'circle-radius': radius, 'circle-color': fill, 'circle-stroke-width': 2.5, 'circle-stroke-color': edge },
  });
  return [
    { id: 'flight-area-fill', type: 'fill', source: 'flight', filter: role('area'), paint: { 'fill-color': colours.accent, 'fill-opacity': 0.1 } },
    line('area', colours.accent, 1.4, [3, 2]),
    { id: 'flight-hole', type: 'fill', source: 'flight', filter: role('hole'), paint: { 'fill-color': colours.late, 'fill-opacity': 0.25 } },
    line('track', colours.path, 1.4),
    line('flown', colours.accent, 3),
    line('draft', colours.ellipse, 2),
    dot('corner', 5, colours.halo, colours.ellipse),
    dot('start', 5, colours.land, colours.path),
    dot('aircraft', 7, colours.accent, colours.halo),
  ];
}

function pointLayers({ colours }: Look): LayerSpecification[] {
  const late: ExpressionSpecification = ['to-boolean', ['get', 'overdue']];
  return [
    {
      id: 'clusters',
      type: 'circle',
      source: 'points',
      filter: ['has', 'point_count'],
      paint: {
        'circle-color': colours.cluster,
        'circle-opacity': 0.88,
        'circle-radius': ['interpolate', ['linear'], ['get', 'point_count'], 2, 11, 50, 16, 1000, 24, 20000, 34],
        'circle-stroke-width': ['case', ['>', ['get', 'late'], 0], 2.5, 0],
        'circle-stroke-color': colours.late,
      },
    },
    {
      id: 'cluster-count',
      type: 'symbol',
      source: 'points',
      filter: ['has', 'point_count'],
      layout: { 'text-field': ['get', 'point_count_abbreviated'], 'text-font': FONT, 'text-size': 12, 'text-allow-overlap': true },
      paint: { 'text-color': colours.clusterText },
    },
    {
      id: 'points',
      type: 'circle',
      source: 'points',
      filter: ['!', ['has', 'point_count']],
      paint: {
        'circle-color': matterColour(colours),
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 3.5, 16, 6],
        'circle-stroke-width': ['case', late, 2, 1],
        'circle-stroke-color': ['case', late, colours.late, colours.halo],
      },
    },
  ];
}

function focusAreas({ colours }: Look): LayerSpecification[] {
  const line = (name: string, colour: string, width: number, dash?: number[]): LayerSpecification => ({
    id: `focus-${name}`,
    type: 'line',
    source: 'focus',
    filter: role(name),
    paint: { 'line-color': colour, 'line-width': width, ...(dash ? { 'line-dasharray': dash } : {}) },
  });
  return [
    { id: 'focus-footprint-fill', type: 'fill', source: 'focus', filter: role('footprint'), paint: { 'fill-color': colours.footprint, 'fill-opacity': 0.08 } },
    line('footprint', colours.footprint, 1, [4, 3]),
    line('path', colours.path, 1.6, [1, 1.6]),
    { id: 'focus-outline-fill', type: 'fill', source: 'focus', filter: role('outline'), paint: { 'fill-color': colours.outline, 'fill-opacity': 0.22 } },
    line('outline', colours.outline, 1.8),
    line('ellipse', colours.ellipse, 1.6),
  ];
}

function focusPoints({ colours }: Look): LayerSpecification[] {
  return [
    {
      id: 'focus-neighbour',
      type: 'circle',
      source: 'focus',
      filter: role('neighbour'),
      paint: {
        'circle-radius': ['case', ['get', 'shown'], 11, 9],
        'circle-color': 'rgba(0,0,0,0)',
        'circle-stroke-width': ['case', ['get', 'shown'], 3, 1.2],
        'circle-stroke-color': ['case', ['get', 'shown'], colours.ellipse, colours.accent],
      },
    },
    {
      id: 'focus-point',
      type: 'circle',
      source: 'focus',
      filter: role('point'),
      paint: { 'circle-radius': 6.5, 'circle-color': matterColour(colours), 'circle-stroke-width': 3, 'circle-stroke-color': colours.halo },
    },
    {
      id: 'focus-ring',
      type: 'circle',
      source: 'focus',
      filter: role('point'),
      paint: { 'circle-radius': 11, 'circle-color': 'rgba(0,0,0,0)', 'circle-stroke-width': 2, 'circle-stroke-color': colours.accent },
    },
  ];
}
