// SPDX-License-Identifier: Apache-2.0
// A FHIR R4 server for tests: Medplum's FhirRouter (routing, search, conditional operations, bundles, patch, history)
// behind HTTPS. This file is what the router leaves to its host: HTTP headers, authentication, the two discovery
// documents and a request log. Resources live in memory and end with the process. README.md lists the options.
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { FhirRouter } from '@medplum/fhir-router';
import { getStatus, normalizeOperationOutcome } from '@medplum/core';
import { endWithParent, listen, readOptions, ready } from './lib/process.mjs';
import { applyChanges, readBody, startControl } from './lib/control.mjs';
import { openLog } from './lib/log.mjs';
import { tlsOptions, tlsSettings } from './lib/tls.mjs';
import { StrictRepository } from './lib/fhir-repository.mjs';
import { capabilityStatement, smartConfiguration } from './lib/fhir-capability.mjs';
import { lettersFor, makeAuthorizer } from './lib/fhir-authorize.mjs';

const basePath = '/fhir/r4';
const maximumBody = 64 << 20;
const contentTypes = ['application/fhir+json', 'application/json', 'application/json-patch+json'];

const options = readOptions({
  ...tlsOptions,
  auth: 'none',
  basic: 'fhirtrial:loopback',
  issuer: '',
  'jwks-uri': '',
  audience: '',
  log: '',
});
if (!['none', 'bearer', 'basic', 'mtls'].includes(options.auth)) {
  console.error(`fhir-server: --auth is none, bearer, basic or mtls, not ${options.auth}`);
  process.exit(2);
}

const pkiFile = (name) => readFileSync(`${options.pki}/${name}`);
const settings = { issuer: options.issuer, jwksUri: options['jwks-uri'], audience: options.audience };
const counts = { requests: 0 };
const router = new FhirRouter();
const repository = new StrictRepository(() => [...bases]);
const authorize = makeAuthorizer(options.auth, { settings, ca: pkiFile('ca.crt'), basic: options.basic });
const log = openLog(options.log);

/** Base URLs that requests came in under: the server's own, and that of a proxy, which passes the Host on. */
const bases = new Set();

function baseOf(request) {
  return `https://${request.headers.host}${basePath}`;
}

function operationOutcome(code, text) {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, details: { text } }] };
}

/** A request's place in the FHIR REST API, from its method and URL below the base. */
function interactionOf(method, url, headers) {
  const [path, query] = url.split('?', 2);
  const [type = '', id, historyWord, version] = path.split('/');
  const isSearch = (method === 'GET' && id === undefined) || id === '_search';
  const isConditional =
    Boolean(headers['if-none-exist']) || (method !== 'POST' && method !== 'GET' && id === undefined);
  const shape = [type, id && (id.startsWith('_') ? id : '[id]'), historyWord, version && '[vid]'];
  const names = query ? `?${[...new URLSearchParams(query).keys()].join('&')}` : '';
  return { method, type, isSearch, isConditional, logged: shape.filter(Boolean).join('/') + names };
}

/** What a request needs to be allowed: its own interaction, or those of a Bundle's entries. */
function needsOf(interaction, body) {
  if (interaction.type !== '') return [{ type: interaction.type, letters: lettersFor(interaction) }];
  return (body?.entry ?? []).map(({ request }) => {
    const headers = request?.ifNoneExist ? { 'if-none-exist': request.ifNoneExist } : {};
    const part = interactionOf(request?.method ?? 'GET', request?.url ?? '', headers);
    return { type: part.type, letters: lettersFor(part) };
  });
}

