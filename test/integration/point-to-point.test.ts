import { join } from 'node:path'
import { rxmpi } from './command.js'

/** Programs whose ranks check what is promised among themselves: as a user would run them. */
test.each([
  ['arguments', 2],
  ['data', 3],
  ['point-to-point', 3],
  ['requests', 2],
  ['flood', 2]
])(
  '%s on %d ranks',
  async (name, ranks) => {
    const { status, stdout, stderr } = await rxmpi(
      ['run', '-n', String(ranks), '--timeout', '100', join(__dirname, 'programs', `${name}.ts`)],
      {
        cwd: join(__dirname, '../..')
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
