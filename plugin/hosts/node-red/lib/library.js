// SPDX-License-Identifier: Apache-2.0
// library.js: the shared object as Node sees it: fhirtrial.h through koffi, one class for the
// file (Library) and one for a handle (Handle). Nothing here knows Node-RED.
//
// Three things that koffi and Node force upon a host are settled here once:
// - the library is loaded with deep binding, else its SSL_* and inflate would be those that the
//   `node` program exports, not the system's (query "libs" tells);
// - whatever may touch a disk or a network is called asynchronously, on libuv's threads, with a
//   stack of 1 MiB in place of koffi's 128 KiB;
// - no callback is registered: koffi would run it on the JavaScript thread, which may be inside a
//   call. Log lines are pulled (fhirtrial_next_event).
'use strict';

const koffi = require('koffi');

const ABI = (1 << 16) | 0;
const FIRST_BUFFER = 64 * 1024;
const HANDLE_OPEN = 0;
const HANDLE_CLOSING = 1;
const HANDLE_CLOSED = 2;

const CODES = {
  OK: 0, PENDING: 1, NOMATCH: 2,
  E_ARG: -1, E_HANDLE: -2, E_ABI: -3, E_CONFIG: -4, E_BUFFER: -5, E_PARSE: -6, E_REJECT: -7,
  E_RETRY: -8, E_AUTH: -9, E_FULL: -10, E_CLOSED: -11, E_NOMEM: -12, E_FORK: -13, E_INTERNAL: -99,
};
const NAMES = new Map(Object.entries(CODES).map(([name, code]) => [code, name]));

// What a code means for the one who sent the message: the three-way result of an engine.
const RETRY = new Set([CODES.E_RETRY, CODES.E_FULL, CODES.E_NOMEM]);
const REFUSED = new Set([CODES.E_PARSE, CODES.E_REJECT]);

// koffi's settings are fixed with its first call, for the whole process: another package may have
// been first, and its settings then stay.
try {
  koffi.config({ async_stack_size: 1024 * 1024 });
} catch (error) { /* the small stack is enough: the library stays below 64 KiB of it */ }

const FUNCTIONS = [
  'uint32_t fhirtrial_abi_version()',
  'int32_t fhirtrial_open(uint32_t, void *, int64_t, _Out_ int32_t *)',
  'int32_t fhirtrial_configure(int32_t, void *, int64_t)',
  'int32_t fhirtrial_process(int32_t, void *, int64_t, const char *, void *, int64_t, _Out_ int64_t *, _Out_ int64_t *)',
  'int32_t fhirtrial_result(int32_t, int64_t, void *, int64_t, _Out_ int64_t *)',
  'int32_t fhirtrial_step(int32_t, int32_t)',
  'int32_t fhirtrial_query(int32_t, const char *, void *, int64_t, _Out_ int64_t *)',
  'int32_t fhirtrial_next_event(int32_t, void *, int64_t, _Out_ int64_t *)',
  'const char *fhirtrial_strerror(int32_t)',
  'int32_t fhirtrial_close(int32_t, int32_t)',
];

/** What a call did not give: `code` of fhirtrial.h, `codeName`, and where there is one `outcome`,
 * the parsed OperationOutcome or result that says why. */
class FhirtrialError extends Error {
  constructor(code, message, outcome = null) {
    super(message);
    this.name = 'FhirtrialError';
    this.code = code;
    this.codeName = NAMES.get(code) || String(code);
    this.outcome = outcome;
  }

  /** Nothing was stored; the same bytes may be sent again later. */
  get retry() { return RETRY.has(this.code); }

  /** The bytes were refused; they must never be sent again. */
  get refused() { return REFUSED.has(this.code); }
}

/** The texts of an OperationOutcome's issues, or of the one inside a message's result. */
function issueTexts(document) {
  const outcome = document && (document.operationOutcome || document);
  const issues = (outcome && outcome.issue) || [];
  return issues.map((issue) => {
    const text = (issue.details && issue.details.text) || issue.code;
    const place = issue.diagnostics || (issue.expression || [])[0];
    return place ? `${place}: ${text}` : text;
  });
}

function asynchronously(fn, ...args) {
  return new Promise((resolve, reject) => {
    fn.async(...args, (error, code) => (error ? reject(error) : resolve(code)));
  });
}

// A document: the library says how long it is, so the second buffer always fits unless the answer
// grew in between.
async function document(firstBuffer, ask) {
  let buffer = Buffer.allocUnsafe(firstBuffer);
  for (;;) {
    const length = [0];
    const code = await ask(buffer, length);
    if (code !== CODES.E_BUFFER) return { code, text: buffer.toString('utf8', 0, Number(length[0])) };
    buffer = Buffer.allocUnsafe(Number(length[0]));
  }
}

/** A loaded libfhirtrial.so. Throws where the file cannot be loaded or is of another interface. */
class Library {
  constructor(path) {
    this.path = path;
    this.firstBuffer = FIRST_BUFFER; // bytes offered for an answer before its size is known
    this.file = koffi.load(path, { deep: true });
    this.call = {};
    try {
      for (const prototype of FUNCTIONS) {
        const fn = this.file.func(prototype);
        this.call[/fhirtrial_(\w+)/.exec(prototype)[1]] = fn;
      }
      const found = this.call.abi_version();
      if (found >>> 16 !== ABI >>> 16) {
        throw new FhirtrialError(CODES.E_ABI,
          `${path} has interface ${found >>> 16}.${found & 0xffff}, this package was made for ${ABI >>> 16}.x`);
      }
    } catch (error) {
      this.file.unload();
      throw error;
    }
  }

