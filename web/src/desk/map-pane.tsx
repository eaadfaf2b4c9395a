// The map beside the incident.
import { useEffect } from 'preact/hooks';
import { query } from '../api/client';
import { onChange } from '../api/live';
import type { Case } from '../api/types';
import { t, type Key } from '../i18n';
import { QUIET_MILLIS, quiet } from '../idle';
import { useMap } from '../map/use-map';
import * as desk from './desk';
import { arrivals, known } from './details';

const RENEW_MILLIS = 5000;
const SETTLE_MILLIS = 200;

export function MapPane({ tiles }: { tiles: string | null }) {
  const { container, map, state } = useMap({ tiles, ready: desk.started.value, onPick: (id) => void desk.goTo(id) });
  const filters = desk.filters.value;
  const points = `/v1/map${query({ class: filters.class, state: filters.state === 'waiting' ? '' : filters.state })}`;
  useEffect(() => {
    void map.value?.points(points);
    let timer: ReturnType<typeof setTimeout> | null = null;
    let gone = false;
    const renew = async () => {
      if (map.peek()?.slow) await quiet();
      timer = null;
      if (!gone) await map.peek()?.points(points);
    };
    const stop = onChange(() => {
      timer ??= setTimeout(() => void renew(), RENEW_MILLIS);
    });
    return () => {
      gone = true;
      stop();
      if (timer) clearTimeout(timer);
    };
  }, [map.value, points]);
  const it = desk.current.value?.it ?? null;
  const detail = desk.detail.value;
  const beside = (detail?.neighbours ?? []).map((one) => caseOf(one.id)).filter((one) => one !== null);
  const merging = desk.neighbour.value?.id ?? null;
  // The incident is painted first, and a person who goes on at once is not held up by the map.
  const focus = async () => map.value?.focus(it, detail, beside, merging);
  useEffect(() => {
    const wait = map.value?.slow ? QUIET_MILLIS : SETTLE_MILLIS;
    const timer = setTimeout(() => void focus(), wait);
    return () => clearTimeout(timer);
  }, [map.value, it, detail, merging, arrivals.value]);
  return (
    <section class="map-pane" aria-label={t('map')}>
      <div ref={container} class="map" />
      {state.value === 'missing' && <p class="notice map-missing">{t('map_missing')}</p>}
      {state.value === 'loading' && <p class="notice map-missing muted">{t('map_loading')}</p>}
      {state.value === 'here' && (
        <>
          <div class="map-tools">
            {/* The incident first, or it would take the view back when it comes. */}
            <button type="button" onClick={() => void focus().then(() => map.value?.fitCity())}>
              {t('map_fit')}
            </button>
            <button
              type="button"
              disabled={!it?.position}
              onClick={() => it?.position && map.value?.lookAt(it.position.lon_deg, it.position.lat_deg)}
            >
              {t('map_here')}
            </button>
          </div>
          <Legend />
        </>
      )}
    </section>
  );
}

const caseOf = (id: string): Case | null => known(id) ?? desk.queue.peek().rows.find((row) => row.it.id === id)?.it ?? null;

const LEGEND: readonly [string, Key][] = [
  ['outline', 'legend_outline'],
  ['ellipse', 'legend_ellipse'],
  ['footprint', 'legend_footprint'],
  ['path', 'legend_path'],
];

function Legend() {
  return (
    <ul class="legend">
      {LEGEND.map(([name, key]) => (
        <li key={name}>
          <span class={`swatch swatch-${name}`} aria-hidden="true" />
          {t(key)}
        </li>
      ))}
    </ul>
  );
}
