import { readdirSync } from 'node:fs'
import { rxmpi } from './command.js'

/** Programs that once went wrong, each a kind of fault; what is expected of one stands on top of it. */
const OK: Readonly<Record<string, readonly number[]>> = {
  'free-leaves-memory': [1, 2],
  'getter-that-sends': [1, 2],
  'lost-after-free': [1, 2, 4],
  'many-subscribers': [1, 2, 3],
  'mixed-forms': [2, 3, 4],
  'object-with-tag': [1, 2],
  'retry-skips': [2, 3, 8],
  'take-beyond-window': [1, 2, 3],
  'timeout-signal': [2],
  'truncate-own-error': [2, 3, 4],
  'two-roots': [2]
}
/** Programs that can never end: every rank is told. */
const TOLD: Readonly<Record<string, readonly number[]>> = { 'large-bcast-alone': [2, 3], 'root-alone': [3, 4] }

describe('programs that once went wrong', () => {
  it('are all run', () => {
    const names = readdirSync('test/cases').map((name) => name.replace(/\.ts$/, ''))
    expect(Object.keys({ ...OK, ...TOLD }).sort()).toEqual(names.sort())
  })

  const runsOf = (cases: typeof OK): [string, number][] =>
    Object.entries(cases).flatMap(([name, sizes]) => sizes.map((size): [string, number] => [name, size]))

  it.each(runsOf(OK))('%s on %d ranks ends well', async (name, size) => {
    const { stdout, status } = await rxmpi(['run', '-n', String(size), '--no-prefix', '--timeout', '50', `test/cases/${name}.ts`])
    expect(stdout.trim().split('\n')).toEqual(Array(size).fill('OK'))
    expect(status).toBe(0)
  })

  it.each(runsOf(TOLD))('%s on %d ranks is told', async (name, size) => {
    const { stderr, status } = await rxmpi(['run', '-n', String(size), '--timeout', '50', `test/cases/${name}.ts`])
    expect(stderr).toMatch(/DeadlockError|CollectiveMismatchError/)
    expect(stderr).toContain(`test/cases/${name}.ts:`)
    expect(status).toBe(1)
  })
})
