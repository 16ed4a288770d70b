// SPDX-License-Identifier: Apache-2.0
// The view of pain scores by an engine from npm, over one NDJSON file, rows as TSV on standard output:
//   peers.mjs fhirpath FILE            fhirpath.js, expressions compiled with its R4 model
//   peers.mjs medplum FILE             @medplum/core, expressions parsed once
//   peers.mjs duckdb FILE THREADS      one query in a new DuckDB
//   peers.mjs duckdb-hot FILE THREADS  the query five times in one DuckDB, rows of the last; its median goes to standard
//                                      error as "wall processor" seconds
// All write the value as a JavaScript or SQL number, so digits are lost.
import fs from 'node:fs'
import { createRequire } from 'node:module'

const [engine, file, threads = '1'] = process.argv.slice(2)
const servers = createRequire(new URL('../../servers/package.json', import.meta.url))
const WHERE = "code.coding.where(system = 'http://loinc.org' and code = '72514-3').exists()"
const COLUMNS = ['id', 'subject.reference', 'code.coding.first().code', 'effective.ofType(dateTime)',
  'value.ofType(Quantity).value', 'value.ofType(Quantity).unit']

function* lines(path) {
  const from = fs.openSync(path, 'r'), room = Buffer.allocUnsafe(4 << 20)
  let kept = 0
  for (let n; (n = fs.readSync(from, room, kept, room.length - kept, null)) > 0;) {
    const full = room.subarray(0, kept + n)
    let start = 0
    for (let end; (end = full.indexOf(10, start)) >= 0; start = end + 1) yield full.utf8Slice(start, end)
    kept = full.length - start
    full.copy(room, 0, start)
  }
  if (kept) yield room.utf8Slice(0, kept)
}

function write(rows) {
  if (rows.length) fs.writeSync(1, rows.map((row) => row.map((cell) => cell ?? '').join('\t') + '\n').join(''))
}

function eachResource(isWanted, columns) {
  let rows = []
  for (const line of lines(file)) {
    const resource = JSON.parse(line)
    if (resource.resourceType !== 'Observation' || isWanted(resource) !== true) continue
    rows.push(columns.map((column) => column(resource)))
    if (rows.length === 1000) { write(rows); rows = [] }
  }
  write(rows)
}

function byFhirpath() {
  const fhirpath = servers('fhirpath'), r4 = servers('fhirpath/fhir-context/r4')
  const first = (expression) => { const run = fhirpath.compile(expression, r4); return (resource) => run(resource)[0] }
  eachResource(first(WHERE), COLUMNS.map(first))
}

// ofType() needs typed values there; a bare choice element is found all the same.
function byMedplum() {
  const { parseFhirPath, evalFhirPath } = servers('@medplum/core')
  const first = (expression) => {
    const parsed = parseFhirPath(expression.replace(/\.ofType\(\w+\)/, ''))
    return (resource) => evalFhirPath(parsed, resource)[0]
  }
  eachResource(first(WHERE), COLUMNS.map(first))
}

// SQL of the shape that FlatQuack makes of a view: typed columns for what the view reads, where() as a list function in
// WHERE, the columns as a struct in a list that is unnested, decimals as DOUBLE.
const query = (to) => `COPY (
  WITH transformed AS (
    SELECT [{id: id, patient: subject.reference, code: code.coding[1].code, effective: effectiveDateTime,
             value: valueQuantity.value, unit: valueQuantity.unit}] AS result
    FROM read_json_auto('${file}', columns={resourceType: 'VARCHAR', id: 'VARCHAR', subject: 'STRUCT(reference VARCHAR)',
      code: 'STRUCT(coding STRUCT(system VARCHAR, code VARCHAR)[])', effectiveDateTime: 'VARCHAR',
      valueQuantity: 'STRUCT(value DOUBLE, unit VARCHAR)'})
    WHERE resourceType = 'Observation'
      AND len(list_filter(code.coding, lambda c: c.system = 'http://loinc.org' AND c.code = '72514-3')) > 0)
  SELECT r.id, r.patient, r.code, r.effective, r.value, r.unit FROM (SELECT unnest(result) AS r FROM transformed)
) TO '${to}' (FORMAT CSV, DELIMITER '\t', HEADER false)`

async function byDuckdb(hot) {
  const { DuckDBInstance } = createRequire(import.meta.url)('@duckdb/node-api')
  const connection = await (await DuckDBInstance.create(':memory:', { threads })).connect()
  const times = []
  for (let left = hot ? 5 : 1; left > 0; left--) {
    const start = process.hrtime.bigint(), before = process.cpuUsage()
    await connection.run(query(left > 1 ? '/dev/null' : '/dev/stdout'))
    const { user, system } = process.cpuUsage(before)
    times.push([Number(process.hrtime.bigint() - start) / 1e9, (user + system) / 1e6])
  }
  const median = (i) => times.map((time) => time[i]).sort((a, b) => a - b)[times.length >> 1]
  if (hot) console.error(`${median(0)} ${median(1)}`)
}

const engines = { fhirpath: byFhirpath, medplum: byMedplum, duckdb: () => byDuckdb(false), 'duckdb-hot': () => byDuckdb(true) }
if (!engines[engine] || !file) {
  console.error(`usage: peers.mjs ${Object.keys(engines).join('|')} FILE [THREADS]`)
  process.exit(2)
}
await engines[engine]()
