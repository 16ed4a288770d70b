// SPDX-License-Identifier: Apache-2.0
// fhirtrial-config.js: the configuration node: which library, which configuration, and the secrets
// that Node-RED keeps; it owns the station that the other nodes send their messages through.
'use strict';

const fs = require('node:fs/promises');
const { Station } = require('./lib/station');

const LEVELS = { debug: 'debug', info: 'log', warning: 'warn', error: 'error', host: 'warn' };
const SECRETS = { siteKey: { type: 'password' }, privateKey: { type: 'password' }, password: { type: 'password' } };

const SHAPES = {
  opening: { fill: 'grey', shape: 'ring' },
  open: { fill: 'green', shape: 'dot' },
  busy: { fill: 'green', shape: 'ring' },
  retrying: { fill: 'yellow', shape: 'ring' },
  failed: { fill: 'red', shape: 'dot' },
  closed: { fill: 'grey', shape: 'dot' },
};
const LONGEST_STATUS = 60;

/** A station's state as the dot below a node. */
function dot(state) {
  const text = state.text.length > LONGEST_STATUS
    ? `${state.text.slice(0, LONGEST_STATUS - 1)}…` : state.text;
  return { ...SHAPES[state.kind], text };
}

function atLeast(value, least, fallback) {
  const number = Number(value);
  return Number.isFinite(number) && number >= least ? number : fallback;
}

module.exports = (RED) => {
  function ConfigNode(settings) {
    RED.nodes.createNode(this, settings);
    const readConfig = settings.configFrom === 'file'
      ? () => fs.readFile(settings.configFile, 'utf8')
      : async () => settings.config;
    this.station = new Station({
      libraryPath: settings.library,
      readConfig,
      credentials: this.credentials || {},
      atATime: atLeast(settings.atATime, 1, 1),
      waitingMost: atLeast(settings.waitingMost, 1, 256),
      retryForMs: 1000 * atLeast(settings.retryFor, 0, 60),
      drainMs: 1000 * atLeast(settings.drain, 0, 2),
    });
    this.station.on('state', (state) => {
      if (state.kind === 'failed') this.error(state.text);
    });
    this.station.on('line', (line) => {
      const where = line.endpoint ? `${line.event} (${line.endpoint})` : line.event;
      this[LEVELS[line.level] || 'log'](`${where}: ${line.text}`);
    });
    this.station.open();
    this.on('close', (done) => {
      this.station.close().then(() => done(), done);
    });
  }
  RED.nodes.registerType('fhirtrial-config', ConfigNode, { credentials: SECRETS });
};

/**
 * The station of the configuration node that `node` was given, whose state it shows until it is
 * closed. Where none was chosen it says so; null then, and every message is to fail with UNCHOSEN.
 */
module.exports.attach = (RED, node, id) => {
  const configuration = RED.nodes.getNode(id);
  if (!configuration || !configuration.station) {
    node.status({ fill: 'red', shape: 'ring', text: 'no configuration chosen' });
    return null;
  }
  const { station } = configuration;
  const show = (state) => node.status(dot(state));
  show(station.state);
  station.on('state', show);
  node.on('close', () => station.off('state', show));
  return station;
};

module.exports.UNCHOSEN = 'no fhirtrial configuration is chosen';
