import type { Communicator } from '../../src/communicator/communicator.js'
import { ArgumentError, CountError } from '../../src/errors.js'
import { SUM } from '../../src/op/op.js'
import { outcomesOf } from '../model/outcomes.js'

/** One mistake has one class of error, whichever the collective and whichever its argument. */

const data = new Float64Array(4)
const right = [2, 2]

const places: [string, string, (comm: Communicator, wrong: never) => unknown][] = [
  ['scatterv', 'counts', (comm, counts) => comm.iscatterv(data, { root: comm.rank, counts })],
  ['scatterv', 'displs', (comm, displs) => comm.iscatterv(data, { root: comm.rank, counts: right, displs })],
  ['gatherv', 'counts', (comm, counts) => comm.igatherv(data, { root: comm.rank, counts })],
  ['gatherv', 'displs', (comm, displs) => comm.igatherv(data, { root: comm.rank, counts: right, displs })],
  ['allgatherv', 'counts', (comm, counts) => comm.iallgatherv(data, { counts })],
  ['allgatherv', 'displs', (comm, displs) => comm.iallgatherv(data, { counts: right, displs })],
  ['alltoallv', 'sendCounts', (comm, sendCounts) => comm.ialltoallv(data, { sendCounts })],
  ['alltoallv', 'sendDispls', (comm, sendDispls) => comm.ialltoallv(data, { sendCounts: right, sendDispls })],
  ['alltoallv', 'recvCounts', (comm, recvCounts) => comm.ialltoallv(data, { sendCounts: right, recvCounts })],
  ['alltoallv', 'recvDispls', (comm, recvDispls) => comm.ialltoallv(data, { sendCounts: right, recvCounts: right, recvDispls })],
  ['reduceScatter', 'counts', (comm, counts) => comm.ireduceScatter(data, SUM, { counts })]
]

describe.each(places)('%s, %s', (_, argument, call) => {
  test.each<[unknown, typeof ArgumentError | typeof CountError]>([
    [[1, -1], ArgumentError],
    [[1, 0.5], ArgumentError],
    [[1, '1'], ArgumentError],
    [[1, Number.NaN], ArgumentError],
    [[1, 2 ** 53], ArgumentError],
    [[1, undefined], ArgumentError],
    [new Array(2), ArgumentError],
    [Float64Array.of(1, 1.5), ArgumentError],
    [BigInt64Array.of(1n, 2n), ArgumentError],
    [2, ArgumentError],
    ['22', ArgumentError],
    [null, ArgumentError],
    [{ 0: 2, 1: 2, length: 2 }, ArgumentError],
    [new DataView(new ArrayBuffer(2)), ArgumentError],
    [[], CountError],
    [[4], CountError],
    [[2, 1, 1], CountError],
    [Int32Array.of(2, 1, 1), CountError]
  ])('%p', (wrong, type) => {
    for (const error of outcomesOf(2, (comm) => call(comm, wrong as never) as never, { leaks: 'ignore' }) as Error[]) {
      expect(error).toBeInstanceOf(type)
      expect(error.message).toMatch(new RegExp(`^${argument}: expected 2 integers`))
    }
  })

  test('integers in a typed array are as good', () => {
    const [fine] = outcomesOf(
      2,
      (comm) => call(comm, (argument.endsWith('ispls') ? Int32Array.of(0, 2) : Int32Array.of(2, 2)) as never) as never,
      {
        leaks: 'ignore'
      }
    )
    expect(fine).not.toBeInstanceOf(ArgumentError)
  })
})
