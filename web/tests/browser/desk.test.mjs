// The desk as an analyst works at it, by keyboard, against the mock.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { currentId, desk, launch, open, shot, signIn, TABLET, told, until } from './setup.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Runs a test at a fresh desk, and holds the page to its promises: no fault, no request to another host. */
async function atDesk(options, work) {
  const here = await desk(browser, options);
  try {
    await told(here.page, () => work(here));
    assert.deepEqual(here.faults, []);
    assert.deepEqual(here.foreign, []);
  } finally {
    await here.context.close();
    await here.mock.close();
  }
}

/** Waits until what is read is what is expected: a key is answered with the next picture of the page, not at once. */
const becomes = (read, expected) =>
  until(async () => (await read()) === expected, `${expected}`).catch(async (error) => {
    assert.equal(await read(), expected, error.message);
  });

const rowIds = (page) => page.locator('.row').evaluateAll((rows) => rows.map((row) => row.id.replace('row-', '')));
const toast = (page, text) => page.locator('.toast', { hasText: text }).first().waitFor();

test('a wrong password is told, a right one opens the desk', async () => {
  const { startMock } = await import('../mock.mjs');
  const mock = await startMock();
  const { page, context } = await open(browser, mock);
  await page.goto(mock.url);
  await page.locator('input[name=name]').fill('zhang');
  await page.locator('input[name=password]').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: '用户名或密码不对' }).waitFor();
  await shot(page, 'sign-in');
  await signIn(page, mock);
  await page.locator('.row.current').waitFor();
  await page.getByRole('button', { name: '退出' }).click();
  await page.locator('input[name=password]').waitFor();
  await context.close();
  await mock.close();
});

test('30 items are worked through by keyboard alone', () =>
  atDesk({}, async ({ page, mock }) => {
    await page.locator('.legend').waitFor();
    await shot(page, 'desk');
    const seen = new Set();
    for (let n = 0; n < 30; n++) {
      const id = await currentId(page);
      assert.ok(!seen.has(id), `${id} was shown twice`);
      seen.add(id);
      const it = mock.city.get(id);
      if (!it.task) await page.keyboard.press(' ');
      else if (n % 5 === 1) {
        await page.keyboard.press('x');
        await page.keyboard.press(String(1 + (n % 8)));
      } else if (n % 7 === 3) {
        await page.keyboard.press('a');
        await page.keyboard.type('water');
        await page.keyboard.press('Enter');
      } else if (n % 11 === 5) await page.keyboard.press(' ');
      else await page.keyboard.press('c');
      await until(async () => (await currentId(page)) !== id, 'the next item');
    }
    await until(() => mock.city.operations.length >= 24, 'all operations');
    const steps = mock.city.operations.map((one) => one.what.act.step.step);
    assert.ok(steps.includes('confirm') && steps.includes('reject') && steps.includes('reassign'));
    assert.ok(mock.city.operations.every((one) => one.what.act.step.step !== 'reject' || one.reason.includes(' / ')));
    await shot(page, 'desk-after-30');
  }));

test('a decision is taken back by one key, and its item is shown again', () =>
  atDesk({}, async ({ page, mock }) => {
    const id = await currentId(page);
    await page.keyboard.press('c');
    await until(() => mock.city.get(id).task.state === 'dispatched', 'confirmed');
    await page.keyboard.press('u');
    await until(() => mock.city.get(id).task.state === 'proposed', 'undone');
    await becomes(() => currentId(page), id);
    await toast(page, '已撤销');
    await page.keyboard.press('c');
    await until(() => mock.city.get(id).task.state === 'dispatched', 'confirmed again');
  }));

test('an incident is merged with the neighbour shown, and undone', () =>
  atDesk({}, async ({ page, mock }) => {
    const id = await currentId(page);
    await page.locator('.neighbour-shown').waitFor();
    const title = await page.locator('.neighbour-shown p').first().textContent();
    const looks = mock.city.get(id).sightings;
    await page.keyboard.press('m');
    const merged = await until(() => [...mock.city.cases.values()].find((it) => it.merged_into === id), 'the merge');
    assert.equal(merged.task.title_zh, title);
    assert.ok(mock.city.get(id).sightings > looks);
    assert.notEqual(await currentId(page), id);
    await page.keyboard.press('u');
    await until(() => mock.city.get(merged.id).merged_into === null, 'the merge undone');
    await becomes(() => currentId(page), id);
  }));

