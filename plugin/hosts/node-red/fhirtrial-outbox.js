// SPDX-License-Identifier: Apache-2.0
// fhirtrial-outbox.js: the node that shows and steers what is to be sent: a report every few
// seconds, or an answer to a command in msg.topic.
'use strict';

const { attach, UNCHOSEN } = require('./fhirtrial-config');

// What may be asked, and how msg.payload becomes its arguments.
const COMMANDS = {
  status: null,
  list: (payload) => (payload.state ? { state: payload.state } : {}),
  retry: (payload) => ({ id: payload.id }),
  park: (payload) => ({ id: payload.id, reason: payload.reason }),
  reload: null,
};
const QUERIES = { list: 'outbox', retry: 'outbox.retry', park: 'outbox.park' };

function question(command, payload) {
  const given = payload !== null && typeof payload === 'object' ? payload : {};
  const args = Object.entries(COMMANDS[command](given)).filter(([, value]) => value !== undefined);
  const missing = command !== 'list' && !args.some(([name]) => name === 'id');
  if (missing) throw new Error(`${command} needs msg.payload.id, an entry's id as "list" gives it`);
  const text = args.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return text ? `${QUERIES[command]}?${text}` : QUERIES[command];
}

async function report(station) {
  const health = await station.query('health');
  const stats = await station.query('stats');
  return { health, outbox: stats.store.outbox };
}

module.exports = (RED) => {
  function OutboxNode(settings) {
    RED.nodes.createNode(this, settings);
    const station = attach(RED, this, settings.configuration);
    if (!station) {
      this.on('input', (message, send, done) => done(new Error(UNCHOSEN)));
      return;
    }

    const answer = async (command, payload) => {
      if (command === 'status') return report(station);
      if (command === 'reload') {
        await station.reload();
        return { reloaded: true };
      }
      return station.query(question(command, payload));
    };

    this.on('input', async (message, send, done) => {
      const command = message.topic || 'status';
      if (!Object.hasOwn(COMMANDS, command)) {
        done(new Error(`msg.topic must be one of ${Object.keys(COMMANDS).join(', ')}`));
        return;
      }
      try {
        message.payload = await answer(command, message.payload);
        send(message);
        done();
      } catch (error) {
        done(error);
      }
    });

    const seconds = Number(settings.every);
    if (!(seconds > 0)) return;
    let last = '';
    const timer = setInterval(async () => {
      try {
        const payload = await report(station);
        const text = JSON.stringify(payload);
        if (text !== last) this.send({ topic: 'status', payload });
        last = text;
      } catch (error) { /* the state stands below the node already */ }
    }, 1000 * seconds);
    this.on('close', () => clearInterval(timer));
  }
  RED.nodes.registerType('fhirtrial-outbox', OutboxNode);
};
