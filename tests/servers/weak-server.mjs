// SPDX-License-Identifier: Apache-2.0
// A FHIR server with weak semantics: @asymmetrik/node-fhir-server-core. It ignores If-None-Exist and If-Match, has no
// conditional update, and answers with a relative Location and an unquoted ETag. Installed by `install --weak`.
import https from 'node:https';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { endWithParent, listen, readOptions, ready } from './lib/process.mjs';
import { tlsOptions, tlsSettings } from './lib/tls.mjs';

const options = readOptions(tlsOptions);
const requireWeak = createRequire(new URL('./weak/storage.cjs', import.meta.url));
const { initialize } = requireWeak('@asymmetrik/node-fhir-server-core');

endWithParent();
const application = initialize({
  profiles: {
    flag: { service: fileURLToPath(new URL('./weak/storage.cjs', import.meta.url)), versions: ['4_0_1'] },
  },
  logging: { level: 'error' },
});
const server = https.createServer(tlsSettings(options), application.app);
const port = await listen(server, options.port);
ready({ port, base: `https://localhost:${port}/4_0_1` });
