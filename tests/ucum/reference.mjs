// SPDX-License-Identifier: Apache-2.0
// @lhncbc/ucum-lhc as a filter: one question a line of standard input, words parted by tabs, one
// answer a line of standard output. "unit CODE" answers what the package takes for the dimension,
// or "none" where it does not know exactly this code; "convert VALUE FROM TO" the value, or "none".
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

// The packages lie with the test servers, which install them.
const require = createRequire(new URL('../servers/package.json', import.meta.url))
const units = require('@lhncbc/ucum-lhc').UcumLhcUtils.getInstance()

function dimension(code) {
  const found = units.getSpecifiedUnit(code, 'validate')
  const unit = found.unit
  if (!unit || found.origString !== code || found.retMsg.length) return 'none'
  const vector = unit.dim_?.dimVec_ ?? [0, 0, 0, 0, 0, 0, 0]
  return [...vector, unit.moleExp_ ?? 0, unit.isArbitrary_ ? 'arbitrary' : '', unit.isSpecial_ ? 'special' : ''].join(' ').trim()
}

function convert(value, from, to) {
  const result = units.convertUnitTo(from, Number(value), to)
  return result.status === 'succeeded' ? String(result.toVal) : 'none'
}

const answers = readFileSync(0, 'utf8').split('\n').filter((line) => line).map((line) => {
  const [what, ...words] = line.split('\t')
  return what === 'unit' ? dimension(words[0]) : convert(...words)
})
process.stdout.write(answers.map((answer) => answer + '\n').join(''))
