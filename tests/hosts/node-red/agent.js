// SPDX-License-Identifier: Apache-2.0
// agent.js: the contract's commands (tests/hosts/README.md) through plugin/hosts/node-red/lib/library.js.
'use strict';

const fs = require('node:fs');
const readline = require('node:readline');
const { CODES, FhirtrialError, Library } = require('../../../plugin/hosts/node-red/lib/library');

let library;
let handle;

const codeOf = (path) => handle.process(fs.readFileSync(path)).then(({ code }) => code, (error) => error.code);

const commands = {
  load(path) { library = new Library(path); },
  unload() { library.unload(); },
  buffer(n) { library.firstBuffer = Number(n); },
  async open(path) { handle = await library.open(fs.readFileSync(path, 'utf8')); },
  async configure(path) { await handle.configure(fs.readFileSync(path, 'utf8')); },
  async process(path, meta) {
    const { code, result } = await handle.process(fs.readFileSync(path), meta ? JSON.parse(meta) : null);
    return [code, result];
  },
  async query(what) {
    const answer = await handle.query(what);
    return answer === null ? [CODES.NOMATCH, ''] : [CODES.OK, answer];
  },
  async step(milliseconds) { return [(await handle.step(Number(milliseconds))) ? CODES.PENDING : CODES.OK, '']; },
  log() { /* lines are pulled */ },
  async logs() { return [CODES.OK, await handle.events()]; },
  async together(...paths) { return [CODES.OK, (await Promise.all(paths.map(codeOf))).join(' ')]; },
  async busy(path) {
    const codes = new Set();
    let began;
    const first = new Promise((resolve) => { began = resolve; });
    const feed = async () => {
      for (let i = 0; i < 50; i += 1) {
        codes.add(await codeOf(path));
        began();
      }
    };
    const feeding = Promise.all([feed(), feed(), feed(), feed()]);
    await first;
    await handle.close(0);
    await feeding;
    return [CODES.OK, [...codes].join(' ')];
  },
  /** Microseconds a call of `command`, which is called `n` times. */
  async repeat(n, command, ...args) {
    const bytes = command === 'process' ? fs.readFileSync(args[0]) : null;
    const call = bytes ? () => handle.process(bytes) : () => handle.query(args[0]);
    const began = process.hrtime.bigint();
    for (let i = 0; i < Number(n); i += 1) await call();
    return [CODES.OK, String(Number(process.hrtime.bigint() - began) / 1000 / Number(n))];
  },
  async close(drain) { return [(await handle.close(Number(drain))) ? CODES.OK : CODES.E_HANDLE, '']; },
};

async function obey(line) {
  const [command, ...args] = line.split('\t');
  try {
    const [code, answer] = (await commands[command](...args)) || [CODES.OK, ''];
    return [code, answer];
  } catch (error) {
    if (!(error instanceof FhirtrialError)) throw error;
    return [error.code, error.outcome || error.message];
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [code, answer] = await obey(line);
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    process.stdout.write(`${code}\t${text.replaceAll('\n', ' ')}\n`);
  }
}

main();
