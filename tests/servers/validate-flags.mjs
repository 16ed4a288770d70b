// SPDX-License-Identifier: Apache-2.0
// validate-flags [FILE]: reads resources as NDJSON from FILE or standard input, prints for each invalid one a JSON line
// {line, problems} and at the end {checked, invalid}. Exit status 1 where one is invalid. The validators are those of
// the test FHIR server; what they found is named, so that two independent ones can be told from one.
import { readFileSync } from 'node:fs';
import { problemsOf } from './lib/fhir-validate.mjs';

const lines = readFileSync(process.argv[2] ?? 0, 'utf8').split('\n');
const totals = { checked: 0, invalid: 0 };
lines.forEach((text, index) => {
  if (!text.trim()) return;
  const problems = problemsOf(JSON.parse(text));
  totals.checked += 1;
  if (!problems.length) return;
  totals.invalid += 1;
  console.log(JSON.stringify({ line: index + 1, problems }));
});
console.log(JSON.stringify(totals));
process.exitCode = totals.invalid ? 1 : 0;
