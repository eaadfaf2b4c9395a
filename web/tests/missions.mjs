// The flights behind the mock: planned at once, flown by `fly`, with the gates and refusals of the real server.
import { randomUUID } from 'node:crypto';

const STATES = {
  planned: ['已规划,未起飞', 'planned, on the ground', '检查须知后起飞', 'read what is to know, then launch'],
  flying: ['正在执行航线', 'flying the plan', '关注画面与进度', 'watch picture and progress'],
  paused: ['已暂停,原地悬停', 'paused, hovering', '继续或返航', 'go on or return'],
  returning: ['正在返航', 'returning home', '等待降落', 'wait for the landing'],
  landed: ['已降落,航线完成', 'landed, the plan is done', '查看发现的事件', 'look at what was found'],
};
const ACTIONS = { planned: ['launch'], flying: ['pause', 'return', 'abort'], paused: ['resume', 'return', 'abort'], returning: ['abort'], landed: [] };
const PHASE = { planned: 'planned', landed: 'over' };

export class Missions {
  constructor() {
    this.all = [];
    this.waiting = new Set();
    this.battery = 81;
    this.vehicles = [
      { id: 'dock-east', zh: '东区机库', en: 'East dock', kind: 'dji_dock', uri: 'mqtt://***@10.0.0.4/', video: true, flying: null },
      { id: 'quad-2', zh: '二号机', en: 'Quad 2', kind: 'mavlink', uri: 'udp://10.0.0.9:14550', video: false, flying: null },
    ];
  }

  get(id) {
    return this.all.find((one) => one.id === id);
  }

  plan(asked, actor) {
    const ring = asked.area?.coordinates?.[0] ?? asked.area?.geometry?.coordinates?.[0] ?? [[118.87, 28.97], [118.872, 28.97], [118.872, 28.972], [118.87, 28.972]];
    const lons = ring.map(([lon]) => lon);
    const lats = ring.map(([, lat]) => lat);
    const [west, east] = [Math.min(...lons), Math.max(...lons)];
    const line = Array.from({ length: 6 }, (_, i) => {
      const lat = Math.min(...lats) + ((Math.max(...lats) - Math.min(...lats)) * i) / 5;
      return i % 2 ? [[east, lat, 91], [west, lat, 91]] : [[west, lat, 91], [east, lat, 91]];
    }).flat();
    const one = {
      id: randomUUID(), version: 1, name: asked.name, created: new Date().toISOString(), by: actor, for_task: asked.for_task ?? null, task: asked.for_task ? { id: asked.for_task, incident: 'x', zh: '积水', en: 'water', state: 'closed', state_zh: '已结案', state_en: 'closed' } : null,
      vehicle: null, flight_id: null, operator: null, progress: null, aircraft: null, source: null,
      plan: { aircraft: asked.aircraft ?? 'm3td', waypoints: line.length, legs: 6, length_m: 3400, duration_s: 512, area_m2: 52000, gsd_cm: asked.gsd_cm ?? null, height_m: 91 },
      warnings: [{ leg: 3, what_zh: '距输电线 38 米', what_en: '38 m from a power line', mend_zh: '抬高到 105 米', mend_en: 'fly at 105 m' }],
      track: { type: 'LineString', coordinates: line }, legs: { type: 'FeatureCollection', features: [] }, flown: null, log: [],
    };
    this.become(one, 'planned', actor, null);
    this.all.unshift(one);
    return one;
  }

  become(one, kind, actor, reason) {
    const [zh, en, next_zh, next_en] = STATES[kind];
    one.state = { kind, zh, en, next_zh, next_en };
    one.phase = PHASE[kind] ?? 'active';
    one.actions = ACTIONS[kind];
    one.log.push({ at: new Date().toISOString(), actor, zh, en, reason });
    one.version++;
    for (const wake of this.waiting) wake();
  }

  order(id, act, body, actor, Problem) {
    const one = this.get(id);
    if (!one) throw new Problem(404, 'no such flight');
    if (!body.reason) throw new Problem(422, 'reason must not be empty');
    if (!one.actions.includes(act)) throw new Problem(422, `a flight that is ${one.state.kind} cannot ${act}`);
    if (act === 'launch') {
      if (!body.confirmed || (one.warnings.length > 0 && !body.accept_warnings)) throw new Problem(422, 'not confirmed');
      const vehicle = this.vehicles.find((v) => v.id === body.vehicle);
      if (!vehicle || vehicle.flying) throw new Problem(409, `${body.vehicle} flies already`, { actor: 'li' });
      if (this.battery < 30) {
        const gate = { id: 'battery', ok: false, zh: '电量充足', en: 'enough battery', next_zh: '充电到 30% 以上', next_en: 'charge above 30 %' };
        throw new Problem(422, 'a gate is shut: battery', { gates: [gate] });
      }
      if (vehicle.kind === 'mavlink' && !body.wind) throw new Problem(422, 'a gate is shut: the wind is not given');
      one.wind = body.wind;
      vehicle.flying = one.id;
      Object.assign(one, { vehicle: vehicle.id, operator: actor, flight_id: randomUUID(), source: 'dock-03' });
    }
    const kind = { launch: 'flying', pause: 'paused', resume: 'flying', return: 'returning', abort: 'returning' }[act];
    this.become(one, kind, actor, body.reason);
    return one;
  }

  /** Flies to a waypoint; at the last one it has landed. */
  fly(id, waypoint) {
    const one = this.get(id);
    const line = one.track.coordinates;
    const [lon_deg, lat_deg, height_m] = line[waypoint - 1];
    one.progress = { percent: Math.round((100 * waypoint) / line.length), waypoint, waypoints: line.length };
    one.aircraft = { lat_deg, lon_deg, height_m, heading_deg: 90, battery_percent: this.battery, at: new Date().toISOString() };
    one.flown = { type: 'LineString', coordinates: line.slice(0, waypoint) };
    one.version++;
    if (waypoint === line.length) {
      this.vehicles.find((v) => v.id === one.vehicle).flying = null;
      this.become(one, 'landed', null, null);
    } else for (const wake of this.waiting) wake();
  }

  /** Answers when the flight has changed, or after a while. */
  async after(id, version, secs) {
    const end = Date.now() + secs * 1000;
    while (this.get(id) && this.get(id).version <= version && Date.now() < end) {
      await new Promise((resolve) => {
        const wake = () => {
          this.waiting.delete(wake);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(wake, end - Date.now());
        this.waiting.add(wake);
      });
    }
    return this.get(id);
  }

  /** The eastern fifth was not seen. */
  coverage(id) {
    const one = this.get(id);
    const lons = one.track.coordinates.map(([lon]) => lon);
    const lats = one.track.coordinates.map(([, lat]) => lat);
    const [west, east, south, north] = [Math.min(...lons), Math.max(...lons), Math.min(...lats), Math.max(...lats)];
    const from = west + (east - west) * 0.8;
    const ring = [[from, south], [east, south], [east, north], [from, north], [from, south]];
    const hole = { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [ring] } };
    const pass = { source: one.source, from: one.created, to: new Date().toISOString(), looks: 300, gsd_m: 0.024, area_m2: 41600 };
    return { gsd_m: 0.025, asked_m2: 52000, seen_m2: 41600, coarse_m2: 0, unseen_m2: 10400, share: 0.8, passes: [pass], holes: { type: 'FeatureCollection', features: [hole] } };
  }

  head({ track: _t, legs: _l, flown: _f, log: _g, ...head }) {
    return head;
  }
}
