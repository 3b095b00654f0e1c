import { lines, program, rxmpi } from '../integration/command.js'
import { amount, LIMIT_MS } from './amount.js'

jest.setTimeout(LIMIT_MS)

/** Threads die one after the other, whatever they are doing; nobody else does. `npx jest` tells of each way once: `survival.test.ts`. */
const RANKS = amount(5, 21)
const JOBS = amount(1, 10)

/**
 * The last rank that is left goes, in a way of its own, at a random moment; the others must hear of it within half a second, and all rings
 * between them still work.
 */
const dying = program(`
  import { COMM_WORLD } from 'rxmpi'
  let comm = COMM_WORLD
  const me = comm.rank
  const kill = () => {
    // From within a message's own handling, from a full ring, while asleep, and while everybody sends to it.
    const ways = [
      () => { throw new RangeError('boom') },
      () => process.exit(5),
      () => { const hoard: unknown[] = []; for (;;) hoard.push(new Array(1e5).fill(hoard.length + 0.5)) },
      () => { for (let k = 0; k < 100; k++) comm.isend(new Uint8Array(1e5), { dest: 0, tag: 99 }); process.exit(5) },
      () => { comm.irecv({ source: 0, tag: 98 }); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20); throw new RangeError('boom') }
    ]
    ways[me % ways.length]!()
  }
  for (let last = ${RANKS} - 1; last > 0; last--) {
    const data = new Float64Array(64 << (last % 8)).fill(1)
    try {
      for (let k = 0; ; k++) {
        const sum = await comm.allreduce(data)
        if (sum[0] !== comm.size) throw new Error('wrong sum ' + sum[0] + ' of ' + comm.size)
        if (k === 5 && me === last) {
          console.log('dies', last, Date.now())
          setTimeout(kill, 20 * Math.random())
        }
      }
    } catch (error) {
      console.log('told', last, Date.now(), (error as Error).name, (error as { failed?: { rank: number } }).failed?.rank)
      if ((error as Error).name !== 'RankFailedError') throw error
    }
    comm = await comm.shrink()
    if (comm.size !== last) throw new Error('left ' + comm.size + ' of ' + last)
  }
  console.log('done')
`)

it(`ranks that are threads die alone: ${JOBS * (RANKS - 1)} of them, one after the other`, async () => {
  let deaths = 0
  const late: number[] = []
  for (let job = 0; job < JOBS; job++) {
    const { status, stdout, stderr } = await rxmpi(['run', '-n', String(RANKS), '--on-failure', 'continue', '--timeout', '50', dying], {
      env: { NODE_OPTIONS: '--max-old-space-size=64' }
    })
    expect([job, lines(stdout).at(-1), stderr.match(/still running.*/s)?.[0]]).toEqual([job, expect.any(String), undefined])
    for (let last = RANKS - 1; last > 0; last--) {
      const told = [...stdout.matchAll(new RegExp(`^\\[(\\d+)\\] told ${last} (\\d+) (.*)$`, 'gm'))]
      const rest = Array.from({ length: last }, (_, rank) => `${rank} RankFailedError ${last}`)
      expect(told.map(([, rank, , what]) => `${rank} ${what}`).sort()).toEqual(rest.sort())
      const at = Number(new RegExp(`dies ${last} (\\d+)`).exec(stdout)![1])
      // One that fills its heap takes its time.
      if (last % 5 !== 2) late.push(Math.max(...told.map(([, , time]) => Number(time))) - at)
      deaths++
    }
    expect(stdout).toContain('[0] done')
    expect(status).not.toBe(0)
  }
  expect(deaths).toBe(JOBS * (RANKS - 1))
  late.sort((a, b) => a - b)
  console.log(`${deaths} deaths; told at the latest after ${late[late.length >> 1]} ms (median), ${late.at(-1)} ms (most)`)
})
