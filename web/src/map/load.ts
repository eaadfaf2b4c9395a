// Brings the map's code when it is wanted, and says whether this device can show a map at all.
import type { CityMap, Options } from './city-map';

/** Who draws the map: a graphics card, the processor in its place, or nobody. */
type Drawer = 'card' | 'processor' | 'nobody';

let drawer: Drawer | null = null;

/** Names by which drivers that draw with the processor call themselves (Chromium, Mesa, Windows). */
const PROCESSORS = /swiftshader|llvmpipe|softpipe|software|basic render/i;

export function canShowMap(): boolean {
  return drawnBy() !== 'nobody';
}

function drawnBy(): Drawer {
  drawer ??= asked();
  return drawer;
}

function asked(): Drawer {
  try {
    const context = document.createElement('canvas').getContext('webgl2');
    if (!context) return 'nobody';
    const names = context.getExtension('WEBGL_debug_renderer_info');
    const name: unknown = context.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : context.RENDERER);
    context.getExtension('WEBGL_lose_context')?.loseContext();
    return typeof name === 'string' && PROCESSORS.test(name) ? 'processor' : 'card';
  } catch {
    return 'nobody';
  }
}

export async function loadMap(container: HTMLElement, options: Options): Promise<CityMap> {
  const { CityMap } = await import('./city-map');
  const map = new CityMap(container, { ...options, slow: drawnBy() === 'processor' });
  Object.assign(container, { cityMap: map });
  return map;
}
