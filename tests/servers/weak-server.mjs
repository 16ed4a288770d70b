// SPDX-License-Identifier: Apache-2.0
// A FHIR server with weak semantics: @asymmetrik/node-fhir-server-core. It ignores If-None-Exist and If-Match, has no
// conditional update, and answers with a relative Location and an unquoted ETag. Installed by `install --weak`.
import https from 'node:https';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { endWithParent, listen, readOptions, ready } from './lib/process.mjs';

const options = readOptions({ pki: undefined, port: '0', cert: 'server' });
const requireWeak = createRequire(new URL('./weak/storage.cjs', import.meta.url));
const { initialize } = requireWeak('@asymmetrik/node-fhir-server-core');

endWithParent();
const application = initialize({
  profiles: {
    flag: { service: fileURLToPath(new URL('./weak/storage.cjs', import.meta.url)), versions: ['4_0_1'] },
  },
  logging: { level: 'error' },
});
const pkiFile = (name) => readFileSync(`${options.pki}/${name}`);
const server = https.createServer(
  { key: pkiFile(`${options.cert}.key`), cert: pkiFile(`${options.cert}.crt`) },
  application.app,
);
const port = await listen(server, options.port);
ready({ port, base: `https://localhost:${port}/4_0_1` });
