// Waits until the page has nothing better to do.

const MOST_MILLIS = 2000;
/** Whoever pressed no key and dragged nothing for this long looks at something. */
export const QUIET_MILLIS = 600;

/** Runs something when the page is idle, within two seconds; the returned function calls it off. */
export function whenIdle(run: () => void): () => void {
  if (!('requestIdleCallback' in window)) {
    const timer = setTimeout(run, 300);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(run, { timeout: MOST_MILLIS });
  return () => cancelIdleCallback(handle);
}

let worked = -Infinity;
const work = (event: Event) => {
  // A pointer that only passes over something is no work.
  if (!(event instanceof PointerEvent) || event.buttons > 0) worked = performance.now();
};
for (const kind of ['keydown', 'pointerdown', 'pointermove', 'wheel']) addEventListener(kind, work, { capture: true, passive: true });

/** Resolves when nobody has worked for a while and the page is idle. */
export async function quiet(): Promise<void> {
  for (;;) {
    const left = worked + QUIET_MILLIS - performance.now();
    if (left <= 0) break;
    await new Promise((resolve) => setTimeout(resolve, left));
  }
  return new Promise((resolve) => whenIdle(resolve));
}
