import { readFileSync } from 'node:fs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { BXOR, SUM } from '../../src/op/op.js'
import type { Request } from '../../src/request/request.js'
import { simulate } from '../../testing/index.js'
import { evaluate } from './formula.js'

const PIECE = 2 ** 15

interface Row {
  collective: string
  algorithm: string
  messages: string
  bytes: string
}

const [onOneHost, onSeveral] = readFileSync('docs/reference/algorithms.md', 'utf8').split('## On several hosts')
const rowsOf = (page: string, table: RegExp): Row[] =>
  page
    .split('\n')
    .filter((line) => table.test(line))
    .map((line) => {
      const [, collective, algorithm, , , messages, bytes] = line.split('|').map((cell) => cell.trim().replaceAll('`', ''))
      return { collective: collective!, algorithm: algorithm!, messages: messages!, bytes: bytes! }
    })
const rows = rowsOf(onOneHost!, /^\| `/)
const crossings = rowsOf(onSeveral!, /^\| [a-z]+ \|/)

/** A call of each, on so many bytes. */
const calls: Record<string, (comm: Communicator, data: Int32Array) => Request<unknown>> = {
  'barrier dissemination': (comm) => comm.ibarrier(),
  'bcast binomial': (comm, data) => comm.ibcast(data, { root: comm.size - 1 }),
  'bcast chain': (comm, data) => comm.ibcast(data, { root: comm.size - 1, algorithm: 'chain' }),
  'scatter binomial': (comm, data) => comm.iscatter(data, { root: comm.size - 1, algorithm: 'binomial' }),
  'scatter linear': (comm, data) => comm.iscatter(data, { root: comm.size - 1, algorithm: 'linear' }),
  'gather binomial': (comm, data) => comm.igather(data, { root: comm.size - 1, algorithm: 'binomial' }),
  'gather linear': (comm, data) => comm.igather(data, { root: comm.size - 1, algorithm: 'linear' }),
  'allgather bruck': (comm, data) => comm.iallgather(data, { algorithm: 'bruck' }),
  'allgather ring': (comm, data) => comm.iallgather(data, { algorithm: 'ring' }),
  'alltoall bruck': (comm, data) => comm.ialltoall(data, { algorithm: 'bruck' }),
  'alltoall pairwise': (comm, data) => comm.ialltoall(data, { algorithm: 'pairwise' }),
  'reduce binomial': (comm, data) => comm.ireduce(data, SUM, { root: comm.size - 1 }),
  'reduce rabenseifner': (comm, data) => comm.ireduce(data, SUM, { root: comm.size - 1, algorithm: 'rabenseifner' }),
  'allreduce recursiveDoubling': (comm, data) => comm.iallreduce(data, SUM),
  'allreduce hierarchical': (comm, data) => comm.iallreduce(data, SUM, { algorithm: 'hierarchical' }),
  'allreduce rabenseifner': (comm, data) => comm.iallreduce(data, SUM, { algorithm: 'rabenseifner' }),
  'allreduce ring': (comm, data) => comm.iallreduce(data, SUM, { algorithm: 'ring' }),
  'scan recursiveDoubling': (comm, data) => comm.iscan(data, SUM),
  'exscan recursiveDoubling': (comm, data) => comm.iexscan(data, SUM),
  'reduceScatter recursiveHalving': (comm, data) => comm.ireduceScatter(data, BXOR),
  'reduceScatter pairwise': (comm, data) => comm.ireduceScatter(data, BXOR, { algorithm: 'pairwise' })
}

test('every algorithm of the page is counted here', () => {
  expect(rows.map(({ collective, algorithm }) => `${collective} ${algorithm}`)).toEqual(Object.keys(calls))
})

describe.each(rows)('$collective by $algorithm', ({ collective, algorithm, messages, bytes }) => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16])('sends on %i ranks what the page says', (size) => {
    // Blocks for every rank and every half.
    const length = algorithm === 'chain' ? 3 * PIECE : 4 * size * 16
    const S = 4 * length
    const Q = 2 ** Math.floor(Math.log2(size))
    let D = 0
    for (let rank = 0; rank < size; rank++) D += rank.toString(2).replaceAll('0', '').length
    const values = { P: size, S, Q, E: size - Q, K: Math.ceil(S / PIECE), D }
    const sent = simulate(size, { latency: 1, leaks: 'ignore' }, ({ comms, flush, traffic }) => {
      for (const comm of comms) calls[`${collective} ${algorithm}`]!(comm, new Int32Array(length))
      flush()
      return { ...traffic() }
    })
    expect(sent).toMatchObject({ messages: evaluate(messages, values), bytes: evaluate(bytes, values) })
  })
})

/** By default, or by an algorithm that is to be looked at on few ranks and bytes. */
const onHosts: Record<string, (comm: Communicator, data: Int32Array) => Request<unknown>> = {
  'barrier hierarchical': (comm) => comm.ibarrier(),
  'bcast binomial': (comm, data) => comm.ibcast(data, { root: comm.size - 1, algorithm: 'binomial' }),
  'bcast chain': (comm, data) => comm.ibcast(data, { root: comm.size - 1, algorithm: 'chain' }),
  'allreduce hierarchical': (comm, data) => comm.iallreduce(data, SUM),
  'allreduce rabenseifner': (comm, data) => comm.iallreduce(data, SUM, { algorithm: 'rabenseifner' })
}

test('every algorithm that knows of hosts is counted here', () => {
  expect(crossings.map(({ collective, algorithm }) => `${collective} ${algorithm}`)).toEqual(Object.keys(onHosts))
})

describe.each(crossings)('$collective by $algorithm', ({ collective, algorithm, messages, bytes }) => {
  test.each([
    [2, 2],
    [2, 4],
    [3, 2],
    [3, 4],
    [4, 2],
    [5, 8],
    [7, 2],
    [8, 4]
  ])('sends between %i hosts of %i ranks what the page says', (H, N) => {
    const size = H * N
    const hostOf = (rank: number): number => Math.floor(rank / N)
    const length = algorithm === 'chain' ? 3 * PIECE : 16 * size
    const S = 4 * length
    const A = 2 ** Math.floor(Math.log2(H))
    const ranks = Array.from({ length: size }, (_, rank) => rank)
    const sent = simulate(size, { latency: 1, leaks: 'ignore', hosts: ranks.map(hostOf) }, ({ comms, flush, traffic }) => {
      for (const comm of comms) onHosts[`${collective} ${algorithm}`]!(comm, new Int32Array(length))
      flush()
      const sum = { messages: 0, bytes: 0 }
      for (const from of ranks) {
        for (const to of ranks.filter((rank) => hostOf(rank) !== hostOf(from))) {
          sum.messages += traffic(from, to).messages
          sum.bytes += traffic(from, to).bytes
        }
      }
      return sum
    })
    const values = { H, N, S, A, B: H - A, K: Math.ceil(S / PIECE) }
    expect(sent).toEqual({ messages: evaluate(messages, values), bytes: evaluate(bytes, values) })
  })
})

test.each([
  [2, 2],
  [3, 4],
  [5, 2],
  [4, 8]
])('on %i hosts of %i ranks an allreduce has the bits that it has on one', (H, N) => {
  const size = H * N
  const sumsOf = (hosts?: number[]): unknown[] =>
    simulate(size, { latency: 1, ...(hosts && { hosts }) }, ({ comms, flush }) => {
      const requests = comms.map((comm) =>
        comm.iallreduce(Float64Array.from({ length: 64 }, (_, k) => 1 / (1 + ((comm.rank * 37 + k) % 101))))
      )
      flush()
      return requests.map(({ value }) => value)
    })
  const hosts = Array.from({ length: size }, (_, rank) => Math.floor(rank / N))
  expect(sumsOf(hosts)).toEqual(sumsOf())
})
