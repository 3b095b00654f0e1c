import { program, rxmpi } from './command.js'

const source = `import { setTimeout } from 'node:timers/promises'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
const { rank, size } = comm
if (rank === 1) await setTimeout(50)
for (let k = 0; k < 1500; k++) {
  if (rank === 0) await comm.send(new Float64Array(10), { dest: 1 })
  if (rank === 1) await comm.recv({ source: 0 })
}
for (let k = 0; k < 3; k++) {
  await comm.allreduce(rank, SUM)
}
`
const name = 'profiled.ts'

describe('--profile', () => {
  it.each([
    ['threads', ['-n', '3']],
    ['two hosts', ['--host', 'localhost:2,localhost:1']]
  ])('tells where the time goes: calls by place, who waits, bytes by pairs: %s', async (_, where) => {
    const { stdout, stderr, status } = await rxmpi(['run', ...where, '--profile', program(source, name)])
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 })
    const time = '[\\d.]+ (?:[nµm]?s)'
    expect(stderr).toMatch(/^WHERE +CALL +COUNT +TOTAL +MEAN +WAITED$/m)
    // Beyond the first 200 calls of a rank their places are estimated, and their number is not.
    expect(stderr).toMatch(new RegExp(`^\\S*${name}:7 +recv +~1500 +${time} +${time} +${time}$`, 'm'))
    expect(stderr).toMatch(new RegExp(`^\\S*${name}:6 +send +~1500$`, 'm'))
    expect(stderr).toMatch(new RegExp(`^\\S*${name}:10 +allreduce +~9 +${time} +${time} +${time}$`, 'm'))
    expect(stderr).toMatch(/^RANK +TIME +WAITED +SHARE +REST$/m)
    for (const rank of [0, 1, 2]) expect(stderr).toMatch(new RegExp(`^${rank} +${time} +${time} +\\d+ % +${time}$`, 'm'))
    expect(stderr).toMatch(new RegExp(`^slowest: rank \\d, which was busy for ${time}, the others for ${time} on average$`, 'm'))
    expect(stderr).toMatch(/^FROM \\ TO +0 +1 +2 +ALL$/m)
    expect(stderr).toMatch(/^0 +\. +120 kB .* 120 kB$/m)
    expect(stderr).toMatch(/^\d+ messages, 12\d kB$/m)
    expect(stderr).toMatch(/^~ the place of each call is known of a rank's first 200/m)
  })

  it('is there of a job that fails, of the ranks that have ended by themselves', async () => {
    const path = program(
      "import { COMM_WORLD as comm } from 'rxmpi'\nif (comm.rank === 1) throw new Error('on purpose')\nawait comm.recv()\n"
    )
    const { stderr, status } = await rxmpi(['run', '-n', '2', '--profile', path])
    expect(status).toBe(1)
    expect(stderr).toMatch(/^RANK +TIME/m)
    expect(stderr).toMatch(/^0 messages, 0 B$/m)
  })
})
