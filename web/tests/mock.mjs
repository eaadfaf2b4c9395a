// A small server that keeps to the contract of the page, for its tests: in memory, with the versions, conflicts, undo,
// idempotency and events of the real one. `node tests/mock.mjs [port]` runs it for a look by hand.
import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { DEPARTMENTS, CLASSES, distance_m, drawing, ellipse, incidents, sequence, zones } from './city.mjs';
import { Keeping } from './keeping.mjs';
import { Missions } from './missions.mjs';

const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self'";
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.jpg': 'image/jpeg', '.json': 'application/json', '.webmanifest': 'application/manifest+json' };
const ORDER = ['urgent', 'high', 'normal', 'low'];
const VIEWS = {
  waiting: ['proposed', 'reopened', 'bounced'],
  sent: ['confirmed', 'dispatched', 'accepted', 'en_route', 'on_site'],
  done: ['done', 'verified'],
  over: ['closed', 'rejected', 'merged'],
};
const NEXT = {
  confirm: { proposed: 'dispatched', reopened: 'dispatched' },
  reject: { proposed: 'rejected', reopened: 'rejected', confirmed: 'rejected', dispatched: 'rejected', bounced: 'rejected' },
  dispatch: { confirmed: 'dispatched', bounced: 'dispatched', reopened: 'dispatched' },
  reassign: { proposed: 'dispatched', confirmed: 'dispatched', dispatched: 'dispatched', accepted: 'dispatched', reopened: 'dispatched', bounced: 'dispatched' },
  accept: { dispatched: 'accepted' },
  bounce: { dispatched: 'bounced', accepted: 'bounced', en_route: 'bounced', on_site: 'bounced' },
  depart: { accepted: 'en_route' },
  arrive: { accepted: 'on_site', en_route: 'on_site' },
  finish: { on_site: 'done' },
  verify: { done: 'verified' },
  refute: { done: 'reopened' },
  close: { verified: 'closed' },
  reopen: { rejected: 'reopened', closed: 'reopened' },
};
const ACCOUNTS = {
  zhang: { role: 'analyst', department: null },
  li: { role: 'analyst', department: null },
  wang: { role: 'duty', department: null },
  crew: { role: 'department', department: 'municipal_drainage' },
  admin: { role: 'admin', department: null },
  pilot: { role: 'operator', department: null },
};

class Problem extends Error {
  constructor(status, detail, more = {}) {
    super(detail);
    this.status = status;
    this.more = more;
  }
}

/** The city behind the mock, with what people did to it. */
export class City {
  constructor({ number = 64, points = 0, now = Date.now() } = {}) {
    const made = incidents(number, now);
    this.now = () => Date.now();
    this.evidence = made.evidence;
    this.cases = new Map(made.cases.map((it) => [it.id, it]));
    this.history = new Map(made.cases.map((it) => [it.id, [{ at: it.first_seen, zh: '首次发现', en: 'first seen', actor: null, reason: null, operation: null }]]));
    this.observations = new Map(made.cases.map((it) => [it.id, this.looks(it)]));
    this.last = new Map();
    this.undone = [];
    this.answered = new Map();
    this.presence = new Map();
    this.operations = [];
    this.reports = [];
    this.streams = new Set();
    this.cursor = 0;
    this.points = points;
    this.oidc = null;
    this.delay = 0;
    this.paused = new Set();
    this.missions = new Missions();
    this.keeping = new Keeping(this);
    made.cases.slice(-14).forEach((it, n) => this.seedTask(it, n));
    this.spare = incidents(number + 8, now).cases.slice(number);
  }

  /** Some tasks are at departments already. */
  seedTask(it, n) {
    if (!it.task) return;
    it.task.state = ['dispatched', 'accepted', 'en_route', 'on_site', 'done', 'closed', 'dispatched'][n % 7];
    it.task.version = 3;
    if (n % 2 === 0) Object.assign(it.task, { lead: 'municipal_drainage', lead_zh: '市政排水管理中心', lead_en: 'Municipal Drainage Centre' });
  }

