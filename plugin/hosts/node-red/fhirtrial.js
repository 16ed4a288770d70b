// SPDX-License-Identifier: Apache-2.0
// fhirtrial.js: the node that takes FHIR messages in. Outputs: 1 the records of the patients
// concerned, 2 the verdicts, 3 the problems of the message itself. What is not the message's fault
// goes to a Catch node.
'use strict';

const { CODES } = require('./lib/library');
const { attach, UNCHOSEN } = require('./fhirtrial-config');

const BAD_REQUEST = 400;
const UNPROCESSABLE = 422;
const UNAVAILABLE = 503;
const BROKEN = 500;
const RETRY_AFTER_S = '30';

function statusOf(error) {
  if (error.refused) return UNPROCESSABLE;
  return error.retry || error.code === CODES.E_CLOSED ? UNAVAILABLE : BROKEN;
}

// The bytes of a message: text and Buffers as they came, so that digits and order survive; an
// object that some earlier node has parsed is written anew.
function bytesOf(payload) {
  if (Buffer.isBuffer(payload) || typeof payload === 'string') return payload;
  if (payload !== null && typeof payload === 'object') return JSON.stringify(payload);
  return null;
}

// A copy for a further output: an HTTP request may be answered once only.
function withoutRequest(RED, message) {
  const { req, res, ...rest } = message;
  return RED.util.cloneMessage(rest);
}

function outcomeOf(error) {
  if (error.outcome && error.outcome.operationOutcome) return error.outcome.operationOutcome;
  if (error.outcome && error.outcome.resourceType === 'OperationOutcome') return error.outcome;
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: 'processing', details: { text: error.message } }],
  };
}

// What the flow's sender is told when a Catch node leads to an HTTP response: a message that was not
// taken in must not be answered with 200.
function fail(message, error, status, done) {
  message.statusCode = status;
  message.headers = error.retry ? { 'retry-after': RETRY_AFTER_S } : {};
  message.payload = outcomeOf(error);
  done(error);
}

// One record for each patient whose verdicts the message may have changed.
async function recordsOf(station, result) {
  const seen = new Map();
  for (const { patient, source } of result.verdicts) seen.set(`${source} ${patient}`, { patient, source });
  const records = [];
  for (const { patient, source } of seen.values()) {
    const record = await station.query(
      `record?patient=${encodeURIComponent(patient)}&source=${encodeURIComponent(source)}`);
    if (record) records.push(record);
  }
  return records;
}

module.exports = (RED) => {
  function FhirtrialNode(settings) {
    RED.nodes.createNode(this, settings);
    const station = attach(RED, this, settings.configuration);

    const property = (name, message) => {
      const value = name ? RED.util.getMessageProperty(message, name) : undefined;
      return value === undefined || value === null || value === '' ? undefined : String(value);
    };
    const metaOf = (message) => {
      const meta = {
        source: settings.source || undefined,
        messageId: property(settings.messageId, message),
        key: property(settings.key, message),
        traceparent: message.req && message.req.headers && message.req.headers.traceparent,
      };
      return Object.values(meta).some((value) => value !== undefined) ? meta : null;
    };

    // The message is stored by then: that its records cannot be shown must not look like a failure.
    const recordsIfAny = (result) => recordsOf(station, result).catch((error) => {
      this.warn(`no records are given: ${error.message}`);
      return null;
    });

    const refuse = (message, error, send) => {
      message.payload = outcomeOf(error);
      message.statusCode = UNPROCESSABLE;
      message.fhirtrial = { outcome: 'rejected', code: error.codeName };
      send([null, null, message]);
    };

    this.on('input', async (message, send, done) => {
      if (!station) {
        fail(message, new Error(UNCHOSEN), BROKEN, done);
        return;
      }
      const bytes = bytesOf(message.payload);
      if (bytes === null || bytes.length === 0) {
        const what = 'msg.payload must be a FHIR resource or Bundle: text, a Buffer or an object';
        fail(message, new Error(what), BAD_REQUEST, done);
        return;
      }
      try {
        const { code, result } = await station.process(bytes, metaOf(message));
        const records = settings.records === false ? null : await recordsIfAny(result);
        const about = { outcome: result.outcome, code: code === CODES.OK ? 'OK' : 'NOMATCH', result };
        const problems = result.outcome === 'partial'
          ? { ...withoutRequest(RED, message), payload: result.operationOutcome, fhirtrial: about } : null;
        const recordMessage = records && { ...withoutRequest(RED, message), payload: records, fhirtrial: about };
        message.payload = result.verdicts;
        message.statusCode = 200;
        message.fhirtrial = about;
        send([recordMessage, message, problems]);
        done();
      } catch (error) {
        if (error.refused) {
          refuse(message, error, send);
          done();
          return;
        }
        fail(message, error, statusOf(error), done);
      }
    });
  }
  RED.nodes.registerType('fhirtrial', FhirtrialNode);
};
