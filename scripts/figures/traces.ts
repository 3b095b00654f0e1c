import { readFileSync } from 'node:fs'
import { diagramOf } from '../../src/marble/diagram.js'
import { drawPicture } from '../../src/marble/picture.js'
import { readRun } from '../../src/marble/run.js'
import type { Figure } from './figure.js'

/** As `rxmpi marble --svg` draws a trace that once was made of a program of the page. */
function traced(name: string, alt: string): Figure {
  const file = `scripts/figures/traces/${name}.json`
  return {
    name,
    alt,
    draw: (title) =>
      drawPicture(diagramOf(readRun(readFileSync(file, 'utf8'), file), { kinds: ['message'], by: 'ranks', columns: 80 }), title)
  }
}

/** The pictures of docs/how-to. */
export const traceFigures: readonly Figure[] = [
  traced(
    'chain',
    'Four ranks in time. Rank 0 sends a to rank 1; some 100 ms later rank 1 sends b to rank 2, and after 100 ms more rank 2 sends c to rank 3.'
  ),
  traced('early', 'The same four ranks. a, b and c follow each other within 20 ms.')
]
