"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const svgNs = "http://www.w3.org/2000/svg";
const words = {
  zh: { tasks: "任务", incidents: "事件", unlocated: "未定位", frames: "帧", what: "事项", where: "位置", sure: "把握", lead: "主办",
    assisting: "协办", deadline: "时限", created: "发现时间", state: "状态", area: "面积", severity: "程度", reason: "依据", zones: "区域",
    context: "全景", close_up: "近景", path: "飞行轨迹", footprint: "画面覆盖", task: "任务", zone: "区域边界", truth: "已知真值", none: "没有任务",
    notTask: "未成任务的事件", seen: "观测次数", why: "原因" },
  en: { tasks: "tasks", incidents: "incidents", unlocated: "not located", frames: "frames", what: "what", where: "where", sure: "how sure",
    lead: "lead", assisting: "assisting", deadline: "deadline", created: "seen", state: "state", area: "area", severity: "severity",
    reason: "reason", zones: "zones", context: "context", close_up: "close-up", path: "flight path", footprint: "ground covered", task: "task",
    zone: "zone boundary", truth: "known truth", none: "no tasks", notTask: "incidents without a task", seen: "sightings", why: "why" },
};
const palette = ["#0b66c3", "#d1495b", "#2e8b57", "#b8860b", "#7a4fbf", "#008b8b", "#c2410c", "#4d5d6c"];
const leads = [...new Set(data.tasks.map((t) => t.lead.id))].sort();
const colourOf = (id) => palette[Math.max(0, leads.indexOf(id)) % palette.length];
let language = (navigator.language || "zh").startsWith("zh") ? "zh" : "en";
let chosen = null;

const say = (key) => words[language][key];
const named = (thing) => (thing ? thing[language] || thing.zh || thing.en || thing.id || "" : "");
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
function draw(tag, attributes, parent) {
  const node = document.createElementNS(svgNs, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.append(node);
  return node;
}

// A local flat map: metres east and south of the middle of everything drawn.
const everything = [
  ...data.sources.flatMap((s) => [...s.path, ...s.footprints.flat()]),
  ...data.tasks.map((t) => [t.lat_deg, t.lon_deg]),
  ...data.incidents.filter((i) => i.lat_deg !== null).map((i) => [i.lat_deg, i.lon_deg]),
];
const around = everything.length ? everything : data.zones.flatMap((z) => z.rings.flat());
const middle = (k) => (around.length ? (Math.min(...around.map((p) => p[k])) + Math.max(...around.map((p) => p[k]))) / 2 : 0);
const origin = [middle(0), middle(1)];
const perLat = 111320, perLon = 111320 * Math.cos((origin[0] * Math.PI) / 180);
const flat = ([lat, lon]) => [(lon - origin[1]) * perLon, (origin[0] - lat) * perLat];
const ring = (points) => points.map((p) => flat(p).map((v) => v.toFixed(2)).join(",")).join(" ");

const map = document.getElementById("map");
const spread = Math.max(40, ...around.map((p) => Math.max(...flat(p).map(Math.abs))));
let view = { x: 0, y: 0, scale: 0 };
function place() {
  const box = map.getBoundingClientRect();
  if (!view.scale) view.scale = (spread * 2.3) / Math.max(1, Math.min(box.width, box.height));
  const [w, h] = [box.width * view.scale, box.height * view.scale];
  map.setAttribute("viewBox", `${view.x - w / 2} ${view.y - h / 2} ${w} ${h}`);
  map.style.setProperty("--px", view.scale);
  for (const node of map.querySelectorAll("[data-px]")) node.setAttribute("r", node.dataset.px * view.scale);
  for (const node of map.querySelectorAll("text")) node.setAttribute("font-size", 12 * view.scale);
}
function drawMap() {
  map.replaceChildren();
  const line = { fill: "none", "vector-effect": "non-scaling-stroke" };
  const widths = { city: 3, district: 2.6, township: 1.6, community: 0.8, grid: 0.5 };
  for (const zone of data.zones) {
    for (const points of zone.rings) {
      const special = zone.level === "special" ? { fill: "#b8860b22", stroke: "#b8860b88" } : { stroke: "#8795a1", "stroke-width": widths[zone.level] || 1 };
      const shape = draw("polygon", { ...line, ...special, points: ring(points) }, map);
      draw("title", {}, shape).textContent = `${named(zone.name)} ${zone.code}`;
    }
  }
  for (const source of data.sources) {
    for (const points of source.footprints)
      draw("polygon", { ...line, fill: "#0b66c30a", stroke: "#0b66c333", "stroke-width": 0.6, points: ring(points) }, map);
    if (source.path.length > 1)
      draw("polyline", { ...line, stroke: "#0b66c3", "stroke-width": 1.6, "stroke-dasharray": "5 3", points: ring(source.path) }, map);
    for (const point of source.path.slice(0, 1)) mark(point, "#0b66c3", 4, source.id);
  }
  for (const spot of data.truth)
    draw("polygon", { ...line, stroke: "#2e8b57", "stroke-width": 1.4, "stroke-dasharray": "2 2", points: ring(spot.ring) }, map);
  for (const task of data.tasks) drawTask(task, line);
  place();
}
function mark(point, colour, size, label) {
  const [x, y] = flat(point);
  const dot = draw("circle", { cx: x, cy: y, r: 1, "data-px": size, fill: colour, stroke: "#fff", "stroke-width": 1.2, "vector-effect": "non-scaling-stroke" }, map);
  draw("title", {}, dot).textContent = label;
  return dot;
}
function drawTask(task, line) {
  const colour = colourOf(task.lead.id);
  if (task.ring.length > 2)
    draw("polygon", { ...line, fill: `${colour}55`, stroke: colour, "stroke-width": task === chosen ? 3 : 1.6, points: ring(task.ring) }, map);
  const [x, y] = flat([task.lat_deg, task.lon_deg]);
  draw("circle", { ...line, cx: x, cy: y, r: task.ce90_m, stroke: colour, "stroke-dasharray": "3 3", "stroke-width": 1 }, map);
  const dot = mark([task.lat_deg, task.lon_deg], colour, task === chosen ? 9 : 6, `${named(task.title)}: ${named(task.lead)}`);
  dot.style.cursor = "pointer";
  dot.addEventListener("click", () => choose(task));
}

function local(time) {
  return time ? new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: data.time_zone })
    .format(new Date(time)) : "";
}
const metres = (value, unit) => (value === null || value === undefined ? "" : `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`);
const spot = (t) => `${t.lat_deg.toFixed(6)}, ${t.lon_deg.toFixed(6)} (CE90 ${t.ce90_m.toFixed(1)} m)`;

