// Keeps the rows of an experiment, and prints them as a table.
//   rows.mjs keep  FILE.json ROWS COMMAND   adds command, commit and time
//   rows.mjs table FOLDER ID…               fails when a row does not pass
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const [verb, place, ...rest] = process.argv.slice(2)

if (verb === 'keep') {
  const [rows, command] = rest
  const commit = execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12']).toString().trim()
  const lines = readFileSync(rows, 'utf8').split('\n').filter(Boolean)
  const kept = lines.map((line) => ({ ...JSON.parse(line), command, commit, at: new Date().toISOString() }))
  writeFileSync(place, JSON.stringify(kept, null, 2) + '\n')
} else {
  const rows = rest.flatMap((id) => {
    const kept = JSON.parse(readFileSync(`${place}/${id}.json`, 'utf8'))
    return kept.length ? kept : [{ id, what: 'no rows', pass: false }]
  })
  const number = (value) =>
    typeof value === 'number' ? value.toLocaleString('en', { maximumSignificantDigits: 4 }) : (value ?? '–')
  const cells = rows.map((row) => [
    row.id,
    row.what ?? '',
    `${number(row.value)} ${row.unit ?? ''}`.trim(),
    number(row.yardstick),
    row.ratio == null ? '–' : row.ratio.toFixed(2),
    row.goal ?? '–',
    row.pass ? 'pass' : 'FAIL',
  ])
  const table = [['id', 'what', 'value', 'yardstick', 'ratio', 'goal', ''], ...cells]
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
  for (const row of table) console.log(row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd())
  process.exit(rows.every((row) => row.pass) ? 0 : 1)
}
