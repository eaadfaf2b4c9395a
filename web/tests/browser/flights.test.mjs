// The operator's screen: an area becomes a plan, the plan a flight that is watched to its end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, shot, signedIn, until } from './setup.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const asPilot = (work, name = 'pilot', where = '#/flights') => signedIn(browser, name, where, {}, work);

const AREA = { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [[[118.868, 28.968], [118.874, 28.968], [118.874, 28.972], [118.868, 28.972], [118.868, 28.968]]] } };
const file = (name, text) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) });

/** Plans a flight over an imported area and returns its id. */
async function planned(page, mock, name) {
  await page.getByRole('link', { name: '新建飞行' }).click();
  await page.getByLabel('名称').fill(name);
  await page.locator('input[type=file]').setInputFiles(file('area.geojson', JSON.stringify(AREA)));
  await page.getByText('已导入 area.geojson').waitFor();
  await page.getByRole('button', { name: '规划' }).click();
  await page.getByRole('heading', { name }).waitFor();
  return mock.city.missions.all[0].id;
}

test('an area is drawn on the map and becomes a plan with its figures and warnings', () =>
  asPilot(async ({ page, mock }) => {
    await page.getByRole('link', { name: '新建飞行' }).click();
    await page.locator('.map-tools').waitFor();
    await page.getByLabel('名称').fill('东区巡查');
    await page.getByRole('button', { name: '规划' }).click();
    await page.getByText('请先画出或导入区域').waitFor();
    const box = await page.locator('.maplibregl-canvas').boundingBox();
    for (const [x, y] of [[0.3, 0.3], [0.6, 0.3], [0.6, 0.6], [0.45, 0.75], [0.3, 0.6]]) {
      await page.mouse.click(box.x + box.width * x, box.y + box.height * y);
    }
    await page.getByText('已点 5 个角点').waitFor();
    await page.getByRole('button', { name: '撤回一点' }).click();
    await page.getByText('已点 4 个角点').waitFor();
    await shot(page, 'flight-draw');
    await page.getByRole('button', { name: '规划' }).click();
    await page.getByRole('heading', { name: '东区巡查' }).waitFor();
    await page.getByText('第 3 段 · 距输电线 38 米').waitFor();
    await page.getByText('3.4 km').waitFor();
    assert.equal(mock.city.missions.all[0].plan.gsd_cm, 2.5);
    await shot(page, 'flight-plan');
  }));

test('a file that is no area is refused with the reason', () =>
  asPilot(async ({ page }) => {
    await page.getByRole('link', { name: '新建飞行' }).click();
    await page.locator('input[type=file]').setInputFiles(file('point.geojson', '{"type":"Point","coordinates":[0,0]}'));
    await page.getByText('读不懂 point.geojson:type Point is none of').waitFor();
    await page.locator('input[type=file]').setInputFiles(file('plan.kmz', 'PK'));
    await page.getByText('已导入 plan.kmz').waitFor();
    assert.equal(await page.getByLabel('地面分辨率(cm)').count(), 0);
  }));

