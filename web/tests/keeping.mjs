// What the mock keeps of second looks and of legal holds.

/** A table of two answers of two reviewers: rows are what one said, columns what the other did. */
export function cohen(table) {
  const all = table.flat().reduce((sum, n) => sum + n, 0);
  const same = (table[0][0] + table[1][1]) / all;
  const of = (at) => ((table[at][0] + table[at][1]) / all) * ((table[0][at] + table[1][at]) / all);
  const kappa = (same - of(0) - of(1)) / (1 - of(0) - of(1));
  return Number.isFinite(kappa) ? kappa : null;
}

export class Keeping {
  constructor(city) {
    this.city = city;
    this.holds = [];
    /** Incidents of the sample with what li decided first. */
    this.sample = [...city.cases.values()].slice(0, 6).map((it, n) => ({ id: it.id, actor: 'li', real: n % 3 !== 2 }));
    this.looks = [];
  }

  waiting(name) {
    const done = new Set(this.looks.filter((one) => one.actor === name).map((one) => one.id));
    return this.sample.filter((one) => one.actor !== name && !done.has(one.id)).map((one) => one.id);
  }

  blind(name, after, place) {
    const all = this.waiting(name);
    const at = place ?? (after ? all.indexOf(after) + 1 : 0);
    const it = this.city.cases.get(all[at] ?? all[0]);
    if (!it) return null;
    const { class: matter, class_zh, class_en, place_zh, place_en, first_seen, sightings, area_m2, score, stills } = it;
    return { incident: it.id, class: matter, class_zh, class_en, place_zh, place_en, first_seen, sightings, area_m2, score, stills, left: all.length };
  }

  say(name, { incident, real }, Problem) {
    const at = this.waiting(name).indexOf(incident);
    if (at < 0) throw new Problem(404, `incident ${incident} does not wait for ${name}`);
    this.looks.push({ id: incident, actor: name, real });
    return this.blind(name, null, at);
  }

  agreement() {
    const table = [[0, 0], [0, 0]];
    for (const look of this.looks) table[Number(this.sample.find((one) => one.id === look.id).real)][Number(look.real)]++;
    const looks = this.looks.length;
    const kappa = cohen(table);
    return {
      decided: this.sample.length,
      rechecked: new Set(this.looks.map((one) => one.id)).size,
      looks,
      same_share: looks > 0 ? (table[0][0] + table[1][1]) / looks : null,
      cohen_kappa: kappa,
      fleiss_kappa: kappa,
    };
  }

  hold(id, holds, actor, reason, Problem) {
    if (!reason?.trim()) throw new Problem(422, 'a reason of 1 to 2000 characters is needed');
    const open = this.holds.find((one) => one.incident === id && !one.lifted);
    const at = new Date().toISOString();
    if (open && !holds) open.lifted = { at, actor, reason };
    if (!open && holds) {
      const { title_zh = '', title_en = '' } = this.city.cases.get(id)?.task ?? {};
      this.holds.unshift({ incident: id, title_zh, title_en, put_away: false, since: at, actor, reason, lifted: null });
    }
    return { incident: id, held: holds };
  }

  list(lifted) {
    return this.holds.filter((one) => lifted || !one.lifted);
  }
}
