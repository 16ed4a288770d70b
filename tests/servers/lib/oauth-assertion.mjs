// SPDX-License-Identifier: Apache-2.0
// What SMART Backend Services asks of a token request beyond what oidc-provider enforces, as Inferno's client suite
// checks it: grant type, assertion type and scope present; `typ` JWT; `iss` = `sub`; `aud` the token URL as one string;
// `exp` present and at most five minutes ahead; `jti` present. Replay and signature are oidc-provider's own checks.
import { decodeJwt, decodeProtectedHeader } from 'jose';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const longestLife = 300;

/** Returns undefined, or `{error, text}` with an OAuth2 error code (RFC 6749 section 5.2). */
export function assertionFault(form, tokenUrl) {
  if (form.grant_type !== 'client_credentials')
    return { error: 'unsupported_grant_type', text: 'grant_type' };
  if (!form.scope) return { error: 'invalid_scope', text: 'scope is missing' };
  if (form.client_assertion_type !== assertionType)
    return { error: 'invalid_client', text: 'client_assertion_type' };
  let header;
  let claims;
  try {
    header = decodeProtectedHeader(form.client_assertion);
    claims = decodeJwt(form.client_assertion);
  } catch {
    return { error: 'invalid_client', text: 'client_assertion is not a JWT' };
  }
  const now = Math.floor(Date.now() / 1000);
  const rules = [
    [header.typ === 'JWT', 'typ is JWT'],
    [typeof header.kid === 'string', 'kid is required'],
    [typeof claims.iss === 'string' && claims.iss === claims.sub, 'iss and sub are the client id'],
    [claims.aud === tokenUrl, 'aud is the token URL, as a string'],
    [Number.isInteger(claims.exp) && claims.exp > now, 'exp is ahead'],
    [claims.exp <= now + longestLife, `exp is at most ${longestLife} s ahead`],
    [typeof claims.jti === 'string' && claims.jti.length >= 16, 'jti is a nonce'],
  ];
  const broken = rules.find(([holds]) => !holds);
  return broken && { error: 'invalid_client', text: broken[1] };
}
