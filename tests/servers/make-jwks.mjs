// SPDX-License-Identifier: Apache-2.0
// make-jwks FOLDER: reads the client keys that make-pki left there, writes their public halves to
// client-jwks.json (RFC 7517) and each key id, the RFC 7638 thumbprint, to <key>.kid.
import { createHash, createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: make-jwks FOLDER');
  process.exit(2);
}

/** The members that RFC 7638 section 3.2 hashes, in its order. */
const thumbprintMembers = { RSA: ['e', 'kty', 'n'], EC: ['crv', 'kty', 'x', 'y'] };

function publicJwk(name, alg) {
  const jwk = createPublicKey(readFileSync(`${folder}/${name}.pem`)).export({ format: 'jwk' });
  const hashed = Object.fromEntries(thumbprintMembers[jwk.kty].map((member) => [member, jwk[member]]));
  const kid = createHash('sha256').update(JSON.stringify(hashed)).digest('base64url');
  writeFileSync(`${folder}/${name}.kid`, kid);
  return { ...jwk, kid, alg, use: 'sig' };
}

const keys = [publicJwk('jwt-rs384', 'RS384'), publicJwk('jwt-es384', 'ES384')];
writeFileSync(`${folder}/client-jwks.json`, JSON.stringify({ keys }, null, 2) + '\n');