  looks(it) {
    return Array.from({ length: it.sightings }, (_, i) => ({
      id: `${it.id.slice(0, -4)}${(0x1000 + i).toString(16)}`,
      source: i % 5 === 4 ? 'street' : 'flight',
      frame: 100 + i,
      time: new Date(Date.parse(it.first_seen) + i * 400).toISOString(),
      score: 0.6 + ((i * 37) % 40) / 100,
      lat_deg: it.position?.lat_deg ?? null,
      lon_deg: it.position?.lon_deg ?? null,
    }));
  }

  view(it) {
    const { zone_codes: _, ...shown } = it;
    return structuredClone(shown);
  }

  matches(it, q) {
    const view = q.get('state') || 'waiting';
    const state = it.merged_into ? 'merged' : it.task ? it.task.state : it.state === 'closed' ? 'closed' : 'proposed';
    if (view !== 'all' && !VIEWS[view]?.includes(state)) return false;
    if (q.get('class') && it.class !== q.get('class')) return false;
    if (q.get('department') && it.task?.lead !== q.get('department')) return false;
    if (q.get('zone') && !it.zone_codes.includes(q.get('zone'))) return false;
    if (q.get('overdue') === 'true' && !it.task?.overdue) return false;
    const words = `${it.id} ${it.task?.title_zh} ${it.task?.title_en} ${it.place_zh} ${it.place_en}`.toLowerCase();
    return !q.get('q') || words.includes(q.get('q').toLowerCase());
  }

  queue(q) {
    const key = (it) => [ORDER.indexOf(it.task?.priority ?? 'low'), it.task?.deadline ?? '9', it.first_seen].join('|');
    const all = [...this.cases.values()].filter((it) => this.matches(it, q)).sort((a, b) => (key(a) < key(b) ? -1 : 1));
    const from = Number(q.get('after') ?? 0);
    const limit = Number(q.get('limit') ?? 50);
    const items = all.slice(from, from + limit).map((it) => this.view(it));
    return { items, next: from + limit < all.length ? String(from + limit) : null, total: all.length };
  }

  detail(id, viewer) {
    const it = this.get(id);
    const at = it.position;
    const others = [...this.cases.values()].filter((o) => o.id !== id && o.position && !o.merged_into && o.task?.state !== 'rejected');
    const neighbours = at
      ? others
          .map((o) => ({ id: o.id, class: o.class, distance_m: distance_m(at, o.position), title_zh: o.task?.title_zh ?? o.class_zh, title_en: o.task?.title_en ?? o.class_en }))
          .filter((o) => o.distance_m <= 200 && o.class === it.class)
          .sort((a, b) => a.distance_m - b.distance_m)
          .slice(0, 5)
      : [];
    const line = at && [0, 1, 2, 3, 4, 5].map((i) => [at.lon_deg - 0.0012 + i * 0.0005, at.lat_deg - 0.0004 + (i % 2) * 0.00006]);
    return {
      ...this.view(it),
      outline: at && it.area_m2 ? ellipse(at, Math.sqrt(it.area_m2 / 2.2), Math.sqrt(it.area_m2 / 4.5), 0.6) : null,
      ellipse: at ? ellipse(at, at.ce90_m * 1.25, at.ce90_m * 0.8, 1.1) : null,
      path: line && { type: 'LineString', coordinates: line },
      footprint: at && ellipse(at, 60, 36, 0.1),
      observations: this.observations.get(id),
      neighbours,
      history: this.history.get(id),
      viewers: this.viewersOf(id, viewer),
    };
  }

  get(id) {
    const it = this.cases.get(id);
    if (!it) throw new Problem(404, `no incident ${id}`);
    return it;
  }

  byTask(id) {
    const it = [...this.cases.values()].find((one) => one.task?.id === id);
    if (!it) throw new Problem(404, `no task ${id}`);
    return it;
  }

  viewersOf(id, me) {
    return [...this.presence].filter(([name, at]) => at === id && name !== me).map(([name]) => name);
  }

