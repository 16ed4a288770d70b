// SPDX-License-Identifier: Apache-2.0
// Medplum's in-memory repository, made as strict as an EHR: each write is validated, each reference must lead to a
// resource that exists, and a transaction that fails leaves nothing behind. The caller runs one request at a time.
import { MemoryRepository } from '@medplum/fhir-router';
import { OperationOutcomeError } from '@medplum/core';
import { problemsOf } from './fhir-validate.mjs';

/** The outcome id that Medplum's getStatus() turns into 422 Unprocessable Entity. */
const unprocessable = 'business-rule';

function outcomeError(id, code, problems) {
  return new OperationOutcomeError({
    resourceType: 'OperationOutcome',
    ...(id ? { id } : {}),
    issue: problems.map((problem) => ({
      severity: 'error',
      code,
      details: { text: problem.text },
      ...(problem.path ? { expression: [problem.path] } : {}),
    })),
  });
}

/** Calls `visit(text, path)` for each Reference.reference in a resource and in what it contains. */
function eachReference(value, path, visit) {
  if (typeof value.reference === 'string') visit(value.reference, path);
  for (const [name, child] of Object.entries(value)) {
    if (child !== null && typeof child === 'object') {
      eachReference(child, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`, visit);
    }
  }
}

export class StrictRepository extends MemoryRepository {
  /** `bases()` returns the base URLs under which this server is known, for absolute references to itself. */
  constructor(bases) {
    super();
    this.bases = bases;
    /** Resource versions written and resources deleted since the start; what was rolled back does not count. */
    this.writes = 0;
    this.transaction = undefined;
  }

  /** Every way of Medplum's to write a resource ends here. */
  createResourceSync(resource, options, update) {
    const problems = problemsOf(resource);
    if (problems.length) throw outcomeError(undefined, 'invalid', problems);
    if (this.transaction) this.transaction.written.push(resource);
    else this.requireReferences(resource);
    const stored = super.createResourceSync(resource, options, update);
    this.writes += 1;
    return stored;
  }

  async deleteResource(resourceType, id, options) {
    await super.deleteResource(resourceType, id, options);
    this.writes += 1;
  }

  /** Entries of a transaction may refer to each other in any order, so references are looked at when all are in. */
  async withTransaction(callback) {
    if (this.transaction) return callback(this);
    const before = {
      resources: copyMaps(this.resources),
      history: copyMaps(this.history),
      writes: this.writes,
    };
    this.transaction = { written: [] };
    try {
      const result = await callback(this);
      for (const resource of this.transaction.written) this.requireReferences(resource);
      return result;
    } catch (error) {
      Object.assign(this, before);
      throw error;
    } finally {
      this.transaction = undefined;
    }
  }

  requireReferences(resource) {
    const problems = [];
    eachReference(resource, resource.resourceType, (reference, path) => {
      if (!this.leadsSomewhere(reference)) {
        problems.push({ path, text: 'the resource that is referred to does not exist on this server' });
      }
    });
    if (problems.length) throw outcomeError(unprocessable, 'not-found', problems);
  }

  /** Fragments are the validator's business; a reference to another server is taken as it is. */
  leadsSomewhere(reference) {
    if (reference.startsWith('#')) return true;
    const base = this.bases().find((known) => reference.startsWith(`${known}/`));
    const relative = base ? reference.slice(base.length + 1) : reference;
    if (/^https?:/.test(relative)) return true;
    const [type, id, historyWord, version] = relative.split('/');
    if (!this.resources.get(type)?.has(id)) return false;
    if (historyWord === undefined) return true;
    return this.history
      .get(type)
      .get(id)
      .some((stored) => stored.meta.versionId === version);
  }
}

/** Two levels of maps, whose values are resources (never changed in place) or arrays of them. */
function copyMaps(byType) {
  const copyValue = (value) => (Array.isArray(value) ? [...value] : value);
  const copyInner = (byId) => new Map([...byId].map(([id, value]) => [id, copyValue(value)]));
  return new Map([...byType].map(([type, byId]) => [type, copyInner(byId)]));
}
