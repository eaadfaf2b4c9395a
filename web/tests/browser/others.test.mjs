// The screens of the duty officer and of a crew, the record, and accessibility of all of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startMock } from '../mock.mjs';
import { accessible, launch, open, PHONE, shot, signedIn, told, until } from './setup.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const as = (...what) => signedIn(browser, ...what);

const PHOTO = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

test('the board says what the server says, and names the failing hop and the next step', () =>
  as('wang', '', {}, async ({ page, mock }) => {
    await page.locator('.board tbody tr').first().waitFor();
    const city = mock.city.overview();
    for (const office of city.departments.filter((one) => one.open > 0)) {
      const cells = await page.locator(`[data-department=${office.id}] td`).allTextContents();
      assert.deepEqual(cells.slice(0, 2).map(Number), [office.open, office.overdue]);
    }
    const totals = await page.locator('.totals dd').allTextContents();
    assert.deepEqual(totals.map(Number), [city.totals.waiting, city.totals.open, city.totals.overdue, city.totals.done, city.totals.closed]);
    const stalled = page.locator('[data-source=street-xinan-1]');
    assert.match(await stalled.textContent(), /网络环节有问题.*47 秒没有收到数据.*下一步.*检查摄像机供电/);
    await stalled.getByRole('button', { name: '暂停' }).click();
    await stalled.getByRole('button', { name: '继续' }).waitFor();
    assert.ok(mock.city.paused.has('street-xinan-1'));
    await page.locator('.map-tools').waitFor();
    await shot(page, 'duty');
    await page.locator('[data-source=dock-03]').getByRole('link').click();
    await page.getByRole('dialog').locator('img').waitFor();
    await shot(page, 'source');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }));

test('the board follows what happens', () =>
  as('wang', '', {}, async ({ page, mock }) => {
    const waiting = page.locator('.totals dd').first();
    await waiting.waitFor();
    const before = Number(await waiting.textContent());
    const it = [...mock.city.cases.values()].find((one) => one.task?.state === 'proposed');
    mock.city.decideAs('li', it.id, 'confirm', '');
    await until(async () => Number(await waiting.textContent()) === before - 1, 'one less to review');
  }));

test('a crew takes a task, gets there and reports it done with photo and position', () =>
  as('crew', '', { viewport: PHONE, geolocation: { latitude: 28.9701, longitude: 118.8702 }, permissions: ['geolocation'] }, async ({ page, mock }) => {
    const first = [...mock.city.cases.values()].find((one) => one.task?.lead === 'municipal_drainage' && one.task.state === 'dispatched');
    const card = page.locator(`[data-task="${first.task.id}"]`);
    await card.waitFor();
    await shot(page, 'crew');
    for (const name of ['接单', '出发', '到场']) await card.getByRole('button', { name }).click();
    await until(() => mock.city.get(first.id).task.state === 'on_site', 'on site');
    await card.getByRole('button', { name: '完成' }).click();
    await page.getByRole('button', { name: '提交完成' }).click();
    await page.getByText('请先拍一张现场照片').waitFor();
    await page.locator('input[type=file]').setInputFiles({ name: 'p.png', mimeType: 'image/png', buffer: PHOTO });
    await page.getByText('已定位').waitFor();
    await shot(page, 'crew-done');
    await page.getByRole('button', { name: '提交完成' }).click();
    await until(() => mock.city.get(first.id).task.state === 'done', 'done');
    assert.match(mock.city.reports[0].text, /28\.9701/);
    await card.waitFor({ state: 'detached' });
    await page.getByText('全部已发送').waitFor();
  }));

test('a task never falls back while its steps are on their way', () =>
  as('crew', '', { viewport: PHONE }, async ({ page, mock }) => {
    const first = [...mock.city.cases.values()].find((one) => one.task?.lead === 'municipal_drainage' && one.task.state === 'dispatched');
    const card = page.locator(`[data-task="${first.task.id}"]`);
    await card.waitFor();
    await card.evaluate((element) => {
      const label = () => element.querySelector('button.primary')?.textContent ?? '';
      window.labels = [label()];
      new MutationObserver(() => label() !== window.labels.at(-1) && window.labels.push(label())).observe(element, { subtree: true, childList: true, characterData: true });
    });
    mock.city.delay = 250;
    for (const name of ['接单', '出发', '到场']) await card.getByRole('button', { name }).click();
    await page.getByText('全部已发送').waitFor();
    await until(() => mock.city.get(first.id).task.state === 'on_site', 'on site');
    assert.deepEqual(await page.evaluate(() => window.labels), ['接单', '出发', '到场', '完成']);
  }));

test('over a bad line everything is kept and sent later, once and in order', () =>
  as('crew', '', { viewport: PHONE }, async ({ page, mock, context }) => {
    const first = [...mock.city.cases.values()].find((one) => one.task?.lead === 'municipal_drainage' && one.task.state === 'dispatched');
    const card = page.locator(`[data-task="${first.task.id}"]`);
    await card.waitFor();
    await context.setOffline(true);
    for (const name of ['接单', '出发', '到场']) await card.getByRole('button', { name }).click();
    await page.getByText('没有网络').waitFor();
    await page.getByText('3 项待发送').waitFor();
    await shot(page, 'crew-offline');
    assert.equal(mock.city.operations.length, 0);
    await context.setOffline(false);
    await page.getByText('全部已发送').waitFor();
    assert.deepEqual(mock.city.operations.map((one) => one.what.act.step.step), ['accept', 'depart', 'arrive']);
    assert.equal(mock.city.get(first.id).task.state, 'on_site');
  }));

