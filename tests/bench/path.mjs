// SPDX-License-Identifier: Apache-2.0
// Times the expressions of path/cases.json in this project's engine, in fhirpath.js (compiled, with
// its R4 model) and in @medplum/core (parsed once): path.mjs PATH_RATE FOLDER [ROUNDS] [MILLISECONDS].
// PATH_RATE is the program made from path_rate.c, FOLDER takes the generated Bundle. In every round
// the engines have their turn one after the other; what is printed are medians of the rounds, in
// evaluations a second of processor time of the evaluating thread, so JavaScript's helper threads
// (garbage collection, compilation) are not counted against it. A peer whose answer differs from
// ours is named and left out of the ratio. The ratio is ours to the faster peer, in one run.
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'

const require = createRequire(new URL('../servers/package.json', import.meta.url))
const fhirpath = require('fhirpath')
const r4 = require('fhirpath/fhir-context/r4')
const { parseFhirPath, evalFhirPath } = require('@medplum/core')

const [rateProgram, folder, rounds = '5', milliseconds = '30'] = process.argv.slice(2)
const here = new URL('path/', import.meta.url)

function bundleFile() {
  const names = ['patient', 'pain', 'panel', 'condition', 'procedure']
  const entry = Array.from({ length: 50 }, (_, i) => ({ resource: JSON.parse(readFileSync(new URL(`${names[i % 5]}.json`, here))) }))
  // Only the last pain score reaches 4: the whole Bundle has to be looked at.
  for (const { resource } of entry.slice(0, -5)) if (resource.valueQuantity) resource.valueQuantity.value = 1
  const file = `${folder}/bundle.json`
  writeFileSync(file, JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry }))
  return file
}

function mappingsHold(expression) {
  const views = new URL('../../mappings/core/views/', import.meta.url)
  const text = JSON.stringify(expression)
  return readdirSync(views).some((name) => readFileSync(new URL(name, views), 'utf8').includes(text))
}

const microseconds = () => { const t = process.threadCpuUsage(); return t.user + t.system }

// Twice as many each time until they take long enough; only the last ones count.
function rate(evaluate) {
  for (let n = 1; ; n *= 2) {
    const start = microseconds()
    for (let i = 0; i < n; i++) evaluate()
    const spent = microseconds() - start
    if (spent >= Number(milliseconds) * 1000) return (n * 1e6) / spent
  }
}

function ordered(value) {
  if (Array.isArray(value)) return value.map(ordered)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, ordered(value[key])]))
}
const canonical = (value) => JSON.stringify(ordered(JSON.parse(JSON.stringify(value))))

function engines({ expression, text }) {
  const compiled = fhirpath.compile(expression, r4), parsed = parseFhirPath(expression)
  return {
    'fhirpath.js': (resource) => compiled(resource),
    medplum: (resource) => evalFhirPath(parsed, resource),
  }
}

function timeRounds(one) {
  const resource = JSON.parse(one.text), peers = engines(one)
  const samples = { ours: [], 'fhirpath.js': [], medplum: [] }
  let answer
  for (let round = 0; round < Number(rounds); round++) {
    answer = JSON.parse(execFileSync(rateProgram, [one.expression, one.file, milliseconds], { encoding: 'utf8' }))
    samples.ours.push(answer)
    for (const [name, evaluate] of Object.entries(peers)) {
      if (round === 0) rate(() => evaluate(resource)) // compiled by now
      samples[name].push({ parsed: rate(() => evaluate(resource)), read: rate(() => evaluate(JSON.parse(one.text))) })
    }
  }
  const differing = Object.keys(peers).filter((name) => canonical(peers[name](resource)) !== canonical(answer.result))
  return { samples, differing }
}

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1]
const thousands = (n) => (n / 1000).toLocaleString('en', { maximumFractionDigits: n < 1e5 ? 1 : 0 })
const times = (n) => n.toFixed(1)
const geometric = (list) => Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length)

function row(one) {
  const { samples, differing } = timeRounds(one)
  const rates = (name, key) => median(samples[name].map((sample) => sample[key]))
  const counted = ['fhirpath.js', 'medplum'].filter((name) => !differing.includes(name))
  const ratio = (key) => rates('ours', key) / Math.max(...counted.map((name) => rates(name, key)))
  if (!counted.length) throw new Error(`no engine gives our answer to: ${one.expression}`)
  const cells = ['parsed', 'read'].flatMap((key) => [...['ours', 'fhirpath.js', 'medplum'].map((name) =>
    thousands(rates(name, key)) + (differing.includes(name) ? ' ≠' : '')), times(ratio(key))])
  const allocations = Math.max(...samples.ours.map((s) => s.parsedAllocations + s.readAllocations))
  console.log(`| \`${one.expression.replaceAll('|', '\\|')}\` | ${cells.join(' | ')} | ${allocations} |`)
  return { set: one.set, parsed: ratio('parsed'), read: ratio('read') }
}

function summary(rows, key) {
  for (const set of ['common', 'mappings']) {
    const list = rows.filter((r) => r.set === set).map((r) => r[key])
    console.log(`${key}, ${set}: geometric mean ${times(geometric(list))}, least ${times(Math.min(...list))}, ` +
      `${list.filter((x) => x < 8).length} of ${list.length} below 8`)
  }
  console.log(`${key}, all: geometric mean ${times(geometric(rows.map((r) => r[key])))}`)
}

const bundle = bundleFile()
const cases = JSON.parse(readFileSync(new URL('cases.json', here))).map((one) => {
  if (one.set === 'mappings' && !mappingsHold(one.expression)) throw new Error(`no view has: ${one.expression}`)
  const file = one.resource === 'bundle' ? bundle : new URL(`${one.resource}.json`, here).pathname
  return { ...one, file, text: readFileSync(file, 'utf8') }
})
const load = () => os.loadavg().map((x) => x.toFixed(1)).join(' ')
console.log(`${os.cpus().length} x ${os.cpus()[0].model.trim()}, Node ${process.version}, fhirpath.js ${require('fhirpath/package.json').version}, ` +
  `load ${load()}, ${rounds} rounds of ${milliseconds} ms`)
console.log('thousand evaluations a second; ≠: another answer, not counted; allocations: in all rounds')
console.log('| expression | parsed: ours | fhirpath.js | medplum | times | with reading: ours | fhirpath.js | medplum | times | allocations |')
console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |')
const rows = cases.map(row)
summary(rows, 'parsed')
summary(rows, 'read')
console.log(`load at the end ${load()}`)
