/**
 * Draws the pictures of the course, most of them from what simulated ranks have done.
 *
 *     npm run figures             writes them
 *     npm run figures -- --check  writes nothing, and fails where one in the repository is not what would be drawn
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { figures } from './figures.js'

const folder = 'docs/course/figures'
const check = process.argv.includes('--check')
const stale: string[] = []

for (const { name, alt, draw } of figures) {
  const file = `${folder}/${name}.svg`
  const drawn = draw(alt)
  if (existsSync(file) && readFileSync(file, 'utf8') === drawn) continue
  stale.push(file)
  if (!check) writeFileSync(file, drawn)
}
const known = new Set(figures.map(({ name }) => `${name}.svg`))
const unknown = readdirSync(folder).filter((name) => !known.has(name))

if (check && stale.length + unknown.length > 0) {
  console.error(`not what would be drawn, run npm run figures: ${[...stale, ...unknown].join(', ')}`)
  process.exitCode = 1
} else {
  console.log(`${figures.length} figures, ${check ? 'all fresh' : `${stale.length} drawn anew`}`)
}