function drawList() {
  const list = document.getElementById("list");
  list.replaceChildren();
  if (!data.tasks.length) list.append(make("p", {}, say("none")));
  for (const task of data.tasks) {
    const card = make("button", { class: "card", type: "button", "aria-pressed": task === chosen, style: `--mark:${colourOf(task.lead.id)}` });
    card.append(make("b", {}, named(task.title)), make("span", {}, `${say("lead")}: ${named(task.lead)} (${Math.round(task.probability * 100)} %)`),
      make("span", {}, `${say("deadline")}: ${local(task.deadline)}`), make("span", {}, spot(task)));
    card.addEventListener("click", () => choose(task));
    list.append(card);
  }
  if (data.incidents.length) list.append(make("h3", {}, say("notTask")));
  for (const incident of data.incidents) {
    const card = make("div", { class: "card" });
    card.append(make("b", {}, `${named(incident.class)} · ${incident.state}`),
      make("span", {}, `${say("seen")}: ${incident.sightings} · ${incident.sources.join(", ")}`),
      make("span", {}, incident.why ? `${say("why")}: ${incident.why}` : ""));
    list.append(card);
  }
}
function drawDetail() {
  const detail = document.getElementById("detail");
  detail.hidden = !chosen;
  detail.replaceChildren();
  if (!chosen) return;
  const rows = [
    ["what", `${named(chosen.class)} (${chosen.id})`], ["where", spot(chosen)], ["area", metres(chosen.area_m2, "m²")],
    ["sure", `${Math.round(chosen.score * 100)} %`], ["severity", chosen.severity], ["lead", `${named(chosen.lead)} (${Math.round(chosen.probability * 100)} %)`],
    ["assisting", chosen.assisting.map(named).join(", ")], ["zones", chosen.zones.map(named).join(" / ")], ["created", local(chosen.created)],
    ["deadline", local(chosen.deadline)], ["state", chosen.state], ["reason", named(chosen.reason)],
  ];
  const facts = make("dl");
  for (const [key, value] of rows) if (value) facts.append(make("dt", {}, say(key)), make("dd", {}, value));
  const stills = make("div", { id: "stills" });
  for (const still of chosen.stills) {
    const caption = `${say(still.kind)} · ${still.sha256.slice(0, 12)}`;
    stills.append(make("figure", {}, make("img", { src: still.src, alt: caption }), make("figcaption", {}, caption)));
  }
  detail.append(facts, stills);
}
function choose(task) {
  chosen = task;
  drawMap();
  drawList();
  drawDetail();
}
function drawWords() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.getElementById("language").textContent = language === "zh" ? "English" : "中文";
  for (const node of document.querySelectorAll("[data-zh]")) node.textContent = node.dataset[language];
  const s = data.summary;
  document.getElementById("counts").textContent =
    `${s.tasks} ${say("tasks")} · ${s.incidents} ${say("incidents")} (${s.unlocated_incidents} ${say("unlocated")}) · ${s.frames} ${say("frames")}`;
  const legend = document.getElementById("legend");
  legend.replaceChildren();
  const entries = [["#0b66c3", say("path")], ["#0b66c355", say("footprint")], ["#8795a1", say("zone")]];
  for (const id of leads) entries.push([colourOf(id), named(data.tasks.find((t) => t.lead.id === id).lead)]);
  if (data.truth.length) entries.push(["#2e8b57", say("truth")]);
  for (const [colour, text] of entries) legend.append(make("li", {}, make("i", { style: `border-color:${colour}` }), text));
}
document.getElementById("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  drawWords(); drawList(); drawDetail(); drawMap();
});
map.addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = map.getBoundingClientRect();
  const before = view.scale;
  view.scale = Math.min(Math.max(before * Math.exp(event.deltaY * 0.0015), 0.002), 1000);
  view.x += (event.clientX - box.left - box.width / 2) * (before - view.scale);
  view.y += (event.clientY - box.top - box.height / 2) * (before - view.scale);
  place();
}, { passive: false });
let held = null;
map.addEventListener("pointerdown", (event) => { if (event.target.style.cursor !== "pointer") { held = [event.clientX, event.clientY]; map.setPointerCapture(event.pointerId); } });
map.addEventListener("pointermove", (event) => {
  if (!held) return;
  view.x -= (event.clientX - held[0]) * view.scale;
  view.y -= (event.clientY - held[1]) * view.scale;
  held = [event.clientX, event.clientY];
  place();
});
map.addEventListener("pointerup", () => { held = null; });
window.addEventListener("resize", place);
drawWords();
choose(data.tasks[0] || null);
