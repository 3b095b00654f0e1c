/** docs/reference/performance.md */

import { afterText, figureText, metText } from './figure.js'
import { type Machine, machineText } from './machine.js'
import type { Line, Result } from './result.js'

const intro = `# Performance

The figures of \`rxmpi bench\` beside those of the same programs in mpi4py on Open MPI, and between hosts in zeromq.js, measured by turns in one run. This page is written by

\`\`\`console
$ sh bench/peer/install.sh
$ npx rxmpi bench --peer --markdown > performance.md
\`\`\`

Two ranks are two threads of one process here and two processes under mpirun. Each figure is the median over whole runs of the median over repetitions in
a run. Calls are made until their times are flat: the last quarter of a second and more is less than 5 % faster than the one before; \`flat after\` says
how many calls that took, and is empty where the row measures the first ones, or where they were not flat after five seconds. \`ratio\` is rxmpi's figure divided by the other's: below 1 is better for times and memory, above 1 for rates. The bar is what rxmpi
sets itself; \`bench/suite.ts\` holds the cases, sizes and bars, \`bench/cases\` and \`bench/peer\` the programs.`

const table = (header: string[], rows: string[][]): string => {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const align = header.map((name) => (['what', 'bar', ''].includes(name) ? '---' : '--:'))
  return [line(header), line(align), ...rows.map(line)].join('\n')
}

const cells = ({ label, sizeText, ours, theirs, ratio, bar, met, after }: Line): string[] => [
  sizeText === undefined ? label : `${label}, ${sizeText}`,
  figureText(ours),
  figureText(theirs),
  figureText(ratio),
  bar ?? '',
  metText(met, bar),
  afterText(after)
]

const section = ({ case: name, beside, title, unit, runs, lines, failures }: Result, { date }: Machine): string =>
  [
    `## ${name}`,
    `${title[0].toUpperCase()}${title.slice(1)}; ${unit}, ${runs} ${runs === 1 ? 'run' : 'runs'} each, ${date}.`,
    table(['what', 'rxmpi', beside, 'ratio', 'bar', '', 'flat after'], lines.map(cells)),
    ...failures.map((failure) => `\`${failure.replaceAll('\n', ' ')}\``)
  ].join('\n\n')

export const pageOf = (results: readonly Result[], machine: Machine): string =>
  `${[intro, `The machine: ${machineText(machine)}`, ...results.map((result) => section(result, machine))].join('\n\n')}\n`

/** A page in which the tables of some cases are new; what stands between tables is kept. */
export function updated(page: string, results: readonly Result[], machine: Machine): string {
  for (const result of results) {
    const old = new RegExp(`^## ${result.case}\n\n.*\n\n(\\|.*\n)*`, 'm')
    if (!old.test(page)) throw new Error(`The page has no table of ${result.case}.`)
    page = page.replace(old, () => `${section(result, machine)}\n`)
  }
  return page
}
