// SPDX-License-Identifier: Apache-2.0
// station.js: one open handle and the messages on their way into it. It opens and opens again,
// holds back what comes too fast, repeats what the library asked to repeat, works for a handle
// without threads of its own, and hands on the log. Nothing here knows Node-RED.
'use strict';

const { EventEmitter } = require('node:events');
const { CODES, FhirtrialError } = require('./library');
const { borrow, giveBack } = require('./shared');
const { Secrets } = require('./secrets');

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
const TICK_MS = 1000;
const STEP_MS = 200;

/** Events: 'state' (text, kind) whenever `state` changes, 'line' (object) for each log line.
 * Options: libraryPath; readConfig, an async function that gives the configuration's text;
 * credentials; atATime, messages given to the library at once; waitingMost, messages held back;
 * retryForMs, how long a message is repeated; drainMs, how long a close may send. */
class Station extends EventEmitter {
  constructor(options) {
    super();
    this.options = options;
    this.library = null;
    this.handle = null;
    this.secrets = new Secrets();
    this.waiting = [];
    this.busyKeys = new Set();
    this.under = 0;
    this.closed = false;
    this.dead = false;
    this.opening = Promise.resolve();
    this.timers = new Set();
    this.state = { kind: 'opening', text: 'opening' };
  }

  setState(kind, text) {
    if (this.state.kind === kind && this.state.text === text) return;
    this.state = { kind, text };
    this.emit('state', this.state);
  }

  later(milliseconds, work) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.closed) work();
    }, milliseconds);
    this.timers.add(timer);
  }

  /** Loads the library and opens the handle. A busy store is tried again; what only a person can
   * mend is the station's state until the next deploy. */
  open() {
    this.opening = this.tryOpen(FIRST_PAUSE_MS);
    return this.opening;
  }

  async tryOpen(pause) {
    try {
      if (!this.library) this.library = borrow(this.options.libraryPath);
      const text = this.secrets.place(await this.options.readConfig(), this.options.credentials);
      this.handle = await this.library.open(text);
      this.ownThreads = (await this.handle.query('info')).threads > 0;
      if (this.closed) return;
      this.setState('open', 'open');
      this.tick();
      this.next();
    } catch (error) {
      if (this.closed) return;
      this.setState('failed', error.message);
      if (error.retry) {
        this.later(pause, () => {
          this.opening = this.tryOpen(Math.min(2 * pause, LONGEST_PAUSE_MS));
        });
        return;
      }
      this.dead = true;
      this.secrets.remove();
      for (const entry of this.waiting.splice(0)) entry.reject(this.notOpen());
    }
  }

  notOpen() {
    return new FhirtrialError(CODES.E_CONFIG, `the library is not open: ${this.state.text}`);
  }

  // Log lines are pulled, and a handle without threads is worked for, once a second.
  async tick() {
    try {
      if (!this.ownThreads) while (!this.closed && await this.handle.step(STEP_MS));
    } catch (error) { /* it stands in the log lines and in the endpoint's health */ }
    await this.pullLines();
    if (!this.closed) this.later(TICK_MS, () => this.tick());
  }

  async pullLines() {
    const { handle } = this;
    if (!handle || this.closed) return;
    for (const line of await handle.events()) this.emit('line', line);
  }

  /** Takes in a message: gives { code, result }, throws FhirtrialError. Messages of one key are
   * given to the library one after another; with more waiting than `waitingMost` it is E_FULL. */
  process(message, meta) {
    if (this.closed || this.dead) return Promise.reject(this.notOpen());
    if (this.waiting.length >= this.options.waitingMost) {
      return Promise.reject(new FhirtrialError(CODES.E_FULL,
        `${this.waiting.length} messages wait already: send more slowly`));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ message, meta, resolve, reject, since: Date.now(), pause: FIRST_PAUSE_MS });
      this.next();
    });
  }

  next() {
    while (this.handle && this.under < this.options.atATime) {
      const at = this.waiting.findIndex((e) => !e.meta || !e.meta.key || !this.busyKeys.has(e.meta.key));
      if (at < 0) return;
      const [entry] = this.waiting.splice(at, 1);
      this.give(entry);
    }
  }

  async give(entry) {
    const key = entry.meta && entry.meta.key;
    this.under += 1;
    if (key) this.busyKeys.add(key);
    this.setState('busy', this.waiting.length ? `busy, ${this.waiting.length} waiting` : 'busy');
    try {
      entry.resolve(await this.untilStored(entry));
    } catch (error) {
      entry.reject(error);
    }
    this.under -= 1;
    if (key) this.busyKeys.delete(key);
    if (this.closed) return;
    this.next();
    if (this.under === 0) this.setState('open', 'open');
  }

  // The message keeps its place while it is repeated, so that order is kept.
  async untilStored(entry) {
    for (;;) {
      try {
        return await this.handle.process(entry.message, entry.meta);
      } catch (error) {
        const late = Date.now() - entry.since + entry.pause > this.options.retryForMs;
        if (!error.retry || late || this.closed) throw error;
        this.setState('retrying', `trying again: ${error.message}`);
        await new Promise((resolve) => { setTimeout(resolve, entry.pause); });
        if (this.closed) throw error;
        entry.pause = Math.min(2 * entry.pause, LONGEST_PAUSE_MS);
      }
    }
  }

  /** Reads the configuration and the mappings anew; after an error the old ones stay. */
  async reload() {
    if (!this.handle) throw this.notOpen();
    await this.handle.configure(
      this.secrets.place(await this.options.readConfig(), this.options.credentials));
  }

  query(what) {
    return this.handle ? this.handle.query(what) : Promise.reject(this.notOpen());
  }

  /** Ends the station; messages that wait are refused, what was acknowledged is in the store. */
  async close() {
    if (this.closed) return;
    await this.pullLines().catch(() => {});
    this.closed = true;
    await this.opening;
    for (const timer of this.timers) clearTimeout(timer);
    for (const entry of this.waiting.splice(0)) {
      entry.reject(new FhirtrialError(CODES.E_CLOSED, 'the node was closed before this message was taken'));
    }
    if (this.handle) await this.handle.close(this.options.drainMs);
    this.handle = null;
    if (this.library) giveBack(this.library);
    this.library = null;
    this.secrets.remove();
    this.setState('closed', 'closed');
  }
}

module.exports = { Station };