test('what waits outlives the page', () =>
  as('crew', '', { viewport: PHONE }, async ({ page, mock, context }) => {
    const first = [...mock.city.cases.values()].find((one) => one.task?.lead === 'municipal_drainage' && one.task.state === 'dispatched');
    await page.locator(`[data-task="${first.task.id}"]`).waitFor();
    await context.setOffline(true);
    await page.locator(`[data-task="${first.task.id}"]`).getByRole('button', { name: '接单' }).click();
    await page.getByText('1 项待发送').waitFor();
    await page.goto('about:blank').catch(() => undefined);
    await context.setOffline(false);
    await page.goto(mock.url);
    await until(() => mock.city.get(first.id).task.state === 'accepted', 'sent by the next page');
  }));

test('without a line the page opens with the tasks it knew', () =>
  as('crew', '', { viewport: PHONE }, async ({ page, context }) => {
    await page.locator('.task').first().waitFor();
    const tasks = await page.locator('.task').count();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    // The first visit was before the worker: the second one fills its cache.
    await page.reload();
    await page.locator('.task').first().waitFor();
    await context.setOffline(true);
    await page.reload();
    await page.getByText('离线:显示').waitFor();
    assert.equal(await page.locator('.task').count(), tasks);
    await context.setOffline(false);
  }));

test('what is not theirs goes back with the reason', () =>
  as('crew', '', { viewport: PHONE }, async ({ page, mock }) => {
    const first = [...mock.city.cases.values()].find((one) => one.task?.lead === 'municipal_drainage' && one.task.state === 'dispatched');
    await page.locator(`[data-task="${first.task.id}"]`).getByRole('button', { name: '不归我们' }).click();
    await page.getByRole('button', { name: '不属于本部门职责' }).click();
    await until(() => mock.city.get(first.id).task.state === 'bounced', 'given back');
    assert.match(mock.city.operations[0].reason, /不属于本部门职责 \/ Not a matter of ours/);
  }));

test('a step that the server refuses stays with its reason until it is dropped', () =>
  as('crew', '', { viewport: PHONE }, async ({ page, mock }) => {
    const first = [...mock.city.cases.values()].find((one) => one.task?.lead === 'municipal_drainage' && one.task.state === 'dispatched');
    await page.locator(`[data-task="${first.task.id}"]`).waitFor();
    mock.city.get(first.id).task.version++;
    mock.city.note(mock.city.get(first.id), 'li', '任务:改派', 'task: reassign', null, 'op');
    await page.locator(`[data-task="${first.task.id}"]`).getByRole('button', { name: '接单' }).click();
    await page.getByText('1 项未被接受').click();
    await page.getByText('原因:任务:改派').waitFor();
    await page.getByRole('button', { name: '放弃' }).click();
    await page.getByRole('dialog').getByText('全部已发送').waitFor();
  }));

test('the record of a month is a table and a file', () =>
  as('wang', '#/record', {}, async ({ page }) => {
    await page.locator('.record tbody tr').first().waitFor();
    await shot(page, 'record');
    assert.match(await page.getByRole('link', { name: '下载 CSV' }).getAttribute('href'), /^\/v1\/record\.csv\?from=\d{4}-\d\d-01&to=/);
    const rows = await page.locator('.record tbody tr').count();
    await page.getByLabel('汇总').selectOption('full');
    await until(async () => (await page.locator('.record tbody tr').count()) > rows, 'the rows in full');
  }));

test('a crew sees no desk', () =>
  as('crew', '#/desk', {}, async ({ page }) => {
    await page.getByText('当前账号没有此页面的权限').waitFor();
  }));

for (const [name, where, viewport] of [
  ['zhang', '', undefined],
  ['wang', '', undefined],
  ['crew', '', PHONE],
  ['wang', '#/record', undefined],
  ['pilot', '#/flights/new', undefined],
]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing serious for ${name} at ${where || 'home'}, ${colorScheme}`, () =>
      as(name, where, { colorScheme, bypassCSP: true, ...(viewport ? { viewport } : {}) }, async ({ page }) => {
        await page.locator('.row.current, .board tbody tr, .task, .record tbody tr, .flight-form').first().waitFor();
        await accessible(page);
        if (name === 'zhang') {
          for (const key of ['x', 'a', 's', 'f', '?']) {
            await page.keyboard.press(key);
            await page.getByRole('dialog').waitFor();
            await accessible(page);
            await page.keyboard.press('Escape');
            await page.getByRole('dialog').waitFor({ state: 'detached' });
          }
        }
      }));
  }
}

test('who is vouched for by an organisation finds the way, and why it let them not in', async () => {
  const mock = await startMock();
  mock.city.oidc = { label_zh: '云江市统一认证', label_en: null };
  const { context, page, faults, foreign } = await open(browser, mock);
  try {
    await told(page, async () => {
      await page.goto(mock.url);
      await page.getByRole('link', { name: '云江市统一认证' }).waitFor();
      await accessible(page);
      await page.getByRole('link', { name: '云江市统一认证' }).click();
      await page.getByRole('alert').filter({ hasText: '没有使用本系统的权限' }).waitFor();
      await page.getByRole('button', { name: 'English' }).click();
      await page.getByRole('alert').filter({ hasText: 'in no group that has a role here' }).waitFor();
      await page.getByRole('link', { name: 'Sign in with the account of the organisation' }).waitFor();
    });
    assert.deepEqual([faults, foreign], [[], []]);
  } finally {
    await context.close();
    await mock.close();
  }
});