/** Returns `{status, body, headers}`; `url` is relative to the base, without a leading slash. */
async function answer(request, url, interaction, bytes) {
  if (request.method === 'GET' && url === 'metadata')
    return { status: 200, body: capabilityStatement(baseOf(request), options.auth) };
  if (request.method === 'GET' && url === '.well-known/smart-configuration') {
    if (options.auth !== 'bearer')
      return { status: 404, body: operationOutcome('not-found', 'no SMART server') };
    const document = smartConfiguration(settings.issuer, `${settings.issuer}/token`, settings.jwksUri);
    return { status: 200, body: document, headers: { 'content-type': 'application/json' } };
  }
  if (!bytes)
    return { status: 413, body: operationOutcome('too-long', `a body has at most ${maximumBody} bytes`) };
  let body;
  if (bytes.length) {
    const contentType = (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
    const isForm = contentType === 'application/x-www-form-urlencoded' && interaction.isSearch;
    if (!isForm && !contentTypes.includes(contentType)) {
      return {
        status: 415,
        body: operationOutcome('not-supported', `content types: ${contentTypes.join(', ')}`),
      };
    }
    try {
      const text = bytes.toString('utf8');
      body = isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text);
    } catch {
      return { status: 400, body: operationOutcome('structure', 'the body is not JSON') };
    }
  }
  const refusal = await authorize(request, needsOf(interaction, body));
  if (refusal) {
    const { status, code, text, challenge } = refusal;
    return { status, body: operationOutcome(code, text), headers: { 'www-authenticate': challenge } };
  }
  return route(request, url, body);
}

async function route(request, url, body) {
  const [outcome, resource] = await router.handleRequest(
    {
      method: request.method,
      url: `/${url}`,
      pathname: '',
      body,
      params: {},
      query: {},
      headers: request.headers,
      config: { transactions: true },
    },
    repository,
  );
  const status = getStatus(outcome);
  if (status >= 300) return { status, body: outcome };
  const headers = versionHeaders(request, status, resource);
  const prefer = request.headers.prefer ?? '';
  const isWrite =
    ['POST', 'PUT', 'PATCH'].includes(request.method) && resource && resource.resourceType !== 'Bundle';
  if (isWrite && prefer.includes('return=minimal')) return { status, headers };
  if (isWrite && prefer.includes('return=OperationOutcome')) return { status, body: outcome, headers };
  return { status, body: resource ?? outcome, headers };
}

function versionHeaders(request, status, resource) {
  const version = resource?.meta?.versionId;
  if (!version || resource.resourceType === 'Bundle') return {};
  const headers = {
    etag: `W/"${version}"`,
    'last-modified': new Date(resource.meta.lastUpdated).toUTCString(),
  };
  if (status === 201)
    headers.location = `${baseOf(request)}/${resource.resourceType}/${resource.id}/_history/${version}`;
  return headers;
}

function send(response, { status, body, headers }) {
  const text = body ? JSON.stringify(body) : '';
  response.writeHead(status, {
    ...(text ? { 'content-type': 'application/fhir+json; charset=utf-8' } : {}),
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Answers one request, and logs it before the answer leaves. `bytes` is its body, undefined where that is too long. */
async function handle(request, response, bytes) {
  if (!request.url.startsWith(`${basePath}/`)) {
    return send(response, {
      status: 404,
      body: operationOutcome('not-found', `the base is ${baseOf(request)}`),
    });
  }
  bases.add(baseOf(request));
  const url = request.url.slice(basePath.length + 1);
  const interaction = interactionOf(request.method, url, request.headers);
  const writesBefore = repository.writes;
  let result;
  try {
    result = await answer(request, url, interaction, bytes);
  } catch (error) {
    console.error(error);
    result = { status: 500, body: normalizeOperationOutcome(error) };
  }
  counts.requests += 1;
  log({
    method: request.method,
    path: interaction.logged,
    status: result.status,
    requestId: request.headers['x-request-id'] ?? null,
    ifNoneExist: 'if-none-exist' in request.headers,
    ifMatch: 'if-match' in request.headers,
    wrote: repository.writes - writesBefore,
  });
  return send(response, result);
}

/** One request at a time: the repository keeps one transaction, and counts of one request must not mix with another's. */
let previous = Promise.resolve();
async function inTurn(request, response) {
  let bytes;
  try {
    bytes = await readBody(request, maximumBody);
  } catch (error) {
    if (!error.tooLong) return response.destroy();
  }
  previous = previous
    .then(() => handle(request, response, bytes))
    .catch((error) => {
      console.error(error);
      response.destroy();
    });
}

endWithParent();
const server = https.createServer(tlsSettings(options, options.auth === 'mtls'), inTurn);
const port = await listen(server, options.port);
const base = `https://localhost:${port}${basePath}`;
bases.add(base);
settings.audience ||= base;
const control = await startControl(
  () => ({ ...settings, ...counts, writes: repository.writes }),
  ({ clear, ...changes }) => {
    applyChanges(settings, changes);
    if (clear) repository.clear();
  },
);
ready({ port, base, control });
