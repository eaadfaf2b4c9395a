// A small city for the tests: zones of the sample data, and incidents in them. Same every time (a seeded sequence, no clock but `now`).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

export const DEPARTMENTS = [
  ['comprehensive_enforcement', '综合行政执法局', 'Comprehensive Administrative Law Enforcement Bureau'],
  ['market_supervision', '市场监督管理局', 'Market Supervision Bureau'],
  ['ecology_environment', '生态环境局', 'Ecology and Environment Bureau'],
  ['transport', '交通运输局', 'Transport Bureau'],
  ['agriculture_rural', '农业农村局', 'Agriculture and Rural Affairs Bureau'],
  ['emergency_management', '应急管理局', 'Emergency Management Bureau'],
  ['natural_resources', '自然资源和规划局', 'Natural Resources and Planning Bureau'],
  ['municipal_drainage', '市政排水管理中心', 'Municipal Drainage Centre'],
  ['water_resources', '水利局', 'Water Resources Bureau'],
  ['housing_construction', '住房和城乡建设局', 'Housing and Construction Bureau'],
].map(([id, zh, en]) => ({ id, zh, en }));

export const CLASSES = [
  ['waterlogging', '积水', 'Waterlogging'],
  ['fume', '油烟或焚烧', 'Fumes or burning'],
  ['dumping', '偷倒垃圾', 'Illegal dumping'],
].map(([id, zh, en]) => ({ id, zh, en }));

const LEADS = { waterlogging: 'municipal_drainage', fume: 'ecology_environment', dumping: 'comprehensive_enforcement' };
const HOURS = { urgent: 2, high: 8, normal: 72, low: 120 };

/** Zones of the sample city as the server gives them. */
export function zones() {
  const levels = { districts: 'district', townships: 'township', communities: 'community', arterials: 'special' };
  const features = Object.entries(levels).flatMap(([file, level]) =>
    read(join(root, 'sample-data', 'zones', `${file}.geojson`)).features.map((feature) => ({
      type: 'Feature',
      geometry: feature.geometry,
      properties: { code: feature.properties.code, level, zh: feature.properties.name_zh, en: feature.properties.name_en },
    })),
  );
  return { type: 'FeatureCollection', features };
}

/** A repeatable sequence of numbers in [0, 1). */
export function sequence(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function inside([lon, lat], ring) {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [a, b] = [ring[i], ring[j]];
    if (a[1] > lat !== b[1] > lat && lon < ((b[0] - a[0]) * (lat - a[1])) / (b[1] - a[1]) + a[0]) odd = !odd;
  }
  return odd;
}

const METRE_LAT = 1 / 110_574;
const METRE_LON = 1 / (111_320 * Math.cos((28.97 * Math.PI) / 180));

export function ellipse({ lon_deg, lat_deg }, a_m, b_m, turn_rad) {
  const ring = Array.from({ length: 49 }, (_, i) => {
    const t = (i / 48) * 2 * Math.PI;
    const [x, y] = [a_m * Math.cos(t), b_m * Math.sin(t)];
    const [e, n] = [x * Math.cos(turn_rad) - y * Math.sin(turn_rad), x * Math.sin(turn_rad) + y * Math.cos(turn_rad)];
    return [lon_deg + e * METRE_LON, lat_deg + n * METRE_LAT];
  });
  return { type: 'Polygon', coordinates: [ring] };
}

export function distance_m(a, b) {
  const [e, n] = [(a.lon_deg - b.lon_deg) / METRE_LON, (a.lat_deg - b.lat_deg) / METRE_LAT];
  return Math.hypot(e, n);
}

const id = (kind, n) => `019ee2cf-58a0-7${kind}-8f2a-${(n * 7919 + 0x1a2b3c).toString(16).padStart(12, '0')}`;

/** What `make demo` found, if it has run: its pictures make the screenshots real. */
function demo() {
  const folder = process.env.FLYONCE_DEMO ?? join(root, 'out', 'demo');
  const path = join(folder, 'tasks.geojson');
  if (!existsSync(path)) return { folder: null, found: [] };
  return { folder: join(folder, 'evidence'), found: read(path).features };
}

/** The incidents of the city. */
export function incidents(number, now) {
  const random = sequence(84);
  const areas = zones().features;
  const { folder, found } = demo();
  const cases = Array.from({ length: number }, (_, n) => one(n, random, areas, found, now));
  return { cases, evidence: folder };
}

