// SPDX-License-Identifier: Apache-2.0
// What every test server's process does alike: options, the ready line, and a certain end. Standard output
// carries the ready line and nothing else; everything a library prints goes to standard error.
import { parseArgs } from 'node:util';

console.info = console.error;
console.log = console.error;

/**
 * Reads `--name value` options. `known` maps a name to its default: a string, or `true`/`false` for a switch, or
 * `undefined` for an option that must be given. Ends the process with status 2 and a usage line on a mistake.
 */
export function readOptions(known) {
  const options = {};
  for (const [name, fallback] of Object.entries(known)) {
    options[name] = { type: typeof fallback === 'boolean' ? 'boolean' : 'string' };
    if (fallback !== undefined) options[name].default = fallback;
  }
  try {
    const { values } = parseArgs({ options, strict: true });
    const missing = Object.keys(known).filter((name) => values[name] === undefined);
    if (missing.length) throw new Error(`missing --${missing.join(', --')}`);
    return values;
  } catch (error) {
    console.error(`${process.argv[1]}: ${error.message}`);
    console.error(
      `options: ${Object.keys(known)
        .map((name) => `--${name}`)
        .join(' ')}`,
    );
    process.exit(2);
  }
}

/** Listens on the loopback interface; resolves to the port, chosen by the system where `port` is 0. */
export function listen(server, port = 0) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), '127.0.0.1', () => resolve(server.address().port));
  });
}

/** Prints the one line on standard output that says that requests are now answered. */
export function ready(facts) {
  process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, ...facts })}\n`);
}

/**
 * Ends the process on SIGTERM and SIGINT, and when the process that started it is gone: its end of a pipe on standard
 * input closes, or this process gets another parent. So no server outlives a killed test run.
 */
export function endWithParent() {
  const parent = process.ppid;
  const end = () => process.exit(0);
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  setInterval(() => {
    if (process.ppid !== parent) end();
  }, 250).unref();
  if (isPipe(process.stdin)) {
    process.stdin.on('end', end);
    process.stdin.on('error', end);
    process.stdin.resume();
  }
}

/** A shell gives a background job /dev/null, whose end means nothing. */
function isPipe(stream) {
  return stream.constructor.name === 'Socket' && !stream.isTTY;
}
