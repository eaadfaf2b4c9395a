// Where the open tasks crowd, and where the sources are.
import { useEffect } from 'preact/hooks';
import type { Overview } from '../api/types';
import { t } from '../i18n';
import { heatOf, sourcesOf } from '../map/shapes';
import { useMap } from '../map/use-map';
import { address, parts } from '../router';
import { sources } from './overview';

export function DutyMap({ city, tiles }: { city: Overview; tiles: string | null }) {
  const { container, map, state } = useMap({
    tiles,
    ready: true,
    onPickSource: (id) => {
      location.hash = address('duty', 'source', id);
    },
  });
  useEffect(() => {
    void map.value?.layer('heat', heatOf(city.heat));
  }, [map.value, city]);
  useEffect(() => {
    void map.value?.layer('sources', sourcesOf(sources.value));
  }, [map.value, sources.value]);
  const opened = parts.value[1] === 'source' ? parts.value[2] : undefined;
  useEffect(() => {
    const at = sources.peek().find((one) => one.id === opened)?.position;
    if (at) map.value?.lookAt(at.lon_deg, at.lat_deg);
  }, [map.value, opened]);
  return (
    <section class="duty-map" aria-label={`${t('map')} · ${t('heat')}`}>
      <div ref={container} class="map" />
      {state.value === 'missing' && <p class="notice map-missing">{t('map_missing')}</p>}
      {state.value === 'loading' && <p class="notice map-missing muted">{t('map_loading')}</p>}
      {state.value === 'here' && (
        <div class="map-tools">
          <button type="button" onClick={() => map.value?.fitCity()}>
            {t('map_fit')}
          </button>
        </div>
      )}
    </section>
  );
}
