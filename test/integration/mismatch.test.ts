import { program, rxmpi } from './command.js'

/** No rank ends before the others are done. */
const together = `
for (const dest of [0, 1, 2]) comm.isend('done', { dest })
for (const source of [0, 1, 2]) await comm.recv({ source })
`

/** What each rank of three prints, of the error that its collective fails with. */
async function failures(body: string, waits = true): Promise<{ status: number | null; lines: string[]; stderr: string }> {
  const file = program(`
import { COMM_WORLD as comm, MAX, SUM } from 'rxmpi'
const { rank } = comm
try {
  ${body}
  console.log('nothing')
} catch (error) {
  const { name, message } = error as Error
  console.log(name, '|', message.split('\\n').filter((line) => line.startsWith('  rank')).map((line) => line.replace(/ at .*:(\\d+):\\d+/, ' at line $1').trim()).join(' | '))
}
${waits ? together : ''}`)
  const { status, stdout, stderr } = await rxmpi(['run', '-n', '3', '--timeout', '30', file])
  // Any rank's line may be the last one.
  const printed = stdout.trim().split('\n')
  return { status, lines: printed.map((line) => line.trimEnd()).sort(), stderr }
}

const mismatch = (...calls: string[]): string[] => {
  const told = calls.map((what, rank) => `rank ${rank}: ${what} at line 5`).join(' | ')
  return calls.map((_, rank) => `[${rank}] CollectiveMismatchError | ${told}`)
}

describe('ranks that call different collectives all hear what each has called, and where', () => {
  it.each([
    [
      'different collectives',
      'await (rank === 0 ? comm.barrier() : comm.allreduce(1))',
      'barrier()',
      'allreduce(number, SUM)',
      'allreduce(number, SUM)'
    ],
    [
      'different collectives, where nobody would have to wait',
      'await (rank === 0 ? comm.bcast(1) : comm.reduce(1))',
      'bcast(number, root 0)',
      'reduce(number, SUM, root 0)',
      'reduce(number, SUM, root 0)'
    ],
    [
      'different ops',
      'await comm.allreduce(1, rank === 2 ? MAX : SUM)',
      'allreduce(number, SUM)',
      'allreduce(number, SUM)',
      'allreduce(number, MAX)'
    ],
    [
      'different lengths',
      'await comm.allreduce(new Float64Array(rank === 1 ? 3 : 4))',
      'allreduce(Float64Array(4), SUM)',
      'allreduce(Float64Array(3), SUM)',
      'allreduce(Float64Array(4), SUM)'
    ],
    [
      'different kinds',
      'await comm.allreduce(rank === 1 ? new Float32Array(4) : new Float64Array(4))',
      'allreduce(Float64Array(4), SUM)',
      'allreduce(Float32Array(4), SUM)',
      'allreduce(Float64Array(4), SUM)'
    ],
    [
      'an array and a number',
      'await comm.allreduce((rank === 1 ? 1 : new Float64Array(4)) as number)',
      'allreduce(Float64Array(4), SUM)',
      'allreduce(number, SUM)',
      'allreduce(Float64Array(4), SUM)'
    ],
    ['one skips one', 'if (rank !== 1) await comm.bcast(1); await comm.barrier()', 'bcast(number, root 0)', 'barrier()', 'bcast(root 0)']
  ])('%s', async (_, body, ...calls) => {
    const { lines, status } = await failures(body)
    expect(lines).toEqual(mismatch(...calls))
    expect(status).toBe(0)
  })

  it('different roots: whoever has done its part already hears of it at the latest when it ends', async () => {
    const { lines, status, stderr } = await failures('await comm.reduce(1, SUM, { root: rank % 2 })')
    const told = mismatch('reduce(number, SUM, root 0)', 'reduce(number, SUM, root 1)', 'reduce(number, SUM, root 0)')
    expect(lines.slice(0, 2)).toEqual(told.slice(0, 2))
    if (lines[2] === '[2] nothing') {
      expect(stderr).toMatch(/\[2\] CollectiveMismatchError: the ranks disagree in collective 0 of 'world'/)
      expect(status).toBe(1)
    } else expect(lines[2]).toEqual(told[2])
  })

  it('a rank that has ended without calling fails those that need it', async () => {
    const { lines } = await failures('if (rank === 0) await comm.barrier()', false)
    expect(lines).toEqual(['[0] RankFailedError |', '[1] nothing', '[2] nothing'])
  })

  it('leaves other communicators as they are', async () => {
    const { lines, status } = await failures(`const other = await comm.dup()
  await comm.allreduce(1, rank === 0 ? MAX : SUM).catch(() => undefined)
  await other.barrier()
  await comm.barrier()`)
    expect(lines.map((line) => line.slice(0, 27))).toEqual([
      '[0] CollectiveMismatchError',
      '[1] CollectiveMismatchError',
      '[2] CollectiveMismatchError'
    ])
    expect(status).toBe(0)
  })
})