test('observations of another thing are split off and both parts come next', () =>
  atDesk({}, async ({ page, mock }) => {
    const id = await currentId(page);
    const before = mock.city.cases.size;
    await page.keyboard.press('s');
    await page.locator('dialog input[type=checkbox]').first().waitFor();
    await page.keyboard.press(' ');
    await page.keyboard.press('Tab');
    await page.keyboard.press(' ');
    await shot(page, 'split');
    await page.keyboard.press('Enter');
    await until(() => mock.city.cases.size === before + 1, 'the split');
    const part = [...mock.city.cases.keys()].at(-1);
    await page.locator(`#row-${part}`).waitFor();
    const rows = await rowIds(page);
    assert.equal(rows.indexOf(part), rows.indexOf(id) + 1);
    await page.keyboard.press(' ');
    await becomes(() => currentId(page), id);
    await page.keyboard.press(' ');
    await becomes(() => currentId(page), part);
  }));

test('when somebody was faster the item comes back with who did what, and is not overwritten', () =>
  atDesk({}, async ({ page, mock }) => {
    const id = await currentId(page);
    mock.city.get(id).task.version++;
    mock.city.note(mock.city.get(id), 'li', '任务被驳回', 'task: reject', null, 'op');
    await page.keyboard.press('c');
    await toast(page, 'li 已先处理');
    assert.equal(mock.city.get(id).task.state, 'proposed');
    const other = await currentId(page);
    assert.notEqual(other, id, 'the person is not moved');
    await page.locator(`#row-${id} .mark-conflict`).waitFor();
    await page.keyboard.press(' ');
    await becomes(() => currentId(page), id);
    await page.locator('.note.conflict', { hasText: 'li' }).waitFor();
    await shot(page, 'conflict');
    await page.keyboard.press('c');
    await until(() => mock.city.get(id).task.state === 'dispatched', 'confirmed on what is so now');
  }));

test('two analysts on one item see each other, and the decision of one is seen by the other', () =>
  atDesk({}, async ({ page, mock }) => {
    const id = await currentId(page);
    const li = await open(browser, mock);
    await signIn(li.page, mock, 'li', `#/desk/${id}`);
    await li.page.locator('.presence', { hasText: 'zhang' }).waitFor();
    await li.page.bringToFront();
    await li.page.keyboard.press('c');
    await until(() => mock.city.get(id).task.state === 'dispatched', 'confirmed by li');
    await page.locator(`#row-${id}.over`, { hasText: '他人已处理' }).waitFor();
    assert.equal(await currentId(page), id, 'nothing moves under the cursor');
    await li.context.close();
  }));

test('a flood with one cause is decided at once', () =>
  atDesk({}, async ({ page, mock }) => {
    await page.keyboard.press('b');
    await page.getByRole('button', { name: '批量' }).and(page.locator('[aria-pressed=true]')).waitFor();
    await page.keyboard.press('=');
    const rows = mock.city.queue(new URLSearchParams()).items;
    const cause = (it) => it.class + it.place_zh.split('、')[0];
    const decided = rows.filter((it) => cause(it) === cause(rows[0])).length;
    assert.ok(decided > 3, 'the city has a flood');
    await page.locator('.bulk-bar', { hasText: `已选 ${decided} 条` }).waitFor();
    await shot(page, 'bulk');
    await page.keyboard.press('c');
    await until(() => mock.city.operations.length === decided, 'the bulk decision');
    assert.ok(mock.city.operations.every((one) => one.what.act.step.step === 'confirm'));
    await toast(page, `已确认 ${decided} 条`);
    await page.keyboard.press('u');
    await until(() => mock.city.undone.length === decided, 'all undone');
  }));

test('what one cause made is selected and decided by two keys, rows that were not loaded yet with it', () =>
  atDesk({ mock: { number: 160 } }, async ({ page, mock }) => {
    const [flood] = mock.city.floods();
    await page.locator('.flood', { hasText: `${flood.waiting.length} 条` }).waitFor();
    await page.keyboard.press('g');
    await page.locator('.row.selected').first().waitFor();
    await shot(page, 'flood');
    await page.keyboard.press('c');
    await until(() => mock.city.operations.length === flood.waiting.length, 'all of the flood');
    const ids = new Set(mock.city.operations.map((one) => one.what.act.task));
    assert.deepEqual(ids, new Set(flood.waiting));
    await toast(page, `已确认 ${flood.waiting.length} 条`);
  }));

