import { rxmpi } from './command.js'

/** Programs that share a job, one after the other: that takes a second, and not one for each. */

const MARK = '@@'

export interface Member {
  /** Where it lies from the program that runs them all. */
  readonly file: string
  /** How many lines each rank prints; the next program waits for them. Default those that it has printed when it is over. */
  readonly lines?: readonly number[]
}

/** The program that runs them all. */
export const jobOf = (members: readonly Member[]): string =>
  [
    "import { format } from 'node:util'",
    "import { COMM_WORLD } from 'rxmpi'",
    'const { log } = console',
    'let printed = 0',
    'console.log = (...words) => {',
    "  printed += format(...words).split('\\n').length",
    '  log(...words)',
    '}',
    ...members.flatMap(({ file, lines }) => [
      'await COMM_WORLD.barrier()',
      `log('${MARK}${file}')`,
      'printed = 0',
      `await import('./${file}')`,
      ...(lines === undefined ? [] : [`while (printed < [${lines}][COMM_WORLD.rank]!) await new Promise(setImmediate)`])
    ])
  ].join('\n')

/** Runs it; the lines that each has printed, by its file. */
export async function outputsOf(job: string, ranks: number, cwd: string): Promise<Map<string, string[]>> {
  const { stdout, stderr, status } = await rxmpi(['run', '-n', String(ranks), '--timeout', '100', job], { cwd })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const printed = new Map<string, string[]>()
  const now = new Map<string, string[]>()
  for (const line of stdout.split('\n')) {
    const [, rank = '', text = ''] = /^(?:\[(\d+)\] )?(.*)$/.exec(line)!
    if (text.startsWith(MARK)) {
      const file = text.slice(MARK.length)
      printed.set(file, printed.get(file) ?? [])
      now.set(rank, printed.get(file)!)
    } else now.get(rank)?.push(line)
  }
  return printed
}
