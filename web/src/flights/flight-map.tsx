// The map of a flight: corners that are drawn, the plan, the aircraft with what it sees, and what is found.
import { useEffect, useRef } from 'preact/hooks';
import { get } from '../api/client';
import type { Mission, Source } from '../api/types';
import { t } from '../i18n';
import { sourcesOf } from '../map/shapes';
import { useMap } from '../map/use-map';
import { address } from '../router';
import type { Chosen, Corner } from './area';
import { coverage } from './missions';
import { draftShapes, missionShapes } from './shapes';

const NOTHING: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };
const RENEW_MILLIS = 3000;
/** Turns without anything new to come after which nothing is asked for any more. */
const IDLE_TURNS = 3;

interface Props {
  tiles: string | null;
  mission: Mission | null;
  draft: Chosen | null;
  wholeArea: GeoJSON.GeoJSON | null;
  onCorner: (corner: Corner) => void;
}

export function FlightMap({ tiles, mission, draft, wholeArea, onCorner }: Props) {
  const press = useRef(onCorner);
  press.current = onCorner;
  const { container, map, state } = useMap({
    tiles,
    ready: true,
    onPick: (id) => {
      location.hash = address('desk', id);
    },
    onPress: (lon_deg, lat_deg) => press.current([round(lon_deg), round(lat_deg)]),
  });
  const shapes = mission ? missionShapes(mission, coverage.value) : draft ? draftShapes(draft) : NOTHING;
  useEffect(() => {
    void map.value?.layer('flight', shapes);
  }, [map.value, mission, draft, coverage.value]);
  useEffect(() => {
    if (mission) map.value?.fit(missionShapes(mission));
  }, [map.value, mission?.id]);
  useEffect(() => {
    if (wholeArea && draft && !('corners' in draft)) map.value?.fit(draftShapes(draft));
  }, [map.value, wholeArea]);
  const active = mission?.phase === 'active';
  const source = mission?.source ?? null;
  useEffect(() => {
    const renew = async () => {
      const found = source ? await get<Source[]>('/v1/sources').catch(() => []) : [];
      const own = found.filter((one) => one.id === source);
      void map.peek()?.layer('sources', sourcesOf(own));
      void map.peek()?.points('/v1/map?state=all');
      // What the video shows may be found after the landing, and is stored a little later.
      idle = active || own.some(working) ? 0 : idle + 1;
      if (idle > IDLE_TURNS) clearInterval(timer);
    };
    let idle = 0;
    const timer = setInterval(() => void renew(), RENEW_MILLIS);
    void renew();
    return () => clearInterval(timer);
  }, [map.value, source, active]);
  return (
    <section class="map-pane" aria-label={t('map')}>
      <div ref={container} class={draft ? 'map drawing' : 'map'} />
      {state.value === 'missing' && <p class="notice map-missing">{t('map_missing')}</p>}
      {state.value === 'loading' && <p class="notice map-missing muted">{t('map_loading')}</p>}
      {state.value === 'here' && (
        <div class="map-tools">
          <button type="button" onClick={() => map.value?.fitCity()}>
            {t('map_fit')}
          </button>
          {mission && (
            <button type="button" onClick={() => map.value?.fit(missionShapes(mission))}>
              {t('flight_show')}
            </button>
          )}
        </div>
      )}
    </section>
  );
}

const working = (source: Source): boolean => source.state !== 'ended' && source.state !== 'paused';

/** Degrees to a centimetre: more digits are not meant. */
const round = (deg: number): number => Math.round(deg * 1e7) / 1e7;
