// SPDX-License-Identifier: Apache-2.0
// A server's log: one JSON object a line, appended and on disk before the request is answered, so that a test that has
// its answer can count. No line holds a body, an id, a search value or a token.
import { openSync, writeSync } from 'node:fs';

/** Returns a function that appends an object with the time; where `path` is empty it does nothing. */
export function openLog(path) {
  if (!path) return () => {};
  const file = openSync(path, 'a', 0o600);
  return (entry) => writeSync(file, `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
}
