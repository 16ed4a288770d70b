// SPDX-License-Identifier: Apache-2.0
// The storage that node-fhir-server-core leaves to its host: Flags in memory. The weakness under test is the
// framework's: it passes no conditional header on, so none is honoured here.
const crypto = require('node:crypto');
const { resolveSchema, ServerError } = require('@asymmetrik/node-fhir-server-core');

const versionsById = new Map();
const newest = (versions) => versions[versions.length - 1];

function store(id, body) {
  const versions = versionsById.get(id) ?? [];
  const versionId = String(versions.length + 1);
  const meta = { ...body.meta, versionId, lastUpdated: new Date().toISOString() };
  versionsById.set(id, [...versions, { ...body, id, meta }]);
  return { id, created: versions.length === 0, resource_version: versionId };
}

/** `wanted` is a token search value, `system|value` or `value`. */
function hasIdentifier(flag, wanted) {
  const [value, system] = String(wanted).split('|').reverse();
  return (flag.identifier ?? []).some(
    (one) => one.value === value && (system === undefined || one.system === system),
  );
}

module.exports = {
  search: async (args) => {
    const flags = [...versionsById.values()].map(newest);
    const found = args.identifier ? flags.filter((flag) => hasIdentifier(flag, args.identifier)) : flags;
    const bundle = { resourceType: 'Bundle', type: 'searchset', total: found.length };
    return {
      ...bundle,
      entry: found.map((resource) => ({ resource })),
      toJSON() {
        return { ...this, toJSON: undefined };
      },
    };
  },
  searchById: async (args) => {
    const versions = versionsById.get(args.id);
    if (!versions)
      throw new ServerError('not found', {
        statusCode: 404,
        issue: [{ severity: 'error', code: 'not-found' }],
      });
    const Flag = resolveSchema('4_0_1', 'flag');
    return new Flag(newest(versions));
  },
  create: async (args, { req }) => store(crypto.randomUUID(), req.body),
  update: async (args, { req }) => store(args.id, req.body),
  remove: async (args) => {
    versionsById.delete(args.id);
    return { deleted: 1 };
  },
};
