// SPDX-License-Identifier: Apache-2.0
// A reverse proxy that stands between a client and a test server and does to requests what networks, load balancers and
// tired servers do. Which fault when is steered at run time over the control endpoint; lib/faults.mjs lists them. Two
// canary listeners, where redirects point to, count what a client should never send them.
import http from 'node:http';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { endWithParent, listen, readOptions, ready } from './lib/process.mjs';
import { readBody, startControl } from './lib/control.mjs';
import { tlsOptions, tlsSettings } from './lib/tls.mjs';
import { FaultPlan, faults } from './lib/faults.mjs';

const maximumBody = 64 << 20;
const options = readOptions({ ...tlsOptions, upstream: undefined, plain: false });
const ca = readFileSync(`${options.pki}/ca.crt`);
const agent = new https.Agent({ ca, keepAlive: true });
const plan = new FaultPlan();
const canary = { hits: 0, withAuthorization: 0, withBody: 0 };
const canaryUrls = {};

/** Passes a request on; resolves to `{status, headers, body}`. The Host of the client is kept. */
function forward(request, body) {
  return new Promise((resolve, reject) => {
    const upstream = https.request(
      `${options.upstream}${request.url}`,
      { method: request.method, headers: request.headers, agent, servername: 'localhost' },
      async (response) => {
        try {
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: await readBody(response, maximumBody),
          });
        } catch (error) {
          reject(error);
        }
      },
    );
    upstream.on('error', reject);
    upstream.end(body);
  });
}

/** Ends the connection with a TCP reset: a TLS socket hides the one that can. */
function reset(socket) {
  const transport = socket._parent ?? socket;
  transport.resetAndDestroy();
}

function outcome(code) {
  return JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code }] });
}

function reply(response, status, headers, body) {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

/** Sets members of an object; null removes one. */
function replaceMembers(object, changes = {}) {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete object[name];
    else object[name] = value;
  }
  return object;
}

const fhirJson = { 'content-type': 'application/fhir+json' };
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Faults for which the server is not asked first. */
const beforeUpstream = {
  'rst-before': ({ socket }) => reset(socket),
  close: ({ socket }) => socket.destroy(),
  silent: () => {},
  login: ({ response }) =>
    reply(response, 200, { 'content-type': 'text/html' }, '<html><body>Please log in</body></html>'),
  status: ({ response, rule }) => {
    const body = rule.body === undefined ? outcome(rule.code ?? 'transient') : rule.body;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    reply(response, rule.status ?? 503, { ...fhirJson, ...rule.headers }, text);
  },
  redirect: ({ request, response, rule }) => {
    const location = canaryUrls[rule.scheme ?? 'https'] + request.url;
    reply(response, rule.status ?? 301, { location }, '');
  },
  zombie: async ({ request, socket, body, rule }) => {
    reset(socket);
    await later(rule.ms ?? 100);
    await forward(request, body).catch(() => {});
  },
};

/** Faults that happen to the server's answer. */
const afterUpstream = {
  pass: ({ response, answer }) => reply(response, answer.status, answer.headers, answer.body),
  'rst-after': ({ socket }) => reset(socket),
  'error-after': ({ response }) => reply(response, 500, fhirJson, outcome('exception')),
  'empty-200': ({ response }) => reply(response, 200, {}, ''),
  delay: async ({ response, answer, rule }) => {
    await later(rule.ms ?? 40);
    reply(response, answer.status, answer.headers, answer.body);
  },
  alter: ({ response, answer, rule }) => {
    const document = JSON.parse(answer.body.toString('utf8') || '{}');
    const resources =
      document.resourceType === 'Bundle' ? document.entry?.map((entry) => entry.resource) : [document];
    for (const resource of resources ?? []) replaceMembers(resource, rule.members);
    const body = answer.body.length ? JSON.stringify(document) : '';
    reply(
      response,
      rule.status ?? answer.status,
      replaceMembers({ ...answer.headers, 'content-length': Buffer.byteLength(body) }, rule.headers),
      body,
    );
  },
  truncate: async ({ socket, answer }) => {
    socket.write(`HTTP/1.1 ${answer.status} Cut\r\ncontent-type: application/fhir+json\r\n`);
    socket.write(`content-length: ${answer.body.length}\r\n\r\n`);
    socket.write(answer.body.subarray(0, answer.body.length >> 1));
    await later(5);
    reset(socket);
  },
  'half-headers': async ({ socket }) => {
    socket.write('HTTP/1.1 201 Created\r\ncontent-ty');
    await later(5);
    reset(socket);
  },
  huge: async ({ response, answer, rule }) => {
    response.writeHead(answer.status, fhirJson);
    const block = Buffer.alloc(1 << 16, ' ');
    for (let sent = 0; sent < (rule.bytes ?? 200 << 20) && !response.destroyed; sent += block.length) {
      if (!response.write(block)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    response.end();
  },
  drip: async ({ response, answer, rule }) => {
    response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
    const bytes = rule.bytes ?? 16;
    for (let sent = 0; sent < answer.body.length && !response.destroyed; sent += bytes) {
      response.write(answer.body.subarray(sent, sent + bytes));
      await later(1000);
    }
    response.end();
  },
};

function once(emitter, event) {
  return new Promise((resolve) => emitter.once(event, resolve));
}

async function handle(request, response) {
  const { socket } = request;
  try {
    const body = await readBody(request, maximumBody);
    const rule = plan.next(request.method, request.url);
    const early = beforeUpstream[rule.fault];
    if (early) return await early({ request, response, socket, body, rule });
    const answer = await forward(request, body);
    delete answer.headers['transfer-encoding'];
    return await afterUpstream[rule.fault]({ request, response, socket, answer, rule });
  } catch {
    // The client has gone, or the server behind is down: both look like a reset from the other side.
    reset(socket);
  }
}

/** Counts and answers 200 with an empty object: a client that follows a redirect must not fail for another reason. */
async function handleCanary(request, response) {
  canary.hits += 1;
  if (request.headers.authorization) canary.withAuthorization += 1;
  const body = await readBody(request, maximumBody).catch(() => Buffer.alloc(0));
  if (body.length) canary.withBody += 1;
  reply(response, 200, fhirJson, '{}');
}

endWithParent();
const certificate = tlsSettings(options);
const server = options.plain ? http.createServer(handle) : https.createServer(certificate, handle);
server.on('clientError', (error, socket) => socket.destroy());
server.on('tlsClientError', () => {});
const port = await listen(server, options.port);
canaryUrls.https = `https://localhost:${await listen(https.createServer(certificate, handleCanary))}`;
canaryUrls.http = `http://localhost:${await listen(http.createServer(handleCanary))}`;
const control = await startControl(
  () => ({ met: plan.met, waiting: plan.rules.filter((rule) => rule.times > 0).length, canary, faults }),
  (changes) => plan.set(changes),
);
ready({
  port,
  origin: `${options.plain ? 'http' : 'https'}://localhost:${port}`,
  canary: canaryUrls,
  control,
});
