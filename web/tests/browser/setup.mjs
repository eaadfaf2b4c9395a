// What every browser test starts from: the built page behind the mock, and a Chromium with a software WebGL.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { startMock } from '../mock.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const OUT = join(import.meta.dirname, '..', 'out');
export const DESKTOP = { width: 1280, height: 720 };
export const TABLET = { width: 1024, height: 768 };
export const PHONE = { width: 390, height: 844 };

/** How long anything may take: machines are slow at times, and a test that fails has time. */
const LIMIT_MILLIS = 60_000;

mkdirSync(OUT, { recursive: true });

export function launch({ webgl = true } = {}) {
  const gl = webgl ? ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'] : ['--disable-gpu', '--disable-3d-apis'];
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', ...gl] });
}

/** A page whose faults and requests to other hosts are collected. */
export async function open(browser, mock, { viewport = DESKTOP, locale = 'zh-CN', colorScheme = 'light', ...more } = {}) {
  const context = await browser.newContext({ viewport, locale, colorScheme, timezoneId: 'Asia/Shanghai', ...more });
  context.setDefaultTimeout(LIMIT_MILLIS);
  const page = await context.newPage();
  const faults = [];
  const foreign = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    const expected = /status of (401|403|409|422)|net::ERR_INTERNET_DISCONNECTED|GPU stall|GL Driver Message/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !expected) faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(mock.url)) foreign.push(request.url());
  });
  return { context, page, faults, foreign };
}

export async function signIn(page, mock, name = 'zhang', where = '') {
  await page.goto(`${mock.url}/${where}`);
  await page.locator('input[name=name]').fill(name);
  await page.locator('input[name=password]').fill('flyonce');
  await page.locator('button[type=submit]').click();
}

/** The desk of an analyst, ready to be worked at. */
export async function desk(browser, options = {}) {
  const { mock: mockOptions, name, ...rest } = options;
  const mock = await startMock(mockOptions);
  const opened = await open(browser, mock, rest);
  await signIn(opened.page, mock, name);
  await opened.page.locator('.row.current').waitFor();
  // A page that another test closed may have left the browser without one in front, and keys go nowhere then.
  await opened.page.bringToFront();
  return { mock, ...opened };
}

/** Takes a screenshot, once the map has drawn what it has. */
export async function shot(page, name) {
  const drawn = () => page.evaluate(() => [...document.querySelectorAll('.map')].every((one) => !one.cityMap || one.cityMap.drawn));
  await until(drawn, 'the map');
  await page.screenshot({ path: join(OUT, `${name}.png`) });
}

/** Does the work of a test; if it fails, what the page showed then is kept beside the screenshots and told. */
export async function told(page, work) {
  try {
    await work();
  } catch (error) {
    const name = `failed-${Date.now()}`;
    const seen = () => ({
      text: document.body.innerText.slice(0, 500),
      address: location.href,
      focused: document.hasFocus(),
      focus: document.activeElement?.outerHTML.slice(0, 200),
      pressed: [...document.querySelectorAll('[aria-pressed=true], [aria-selected=true]')].map((one) => one.id || one.innerText).slice(0, 9),
    });
    await page.screenshot({ path: join(OUT, `${name}.png`) }).catch(() => undefined);
    console.error(name, await page.evaluate(seen).catch(String));
    throw error;
  }
}

/** Runs a test as somebody who signed in, and holds the page to its promises: no fault, no request to another host. */
export async function signedIn(browser, name, where, options, work) {
  const mock = await startMock();
  const opened = await open(browser, mock, options);
  try {
    await signIn(opened.page, mock, name, where);
    await opened.page.bringToFront();
    await told(opened.page, () => work({ mock, ...opened }));
    assert.deepEqual(opened.faults, []);
    assert.deepEqual(opened.foreign, []);
  } finally {
    await opened.context.close();
    await mock.close();
  }
}

/** Fails with what axe calls serious or critical. */
export async function accessible(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations
      .filter((one) => ['serious', 'critical'].includes(one.impact))
      .map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).join(' | ')}`);
  });
  assert.deepEqual(found, []);
}

/** The id of the row that is current. */
export const currentId = (page) => page.locator('.row.current').getAttribute('id').then((id) => id?.replace('row-', ''));

/** Waits until a condition holds, with a limit. */
export async function until(condition, what, limit_millis = LIMIT_MILLIS) {
  const end = Date.now() + limit_millis;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