  strerror(code) { return this.call.strerror(code); }

  /** A question that needs no handle: "info", "libs", "config-schema", "last-error". */
  async query(what) {
    const { code, text } = await document(this.firstBuffer, (out, length) =>
      asynchronously(this.call.query, 0, what, out, out.length, length));
    if (code === CODES.NOMATCH) return null;
    if (code !== CODES.OK) throw new FhirtrialError(code, `${what}: ${this.strerror(code)}`);
    return JSON.parse(text);
  }

  /** Opens a handle with the text of a configuration. */
  async open(config) {
    const bytes = Buffer.from(config, 'utf8');
    const handle = [0];
    const code = await asynchronously(this.call.open, ABI, bytes, bytes.length, handle);
    if (code !== CODES.OK) throw await this.failure(0, code, 'open');
    return new Handle(this, handle[0]);
  }

  async failure(handle, code, what) {
    const { text } = await document(this.firstBuffer, (out, length) =>
      asynchronously(this.call.query, handle, 'last-error', out, out.length, length));
    let outcome = null;
    try { outcome = JSON.parse(text); } catch (error) { /* nothing is on record */ }
    const told = issueTexts(outcome).join('; ') || this.strerror(code);
    return new FhirtrialError(code, `${what}: ${told}`, outcome);
  }

  /** Gives the file up; a file that was put in its place is loaded by the next Library. */
  unload() { this.file.unload(); }
}

/** An open handle. Every method may be called while others of the same handle are under way. */
class Handle {
  constructor(library, number) {
    this.library = library;
    this.number = number;
    this.pending = new Set();
    this.state = HANDLE_OPEN;
  }

  // After close() no call may start: the library may be unloaded then.
  async run(fn, ...args) {
    if (this.state !== HANDLE_OPEN) {
      throw new FhirtrialError(this.state === HANDLE_CLOSED ? CODES.E_HANDLE : CODES.E_CLOSED,
        'the handle is closed');
    }
    const call = asynchronously(fn, this.number, ...args);
    this.pending.add(call);
    try {
      return await call;
    } finally {
      this.pending.delete(call);
    }
  }

  /** Takes in one message (Buffer or string) with its meta (object or null). Gives
   * { code, result }; a message that was not stored throws FhirtrialError. */
  async process(message, meta = null) {
    const { call } = this.library;
    const bytes = Buffer.isBuffer(message) ? message : Buffer.from(message, 'utf8');
    const told = meta ? JSON.stringify(meta) : null;
    let out = Buffer.allocUnsafe(this.library.firstBuffer);
    const length = [0];
    const job = [0];
    let code = await this.run(call.process, bytes, bytes.length, told, out, out.length, length, job);
    while (code === CODES.E_BUFFER) {
      out = Buffer.allocUnsafe(Number(length[0]));
      code = await this.run(call.result, job[0], out, out.length, length);
    }
    const text = out.toString('utf8', 0, Number(length[0]));
    const result = text ? JSON.parse(text) : null;
    if (code === CODES.OK || code === CODES.NOMATCH) return { code, result };
    if (result) throw new FhirtrialError(code, issueTexts(result).join('; '), result);
    throw await this.library.failure(this.number, code, 'process');
  }

  /** A question or command of docs/abi.md. Gives the parsed answer, text for "prometheus", null
   * where nothing is known. */
  async query(what) {
    const { code, text } = await document(this.library.firstBuffer, (out, length) =>
      this.run(this.library.call.query, what, out, out.length, length));
    if (code === CODES.NOMATCH) return null;
    if (code !== CODES.OK) throw await this.library.failure(this.number, code, what.split('?')[0]);
    return what === 'prometheus' ? text : JSON.parse(text);
  }

  /** Replaces the configuration, which reads the mappings anew; after an error the old stays. */
  async configure(config) {
    const bytes = Buffer.from(config, 'utf8');
    const code = await this.run(this.library.call.configure, bytes, bytes.length);
    if (code !== CODES.OK) throw await this.library.failure(this.number, code, 'configure');
  }

  /** Works for about `milliseconds` (needed with "threads": 0 only). true: more is to be done. */
  async step(milliseconds) {
    const code = await this.run(this.library.call.step, milliseconds);
    if (code === CODES.OK || code === CODES.PENDING) return code === CODES.PENDING;
    throw await this.library.failure(this.number, code, 'step');
  }

  /** The log lines that wait, oldest first, as objects. */
  async events() {
    const lines = [];
    for (;;) {
      const { code, text } = await document(this.library.firstBuffer, (out, length) =>
        this.run(this.library.call.next_event, out, out.length, length));
      if (code !== CODES.OK) return lines;
      lines.push(JSON.parse(text));
    }
  }

  /** Ends the handle; what was acknowledged is in the store and goes on with the next open.
   * false: it was closed before. */
  async close(drainMilliseconds = 0) {
    if (this.state !== HANDLE_OPEN) return false;
    this.state = HANDLE_CLOSING;
    const code = await asynchronously(this.library.call.close, this.number, drainMilliseconds);
    await Promise.allSettled(this.pending);
    this.state = HANDLE_CLOSED;
    return code === CODES.OK;
  }
}

module.exports = { ABI, CODES, FhirtrialError, Handle, Library, issueTexts };
