// SPDX-License-Identifier: Apache-2.0
// secrets.js: keys and passwords from Node-RED's credential store, for a library that takes
// secrets as files only. They are written to a folder that nobody else may enter, named in the
// configuration where it names none, and removed when the handle is closed.
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const OWN_FILE = 0o600;

class Secrets {
  constructor() { this.folder = null; }

  write(name, text) {
    if (!this.folder) this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fhirtrial-'));
    const file = path.join(this.folder, name);
    fs.writeFileSync(file, text.endsWith('\n') ? text : `${text}\n`, { mode: OWN_FILE, flag: 'w' });
    return file;
  }

  /** The configuration (text of JSON) with the credentials { siteKey, privateKey, password }
   * named as files where it names no file itself. Throws where the text is no JSON object. */
  place(text, credentials) {
    const config = JSON.parse(text);
    if (config === null || typeof config !== 'object' || Array.isArray(config)) {
      throw new SyntaxError('the configuration must be a JSON object');
    }
    const missing = [];
    if (credentials.siteKey && config.siteKey === undefined) {
      missing.push([config, 'siteKey', 'siteKey']);
    }
    for (const endpoint of Array.isArray(config.endpoints) ? config.endpoints : []) {
      const auth = (endpoint && endpoint.auth) || {};
      if (auth.type === 'smart-backend' && auth.key === undefined && credentials.privateKey) {
        missing.push([auth, 'key', 'privateKey']);
      }
      if (auth.type === 'basic' && auth.password === undefined && credentials.password) {
        missing.push([auth, 'password', 'password']);
      }
    }
    // The text stays as it was written where nothing is added: errors name its lines.
    if (missing.length === 0) return text;
    for (const [object, key, name] of missing) object[key] = this.write(name, credentials[name]);
    return JSON.stringify(config, null, 2);
  }

  remove() {
    if (this.folder) fs.rmSync(this.folder, { recursive: true, force: true });
    this.folder = null;
  }
}

module.exports = { Secrets };
