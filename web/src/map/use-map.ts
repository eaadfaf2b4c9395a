// A map in a component: made after the first paint, restyled with the page, taken down with the component.
import { signal, type Signal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { loadZones, zones } from '../catalogue';
import { language } from '../i18n';
import { whenIdle } from '../idle';
import { dark } from '../theme';
import type { CityMap, Options } from './city-map';
import { canShowMap, loadMap } from './load';

export type MapState = 'loading' | 'here' | 'missing';

interface UseMap {
  container: RefObject<HTMLDivElement | null>;
  map: Signal<CityMap | null>;
  state: Signal<MapState>;
}

interface Wanted extends Pick<Options, 'tiles' | 'onPick' | 'onPickSource' | 'onPress'> {
  /** Whether what matters more than the map is there. */
  ready: boolean;
}

/** Asking for WebGL and reading MapLibre take the main thread for a while, so both wait until the page is idle. */
export function useMap({ ready, ...options }: Wanted): UseMap {
  const container = useRef<HTMLDivElement>(null);
  const map = useMemo(() => signal<CityMap | null>(null), []);
  const state = useMemo(() => signal<MapState>('loading'), []);
  useEffect(() => {
    let gone = false;
    const element = container.current;
    if (!element || !ready) return undefined;
    const start = () => {
      if (!canShowMap()) {
        state.value = 'missing';
        return;
      }
      loadMap(element, { ...options, dark: dark.peek(), language: language.peek() }).then(
        (made) => {
          if (gone) return made.destroy();
          map.value = made;
          state.value = 'here';
          void loadZones();
        },
        () => {
          state.value = 'missing';
        },
      );
    };
    const cancel = whenIdle(start);
    return () => {
      gone = true;
      cancel();
      map.peek()?.destroy();
      map.value = null;
    };
  }, [ready]);
  useEffect(() => {
    void map.value?.restyle(dark.value, language.value);
  }, [map.value, dark.value, language.value]);
  useEffect(() => {
    if (zones.value) void map.value?.zones(zones.value);
  }, [map.value, zones.value]);
  return { container, map, state };
}