test('a flight is launched by a person with a reason, watched, paused, resumed and proved by its log', () =>
  asPilot(async ({ page, mock }) => {
    const id = await planned(page, mock, '河道巡查');
    await page.getByRole('button', { name: '起飞' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('原因').fill('汛期巡查');
    await dialog.getByRole('button', { name: '起飞' }).click();
    assert.equal(mock.city.missions.get(id).state.kind, 'planned', 'nothing flies before the boxes are ticked');
    await dialog.getByLabel('已阅读以上须知').check();
    await dialog.getByLabel('本人确认现场可以起飞').check();
    await shot(page, 'flight-launch');
    await dialog.getByRole('button', { name: '起飞' }).click();
    await page.getByText('正在执行航线').first().waitFor();
    mock.city.missions.fly(id, 5);
    await page.getByText('航点 5/12').first().waitFor();
    await shot(page, 'flight-live');
    for (const [act, words] of [['暂停', '已暂停,原地悬停'], ['继续', '正在执行航线']]) {
      await page.getByRole('button', { name: act, exact: true }).click();
      await dialog.getByLabel('原因').fill('避让');
      await dialog.getByRole('button', { name: act, exact: true }).click();
      await page.locator('.mission-state', { hasText: words }).waitFor();
    }
    mock.city.missions.fly(id, 12);
    await page.locator('.mission-state', { hasText: '已降落,航线完成' }).waitFor();
    const log = page.locator('.mission-log li');
    assert.equal(await log.count(), 5);
    await log.filter({ hasText: 'pilot 正在执行航线 · 汛期巡查' }).waitFor();
    await page.getByRole('link', { name: '查看画面' }).waitFor();
    await page.getByRole('button', { name: '查看覆盖报告' }).click();
    await page.getByText('按 2.5 cm 要求已看到 80%').waitFor();
    await shot(page, 'flight-coverage');
    await page.getByRole('button', { name: '为遗漏区域规划补飞' }).click();
    await page.getByRole('heading', { name: '河道巡查 补飞' }).waitFor();
    assert.equal(mock.city.missions.all[0].plan.gsd_cm, 2.5);
  }));

test('a shut gate is named with its next step, and a busy vehicle cannot be chosen', () =>
  asPilot(async ({ page, mock }) => {
    await planned(page, mock, '二次巡查');
    mock.city.missions.battery = 12;
    mock.city.missions.vehicles[1].flying = 'another';
    await page.reload();
    await page.getByRole('button', { name: '起飞' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('option', { hasText: '二号机(正在飞行)' }).waitFor({ state: 'attached' });
    await dialog.getByLabel('原因').fill('复查');
    await dialog.getByLabel('已阅读以上须知').check();
    await dialog.getByLabel('本人确认现场可以起飞').check();
    await dialog.getByRole('button', { name: '起飞' }).click();
    await dialog.getByText('充电到 30% 以上').waitFor();
    await shot(page, 'flight-gate');
  }));

test('an aircraft without a dock is launched with the wind that somebody measured', () =>
  asPilot(async ({ page, mock }) => {
    const id = await planned(page, mock, '堤防巡查');
    await page.getByRole('button', { name: '起飞' }).click();
    const dialog = page.getByRole('dialog');
    assert.equal(await dialog.getByLabel('风速(m/s)').count(), 0, 'a dock measures the wind itself');
    await dialog.getByLabel('飞行器').selectOption({ label: '二号机' });
    await dialog.getByLabel('风速(m/s)').fill('3.5');
    await dialog.getByLabel('风向(度,正北为 0)').fill('270');
    await dialog.getByLabel('原因').fill('汛期巡查');
    await dialog.getByLabel('已阅读以上须知').check();
    await dialog.getByLabel('本人确认现场可以起飞').check();
    await dialog.getByRole('button', { name: '起飞' }).click();
    await page.getByText('正在执行航线').first().waitFor();
    assert.deepEqual(mock.city.missions.get(id).wind, { speed_mps: 3.5, from_deg: 270 });
  }));

test('an analyst proposes a flight to a task, and the flight says what became of it', () =>
  asPilot(
    async ({ page, mock }) => {
      await page.locator('.row.current').waitFor();
      await page.getByRole('button', { name: '提议飞行核查' }).click();
      await page.getByText('由飞手在“飞行”中确认起飞').waitFor();
      const [one] = mock.city.missions.all;
      assert.ok(one.for_task, 'the flight knows its task');
      assert.equal(one.state.kind, 'planned', 'nothing flies by a proposal');
    },
    'zhang',
    '#/desk',
  ));

test('the flight to a task tells what became of the task', () =>
  asPilot(async ({ page, mock }) => {
    const { id } = mock.city.missions.plan({ name: '核查', for_task: 'some' }, 'zhang');
    mock.city.missions.order(id, 'launch', { vehicle: 'dock-east', confirmed: true, accept_warnings: true, reason: 'x' }, 'pilot', Error);
    mock.city.missions.fly(id, 12);
    await page.goto(`${mock.url}/#/flights/${id}`);
    await page.getByText('复查未再见到,已核查').waitFor();
  }));

test('a duty officer watches and cannot order', () =>
  asPilot(
    async ({ page, mock }) => {
      const { id } = mock.city.missions.plan({ name: '看得见', gsd_cm: 2.5 }, 'pilot');
      await page.goto(`${mock.url}/#/flights/${id}`);
      await page.getByRole('heading', { name: '看得见' }).waitFor();
      assert.equal(await page.getByRole('button', { name: '起飞' }).count(), 0);
      assert.equal(await page.getByRole('link', { name: '新建飞行' }).count(), 0);
      await until(async () => (await page.locator('.flight-row').count()) === 1, 'the flight in the list');
    },
    'wang',
  ));
