import { concat, concatMap, defer, map, of, timer } from 'rxjs'
import { PROC_NULL } from '../../src/constants.js'
import { RankError, RankFailedError, TruncationError } from '../../src/errors.js'
import { Status } from '../../src/request/status.js'
import { simulate } from '../../testing/simulate.js'
import { bindings } from './collectives/bindings.js'

describe.each(bindings)('isendrecv over $name', (binding) => {
  test.each([1, 2, 3, 4, 5, 7, 8])('goes round a ring of %i, in place too, short and long', async (size) => {
    const outcomes = await binding.run(size, (comm) => {
      const [left, right] = [(comm.rank + size - 1) % size, (comm.rank + 1) % size]
      const whole = (length: number) =>
        defer(() => {
          const data = new Float64Array(length).fill(comm.rank)
          const status = new Status()
          return comm
            .isendrecv(data, { dest: right, source: left, sendTag: 3, recvTag: 3, into: data, status })
            .pipe(map((into) => [into === data, into.every((value) => value === left), status.source, status.tag, status.count]))
        })
      return concat(of(1, 50_000).pipe(concatMap(whole)), comm.isendrecv({ from: comm.rank }, { dest: right, source: left }))
    })
    for (const [rank, { values, error }] of outcomes.entries()) {
      const left = (rank + size - 1) % size
      expect(error).toBeUndefined()
      expect(values).toEqual([[true, true, left, 3, 1], [true, true, left, 3, 50_000], { from: left }])
    }
  })
})

describe('isendrecv', () => {
  it('is complete when both are', () => {
    simulate(2, { latency: 2 }, ({ comms: [zero, one], expectObservable }) => {
      const long = new Uint8Array(100_000)
      expectObservable(zero!.isendrecv(long, { dest: 1, source: 1 })).toBe('------(a|)', { a: 'short' })
      one!.isend('short', { dest: 0 })
      timer(4).subscribe(() => one!.irecv({ source: 0 }).subscribe())
    })
  })

  it('withdraws its receive when its send fails', () => {
    simulate(3, { latency: 1 }, ({ comms: [zero, one], fail, flush }) => {
      const request = zero!.isendrecv(new Uint8Array(100_000), { dest: 2, source: 1 })
      let error: unknown
      request.subscribe({ error: (thrown) => (error = thrown) })
      fail(2)
      flush()
      expect(error).toBeInstanceOf(RankFailedError)
      expect(request.status?.cancelled).toBe(true)
      one!.isend('for the next', { dest: 0 })
      const next = zero!.irecv({ source: 1 })
      flush()
      expect(next.value).toBe('for the next')
    })
  })

  it('fails as a receive does, and has nothing to do with PROC_NULL', () => {
    simulate(1, { latency: 1 }, ({ comms: [comm], flush }) => {
      const request = comm!.isendrecv(new Uint8Array(9), { dest: 0, source: 0, into: new Uint8Array(8) })
      let error: unknown
      request.subscribe({ error: (thrown) => (error = thrown) })
      flush()
      expect(error).toBeInstanceOf(TruncationError)
      expect(comm!.isendrecv(1, { dest: PROC_NULL, source: PROC_NULL }).test()).toBe(true)
      comm!.isendrecv(1, { dest: 1, source: 0 }).subscribe({ error: (thrown) => (error = thrown) })
      expect(error).toBeInstanceOf(RankError)
      expect((error as Error).message).toContain('dest: 1')
    })
  })
})