  tell(type, subject) {
    const event = { specversion: '1.0', id: String(++this.cursor), type, source: '/flyonce', subject, time: new Date().toISOString() };
    for (const stream of this.streams) stream.write(`id: ${this.cursor}\nevent: ${type}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  note(it, actor, zh, en, reason, operation) {
    this.history.get(it.id).push({ at: new Date().toISOString(), zh, en, actor, reason: reason || null, operation });
  }

  check(expected) {
    for (const { subject, version } of expected ?? []) {
      const it = subject.incident ? this.get(subject.incident) : this.byTask(subject.task);
      const found = subject.incident ? it.version : it.task.version;
      if (found === version) continue;
      const last = this.history.get(it.id).at(-1);
      throw new Problem(409, `${last.zh} / ${last.en}`, { actor: last.actor ?? 'system', at: last.at, name: 'changed' });
    }
  }

  /** One operation, checked and done. */
  operate({ what, reason, expected }, actor) {
    this.check(expected);
    const operation = randomUUID();
    this.operations.push({ operation, what, reason, actor });
    if (what.undo) return this.undo(what.undo, actor, operation);
    const act = what.act;
    const before = new Map();
    const keep = (it) => before.has(it.id) || before.set(it.id, structuredClone({ it, looks: this.observations.get(it.id) }));
    let touched = [];
    if (act.kind === 'step') touched = [this.step(act, reason, actor, operation, keep)];
    else if (act.kind === 'merge') touched = this.merge(act.incidents, reason, actor, operation, keep);
    else if (act.kind === 'split') touched = this.split(act, reason, actor, operation, keep);
    else touched = [this.close(act, reason, actor, operation, keep)];
    for (const it of touched) {
      this.last.set(it.id, { operation, before, made: touched.filter((one) => !before.has(one.id)).map((one) => one.id) });
      this.tell('cn.flyonce.incident.changed', it.id);
      if (it.task) this.tell('cn.flyonce.task.changed', it.task.id);
    }
    return { operation, undoes: null, incidents: touched.map((it) => this.view(it)), remarks: [] };
  }

  step({ task, step }, reason, actor, operation, keep) {
    const it = this.byTask(task);
    const next = NEXT[step.step]?.[it.task.state];
    if (!next) throw new Problem(422, `task ${task} is ${it.task.state}: ${step.step} is not possible`);
    keep(it);
    it.task.state = next;
    it.task.version++;
    if (step.department) {
      const office = DEPARTMENTS.find((d) => d.id === step.department);
      if (!office) throw new Problem(422, `no department ${step.department}`);
      Object.assign(it.task, { lead: office.id, lead_zh: office.zh, lead_en: office.en, probability: null });
    }
    this.note(it, actor, `任务${step.step === 'reject' ? '被驳回' : `:${step.step}`}`, `task: ${step.step}`, reason, operation);
    return it;
  }

  merge([a, b], reason, actor, operation, keep) {
    const [whole, part] = [this.get(a), this.get(b)];
    if (whole.merged_into || part.merged_into) throw new Problem(422, 'merged already');
    keep(whole);
    keep(part);
    this.observations.get(a).push(...this.observations.get(b));
    whole.sightings += part.sightings;
    whole.version++;
    part.version++;
    part.merged_into = a;
    if (part.task) Object.assign(part.task, { state: 'merged', version: part.task.version + 1 });
    this.note(whole, actor, `并入 ${part.task?.title_zh ?? b}`, `took over ${part.task?.title_en ?? b}`, reason, operation);
    this.note(part, actor, `并入 ${whole.task?.title_zh ?? a}`, `merged into ${whole.task?.title_en ?? a}`, reason, operation);
    return [whole, part];
  }

  split({ incident, observations }, reason, actor, operation, keep) {
    const whole = this.get(incident);
    const looks = this.observations.get(incident);
    const leaving = looks.filter((o) => observations.includes(o.id));
    if (leaving.length === 0 || leaving.length === looks.length) throw new Problem(422, 'some observations must leave and some must stay');
    keep(whole);
    const id = randomUUID();
    const part = structuredClone({ ...whole, id, version: 1, sightings: leaving.length, task: whole.task && { ...whole.task, id: randomUUID(), state: 'proposed', version: 1 } });
    if (part.position) part.position.lon_deg += 0.00012;
    this.cases.set(id, part);
    this.observations.set(id, leaving);
    this.observations.set(incident, looks.filter((o) => !observations.includes(o.id)));
    whole.sightings -= leaving.length;
    whole.version++;
    this.history.set(id, []);
    this.note(part, actor, '由拆分产生', 'made by a split', reason, operation);
    this.note(whole, actor, `拆出 ${leaving.length} 次观测`, `${leaving.length} observations left`, reason, operation);
    return [whole, part];
  }

  close({ kind, incident }, reason, actor, operation, keep) {
    const it = this.get(incident);
    keep(it);
    it.state = kind === 'reopen' ? 'confirmed' : 'closed';
    it.version++;
    this.note(it, actor, kind === 'reject' ? '事件被驳回' : kind, `incident: ${kind}`, reason, operation);
    return it;
  }

  undo(subject, actor, operation) {
    const it = subject.incident ? this.get(subject.incident) : this.byTask(subject.task);
    const last = this.last.get(it.id);
    if (!last) throw new Problem(422, 'nothing to undo');
    const touched = [];
    for (const [id, { it: was, looks }] of last.before) {
      const now = this.get(id);
      const versions = { version: now.version + 1, task: was.task && { ...was.task, version: (now.task?.version ?? 0) + 1 } };
      this.cases.set(id, { ...was, ...versions });
      this.observations.set(id, looks);
      this.note(this.get(id), actor, '撤销', 'undone', null, operation);
      this.last.delete(id);
      touched.push(this.get(id));
    }
    for (const id of last.made) {
      this.cases.get(id).merged_into = it.id;
      if (this.cases.get(id).task) this.cases.get(id).task.state = 'merged';
      touched.push(this.cases.get(id));
    }
    for (const one of touched) this.tell('cn.flyonce.incident.changed', one.id);
    this.undone.push(last.operation);
    return { operation, undoes: last.operation, incidents: touched.map((one) => this.view(one)), remarks: [] };
  }

  /** Somebody else decides. */
  decideAs(actor, id, step = 'reject', reason = '阴影或反光 / Shadow or reflection') {
    const it = this.get(id);
    return this.operate({ what: { act: { kind: 'step', task: it.task.id, step: { step } } }, reason, expected: [] }, actor);
  }

  /** Something new is found. */
  find() {
    const it = this.spare.shift();
    it.task ??= null;
    this.cases.set(it.id, it);
    this.history.set(it.id, []);
    this.observations.set(it.id, this.looks(it));
    this.tell('cn.flyonce.incident.created', it.id);
    return it.id;
  }

  map(q) {
    if (this.points > 0) return this.manyPoints();
    const features = [...this.cases.values()]
      .filter((it) => it.position && this.matches(it, new URLSearchParams({ ...Object.fromEntries(q), q: '', state: q.get('state') || 'waiting' })))
      .map((it) => feature(it.position.lon_deg, it.position.lat_deg, { id: it.id, class: it.class, state: it.task?.state ?? it.state, title_zh: it.task?.title_zh ?? '', title_en: it.task?.title_en ?? '', overdue: it.task?.overdue ?? false }));
    return { type: 'FeatureCollection', features };
  }

  manyPoints() {
    const random = sequence(50);
    const features = Array.from({ length: this.points }, (_, i) =>
      feature(118.6 + random() * 0.55, 28.8 + random() * 0.35, { id: `p${i}`, class: CLASSES[i % 3].id, state: 'proposed', title_zh: '积水约 120 m²', title_en: 'waterlogging, about 120 m²', overdue: i % 40 === 0 }),
    );
    return { type: 'FeatureCollection', features };
  }

  /** What waits of one class in one district is taken for one cause, as rain makes it. */
  floods() {
    const { items } = this.queue(new URLSearchParams({ limit: '1000' }));
    const like = items[0];
    if (!like) return [];
    const district = (it) => it.place_zh.split('、')[0];
    const alike = items.filter((it) => it.task && it.class === like.class && district(it) === district(like));
    const seen = alike.map((it) => it.first_seen).sort();
    return [{
      id: '018f0000-0000-7000-8000-00000000f100',
      cause_zh: `${district(like)}${like.class_zh}集中出现`,
      cause_en: `a burst of ${like.class_en.toLowerCase()}`,
      from: seen[0], to: seen.at(-1),
      incidents: alike.map((it) => it.id), waiting: alike.map((it) => it.task.id),
    }];
  }

  overview() {
    const all = [...this.cases.values()].filter((it) => !it.merged_into);
    const state = (...names) => all.filter((it) => it.task && names.includes(it.task.state));
    const open = state('dispatched', 'accepted', 'en_route', 'on_site', 'bounced', 'proposed', 'reopened', 'confirmed');
    const departments = DEPARTMENTS.map((d) => {
      const own = open.filter((it) => it.task.lead === d.id);
      const by_state = {};
      for (const it of own) by_state[it.task.state] = (by_state[it.task.state] ?? 0) + 1;
      return { ...d, open: own.length, overdue: own.filter((it) => it.task.overdue).length, by_state };
    });
    const random = sequence(9);
    const trend = Array.from({ length: 14 }, (_, i) => {
      const found = 14 + Math.round(random() * 40);
      return { day: new Date(Date.now() - (13 - i) * 86_400_000).toISOString().slice(0, 10), found, closed: Math.round(found * (0.5 + random() * 0.5)) };
    });
    const cells = new Map();
    for (const it of open) {
      if (!it.position) continue;
      const [x, y] = [Math.floor(it.position.lon_deg / 0.0009), Math.floor(it.position.lat_deg / 0.0008)];
      cells.set(`${x}/${y}`, { x, y, count: (cells.get(`${x}/${y}`)?.count ?? 0) + 1 });
    }
    const heat = [...cells.values()].map(({ x, y, count }) => {
      const ring = Array.from({ length: 6 }, (_, i) => {
        const a = ((i + 0.5) / 6) * 2 * Math.PI;
        return [(x + 0.5 + 0.55 * Math.cos(a)) * 0.0009, (y + 0.5 + 0.55 * Math.sin(a)) * 0.0008];
      });
      return { cell: `8c${x}${y}`, count, ring };
    });
    return {
      at: new Date().toISOString(),
      totals: { open: open.length, waiting: state('proposed', 'reopened', 'bounced').length, overdue: open.filter((it) => it.task.overdue).length, done: state('done').length, closed: 31 + state('closed', 'verified').length },
      departments,
      trend,
      heat,
      groups: this.floods(),
    };
  }

  sources() {
    const fine = { hop: null, problem_zh: '', problem_en: '', next_step_zh: '', next_step_en: '' };
    const at = { lat_deg: 28.9702, lon_deg: 118.8702, heading_deg: 85 };
    const list = [
      { id: 'dock-03', uri: 'rtsp://***@10.8.0.13/live', kind: 'live', state: 'running', ...fine, frames: 48211, detections: 317, dropped: 12, age_s: 0.4, position: at, footprint: ellipse(at, 60, 34, 0.3) },
      { id: 'street-xinan-1', uri: 'rtsp://***@10.8.1.21/ch1', kind: 'live', state: 'stalled', hop: 'network', problem_zh: '47 秒没有收到数据', problem_en: 'no data for 47 seconds', next_step_zh: '检查摄像机供电与交换机端口,恢复后会自动重连', next_step_en: 'check the power of the camera and its switch port; it reconnects by itself', frames: 91002, detections: 88, dropped: 403, age_s: 47, position: { lat_deg: 28.9706, lon_deg: 118.8693, heading_deg: 200 }, footprint: ellipse({ lat_deg: 28.9704, lon_deg: 118.8692 }, 30, 18, 0.9) },
      { id: 'dock-07', uri: 'srt://10.8.0.17:9000', kind: 'live', state: 'failed', hop: 'telemetry', problem_zh: '视频正常,但没有遥测', problem_en: 'the video is well but has no telemetry', next_step_zh: '在机巢设置中打开 KLV 输出', next_step_en: 'switch KLV output on in the settings of the dock', frames: 1220, detections: 4, dropped: 0, age_s: 2.1, position: null, footprint: null },
      { id: 'flight', uri: 'sample-data/flight/flight.ts', kind: 'file', state: 'ended', ...fine, frames: 100, detections: 253, dropped: 0, age_s: null, position: { lat_deg: 28.9688, lon_deg: 118.8711, heading_deg: 85 }, footprint: null },
    ];
    return list.map((s) => (this.paused.has(s.id) ? { ...s, state: 'paused', hop: null } : s));
  }

  record() {
    const random = sequence(3);
    return DEPARTMENTS.slice(0, 8).flatMap((d) =>
      ['云岭区', '江澄区'].map((zone, i) => ({ department: d.id, zh: d.zh, en: d.en, zone, class: CLASSES[(i + d.id.length) % 3].id, closed_share: 0.8 + random() * 0.2, in_time_share: 0.7 + random() * 0.3, redone_share: random() * 0.08, tasks: 5 + Math.floor(random() * 120) })),
    );
  }
}

const feature = (lon, lat, properties) => ({ type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties });

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Starts the mock; `url` is where it is. */
export async function startMock({ port = 0, dist = join(import.meta.dirname, '..', 'dist'), ...options } = {}) {
  const city = new City(options);
  const sessions = new Map();
  const server = createServer((request, response) => {
    answer(city, sessions, dist, request, response).catch((error) => {
      const status = error instanceof Problem ? error.status : 500;
      if (status === 500) console.error(error);
      const body = { type: 'about:blank', title: 'refused', status, detail: error.message, ...(error.more ?? {}) };
      response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
    });
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => {
    for (const stream of city.streams) stream.end();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, city, close };
}

async function answer(city, sessions, dist, request, response) {
  const url = new URL(request.url, 'http://mock');
  const path = url.pathname;
  if (!path.startsWith('/v1/')) return file(dist, path, response);
  const cookie = /flyonce=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
  const json = (body, status = 200, headers = {}) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  if (path === '/v1/sign-in' && request.method === 'GET') return json({ password: true, oidc: city.oidc });
  if (path === '/v1/sign-in/oidc') return response.writeHead(303, { location: '/?sign_in=no_role' }).end();
  if (path === '/v1/sign-in') {
    const { name, password } = JSON.parse(await bodyOf(request));
    if (!ACCOUNTS[name] || password !== 'flyonce') throw new Problem(401, 'wrong name or password');
    const id = randomUUID();
    const made = { name, ...ACCOUNTS[name], csrf: randomUUID(), city_zh: '云江市', city_en: 'Yunjiang', tiles_url: null };
    sessions.set(id, made);
    return json(made, 200, { 'set-cookie': `flyonce=${id}; HttpOnly; SameSite=Strict; Path=/` });
  }
  const session = sessions.get(cookie);
  if (!session) throw new Problem(401, 'not signed in');
  if (request.method !== 'GET' && request.headers['x-csrf'] !== session.csrf) throw new Problem(403, 'no CSRF header');
  if (path === '/v1/sign-out') {
    sessions.delete(cookie);
    return json({});
  }
  if (path === '/v1/feed/stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    city.streams.add(response);
    request.on('close', () => city.streams.delete(response));
    return undefined;
  }
  if (path.startsWith('/v1/evidence/')) return evidence(city, path.slice('/v1/evidence/'.length), response);
  if (city.delay > 0) await new Promise((resolve) => setTimeout(resolve, city.delay));
  return route(city, session, request, url, json, response);
}

async function route(city, session, request, url, json, response) {
  const [, , what, id, action] = url.pathname.split('/');
  const method = request.method;
  const key = request.headers['idempotency-key'];
  if (method === 'GET') {
    if (what === 'session') return json(session);
    if (what === 'departments') return json(DEPARTMENTS);
    if (what === 'classes') return json(CLASSES);
    if (what === 'zones') return json(zones());
    if (what === 'queue') return json(city.queue(url.searchParams));
    if (what === 'holds') return json(city.keeping.list(url.searchParams.get('lifted') === 'true'));
    if (what === 'rechecks') return json(city.keeping.blind(session.name, url.searchParams.get('after')));
    if (what === 'agreement') return json(city.keeping.agreement());
    if (what === 'incidents') return json(city.detail(id, session.name));
    if (what === 'map') return json(city.map(url.searchParams));
    if (what === 'overview') return json(city.overview());
    if (what === 'sources' && action === 'still.jpg') return evidence(city, '5-waterlogging-context_annotated.svg', response);
    if (what === 'sources' && action === 'live.mjpeg') return evidence(city, '6-dumping-context_annotated.svg', response);
    if (what === 'sources') return json(city.sources());
    if (what === 'vehicles') return json(city.missions.vehicles);
    if (what === 'aircraft') return json([{ id: 'm3td', name: 'DJI Matrice 3TD' }, { id: 'm4td', name: 'DJI Matrice 4TD' }]);
    if (what === 'missions' && !id) return json({ items: city.missions.all.map((one) => city.missions.head(one)), total: city.missions.all.length });
    if (what === 'missions' && action === 'coverage') return json(city.missions.coverage(id));
    if (what === 'missions') {
      const after = url.searchParams.get('after');
      const found = after === null ? city.missions.get(id) : await city.missions.after(id, Number(after), Number(url.searchParams.get('wait') ?? 0));
      if (!found) throw new Problem(404, 'no such flight');
      return json(found);
    }
    if (what === 'record') return json(city.record());
    if (what === 'record.csv') return response.writeHead(200, { 'content-type': 'text/csv' }).end('department\n');
    if (what === 'tasks') {
      const office = session.department ?? url.searchParams.get('department');
      const live = ['dispatched', 'accepted', 'en_route', 'on_site'];
      const items = [...city.cases.values()].filter((it) => it.task?.lead === office && live.includes(it.task.state));
      return json({ items: items.map((it) => city.view(it)), next: null });
    }
  }
  const body = await bodyOf(request);
  if (what === 'presence') {
    const { incident } = JSON.parse(body);
    city.presence.set(session.name, incident);
    return json({ viewers: incident ? city.viewersOf(incident, session.name) : [] });
  }
  if (key && city.answered.has(key)) return json(city.answered.get(key));
  if (what === 'missions' && session.role !== 'operator' && session.role !== 'admin') {
    const look = !id && JSON.parse(body).for_task && session.role !== 'department';
    if (!look) throw new Problem(403, 'only operators fly');
  }
  if (what === 'missions' && method === 'DELETE') {
    city.missions.all = city.missions.all.filter((one) => one.id !== id);
    return response.writeHead(204).end();
  }
  if (what === 'missions' && !id) return json(city.missions.plan(JSON.parse(body), session.name), 201);
  if (what === 'missions') return json(city.missions.order(id, action, JSON.parse(body), session.name, Problem), 202);
  if (what === 'operations') {
    const asked = JSON.parse(body);
    const outcome = id === 'bulk' ? bulk(city, asked, session.name) : city.operate(asked, session.name);
    if (key) city.answered.set(key, outcome);
    return json(outcome);
  }
  if (what === 'rechecks') return json(city.keeping.say(session.name, JSON.parse(body), Problem));
  if (what === 'incidents' && ['hold', 'release'].includes(action)) {
    if (!['admin', 'duty'].includes(session.role)) throw new Problem(403, `${session.name} may not ${action}: admin or duty may`);
    return json(city.keeping.hold(city.get(id).id, action === 'hold', session.name, JSON.parse(body).reason, Problem));
  }
  if (what === 'tasks' && action === 'report') {
    city.reports.push({ task: id, key, bytes: body.length, text: body.toString('latin1') });
    if (key) city.answered.set(key, { id: randomUUID() });
    return json({ id: randomUUID() });
  }
  if (what === 'sources' && action === 'pause') city.paused.add(id);
  if (what === 'sources' && action === 'resume') city.paused.delete(id);
  if (what === 'sources') return json(city.sources().find((s) => s.id === id) ?? {});
  throw new Problem(404, `nothing at ${url.pathname}`);
}

function bulk(city, { operations, reason }, actor) {
  const done = [];
  const refused = [];
  operations.forEach((one, index) => {
    try {
      done.push(city.operate({ ...one, reason }, actor));
    } catch (error) {
      refused.push({ index, detail: error.message });
    }
  });
  return { done, refused };
}

function evidence(city, name, response) {
  if (name.endsWith('.svg')) return response.writeHead(200, { 'content-type': 'image/svg+xml', 'cache-control': 'max-age=600' }).end(drawing(name));
  return send(join(city.evidence ?? '', normalize(name).replace(/^[./]+/, '')), response, 'max-age=600');
}

function file(dist, path, response) {
  const wanted = join(dist, normalize(path));
  const found = existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(dist, 'index.html');
  return send(found, response, path.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-cache');
}

function send(path, response, cache) {
  if (!existsSync(path)) throw new Problem(404, 'no such file');
  response.writeHead(200, {
    'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
    'cache-control': cache,
    'content-security-policy': CSP,
    'x-content-type-options': 'nosniff',
  });
  createReadStream(path).pipe(response);
}

if (process.argv[1] === import.meta.filename) {
  const mock = await startMock({ port: Number(process.argv[2] ?? 8470), points: Number(process.argv[3] ?? 0) });
  console.log(`${mock.url}  zhang, li (analysts), wang (duty), crew, admin; password: flyonce`);
}
