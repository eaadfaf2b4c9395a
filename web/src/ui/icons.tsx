// The few drawings of the page, as paths on a 16 x 16 field.

const PATHS = {
  waterlogging: 'M8 1.8c2.6 3.1 4.2 5.300 4.200 7.500a4.200 4.200 0 0 1-8.400 0C3.800 7.100 5.400 4.900 8 1.800zM5.900 9.600a2.200 2.200 0 0 0 1.700 2.100',
  fume: 'M4.500 13.500h5M2.500 10.500c1.600-1.600 3 .8 4.600-.6s2.400.5 3.900-.5M4 7.300c1.600-1.600 3 .8 4.600-.6s2.400.5 3.900-.5M6 4.100c1.400-1.400 2.600.7 4-.5s2.100.4 3.400-.4',
  dumping: 'M1.800 13.200h12.400L10.800 6.800 9 8.600 6.800 4.800zM5 10.800l1.500-1.400M9.300 11.400l1-1',
  other: 'M8 2.200l6 11H2zM8 6.500v3M8 11.300v.3',
  cross: 'M4 4l8 8M12 4l-8 8',
  search: 'M7 2.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9zM10.300 10.300L14 14',
  filter: 'M2 3.500h12M4.500 8h7M6.500 12.500h3',
  check: 'M3 8.500l3.500 3.500L13 4.500',
  undo: 'M5.500 3L2.500 6l3 3M2.800 6h6.400a3.800 3.800 0 0 1 0 7.600H6',
  map: 'M2 4l4-1.500 4 1.500 4-1.500v9.500L10 13.500 6 12 2 13.500zM6 2.500V12M10 4v9.500',
  pin: 'M8 14.200c3-3.700 4.600-5.900 4.600-7.900a4.600 4.600 0 0 0-9.200 0c0 2 1.600 4.200 4.600 7.900zM8 4.700a1.600 1.600 0 1 1 0 3.200 1.600 1.600 0 0 1 0-3.200z',
  camera: 'M2 5h2.600l1.200-1.800h4.400L11.400 5H14v8H2zM8 6.800a2.200 2.200 0 1 1 0 4.400 2.200 2.200 0 0 1 0-4.400z',
  pause: 'M5.500 3.500v9M10.500 3.500v9',
  play: 'M5 3.200l7.500 4.800L5 12.800z',
  plus: 'M8 3v10M3 8h10',
  eye: 'M1.500 8C3.200 5 5.400 3.600 8 3.600S12.800 5 14.500 8c-1.700 3-3.900 4.400-6.500 4.400S3.200 11 1.500 8zM8 6.200a1.800 1.800 0 1 1 0 3.600 1.800 1.800 0 0 1 0-3.600z',
  clock: 'M8 2.200a5.800 5.800 0 1 1 0 11.600A5.800 5.800 0 0 1 8 2.200zM8 4.800V8l2.200 1.700',
  alert: 'M8 2.200l6 11H2zM8 6.500v3M8 11.300v.3',
  sun: 'M8 5.200a2.800 2.800 0 1 1 0 5.600 2.800 2.800 0 0 1 0-5.600zM8 1.500v1.600M8 12.900v1.600M1.500 8h1.600M12.900 8h1.600M3.400 3.400l1.100 1.100M11.500 11.500l1.100 1.100M3.400 12.600l1.100-1.100M11.500 4.500l1.100-1.100',
  moon: 'M12.800 9.800A5.400 5.400 0 0 1 6.200 3.200a5.400 5.400 0 1 0 6.600 6.600z',
  auto: 'M8 2.200a5.800 5.800 0 1 1 0 11.600A5.800 5.800 0 0 1 8 2.200zM8 2.200v11.600M8.500 4.500h3M8.500 7h4.800M8.500 9.500h4.600M8.500 12h2.600',
  out: 'M6.500 2.500h-4v11h4M10 5l3 3-3 3M5.500 8H13',
  split: 'M8 14V9M8 9L3.500 4.500M8 9l4.500-4.500M3.500 8V4.500H7M9 4.500h3.500V8',
  merge: 'M8 2v5M8 7c0 3-4.500 3-4.500 7M8 7c0 3 4.500 3 4.500 7M5.800 4.200L8 2l2.200 2.200',
  send: 'M14 2L2 7.200l4.600 1.900L8.600 14zM14 2L6.600 9.100',
  wifi_off: 'M2 2l12 12M8 13h.01M5.500 10.300a3.800 3.800 0 0 1 3-1M3.300 7.700A7 7 0 0 1 6 6.200M1.300 5.200A10 10 0 0 1 4 3.600M8.500 3.300a10 10 0 0 1 6.200 2M11 6.500a7 7 0 0 1 1.700 1.200',
  page: 'M4 6V2h8v4M4 11H2.500V6h11v5H12M4.500 9h7v5h-7z',
  clip: 'M3 2.500h7l3 3v8H3zM10 2.500v3h3M5.500 8.500h5M5.500 11h3.500',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, label }: { name: IconName; label?: string }) {
  const named = label ? ({ role: 'img', 'aria-label': label } as const) : ({ 'aria-hidden': true } as const);
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" {...named}>
      <path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

/** The drawing of a matter. */
export function MatterIcon({ matter, label }: { matter: string; label?: string }) {
  const name: IconName = matter === 'waterlogging' || matter === 'fume' || matter === 'dumping' ? matter : 'other';
  return (
    <span class={`matter matter-${name}`}>
      <Icon name={name} {...(label ? { label } : {})} />
    </span>
  );
}
