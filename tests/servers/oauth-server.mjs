// SPDX-License-Identifier: Apache-2.0
// An OAuth2 authorization server for SMART Backend Services: oidc-provider with private_key_jwt (RS384, ES384) and JWT
// access tokens for one audience, the FHIR base. Clients: `fhirtrial-rs384` and `fhirtrial-es384` with the keys that
// make-pki made, and `loader` with a secret, by which tests put patients on the FHIR server. README.md lists the options.
import https from 'node:https';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { endWithParent, listen, readOptions, ready } from './lib/process.mjs';
import { applyChanges, readBody, startControl } from './lib/control.mjs';
import { openLog } from './lib/log.mjs';
import { tlsOptions, tlsSettings } from './lib/tls.mjs';
import { assertionFault } from './lib/oauth-assertion.mjs';

const { default: Provider, errors } = await import('oidc-provider');

const clientScopes = [
  'system/Flag.cruds',
  'system/Flag.crus',
  'system/Flag.crs',
  'system/Flag.c',
  'system/Flag.rs',
];
clientScopes.push('system/Flag.write', 'system/Flag.read', 'system/Patient.rs', 'system/Patient.read');
const scopes = [...clientScopes, 'system/*.cruds', 'system/*.read', 'system/*.rs'];

const options = readOptions({ ...tlsOptions, audience: '', log: '' });
const pkiFile = (name) => readFileSync(`${options.pki}/${name}`);

/** What a test may change while the server runs; README.md says what each does. */
const settings = { audience: options.audience, lifetime: 300, delay: 0, deny: null, reply: {} };
const counts = { tokenRequests: 0, granted: 0, refused: 0 };
const log = openLog(options.log);

function client(id, algorithm, allowed = clientScopes) {
  return {
    client_id: id,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: algorithm,
    jwks: JSON.parse(pkiFile('client-jwks.json')),
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    scope: allowed.join(' '),
  };
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: 'authorization-server', alg: 'RS256', use: 'sig' };
}

function makeProvider(issuer) {
  const loader = {
    ...client('loader', undefined, scopes),
    jwks: undefined,
    token_endpoint_auth_method: 'client_secret_basic',
    client_secret: pkiFile('loader.secret').toString('utf8').trim(),
  };
  const provider = new Provider(issuer, {
    jwks: { keys: [signingKey()] },
    scopes,
    clients: [client('fhirtrial-rs384', 'RS384'), client('fhirtrial-es384', 'ES384'), loader],
    clientAuthMethods: ['private_key_jwt', 'client_secret_basic'],
    enabledJWA: { clientAuthSigningAlgValues: ['RS384', 'ES384'] },
    ttl: { ClientCredentials: () => settings.lifetime },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => settings.audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (context, resource) => {
          if (resource !== settings.audience) throw new errors.InvalidTarget();
          return {
            scope: scopes.join(' '),
            audience: settings.audience,
            accessTokenFormat: 'jwt',
            accessTokenTTL: settings.lifetime,
            jwt: { sign: { alg: 'RS256' } },
          };
        },
      },
    },
  });
  provider.on('grant.error', (context, error) => {
    context.state.refusal = error.error_detail ?? error.error_description ?? error.message;
  });
  provider.on('server_error', (context, error) => console.error(error));
  provider.use(tokenRequests(issuer));
  return provider;
}

/** Refusals that test servers seen in the field answer with: some have no body, one comes from a proxy before them. */
const refusals = {
  'invalid-client': {
    status: 401,
    body: { error: 'invalid_client', error_description: 'client authentication failed' },
  },
  'invalid-scope': { status: 400, body: { error: 'invalid_scope' } },
  'server-error': { status: 500, body: { error: 'server_error' } },
  unavailable: { status: 503, body: '', headers: { 'retry-after': '1' } },
  empty: { status: 403, body: '' },
  html: {
    status: 200,
    body: '<html><body>Please log in</body></html>',
    headers: { 'content-type': 'text/html' },
  },
};

/** Middleware around the token endpoint: counts, logs, the stricter checks, and what a test asked for. */
function tokenRequests(issuer) {
  return async (context, next) => {
    if (context.path !== '/token' || context.method !== 'POST') return next();
    counts.tokenRequests += 1;
    if (settings.delay) await new Promise((resolve) => setTimeout(resolve, settings.delay));
    // oidc-provider takes a body that was read before it, as context.req.body.
    const form = Object.fromEntries(new URLSearchParams((await readBody(context.req)).toString('utf8')));
    context.req.body = form;
    const fault = context.get('authorization') ? undefined : assertionFault(form, `${issuer}/token`);
    if (settings.deny) {
      const { status, body, headers = {} } = refusals[settings.deny];
      Object.assign(context, { status, body });
      context.set(headers);
    } else if (fault) {
      context.state.refusal = fault.text;
      context.status = fault.error === 'invalid_client' ? 401 : 400;
      context.body = { error: fault.error, error_description: fault.text };
    } else {
      await next();
    }
    finishTokenRequest(context, form);
  };
}

function finishTokenRequest(context, form) {
  const granted = context.status === 200 && context.body?.access_token !== undefined;
  counts[granted ? 'granted' : 'refused'] += 1;
  if (granted) {
    for (const [name, value] of Object.entries(settings.reply)) {
      if (value === null) delete context.body[name];
      else context.body[name] = value;
    }
  }
  log({
    event: 'token',
    status: context.status,
    granted,
    scope: form.scope ?? null,
    refusal: context.state.refusal ?? null,
  });
}

endWithParent();
let answer;
const server = https.createServer(tlsSettings(options), (request, response) => answer(request, response));
const port = await listen(server, options.port);
const issuer = `https://localhost:${port}`;
answer = makeProvider(issuer).callback();
const control = await startControl(
  () => ({ ...settings, ...counts }),
  (changes) => {
    if (changes.deny && !(changes.deny in refusals))
      throw new Error(`deny is one of: ${Object.keys(refusals).join(', ')}`);
    applyChanges(settings, changes);
  },
);
ready({ port, issuer, tokenUrl: `${issuer}/token`, jwksUri: `${issuer}/jwks`, control });
