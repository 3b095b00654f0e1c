import { readFileSync } from 'node:fs'
import type { Communicator } from '../../src/communicator.js'
import { BXOR, SUM } from '../../src/op.js'
import type { Request } from '../../src/request.js'
import { simulate } from '../../testing/index.js'
import { evaluate } from './formula.js'

const PIECE = 2 ** 15

interface Row {
  collective: string
  algorithm: string
  messages: string
  bytes: string
}

const rows: Row[] = readFileSync('docs/reference/algorithms.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => {
    const [, collective, algorithm, , , messages, bytes] = line.split('|').map((cell) => cell.trim().replaceAll('`', ''))
    return { collective: collective!, algorithm: algorithm!, messages: messages!, bytes: bytes! }
  })

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
    const sent = simulate(size, { latency: 1 }, ({ comms, flush, traffic }) => {
      for (const comm of comms) calls[`${collective} ${algorithm}`]!(comm, new Int32Array(length))
      flush()
      return { ...traffic() }
    })
    expect(sent).toMatchObject({ messages: evaluate(messages, values), bytes: evaluate(bytes, values) })
  })
})
