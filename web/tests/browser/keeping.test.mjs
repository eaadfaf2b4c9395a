// The blind second look, legal holds, and the record on paper.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { accessible, launch, OUT, shot, signedIn, until } from './setup.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const as = (...what) => signedIn(browser, ...what);

const shownId = (page) => page.locator('.recheck-question').getAttribute('data-incident');

test('a reviewer decides again by keyboard, sees no first verdict, and how well people agree', () =>
  as('zhang', '#/recheck', {}, async ({ page, mock }) => {
    const { keeping } = mock.city;
    const first = keeping.sample.map((one) => one.id);
    await page.locator('.recheck-question').waitFor();
    assert.equal(await shownId(page), first[0]);
    const asked = await page.evaluate(() => fetch('/v1/rechecks').then((answer) => answer.text()));
    assert.doesNotMatch(asked, /"(state|task|version|history|actor|lead)"/);
    assert.doesNotMatch(await page.locator('.recheck-case').innerText(), /已确认|已驳回|牵头|li\b/);
    await page.locator('.recheck .still-close_up img').waitFor();
    await shot(page, 'recheck');
    await page.keyboard.press('Space');
    await until(async () => (await shownId(page)) === first[1], 'the next after one that is passed over');
    await page.keyboard.press('c');
    await until(async () => (await shownId(page)) === first[2], 'the third');
    await page.keyboard.press('c');
    await until(async () => (await shownId(page)) === first[3], 'the fourth, not the one that was passed over');
    await page.keyboard.press('p');
    await page.locator('.still-label', { hasText: '近景 · 原图' }).waitFor();
    await page.getByRole('button', { name: '属实' }).first().click();
    await until(async () => (await shownId(page)) === first[4], 'the fifth');
    await page.keyboard.press('x');
    await until(async () => (await shownId(page)) === first[5], 'the sixth');
    await page.keyboard.press('x');
    await until(async () => (await shownId(page)) === first[0], 'the one that was passed over');
    await page.keyboard.press('c');
    await page.getByText('没有等你复核的事件').waitFor();
    assert.deepEqual(keeping.looks.map((one) => one.real), [true, true, true, false, false, true]);
    const told = keeping.agreement();
    await page.locator('.agreement', { hasText: told.cohen_kappa.toFixed(2) }).waitFor();
    await page.getByText('67%').waitFor();
    await shot(page, 'recheck-done');
    await page.keyboard.press('l');
    await page.getByText('Nothing waits for your second look').waitFor();
  }));

test('nobody is asked about what he decided himself', () =>
  as('li', '#/recheck', {}, async ({ page }) => {
    await page.getByText('没有等你复核的事件').waitFor();
  }));

test('a case is put under hold at the desk, listed, and the hold is lifted with a reason', () =>
  as('wang', '#/desk', {}, async ({ page, mock }) => {
    await page.locator('.row.current').waitFor();
    const id = (await page.locator('.row.current').getAttribute('id')).replace('row-', '');
    await page.keyboard.press('h');
    const dialog = page.getByRole('dialog', { name: '为什么要保全?' });
    await dialog.getByLabel('理由').fill('法院 12/2026');
    await page.keyboard.press('Enter');
    await page.locator('.incident-head .mark', { hasText: '保全中' }).waitFor();
    assert.deepEqual(mock.city.keeping.holds.map((one) => [one.incident, one.actor, one.reason]), [[id, 'wang', '法院 12/2026']]);
    await shot(page, 'hold-desk');
    await page.getByRole('link', { name: '证据保全' }).click();
    const row = page.locator(`[data-hold="${id}"]`);
    await row.getByText('法院 12/2026').waitFor();
    await page.getByLabel('事件编号').fill('no number');
    await page.getByRole('button', { name: '设置保全' }).click();
    await page.getByText('没有认出事件编号').waitFor();
    const other = [...mock.city.cases.keys()].find((one) => one !== id);
    await page.getByLabel('事件编号').fill(`${mock.url}/#/desk/${other}`);
    await page.getByRole('button', { name: '设置保全' }).click();
    await page.getByRole('dialog').getByLabel('理由').fill('来函 7');
    await page.keyboard.press('Enter');
    await page.locator(`[data-hold="${other}"]`).waitFor();
    await shot(page, 'holds');
    await row.getByRole('button', { name: /解除保全/ }).click();
    await page.getByRole('dialog', { name: '为什么可以解除?' }).getByLabel('理由').fill('结案');
    await page.keyboard.press('Enter');
    await row.waitFor({ state: 'detached' });
    await page.getByLabel('同时列出已解除的').check();
    await row.getByText('结案').waitFor();
    assert.equal(mock.city.keeping.list(false).length, 1);
  }));

