// MapLibre behind the few things that the page asks of a map. Loaded on demand: nothing else imports MapLibre.
import { AttributionControl, type GeoJSONSource, type LayerSpecification, Map as GlMap, NavigationControl, ScaleControl, type StyleSpecification, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import type { Case, Detail } from '../api/types';
import type { Zones } from '../catalogue';
import type { Language } from '../i18n';
import { quiet } from '../idle';
import { colours } from './colours';
import { boxOf, focusOf, namesOf } from './shapes';
import { batches, layers, style } from './style';

setWorkerUrl(workerUrl);

const EMPTY: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };
const NEAR_ZOOM = 17.2;
/** A processor draws so much of the pixels each way: half of the work, and names can still be read. */
const COARSE = 0.7;

export interface Options {
  dark: boolean;
  language: Language;
  tiles: string | null;
  /** The processor draws: fewer pixels, and layers one after the other. */
  slow?: boolean;
  onPick?: (id: string) => void;
  onPickSource?: (id: string) => void;
  /** Told every press on the map, wherever it is. */
  onPress?: (lon_deg: number, lat_deg: number) => void;
}

export class CityMap {
  private readonly map: GlMap;
  private readonly ready: Promise<void>;
  private options: Options;
  private city: [number, number, number, number] | null = null;
  private shown: string | null = null;
  private gone = false;
  /** Whether all layers are shown. */
  private whole: boolean;

