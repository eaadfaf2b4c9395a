// Brings the map's code when it is wanted, and says whether this device can show a map at all.
import type { CityMap, Options } from './city-map';

let able: boolean | null = null;

export function canShowMap(): boolean {
  if (able === null) {
    try {
      const context = document.createElement('canvas').getContext('webgl2');
      able = context !== null;
      context?.getExtension('WEBGL_lose_context')?.loseContext();
    } catch {
      able = false;
    }
  }
  return able;
}

export async function loadMap(container: HTMLElement, options: Options): Promise<CityMap> {
  const { CityMap } = await import('./city-map');
  const map = new CityMap(container, options);
  Object.assign(container, { cityMap: map });
  return map;
}
