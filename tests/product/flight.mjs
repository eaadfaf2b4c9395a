// A whole mission in Chromium on a running server: `node flight.mjs ADDRESS PASSWORD OUT`. Ends with an error that says what was not met;
// screenshots go to OUT.
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const [address, password, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });

/** Longest wait for one thing, generous because other tests run beside it. */
const LIMIT_MILLIS = 120_000;
/** The streets that the sample flight saw, and a strip that it did not. */
const AREA = { type: 'Polygon', coordinates: [[[118.8697, 28.9695], [118.8712, 28.9695], [118.8712, 28.9705], [118.8697, 28.9705], [118.8697, 28.9695]]] };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
});
const faults = [];
const foreign = [];

/** A person at a page of their own, signed in. */
async function person(name, where) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
  context.setDefaultTimeout(LIMIT_MILLIS);
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
  // Before the form nobody is signed in.
  page.on('response', (response) => response.status() >= 400 && response.status() !== 401 && faults.push(`${response.status()} ${response.url()}`));
  page.on('request', (request) => !/^(blob|data):/.test(request.url()) && !request.url().startsWith(address) && foreign.push(request.url()));
  await page.goto(`${address}/${where}`);
  await page.locator('input[name=name]').fill(name);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').click();
  return { page, get: async (path) => (await context.request.get(address + path)).json() };
}

async function until(condition, what) {
  const end = Date.now() + LIMIT_MILLIS;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const shown = (page, layers) => page.locator('.map').evaluate((map, layers) => map.cityMap?.gl.queryRenderedFeatures({ layers }).length ?? 0, layers);
const shot = (page, name) => page.screenshot({ path: join(out, `served-${name}.png`) });

async function plan(page) {
  await page.getByRole('link', { name: '新建飞行' }).click();
  await page.getByLabel('名称').fill('老城积水巡查');
  await page.locator('input[type=file]').setInputFiles({ name: 'old-town.geojson', mimeType: 'application/geo+json', buffer: Buffer.from(JSON.stringify(AREA)) });
  await page.getByText('已导入 old-town.geojson').waitFor();
  await page.getByLabel('机型').selectOption('sample');
  // Higher than 120 m above ground: told before anything flies.
  await page.getByLabel('地面分辨率(cm)').fill('20');
  await page.getByRole('button', { name: '规划' }).click();
  await page.getByText('超过限高 120 米').first().waitFor();
  await page.getByRole('link', { name: '新建飞行' }).click();
  await page.getByLabel('名称').fill('老城积水巡查');
  await page.locator('input[type=file]').setInputFiles({ name: 'old-town.geojson', mimeType: 'application/geo+json', buffer: Buffer.from(JSON.stringify(AREA)) });
  await page.getByText('已导入 old-town.geojson').waitFor();
  await page.getByLabel('机型').selectOption('sample');
  await page.getByLabel('地面分辨率(cm)').fill('15');
  await page.getByRole('button', { name: '规划' }).click();
  await page.getByText('检查未发现问题').waitFor();
  await shot(page, 'planned');
}

async function launch(page) {
  await page.getByRole('button', { name: '起飞' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('原因').fill('暴雨后核查');
  await dialog.getByLabel('本人确认现场可以起飞').check();
  await dialog.getByRole('button', { name: '起飞' }).click();
  await page.locator('.mission-state.kind-flying, .mission-state.kind-returning').waitFor();
  await page.getByText(/航点 \d+\/\d+/).first().waitFor();
  await shot(page, 'flying');
  await page.locator('.mission-state.kind-landed').waitFor();
  await page.locator('.mission-log li', { hasText: '暴雨后核查' }).filter({ hasText: 'pilot' }).first().waitFor();
}

async function prove(page, get) {
  const mission = (await get('/v1/missions')).items.find((one) => one.source);
  const source = async () => (await get('/v1/sources')).find((one) => one.id === mission.source);
  await until(async () => (await source()).state === 'ended', 'the end of the video');
  await until(async () => (await get('/v1/queue?state=waiting')).total >= 5, 'what the flight saw, waiting for an analyst');
  await until(() => shown(page, ['points', 'clusters']), 'incidents on the map of the flight');
  // What was looked at last is stored a moment after the last frame.
  const path = `/v1/missions/${mission.id}/coverage`;
  const looks = async () => (await get(path)).passes.reduce((sum, pass) => sum + pass.looks, 0);
  await until(async () => (await looks()) >= (await source()).frames, 'the coverage of every frame');
  await page.getByRole('button', { name: '查看覆盖报告' }).click();
  await page.getByText(/按 15.0 cm 要求已看到 8\d%/).waitFor();
  await shot(page, 'proved');
  await page.getByRole('button', { name: '为遗漏区域规划补飞' }).click();
  await page.getByRole('heading', { name: '老城积水巡查 补飞' }).waitFor();
  await shot(page, 'follow-up');
}

async function review() {
  const { page, get } = await person('li', '#/desk');
  await page.bringToFront();
  await page.locator('.row.current').waitFor();
  const before = (await get('/v1/queue?state=waiting')).total;
  await Promise.all([page.waitForResponse((response) => response.url().endsWith('/v1/operations') && response.ok()), page.keyboard.press('c')]);
  assert.equal((await get('/v1/queue?state=waiting')).total, before - 1, 'what the flight saw is reviewed by a key');
}

let at = 'sign-in';
let front;
try {
  const { page, get } = await person('pilot', '#/flights');
  front = page;
  for (const [name, work] of Object.entries({ plan, launch, prove })) {
    at = name;
    await work(page, get);
  }
  at = 'review';
  await review();
  assert.deepEqual(faults, [], 'no fault in the page');
  assert.deepEqual(foreign, [], 'no request leaves the host');
  console.log(`planned, flown, proved and reviewed; pictures in ${out}`);
} catch (error) {
  await front?.screenshot({ path: join(out, `served-failed-${at}.png`) }).catch(() => undefined);
  console.error(`while it should ${at}:`, (await front?.locator('body').innerText().catch(String))?.slice(0, 1500), faults);
  throw error;
} finally {
  await browser.close();
}
