// Works on a running server in Chromium: `node desk.mjs ADDRESS COOKIE SECRET`. Ends with an error that says what was not met.
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const [address, name, value] = process.argv.slice(2);

/** Heard from before the key is pressed: an answer may be here sooner than the next line. */
const decided = (page) => page.waitForResponse((response) => response.url().endsWith('/v1/operations') && response.ok());

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--enable-unsafe-swiftshader'],
});
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'en-GB' });
  await context.addCookies([{ name, value, url: address }]);
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const faults = [];
  const foreign = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('response', (response) => response.status() >= 400 && faults.push(`${response.status()} ${response.url()}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith('data:') && !url.startsWith('blob:')) foreign.push(url);
  });
  const waiting = async () => (await (await context.request.get(`${address}/v1/queue?state=waiting`)).json()).total;

  await page.goto(`${address}/`);
  await page.getByRole('heading', { level: 1 }).or(page.getByRole('heading', { level: 2 })).first().waitFor();
  const before = await waiting();
  assert.ok(before > 0, 'something waits for an analyst');
  await page.locator('img[src^="/v1/evidence/"]').first().waitFor();
  await page.waitForFunction(() => [...document.images].some((i) => i.src.includes('/v1/evidence/') && i.naturalWidth > 0));

  await Promise.all([decided(page), page.keyboard.press('c')]);
  assert.equal(await waiting(), before - 1, 'one key confirms');
  await Promise.all([decided(page), page.keyboard.press('u')]);
  assert.equal(await waiting(), before, 'one key takes it back');

  await page.goto(`${address}/#/duty`);
  await page.getByText('street').first().waitFor();
  const overview = await (await context.request.get(`${address}/v1/overview`)).json();
  assert.equal(overview.totals.waiting, before, 'the board counts what the queue holds');
  assert.deepEqual(faults, [], 'no fault in the page');
  assert.deepEqual(foreign, [], 'no request leaves the host');
  console.log(`worked on ${before} items`);
} finally {
  await browser.close();
}
