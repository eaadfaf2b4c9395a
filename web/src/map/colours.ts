// The colours of the map, for both themes. The page's own colours are in styles/base.css; these are their fellows for WebGL.

export interface Colours {
  ground: string;
  land: string;
  line: string;
  text: string;
  halo: string;
  special: string;
  accent: string;
  cluster: string;
  clusterText: string;
  late: string;
  outline: string;
  ellipse: string;
  path: string;
  footprint: string;
  matter: Record<string, string>;
  other: string;
}

const LIGHT: Colours = {
  ground: '#e9edf0',
  land: '#f8f9fa',
  line: '#b3bec7',
  text: '#4c5a66',
  halo: '#ffffff',
  special: '#e3d9b8',
  accent: '#0b6e7d',
  cluster: '#45606e',
  clusterText: '#ffffff',
  late: '#c8322b',
  outline: '#0b6e7d',
  ellipse: '#7a4bb5',
  path: '#8b949c',
  footprint: '#7c8b97',
  matter: { waterlogging: '#1d6fc4', fume: '#8a5a00', dumping: '#7a4a2b' },
  other: '#5b6770',
};

const DARK: Colours = {
  ground: '#12171b',
  land: '#1a2126',
  line: '#3b4851',
  text: '#a3b1bc',
  halo: '#12171b',
  special: '#3a3524',
  accent: '#4fc1d0',
  cluster: '#8aa3b1',
  clusterText: '#10161a',
  late: '#ff7d73',
  outline: '#4fc1d0',
  ellipse: '#c4a3f0',
  path: '#74808a',
  footprint: '#8494a1',
  matter: { waterlogging: '#62aef5', fume: '#e0ac4c', dumping: '#d29a72' },
  other: '#9aa7b1',
};

export const colours = (dark: boolean): Colours => (dark ? DARK : LIGHT);