  constructor(container: HTMLElement, options: Options) {
    this.options = options;
    this.map = new GlMap({
      container,
      style: options.slow ? hidden(style(this.look())) : style(this.look()),
      center: [118.87, 28.97],
      zoom: 11,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
      renderWorldCopies: false,
      maxZoom: 21,
      ...(options.slow ? { pixelRatio: COARSE * devicePixelRatio } : {}),
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
    this.map.addControl(new ScaleControl({ maxWidth: 90 }), 'bottom-left');
    if (options.tiles) this.map.addControl(new AttributionControl({ compact: true }));
    this.map.getCanvas().setAttribute('tabindex', '-1');
    this.ready = new Promise((resolve) => this.map.once('load', () => resolve()));
    this.whole = !options.slow;
    if (options.slow) void this.ready.then(() => this.reveal());
    this.listen();
  }

  /** Shows layers one after the other while nobody works: a processor translates their shaders before it first draws them, and keys wait for that. */
  private async reveal(): Promise<void> {
    for (const batch of batches(this.look())) {
      await quiet();
      if (this.gone) return;
      for (const { id } of batch) this.map.setLayoutProperty(id, 'visibility', 'visible');
    }
    this.whole = true;
  }

  private look() {
    return { colours: colours(this.options.dark), language: this.options.language, tiles: this.options.tiles };
  }

  private listen(): void {
    // What cannot be fetched now is asked for again with the next change; that the line is broken the page says itself.
    this.map.on('error', ({ error }) => {
      if (!('status' in error)) console.error(error);
    });
    const pointer = (on: boolean) => () => {
      this.map.getCanvas().style.cursor = on ? 'pointer' : '';
    };
    for (const layer of ['points', 'clusters', 'focus-neighbour', 'source-point']) {
      this.map.on('mouseenter', layer, pointer(true));
      this.map.on('mouseleave', layer, pointer(false));
    }
    for (const layer of ['points', 'focus-neighbour']) {
      this.map.on('click', layer, (event) => {
        const id: unknown = event.features?.[0]?.properties['id'];
        if (typeof id === 'string') this.options.onPick?.(id);
      });
    }
    this.map.on('click', (event) => this.options.onPress?.(event.lngLat.lng, event.lngLat.lat));
    this.map.on('click', 'source-point', (event) => {
      const id: unknown = event.features?.[0]?.properties['id'];
      if (typeof id === 'string') this.options.onPickSource?.(id);
    });
    this.map.on('click', 'clusters', (event) => {
      const found = event.features?.[0];
      const id: unknown = found?.properties['cluster_id'];
      if (typeof id !== 'number' || found?.geometry.type !== 'Point') return;
      const [lon = 0, lat = 0] = found.geometry.coordinates;
      void this.source('points')
        ?.getClusterExpansionZoom(id)
        .then((zoom) => this.map.easeTo({ center: [lon, lat], zoom: zoom + 0.3, duration: this.gentle(350) }));
    });
  }

  private source(id: string): GeoJSONSource | undefined {
    return this.map.getSource<GeoJSONSource>(id);
  }

  private gentle(millis: number): number {
    return matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : millis;
  }

  /** Light or dark, Chinese or English: only what differs is set. */
  async restyle(dark: boolean, language: Language): Promise<void> {
    if (dark === this.options.dark && language === this.options.language) return;
    this.options = { ...this.options, dark, language };
    await this.ready;
    for (const layer of layers(this.look())) {
      const set = (kind: 'Paint' | 'Layout', values: object | undefined) => {
        for (const [name, value] of Object.entries(values ?? {})) {
          if (kind === 'Paint') this.map.setPaintProperty(layer.id, name as never, value as never);
          else this.map.setLayoutProperty(layer.id, name as never, value as never);
        }
      };
      set('Paint', layer.paint);
      set('Layout', layer.layout);
    }
  }

  async zones(zones: Zones): Promise<void> {
    await this.ready;
    this.source('zones')?.setData(zones);
    this.source('names')?.setData(namesOf(zones));
    const first = this.city === null;
    this.city = boxOf(zones);
    if (first && this.shown === null) this.fitCity(false);
  }

  /** All open incidents, read and clustered by the map's worker. */
  async points(data: string | GeoJSON.FeatureCollection): Promise<void> {
    await this.ready;
    this.source('points')?.setData(typeof data === 'string' ? new URL(data, location.href).href : data);
  }

  async layer(id: 'heat' | 'sources' | 'flight', data: GeoJSON.FeatureCollection): Promise<void> {
    await this.ready;
    this.source(id)?.setData(data);
  }

  /** Shows one incident; the view moves only when the incident is another one. */
  async focus(it: Case | null, detail: Detail | null, neighbours: readonly Case[], merging: string | null): Promise<void> {
    await this.ready;
    this.source('focus')?.setData(it ? focusOf(it, detail, neighbours, merging) : EMPTY);
    if (it && it.id !== this.shown && it.position) this.show(it.position.lon_deg, it.position.lat_deg);
    this.shown = it?.id ?? null;
  }

  /** The view jumps: an animation at every decision would be unrest, and cost frames. */
  private show(lon: number, lat: number): void {
    this.map.jumpTo({ center: [lon, lat], zoom: Math.max(this.map.getZoom(), NEAR_ZOOM) });
  }

  /** Shows all of something. */
  fit(data: { features: readonly { geometry: GeoJSON.Geometry }[] }): void {
    const box = boxOf(data);
    if (box) void this.ready.then(() => this.map.fitBounds(box, { padding: 48, maxZoom: 18, duration: this.gentle(400) }));
  }

  lookAt(lon: number, lat: number): void {
    void this.ready.then(() => this.show(lon, lat));
  }

  fitCity(moving = true): void {
    if (this.city) this.map.fitBounds(this.city, { padding: 24, duration: moving ? this.gentle(400) : 0 });
  }

  /** Whether the processor draws, so that the map should wait for a pause. */
  get slow(): boolean {
    return this.options.slow ?? false;
  }

  /** For measurements: the map itself. */
  get gl(): GlMap {
    return this.map;
  }

  /** For tests: whether all that is known is drawn. */
  get drawn(): boolean {
    return this.whole && this.map.loaded();
  }

  destroy(): void {
    this.gone = true;
    this.map.remove();
  }
}

function hidden(style: StyleSpecification): StyleSpecification {
  const without = (layer: LayerSpecification) => ({ ...layer, layout: { ...layer.layout, visibility: 'none' } }) as LayerSpecification;
  return { ...style, layers: style.layers.map(without) };
}
