// Measures what the page promises, on this machine with a software WebGL, and fails where a promise is broken.
// `npm run bench`. Times are of the wall: what else runs on the machine is in them, so the load is printed beside them. A real
// graphics card is faster than the software one that is used here.
import { cpus, loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import { currentId, desk, launch, until } from './browser/setup.mjs';

const LIMITS = { first_item_ms: 1500, key_to_next_ms: 100, longest_task_ms: 100 };
const KEYS = 40;
const PAN_MILLIS = 10_000;
const FIRST_LOOK_MILLIS = 3_000;

const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** In the page: when a row was first there and its decision could be taken, and every key until the next paint. */
function watch() {
  window.bench = { first: null, keys: [], drawn: [], tasks: [] };
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) window.bench.tasks.push(Math.round(one.duration));
  }).observe({ type: 'longtask', buffered: true });
  const look = () => {
    if (document.querySelector('.row.current') && document.querySelector('.act.confirm:not(:disabled)')) window.bench.first = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  addEventListener(
    'keydown',
    () => {
      const pressed = performance.now();
      const before = document.querySelector('.row.current')?.id;
      const drawn = new MutationObserver(() => {
        if (document.querySelector('.row.current')?.id === before) return;
        drawn.disconnect();
        window.bench.drawn.push(performance.now() - pressed);
      });
      drawn.observe(document.body, { subtree: true, childList: true, attributes: true });
      const after = () => {
        const row = document.querySelector('.row.current');
        const picture = document.querySelector('.still-close_up img');
        if (row?.id === before || !picture?.complete) return requestAnimationFrame(after);
        return requestAnimationFrame(() => window.bench.keys.push(performance.now() - pressed));
      };
      requestAnimationFrame(after);
    },
    true,
  );
}

async function firstItem(browser) {
  const times = [];
  for (let n = 0; n < 5; n++) {
    const { page, context, mock } = await desk(browser);
    const cookies = await context.cookies();
    const fresh = await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'zh-CN' });
    await fresh.addCookies(cookies);
    const cold = await fresh.newPage();
    await cold.addInitScript(watch);
    await cold.goto(mock.url);
    times.push(await until(() => cold.evaluate(() => window.bench.first), 'the first item'));
    await page.close();
    await fresh.close();
    await context.close();
    await mock.close();
  }
  return times;
}

/** `look` says how long a person looks at an item, given its number. */
async function keyToNext(browser, mapped, look) {
  const { page, context, mock } = await desk(browser, { mock: { number: 120 } });
  await page.addInitScript(watch);
  await page.reload();
  await page.locator(mapped ? '.legend' : '.map-missing').waitFor();
  await until(() => page.evaluate(() => document.querySelector('.still-close_up img')?.complete), 'the first picture');
  // Nobody decides within the first seconds; with a software WebGL the map is being made in them.
  await page.waitForTimeout(FIRST_LOOK_MILLIS);
  for (let n = 0; n < KEYS; n++) {
    const id = await currentId(page);
    const it = mock.city.get(id);
    await page.keyboard.press(it.task ? 'c' : ' ');
    await until(() => page.evaluate((count) => window.bench.keys.length === count, n + 1), 'the next item');
    // The next pictures are loaded meanwhile.
    await page.waitForTimeout(look(n));
  }
  const { keys, drawn } = await page.evaluate(() => window.bench);
  await context.close();
  await mock.close();
  return { keys, drawn };
}

async function panning(browser, number) {
  const { page, context, mock } = await desk(browser, { mock: { points: number } });
  await page.locator('.legend').waitFor();
  await page.waitForTimeout(FIRST_LOOK_MILLIS);
  await page.getByRole('button', { name: '看全市' }).click();
  const map = page.locator('.map');
  await map.evaluate((element) => element.cityMap.gl.jumpTo({ center: [118.87, 28.97], zoom: 11.5 }));
  await until(() => map.evaluate((element) => element.cityMap.gl.queryRenderedFeatures({ layers: ['clusters'] }).length > 5), 'the clusters', 20_000);
  await page.evaluate(watch);
  await page.waitForTimeout(500);
  await page.evaluate(() => {
    window.bench.tasks.length = 0;
    window.bench.frames = 0;
    const frame = () => {
      window.bench.frames++;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const box = await map.boundingBox();
  const [cx, cy] = [box.x + box.width / 2, box.y + box.height / 2];
  const end = performance.now() + PAN_MILLIS;
  const began = performance.now();
  for (let turn = 0; performance.now() < end; turn++) {
    await page.mouse.move(cx, cy);
    await page.mouse.down();
    const [dx, dy] = [150 * Math.cos(turn), 220 * Math.sin(turn)];
    await page.mouse.move(cx + dx, cy + dy, { steps: 25 });
    await page.mouse.up();
    if (turn % 4 === 3) await page.mouse.wheel(0, turn % 8 === 3 ? -240 : 240);
  }
  const result = await page.evaluate(() => window.bench);
  const seconds = (performance.now() - began) / 1000;
  const shown = await map.evaluate((element) => element.cityMap.gl.queryRenderedFeatures({ layers: ['clusters', 'points'] }).length);
  await context.close();
  await mock.close();
  return { tasks: result.tasks, fps: result.frames / seconds, shown };
}

/** Long enough for the next pictures to be there, and from 0.6 to 2 s, in which the map is drawn. */
const quick = () => 250;
const leisurely = (n) => 600 + 1400 * ((n * 0.618034) % 1);

const broken = [];
const say = (name, value, limit) => {
  const fine = value <= limit;
  if (!fine) broken.push(name);
  console.log(`${name.padEnd(72)} ${value.toFixed(0).padStart(6)} ms   limit ${limit} ms   ${fine ? 'holds' : 'BROKEN'}`);
};

const load = () => `load ${loadavg()[0].toFixed(1)} on ${cpus().length} cores`;

function sayKeys(where, { keys, drawn }) {
  say(`${where}: key to next item in the document, p50 of ${KEYS}`, quantile(drawn, 0.5), LIMITS.key_to_next_ms);
  say(`${where}: key to next item painted with its picture, p50`, quantile(keys, 0.5), LIMITS.key_to_next_ms);
  say(`${where}: key to next item painted with its picture, p95`, quantile(keys, 0.95), LIMITS.key_to_next_ms);
}

console.log(load());
const browser = await launch();
const first = await firstItem(browser);
say('first queue item interactive, cold cache, median of 5', quantile(first, 0.5), LIMITS.first_item_ms);
say('first queue item interactive, cold cache, worst of 5', Math.max(...first), LIMITS.first_item_ms);
sayKeys('software WebGL, quick', await keyToNext(browser, true, quick));
sayKeys('software WebGL, at leisure', await keyToNext(browser, true, leisurely));
const pan = await panning(browser, 50_000);
say('50 000 points, longest main-thread task while panning', Math.max(0, ...pan.tasks), LIMITS.longest_task_ms);
console.log(`50 000 points: ${pan.tasks.length} tasks over 50 ms, ${pan.fps.toFixed(0)} frames a second, ${pan.shown} marks in view`);
await browser.close();
const poor = await launch({ webgl: false });
sayKeys('no WebGL', await keyToNext(poor, false, quick));
await poor.close();
console.log(load());
if (broken.length > 0) {
  console.error(`broken: ${broken.join('; ')}`);
  process.exitCode = 1;
}
