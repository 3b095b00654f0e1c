/**
 * Draws the pictures of the course, most of them from what simulated ranks have done, and those of other pages, from traces.
 *
 *     npm run figures             writes them
 *     npm run figures -- --check  writes nothing, and fails where one in the repository is not what would be drawn
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { figures } from './figures.js'
import { traceFigures } from './traces.js'

const folders = [
  { folder: 'docs/course/figures', drawn: figures },
  { folder: 'docs/how-to/figures', drawn: traceFigures }
]
const check = process.argv.includes('--check')
const stale: string[] = []
const unknown: string[] = []

for (const { folder, drawn } of folders) {
  for (const { name, alt, draw } of drawn) {
    const file = `${folder}/${name}.svg`
    const picture = draw(alt)
    if (existsSync(file) && readFileSync(file, 'utf8') === picture) continue
    stale.push(file)
    if (!check) writeFileSync(file, picture)
  }
  const known = new Set(drawn.map(({ name }) => `${name}.svg`))
  // Pictures of pages are taken by the tests of these.
  unknown.push(...readdirSync(folder).filter((name) => name.endsWith('.svg') && !known.has(name)))
}

if (check && stale.length + unknown.length > 0) {
  console.error(`not what would be drawn, run npm run figures: ${[...stale, ...unknown].join(', ')}`)
  process.exitCode = 1
} else {
  const count = folders.reduce((sum, { drawn }) => sum + drawn.length, 0)
  console.log(`${count} figures, ${check ? 'all fresh' : `${stale.length} drawn anew`}`)
}
