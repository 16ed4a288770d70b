// SPDX-License-Identifier: Apache-2.0
// The control endpoint of a test server: plain HTTP on a port of its own on the loopback interface, so that a test
// steers the server while it runs. `GET /` answers the state as JSON, `POST /` takes a JSON object of changes.
import http from 'node:http';
import { listen } from './process.mjs';

const maximumBody = 1 << 20;

/** Reads a request's body as text, refusing more than `limit` bytes with an error whose `tooLong` is set. */
export async function readBody(request, limit = maximumBody) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > limit) throw Object.assign(new Error(`more than ${limit} bytes`), { tooLong: true });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Starts the endpoint. `state()` returns what GET answers; `change(changes)` applies a POST and throws an Error with a
 * text for the caller where a change is unknown or wrong. Resolves to the endpoint's URL.
 */
export async function startControl(state, change) {
  const server = http.createServer(async (request, response) => {
    const answer = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify(body)}\n`);
    };
    try {
      if (request.method === 'POST') change(JSON.parse((await readBody(request)).toString('utf8')));
      answer(200, state());
    } catch (error) {
      answer(400, { error: error.message });
    }
  });
  const port = await listen(server);
  return `http://127.0.0.1:${port}/`;
}

/** Copies the changes into `settings`, which holds every name that may be changed. */
export function applyChanges(settings, changes) {
  for (const name of Object.keys(changes)) {
    if (!(name in settings))
      throw new Error(`unknown setting ${name}; known: ${Object.keys(settings).join(', ')}`);
  }
  Object.assign(settings, changes);
}
