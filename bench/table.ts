/** A result as the OSU benchmarks print theirs: a heading, sizes down. */

import { afterText, figureText, metText } from './figure.js'
import type { Line, Result } from './result.js'

const LABEL = 44

export function tableOf({ case: name, beside, title, unit, runs, lines, failures }: Result, withPeer: boolean): string {
  const isWarm = lines.some(({ after }) => after !== undefined)
  const columns = [...(withPeer ? ['rxmpi', beside, 'ratio'] : ['rxmpi']), ...(isWarm ? ['flat after'] : [])]
  const row = (label: string, cells: string[], note = '') =>
    `${label.padEnd(LABEL)}${cells.map((cell) => cell.padStart(12)).join('')}   ${note}`.trimEnd()
  const cells = ({ ours, theirs, ratio, after }: Line) => [
    ...(withPeer ? [ours, theirs, ratio] : [ours]).map(figureText),
    ...(isWarm ? [afterText(after)] : [])
  ]
  const note = ({ bar, met }: Line) => (bar === undefined || (!withPeer && met === undefined) ? '' : `${bar}: ${metText(met, bar)}`)

  const text = [`# ${name}: ${title} (${unit}, median of ${runs} ${runs === 1 ? 'run' : 'runs'})`, row('#', columns)]
  let above: string | undefined
  for (const line of lines) {
    if (line.sizeText === undefined) text.push(row(line.label, cells(line), note(line)))
    else {
      if (line.label !== above) text.push(line.label)
      text.push(row(`  ${line.sizeText}`, cells(line), note(line)))
    }
    above = line.label
  }
  return [...text, ...failures.map((failure) => `# ${failure}`), ''].join('\n')
}
