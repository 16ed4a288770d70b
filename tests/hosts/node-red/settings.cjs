// SPDX-License-Identifier: Apache-2.0
// Settings of the Node-RED that is tested: the loopback interface only, nothing asked of the network.
'use strict';

module.exports = {
  uiHost: '127.0.0.1',
  uiPort: Number(process.env.FHIRTRIAL_PORT),
  flowFile: 'flows.json',
  credentialSecret: 'a secret of the tests',
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false, projects: { enabled: false } },
  externalModules: { autoInstall: false, palette: { allowInstall: false } },
  logging: { console: { level: 'info', metrics: false, audit: false } },
};