test('an analyst sees what is held and why, and changes nothing', () =>
  as('zhang', '#/holds', {}, async ({ page, mock }) => {
    await page.getByText('没有被保全的事件').waitFor();
    const id = [...mock.city.cases.keys()][0];
    mock.city.keeping.hold(id, true, 'wang', '法院 12/2026');
    await page.reload();
    await page.locator(`[data-hold="${id}"]`).waitFor();
    await page.getByText('只有值班员和管理员可以设置或解除保全').waitFor();
    assert.equal(await page.locator('.holds button').count(), 0);
    await page.goto(`${mock.url}/#/desk`);
    await page.locator('.row.current').waitFor();
    await page.keyboard.press('h');
    assert.equal(await page.getByRole('dialog').count(), 0);
    const refused = await page.evaluate(async (one) => {
      const { csrf } = await fetch('/v1/session').then((answer) => answer.json());
      return fetch(`/v1/incidents/${one}/hold`, { method: 'PUT', headers: { 'x-csrf': csrf }, body: '{"reason":"mine"}' }).then((answer) => answer.status);
    }, id).catch(String);
    assert.equal(refused, 403);
  }));

for (const [name, where, ready] of [
  ['zhang', '#/recheck', '.recheck-question'],
  ['wang', '#/holds', '[data-hold]'],
]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing serious at ${where}, ${colorScheme}`, () =>
      as(name, where, { colorScheme, bypassCSP: true }, async ({ page, mock }) => {
        mock.city.keeping.hold([...mock.city.cases.keys()][0], true, 'wang', '法院 12/2026');
        await page.reload();
        await page.locator(ready).first().waitFor();
        await accessible(page);
      }));
  }
}

/** The characters that a PDF can give back as text: the targets of its ToUnicode maps. */
function charactersOf(pdf) {
  const found = new Set();
  for (const [, at] of [...pdf.toString('latin1').matchAll(/stream\r?\n/g)].map((one) => [one, one.index + one[0].length])) {
    let text = '';
    try {
      text = inflateSync(pdf.subarray(at), { finishFlush: 2 }).toString('latin1');
    } catch {
      continue;
    }
    if (!text.includes('begincmap')) continue;
    for (const [, , first] of text.matchAll(/<([0-9A-F]{4})> <([0-9A-F]{4})>\s*$/gm)) found.add(String.fromCharCode(Number.parseInt(first, 16)));
    for (const [, from, to, first] of text.matchAll(/<([0-9A-F]{4})> <([0-9A-F]{4})> <([0-9A-F]{4})>/g)) {
      const [low, high, start] = [from, to, first].map((one) => Number.parseInt(one, 16));
      for (let code = 0; code <= high - low; code++) found.add(String.fromCharCode(start + code));
    }
  }
  return found;
}

test('the record of a month on paper is a PDF with its fonts, in Chinese and in English, light or dark', () =>
  as('wang', '#/record', { colorScheme: 'dark' }, async ({ page }) => {
    await page.locator('.record tbody tr').first().waitFor();
    await page.evaluate(() => {
      window.printed = [];
      window.print = () => window.printed.push(document.title);
    });
    await page.getByRole('button', { name: '打印 / PDF' }).click();
    assert.match((await page.evaluate(() => window.printed))[0], /^部门实绩 \d{4}-\d\d$/);
    for (const [name, words] of [['zh', '云江市部门实绩办结率按时率返工率市政排水管理中心合计'], ['en', 'Emergency Management Bureau']]) {
      if (name === 'en') await page.getByRole('button', { name: 'English' }).click();
      const pdf = await page.pdf({ preferCSSPageSize: true });
      writeFileSync(join(OUT, `record-${name}.pdf`), pdf);
      const known = charactersOf(pdf);
      assert.deepEqual([...words].filter((one) => one !== ' ' && !known.has(one)), [], name);
      assert.match(pdf.toString('latin1'), /\/FontFile[23]?/, 'fonts are embedded');
      await page.emulateMedia({ media: 'print' });
      assert.equal(await page.locator('.head').isVisible(), false);
      assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
      await shot(page, `record-paper-${name}`);
      await page.emulateMedia({ media: null });
    }
  }));
