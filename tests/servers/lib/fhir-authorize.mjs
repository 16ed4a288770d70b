// SPDX-License-Identifier: Apache-2.0
// May this request be answered? Bearer tokens are JWTs checked against the authorization server's published keys, and
// their scopes (SMART App Launch 2.2, scopes: v2 `system/Type.cruds` and v1 `.read .write .*`) against the interaction.
import https from 'node:https';
import { createHash, timingSafeEqual } from 'node:crypto';
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';

/** Fetches over HTTPS with the test authority as only root; fetch() itself cannot be given one. */
function fetchWith(ca) {
  return (url) =>
    new Promise((resolve, reject) => {
      const request = https.get(url, { ca }, async (response) => {
        const chunks = await Array.fromAsync(response).catch(reject);
        resolve(new Response(Buffer.concat(chunks ?? []), { status: response.statusCode }));
      });
      request.on('error', reject);
    });
}

/** The letters of `cruds` that an interaction needs. A conditional one says whether a match exists, so it needs `s`. */
export function lettersFor({ method, isSearch, isConditional }) {
  if (isSearch) return 's';
  if (method === 'GET') return 'r';
  const write = { POST: 'c', PUT: 'u', PATCH: 'u', DELETE: 'd' }[method];
  return isConditional ? (method === 'PUT' ? 'cus' : `${write}s`) : write;
}

function lettersOfScope(permission) {
  return { '*': 'cruds', read: 'rs', write: 'cud' }[permission] ?? permission;
}

/** Whether the scopes allow every `{type, letters}` that a request needs. */
export function scopesAllow(scopes, needs) {
  const granted = scopes
    .map((scope) => /^system\/(\*|[A-Za-z]+)\.(\*|read|write|c?r?u?d?s?)$/.exec(scope))
    .filter((match) => match !== null);
  return needs.every(({ type, letters }) =>
    [...letters].every((letter) =>
      granted.some(([, scopeType, permission]) => {
        return (scopeType === '*' || scopeType === type) && lettersOfScope(permission).includes(letter);
      }),
    ),
  );
}

/**
 * Returns an async function of (request, needs) that resolves to undefined where the request may go on, else to
 * `{status, code, text, challenge}`. `settings` is read at each request: issuer, jwksUri, audience.
 */
export function makeAuthorizer(mode, { settings, ca, basic }) {
  if (mode === 'none' || mode === 'mtls') return async () => undefined;
  if (mode === 'basic') {
    const expected = digest(`Basic ${Buffer.from(basic).toString('base64')}`);
    return async (request) =>
      timingSafeEqual(digest(request.headers.authorization ?? ''), expected)
        ? undefined
        : {
            status: 401,
            code: 'login',
            text: 'user name and password needed',
            challenge: 'Basic realm="fhir"',
          };
  }
  const keySets = new Map();
  const keysOf = (uri) => {
    if (!keySets.has(uri))
      keySets.set(uri, createRemoteJWKSet(new URL(uri), { [customFetch]: fetchWith(ca) }));
    return keySets.get(uri);
  };
  return async (request, needs) => {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (!token)
      return { status: 401, code: 'login', text: 'bearer token needed', challenge: 'Bearer realm="fhir"' };
    try {
      const { issuer, audience, jwksUri } = settings;
      const { payload } = await jwtVerify(token, keysOf(jwksUri), {
        issuer,
        audience,
        requiredClaims: ['exp'],
      });
      if (scopesAllow((payload.scope ?? '').split(' '), needs)) return undefined;
    } catch {
      return {
        status: 401,
        code: 'login',
        text: 'the token is not valid',
        challenge: 'Bearer error="invalid_token"',
      };
    }
    const challenge = 'Bearer error="insufficient_scope"';
    return { status: 403, code: 'forbidden', text: 'the scope does not cover this', challenge };
  };
}

function digest(text) {
  return createHash('sha256').update(text).digest();
}
