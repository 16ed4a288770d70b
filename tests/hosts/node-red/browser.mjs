// SPDX-License-Identifier: Apache-2.0
// browser.mjs URL LIBRARY CONFIGURATION SITE-KEY MESSAGE PICTURES: what a newcomer does in the
// editor, in a real browser: drags the node in, fills the forms, wires, deploys, sends a Bundle and
// sees the verdict. The flow of "http in" and "http response" nodes with the ids `in` and `out` is
// there already. Ends with status 0, or says what was not as it should be.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { chromium } from 'playwright-core';

const [url, library, configuration, siteKey, message, pictures] = process.argv.slice(2);
const LONGEST_MS = 30_000;
const SETTLE_MS = 500; // the editor's animations

const browser = await chromium.launch({
  executablePath: process.env.FHIRTRIAL_CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({ viewport: { width: 1400, height: 860 } });
page.setDefaultTimeout(LONGEST_MS);
const complaints = [];
page.on('pageerror', (error) => complaints.push(error.message));

const picture = (name) => page.screenshot({ path: `${pictures}/node-red-${name}.png` });

async function drag(from, to) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 8 });
  await page.mouse.move(to.x, to.y, { steps: 8 });
  await page.mouse.up();
}

async function middle(locator) {
  const box = await locator.boundingBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

const node = (id) => page.locator(`#red-ui-workspace-chart [id="${id}"]`);
const output = (id, n) => node(id).locator('.red-ui-flow-port-output .red-ui-flow-port').nth(n);
const input = (id) => node(id).locator('.red-ui-flow-port-input .red-ui-flow-port');

async function wire(from, n, to) {
  await drag(await middle(output(from, n)), await middle(input(to)));
}

async function addNode() {
  await page.locator('#red-ui-palette-search input').first().pressSequentially('fhirtrial');
  const palette = page.locator('.red-ui-palette-node[data-palette-type="fhirtrial"]');
  await page.locator('.red-ui-palette-node[data-palette-type="inject"]').waitFor({ state: 'hidden' });
  await page.waitForTimeout(SETTLE_MS);
  const chart = await page.locator('#red-ui-workspace-chart').boundingBox();
  await drag(await middle(palette), { x: chart.x + 360, y: chart.y + 140 });
  const id = await page.evaluate(() => {
    let found;
    window.RED.nodes.eachNode((n) => { if (n.type === 'fhirtrial') found = n.id; });
    return found;
  });
  assert.ok(id, 'the node was not dropped on the flow');
  return id;
}

async function fillForms(id) {
  await node(id).dblclick();
  await page.locator('#node-input-name').fill('screen');
  await page.locator('.red-ui-tray-body').locator('a, button').filter({ has: page.locator('.fa-plus') }).first().click();
  await page.locator('#node-config-input-library').waitFor();
  await page.locator('#node-config-input-name').fill('trial screening');

  // A relative path is marked wrong before anything is deployed.
  const path = page.locator('#node-config-input-library');
  await path.fill('');
  await path.pressSequentially('libfhirtrial.so');
  await path.press('Tab');
  await page.locator('#node-config-input-library.input-error').waitFor();
  await path.fill('');
  await path.pressSequentially(library);
  await path.press('Tab');
  await page.locator('#node-config-input-library:not(.input-error)').waitFor();

  await page.locator('#node-config-input-configFrom').selectOption('here');
  const setText = (text) => page.evaluate((value) => {
    const models = window.monaco ? window.monaco.editor.getModels() : null;
    if (models) models[models.length - 1].setValue(value);
    else window.ace.edit('node-config-input-config-editor').setValue(value);
  }, text);
  await setText('{ "schema": 1 }');
  await page.getByText('"store" is missing').waitFor();
  await setText(fs.readFileSync(configuration, 'utf8'));
  await page.getByText('"store" is missing').waitFor({ state: 'hidden' });
  await page.locator('#node-config-input-siteKey').fill(siteKey);
  await picture('configuration');
  await page.locator('#node-config-dialog-ok').click();
  await page.locator('#node-config-dialog-ok').waitFor({ state: 'hidden' });
  await page.waitForTimeout(SETTLE_MS);
  await picture('node');
  await page.locator('#node-dialog-ok').click();
  await page.locator('#node-dialog-ok').waitFor({ state: 'hidden' });
  await page.waitForTimeout(SETTLE_MS);
}

async function deploy() {
  await page.locator('#red-ui-header-button-deploy').click();
  await page.getByText('Successfully deployed').waitFor();
}

async function sendBundle() {
  const answer = await fetch(`${url}/fhir`, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body: fs.readFileSync(message),
  });
  assert.equal(answer.status, 200);
  const verdicts = await answer.json();
  assert.ok(verdicts.length > 0 && verdicts[0].verdict.study, 'no verdict came back');
}

try {
  await page.goto(url);
  await page.locator('#red-ui-workspace-chart svg').waitFor();
  await page.locator('[id="in"]').waitFor();
  const id = await addNode();
  await fillForms(id);
  await wire('in', 0, id);
  await wire(id, 1, 'out');
  await wire(id, 1, 'seen');
  await wire(id, 2, 'refused');
  await deploy();
  await page.evaluate(() => window.RED.sidebar.show('debug'));
  await node(id).getByText('open', { exact: true }).waitFor();
  await sendBundle();
  const seen = page.locator('.red-ui-debug-msg').first();
  await seen.waitFor();
  for (const row of [0, 1]) await seen.locator('.red-ui-debug-msg-object-handle').nth(row).click();
  await seen.getByText('Patient/').first().waitFor();
  await page.waitForTimeout(SETTLE_MS);
  await picture('verdict');
  await page.evaluate(() => window.RED.sidebar.show('help'));
  await node(id).click();
  await page.getByText('Takes in a FHIR R4 message').first().waitFor();
  await picture('help');
  assert.deepEqual(complaints, [], 'the page reported errors');
} catch (error) {
  await picture('failed').catch(() => {});
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await browser.close();
}
