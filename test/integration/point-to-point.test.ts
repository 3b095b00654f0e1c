import { join } from 'node:path'
import { project, rxmpi } from './command.js'

/** Programs whose ranks check what is promised among themselves: as a user would run them, as threads and on two hosts. */
const everywhere: [string, number][] = [
  ['data', 3],
  ['point-to-point', 3],
  ['requests', 2],
  ['flood', 2],
  ['moves', 3],
  ['layout', 2],
  ['partitioned', 2]
]
/** Its lines of late failures are those of whoever awaits when the message comes: over a socket that may be nobody yet. */
const threadsOnly: [string, number][] = [['arguments', 2]]

describe.each<[string, string[], [string, number][]]>([
  ['threads', [], [...threadsOnly, ...everywhere]],
  ['two hosts', ['--host', 'localhost:1,localhost:2'], everywhere]
])('%s', (_, where, programs) => {
  test.each(programs)(
    '%s on %d ranks',
    async (name, ranks) => {
      const { status, stdout, stderr } = await rxmpi(
        ['run', '-n', String(ranks), ...where, '--timeout', '100', join(__dirname, 'programs', `${name}.ts`)],
        {
          cwd: join(__dirname, '../..'),
          env: where.length === 0 ? {} : { CHECKS_DIRECTORY: project({}) }
        }
      )
      expect(stderr).toBe('')
      const lines = stdout.split('\n').filter(Boolean).sort()
      expect(lines).toEqual(
        Array.from({ length: ranks }, (_, rank) => expect.stringMatching(new RegExp(`^\\[${rank}\\] [1-9]\\d* passed, 0 failed$`)))
      )
      expect(status).toBe(0)
    },
    120_000
  )
})
