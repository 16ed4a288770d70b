// SPDX-License-Identifier: Apache-2.0
// The TLS side of a test server: which certificate it shows, and where a test wants that, how old its TLS is.
import { readFileSync } from 'node:fs';

/** Options that every server with TLS takes. `cert` names a key pair of the folder `pki`. */
export const tlsOptions = { pki: undefined, port: '0', cert: 'server', 'tls-max': '' };

/** What https.createServer() needs for the options; `mutual` asks for a client certificate of the test authority. */
export function tlsSettings(options, mutual = false) {
  const read = (name) => readFileSync(`${options.pki}/${name}`);
  const settings = { key: read(`${options.cert}.key`), cert: read(`${options.cert}.crt`) };
  if (mutual) {
    Object.assign(settings, {
      requestCert: true,
      rejectUnauthorized: true,
      ca: read('ca.crt'),
      crl: read('ca.crl'),
    });
  }
  // OpenSSL itself refuses to serve a 1024-bit key or TLS before 1.2, unless its security level is lowered.
  if (options.cert === 'weak' || options['tls-max']) settings.ciphers = 'DEFAULT@SECLEVEL=0';
  if (options['tls-max']) Object.assign(settings, { minVersion: 'TLSv1', maxVersion: options['tls-max'] });
  return settings;
}
