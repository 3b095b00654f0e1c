import { lines, program, rxmpi } from '../integration/command.js'
import { amount, LIMIT_MS, SOAK } from './amount.js'

jest.setTimeout(LIMIT_MS)

/**
 * Ranks 0 and 1 of one host send to ranks 2 and 3 of another over one link. Rank 2 takes a message every 10 ms from a sender that never
 * stops; rank 3 takes what it can. Phases with the slow pair and without take turns, so that what the machine does besides falls on both
 * alike.
 */
const source = `
  import { COMM_WORLD as comm } from 'rxmpi'
  import { setTimeout as sleep } from 'node:timers/promises'
  const PHASE_MS = ${amount(300, 5000)}
  const PHASES = ${amount(2, 12)}
  const slow = comm.rank % 2 === 0
  const sends = comm.rank < 2
  const other = (comm.rank + 2) % 4
  const resident: number[] = []
  const rates: number[] = []
  let [number, wanted, pending] = [0, 0, 0]
  for (let phase = 0; phase < PHASES; phase++) {
    await comm.barrier()
    const end = performance.now() + PHASE_MS
    const idle = slow && phase % 2 === 1
    const start = number
    if (idle) await sleep(PHASE_MS)
    else if (sends) {
      while (performance.now() < end) {
        const data = new Float64Array(slow ? 2048 : 512).fill(number++)
        // The slow one is never waited for: what it cannot take is for credit to hold back.
        if (!slow) await comm.send(data, { dest: other })
        else {
          const sent = comm.isend(data, { dest: other })
          pending++
          void sent.wait().then(() => pending--)
          while (pending > 100 && performance.now() < end) await sleep(1)
        }
      }
      await comm.send(new Float64Array(1).fill(-1), { dest: other })
    } else {
      for (;;) {
        const data = await comm.recv<Float64Array>({ source: other })
        if (data[0] === -1) break
        if (data[0] !== wanted || data.at(-1) !== wanted) throw new Error('number ' + data[0] + ' instead of ' + wanted)
        wanted++
        number++
        if (slow && performance.now() < end) await sleep(10)
      }
    }
    resident.push(process.memoryUsage.rss())
    rates.push(number - start)
  }
  console.log(JSON.stringify({ rank: comm.rank, rates, resident }))
`
interface Said {
  rank: number
  rates: number[]
  /** Bytes of its process at the end of each phase. */
  resident: number[]
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!

it('a rank that is slow holds up nobody else on its link, and what waits for it is bounded', async () => {
  const { status, stdout, stderr } = await rxmpi(['run', '--host', 'localhost:2,localhost:2', '--no-prefix', program(source)])
  expect([status, stderr]).toEqual([0, ''])
  const said = lines(stdout).map((line) => JSON.parse(line) as Said)
  const [sent, , got] = [said[1]!.rates, said[2]!.rates, said[3]!.rates]
  expect(got).toEqual(sent)
  expect(said[2]!.rates).toEqual(said[0]!.rates)
  const ratio = median(got.filter((_, k) => k % 2 === 0)) / median(got.filter((_, k) => k % 2 === 1))
  // What the collector has not come to yet is there in both: the slow pair's share is what waits for the slow rank, and a window of 16 MiB
  // a pair bounds it at either end.
  const [beside, alone] = [0, 1].map((odd) => said.map(({ resident }) => median(resident.filter((_, k) => k % 2 === odd))))
  const grown = Math.max(...beside!.map((bytes, rank) => bytes - alone![rank]!)) / 2 ** 20
  const trend = Math.max(...said.map(({ resident }) => resident.at(-2)! - resident[0]!)) / 2 ** 20
  for (const count of got) expect(count).toBeGreaterThan(0)
  if (!SOAK) return
  console.log(
    `beside a slow pair ${ratio.toFixed(2)} of the messages without; ${grown.toFixed(0)} MB more, ${trend.toFixed(0)} MB from the first phase to the last`
  )
  expect(grown).toBeLessThan(32)
  expect(ratio).toBeGreaterThan(0.8)
})