function one(n, random, areas, found, now) {
  // The city is the same whether the demo has run or not: only the pictures are its.
  const matter = ['waterlogging', 'waterlogging', 'dumping', 'fume'][n % 4];
  const alike = found.filter((one) => one.properties.class === matter);
  const seen = alike[n % Math.max(1, alike.length)];
  let [lon_deg, lat_deg] = [118.87, 28.9695];
  const community = (at) => areas.some((z) => z.properties.level === 'community' && inside(at, z.geometry.coordinates[0]));
  do [lon_deg, lat_deg] = [118.8668 + random() * 0.0064, 28.9672 + random() * 0.0056];
  while (!community([lon_deg, lat_deg]));
  const names = areas.filter((zone) => inside([lon_deg, lat_deg], zone.geometry.coordinates[0]));
  const [place_zh, place_en] = [names.map((z) => z.properties.zh).join('、'), names.map((z) => z.properties.en).join(', ')];
  const finest = names.filter((z) => z.properties.level === 'community')[0] ?? names[0];
  const zone_codes = names.map((z) => z.properties.code);
  const area_m2 = matter === 'fume' ? null : Math.round(12 + random() * 340);
  const priority = matter === 'dumping' ? 'normal' : n % 9 === 3 ? 'urgent' : 'high';
  const created = now - (5 + random() * 240) * 60_000;
  const deadline = created + HOURS[priority] * 3_600_000 * (0.5 + random() * 0.6);
  const class_names = CLASSES.find((c) => c.id === matter);
  const ce90_m = 1.2 + random() * 7.5;
  const lead = priority === 'urgent' && matter === 'waterlogging' ? 'emergency_management' : LEADS[matter];
  const leader = DEPARTMENTS.find((d) => d.id === lead);
  const probability = random() > 0.75 ? 0.62 + random() * 0.3 : 1;
  const helper = probability < 1 ? DEPARTMENTS[(n + 3) % DEPARTMENTS.length] : null;
  const size = area_m2 === null ? '' : `约 ${area_m2} m²`;
  const unlocated = n % 17 === 16;
  const position = unlocated ? null : { lat_deg, lon_deg, height_m: 77 + random() * 4, datum: 'WGS-84', ce90_m };
  const sightings = 3 + Math.floor(random() * 40);
  const iso = (t) => new Date(t).toISOString();
  const task = unlocated
    ? null
    : {
        id: id('cce', n),
        state: n % 23 === 11 ? 'reopened' : 'proposed',
        version: 1,
        title_zh: `${class_names.zh}${size},${finest?.properties.zh ?? ''}`,
        title_en: `${class_names.en}${area_m2 === null ? '' : `, about ${area_m2} m²`}, ${finest?.properties.en ?? ''}`,
        lead,
        lead_zh: leader.zh,
        lead_en: leader.en,
        probability,
        assisting: helper ? [{ department: helper.id, zh: helper.zh, en: helper.en, probability: 1 - probability }] : [],
        reason_zh: `规则 ${matter}:由${leader.zh}处置;位置:${place_zh};牵头概率 ${Math.round(probability * 100)} %`,
        reason_en: `rule ${matter}: belongs to ${leader.en}; place: ${place_en}; probability of the lead ${Math.round(probability * 100)} %`,
        rule: matter,
        priority,
        severity: priority === 'urgent' ? 'severe' : 'moderate',
        created: iso(created),
        deadline: iso(deadline),
        overdue: deadline < now,
        paused: null,
      };
  const kinds = ['context', 'context_annotated', 'close_up', 'close_up_annotated'];
  const stills = kinds.map((kind) => {
    const file = seen?.properties.evidence.find((e) => e.kind === kind)?.file;
    return { kind, url: file ? `/v1/evidence/${file}` : `/v1/evidence/${n}-${matter}-${kind}.svg` };
  });
  return {
    id: id('aaf', n),
    class: matter,
    class_zh: class_names.zh,
    class_en: class_names.en,
    state: unlocated ? 'unlocated' : 'confirmed',
    score: 0.62 + random() * 0.37,
    first_seen: iso(created - 90_000),
    last_seen: iso(created + 240_000),
    sightings,
    area_m2,
    position,
    place_zh,
    place_en,
    zone_codes,
    version: 1,
    merged_into: null,
    task,
    stills,
  };
}

/** A drawn picture for where no evidence is at hand. */
export function drawing(name) {
  const [n, matter, kind] = name.replace('.svg', '').split('-');
  const random = sequence(Number(n) + 7);
  const near = kind.startsWith('close_up');
  const colour = { waterlogging: '#5f7f96', fume: '#b9b4ad', dumping: '#7d6249' }[matter] ?? '#888';
  const roofs = Array.from({ length: near ? 4 : 26 }, () => {
    const [x, y, w, h] = [random() * 960, random() * 540, 50 + random() * 90, 40 + random() * 80].map((v) => v * (near ? 1.3 : 0.8));
    return `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="hsl(${20 + random() * 180} 10% ${38 + random() * 22}%)"/>`;
  }).join('');
  const [cx, cy, r] = near ? [480, 270, 150] : [380 + random() * 200, 220 + random() * 100, 46];
  const blob = Array.from({ length: 12 }, (_, i) => {
    const a = (i / 12) * 2 * Math.PI;
    const far = r * (0.75 + random() * 0.5);
    return `${cx + far * Math.cos(a) * 1.3},${cy + far * Math.sin(a)}`;
  }).join(' ');
  const mark = kind.endsWith('annotated') ? `<polygon points="${blob}" fill="none" stroke="#ffcf33" stroke-width="${near ? 5 : 3}"/>` : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 540"><rect width="960" height="540" fill="#6b7360"/><path d="M0 ${near ? 430 : 300}H960" stroke="#565b5f" stroke-width="${near ? 120 : 44}"/>${roofs}<polygon points="${blob}" fill="${colour}" opacity=".9"/>${mark}</svg>`;
}