test('rows are selected by shift and arrows', () =>
  atDesk({}, async ({ page }) => {
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Shift+ArrowDown');
    await until(async () => (await page.locator('.row.selected').count()) === 3, 'three rows are selected');
    await page.keyboard.press('Escape');
    await until(async () => (await page.locator('.row.selected').count()) === 0, 'none is selected');
  }));

test('what arrives waits behind a bar and moves nothing', () =>
  atDesk({}, async ({ page, mock }) => {
    // Rows at the far end of the list are drawn only while there is room for them.
    const places = () => page.locator('.row').evaluateAll((rows) => rows.slice(0, 6).map((row) => [row.id, row.getBoundingClientRect().top]));
    await page.locator('.row').nth(5).waitFor();
    const before = await places();
    const id = mock.city.find();
    await page.getByRole('button', { name: /有 1 条新事件/ }).waitFor();
    assert.deepEqual(await places(), before);
    await page.getByRole('button', { name: /有 1 条新事件/ }).click();
    await page.locator('.arrived').waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    await page.keyboard.type(id.slice(-8));
    await page.locator(`#row-${id}`).waitFor();
  }));

test('language and theme are switched by a key and remembered', () =>
  atDesk({}, async ({ page, mock }) => {
    await page.getByRole('button', { name: '确认 C' }).waitFor();
    await page.keyboard.press('l');
    await page.getByRole('button', { name: 'Confirm C' }).waitFor();
    await page.keyboard.press('t');
    await page.keyboard.press('t');
    await becomes(() => page.locator('html').getAttribute('data-theme'), 'dark');
    await page.reload();
    await page.getByRole('button', { name: 'Confirm C' }).waitFor();
    await becomes(() => page.locator('html').getAttribute('lang'), 'en');
    await page.locator('.maplibregl-canvas').waitFor();
    await page.locator('.legend').waitFor();
    await shot(page, 'desk-dark-en');
    assert.ok(mock.url);
  }));

test('filters and search narrow the queue', () =>
  atDesk({}, async ({ page }) => {
    await page.keyboard.press('f');
    await page.getByLabel('事项').selectOption('dumping');
    await page.keyboard.press('Escape');
    await until(async () => (await page.locator('.row .matter-dumping').count()) === (await page.locator('.row').count()), 'dumping alone');
    await page.keyboard.press('/');
    await page.keyboard.type('没有这个');
    await page.getByText('没有符合条件的事件').waitFor();
  }));

test('pictures are toggled between annotated and plain', () =>
  atDesk({}, async ({ page }) => {
    const label = page.locator('.still-close_up .still-label');
    await becomes(() => label.textContent(), '近景 · 标注');
    await page.locator('.still-close_up').click();
    await becomes(() => label.textContent(), '近景 · 原图');
    await page.keyboard.press('p');
    await becomes(() => label.textContent(), '近景 · 标注');
  }));

test('keys are for typing where one types', () =>
  atDesk({}, async ({ page, mock }) => {
    await page.keyboard.press('/');
    await page.keyboard.type('c x m');
    await page.keyboard.press('Escape');
    assert.equal(mock.city.operations.length, 0);
    assert.equal(await page.locator('dialog').count(), 0);
  }));

test('without a line the item comes back and says so', () =>
  atDesk({}, async ({ page, context }) => {
    await page.locator('.legend').waitFor();
    const id = await currentId(page);
    await context.setOffline(true);
    await page.keyboard.press('c');
    await toast(page, '服务器没有应答');
    await page.locator(`#row-${id}:not(.over)`).waitFor();
    await context.setOffline(false);
  }));

test('the desk fits a tablet', () =>
  atDesk({ viewport: TABLET }, async ({ page }) => {
    await page.locator('.maplibregl-canvas').waitFor();
    await page.locator('.legend').waitFor();
    await shot(page, 'desk-tablet');
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(wide, false);
  }));

test('the queue works where there is no WebGL', async () => {
  const poor = await launch({ webgl: false });
  const { page, mock } = await desk(poor);
  await page.getByText('此设备不能显示地图').waitFor();
  const id = await currentId(page);
  await page.keyboard.press('c');
  await until(() => mock.city.get(id).task.state === 'dispatched', 'confirmed');
  await poor.close();
  await mock.close();
});
