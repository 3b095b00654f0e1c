import { join } from 'node:path'
import { LIMIT_MS } from '../reliability/amount.js'
import { program, rxmpi } from './command.js'

jest.setTimeout(LIMIT_MS)

const groups = join(__dirname, 'programs/intercomm.ts')

/** What the ranks of the world print, four of them in groups of even and odd ranks. */
const EXPECTED = [
  [6, 20002, null, null, 0],
  [4, 20001, 4, [0, 2], 2],
  [6, 20002, null, null, 1],
  [4, 20001, 4, null, 3]
]

test.each([
  ['four threads', ['-n', '4']],
  ['two hosts of two ranks', ['--host', 'localhost:2,localhost:2']],
  ['four processes', ['-n', '4', '--placement', 'process']]
])('%s talk in two groups', async (_, options) => {
  const { stdout, stderr } = await rxmpi(['run', ...options, '--timeout', '60', groups])
  expect(stderr).toBe('')
  const printed = stdout
    .trim()
    .split('\n')
    .map((line) => /^\[(\d)\] (.*)$/.exec(line)!)
  for (const [, rank, said] of printed) expect([rank, JSON.parse(said!)]).toEqual([rank, EXPECTED[Number(rank)]])
  expect(printed.length).toBe(4)
})

test('a rank that fails is missed by both groups, and nothing hangs', async () => {
  const path = program(`
    import { COMM_WORLD as comm, RankFailedError } from 'rxmpi'
    const half = (await comm.split(comm.rank % 2))!
    const inter = await half.createIntercomm({ bridge: comm, remoteLeader: 1 - (comm.rank % 2) })
    await inter.barrier()
    if (comm.rank === 3) throw new Error('no space left on device')
    try {
      await inter.allreduce(1)
    } catch (error) {
      const { failed } = error as RankFailedError
      console.log((error as Error).name, failed?.rank, failed?.remote ?? false)
    }
  `)
  const { stdout } = await rxmpi(['run', '-n', '4', '--on-failure', 'continue', '--timeout', '30', path])
  expect(stdout.trim().split('\n').sort()).toEqual([
    '[0] RankFailedError 1 true',
    '[1] RankFailedError 1 false',
    '[2] RankFailedError 1 true'
  ])
})
