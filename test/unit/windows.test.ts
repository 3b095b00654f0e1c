import { concat, concatMap, defer, type Observable, of } from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { RmaSyncError, type RxmpiError } from '../../src/errors.js'
import { type Records, struct, vector } from '../../src/layout/index.js'
import { createOp, MAXLOC, NO_OP, SUM } from '../../src/op/op.js'
import type { Window } from '../../src/window/window.js'
import { explore } from '../../testing/explore.js'
import { simulate } from '../../testing/simulate.js'
import { type Steps, steps, wait } from '../compliance/steps.js'
import { isLinearizable, type Operation } from './linearizable.js'

/** The error of a step. */
function* failure(source: () => Observable<unknown>): Steps<RxmpiError> {
  try {
    yield* wait(defer(source))
  } catch (error) {
    return error as RxmpiError
  }
  throw new Error('it did not fail')
}

/** A window of two ranks, of which rank 0 runs a program; then it is closed. */
function onTwo<A = Float64Array>(
  program: (win: Window<A>, comm: Communicator) => Steps<void>,
  make: (comm: Communicator) => Observable<Window<A>> = (comm) => comm.iallocateWindow(Float64Array, 4) as never
): void {
  simulate(2, { latency: 1 }, ({ ranks }) => {
    ranks((comm) =>
      steps(function* () {
        const win = yield* wait(make(comm))
        if (comm.rank === 0) yield* program(win, comm)
        yield* wait(win.iclose())
      })
    )
  })
}

describe('arguments', () => {
  it('are checked before anything is sent, by one', () => {
    onTwo(function* (win) {
      yield* wait(win.iput(new Float64Array(2), { target: 1, at: 2 }))
      const outside = yield* failure(() => win.iput(new Float64Array(2), { target: 1, at: 3 }))
      expect(outside).toMatchObject({ code: 'ERR_COUNT', rank: 0, communicator: 'world.window(1)' })
      expect(outside.message).toMatch(/^at: elements 3 … 4 are outside the part of rank 1, which has 4 elements \(rank 0/)
      expect(outside.callSite).toMatch(/windows\.test\.ts:\d+/)
      for (const at of [-1, 0.5, Number.NaN, '1', 2 ** 53]) {
        expect((yield* failure(() => win.iget({ target: 1, at: at as number, count: 1 }))).message).toMatch(/^at: /)
      }
      for (const target of [2, -1, 0.5, undefined, null, 'a', {}]) {
        const error = yield* failure(() => win.iput(new Float64Array(1), { target: target as number }))
        expect(['ERR_RANK', 'ERR_ARGUMENT']).toContain(error.code)
        expect(error.message).toMatch(/^target: /)
      }
      expect((yield* failure(() => win.iput(new Float32Array(1), { target: 1 }))).code).toBe('ERR_DATATYPE')
      expect((yield* failure(() => win.iput(5 as never, { target: 1 }))).message).toMatch(/^data: expected a typed array/)
      const gone = new Float64Array(1)
      structuredClone(gone, { transfer: [gone.buffer] })
      expect((yield* failure(() => win.iput(gone, { target: 1 }))).message).toMatch(/^data: the buffer is detached/)
      expect((yield* failure(() => win.iget({ target: 1, into: gone }))).message).toMatch(/^into: the buffer is detached/)
      expect((yield* failure(() => win.iget({ target: 1 }))).message).toMatch(/^count: how much is read/)
      expect((yield* failure(() => win.iget({ target: 1, count: 5 }))).code).toBe('ERR_COUNT')
      expect((yield* failure(() => win.iget({ target: 1, count: 3, into: new Float64Array(2) }))).code).toBe('ERR_COUNT')
      expect((yield* failure(() => win.iget({ target: 1, into: new Int32Array(2) }))).code).toBe('ERR_DATATYPE')
      expect((yield* failure(() => win.iput(new Float64Array(2), { target: 1, layout: vector(3, 1, 1) }))).code).toBe('ERR_COUNT')
      expect((yield* failure(() => win.iput(new Float64Array(2), { target: 1, at: 1, layout: vector(2, 1, 3) }))).code).toBe('ERR_COUNT')
      expect((yield* failure(() => win.iput(new Float64Array(1), { target: 1, notify: -1 }))).code).toBe('ERR_TAG')
      expect((yield* failure(() => win.iput(new Float64Array(1), undefined as never))).code).toBe('ERR_ARGUMENT')
      expect((yield* failure(() => win.ifetchAndOp(1n as never, SUM, { target: 1 }))).code).toBe('ERR_DATATYPE')
      expect((yield* failure(() => win.icompareAndSwap(1, 2, { target: 1 }))).code).toBe('ERR_DATATYPE')
      expect(yield* wait(win.ifetchAndOp(2, undefined, { target: 1, at: 1 }))).toBe(0)
      yield* wait(win.iaccumulate(Float64Array.of(3), undefined, { target: 1, at: 1 }))
      expect(yield* wait(win.igetAccumulate(Float64Array.of(4), undefined, { target: 1, at: 1 }))).toEqual(Float64Array.of(5))
      const own = createOp((a: number, b: number) => a + b, { name: 'mine' })
      expect((yield* failure(() => win.iaccumulate(new Float64Array(1), own, { target: 1 }))).message).toMatch(
        /^op: 'mine' is an op of the/
      )
      expect((yield* failure(() => win.iaccumulate(new Float64Array(1), MAXLOC, { target: 1 }))).code).toBe('ERR_DATATYPE')
      const signal = AbortSignal.abort()
      expect((yield* failure(() => win.iput(new Float64Array(1), { target: 1, signal }))).code).toBe('ERR_ABORT')
    })
  })

  it('of atomic calls are no records, and lie at multiples of an element', () => {
    const Pair = struct({ a: 'i32', b: 'f64' })
    onTwo<Records>(
      function* (win) {
        expect((yield* failure(() => win.iaccumulate(Pair.allocate(1), SUM, { target: 1 }))).code).toBe('ERR_DATATYPE')
        const bytes = yield* failure(() => win.iput(new Uint8Array(12), { target: 1 }))
        expect(bytes.code).toBe('ERR_DATATYPE')
      },
      (comm) => comm.iwindow(Pair.allocate(2)) as never
    )
    onTwo<Uint8Array>(
      function* (win) {
        expect((yield* failure(() => win.iaccumulate(new Int32Array(1), SUM, { target: 1, at: 2 }))).message).toMatch(/multiple/)
        yield* wait(win.iput(new Int32Array(1), { target: 1, at: 2 }))
      },
      (comm) => comm.iwindow(new Uint8Array(8)) as never
    )
  })
})

describe('a rank', () => {
  it('that gives a window up is missed by calls on its part, and by no others', () => {
    simulate(3, { latency: 1 }, ({ ranks }) => {
      ranks((comm) =>
        steps(function* () {
          const win = yield* wait(comm.iallocateWindow(Float64Array, 1))
          yield* wait(win.ifence())
          if (comm.rank === 2) {
            win.free()
            win.free()
            expect((yield* failure(() => win.iput(new Float64Array(1), { target: 0 }))).code).toBe('ERR_FREED')
            return
          }
          const error = yield* failure(() => win.iput(new Float64Array(1), { target: 2 }))
          expect(error.code).toBe('ERR_FREED')
          yield* wait(win.iput(new Float64Array(1), { target: 1 - comm.rank }))
          expect((yield* failure(() => win.ifence())).code).toBe('ERR_FREED')
          win.free()
        })
      )
    })
  })

  it('that gives a window up leaves nobody waiting: for its lock, its epochs, or behind one', () => {
    const found: string[] = []
    simulate(3, { latency: 1 }, ({ ranks }) => {
      ranks((comm) =>
        steps(function* () {
          const win = yield* wait(comm.iallocateWindow(Float64Array, 1))
          if (comm.rank === 0) {
            yield* wait(win.ilock(0))
            yield* wait(comm.ibarrier())
            yield* wait(comm.irecv({ source: 1 }))
            win.free()
            return
          }
          yield* wait(comm.ibarrier())
          const behind = win.iput(new Float64Array(1), { target: 0 })
          const lock = comm.rank === 1 ? win.ilock(0) : win.istart(win.group.include([0]))
          for (const request of [behind, lock]) request.look()
          if (comm.rank === 1) yield* wait(comm.isend('go', { dest: 0 }))
          for (const request of [behind, lock]) found.push((yield* failure(() => request)).code)
          found.push((yield* failure(() => win.ilock(0))).code)
          win.free()
        })
      )
    })
    expect(found).toEqual(Array(6).fill('ERR_FREED'))
  })

  it.each([2, 3, 5, 6])('that gives a window up after a fence is not missed in that fence, by %i', (size) => {
    // Rank 0 has ended long before the slow ones, which hear of it from others first.
    const link = (from: number, to: number) => ({ latency: from === 0 ? 1 : 1 + 7 * ((from + to) % 3) })
    simulate(size, { link }, ({ ranks, comms, flush }) => {
      const ended: number[] = []
      ranks((comm) =>
        steps(function* () {
          const win = yield* wait(comm.iwindow(new Int8Array(1)))
          for (let k = 0; k < 2; k++) yield* wait(win.ifence())
          win.free()
          ended.push(comm.rank)
        })
      )
      flush()
      expect(ended.sort()).toEqual(comms.map(({ rank }) => rank))
    })
  })

  it('that gives a window up is missed in a fence that it has not come to the end of', () => {
    simulate(3, { latency: 1 }, ({ ranks }) => {
      ranks((comm) =>
        steps(function* () {
          const win = yield* wait(comm.iwindow(new Int8Array(1)))
          yield* wait(win.ifence())
          if (comm.rank > 0) expect((yield* failure(() => win.ifence())).message).toMatch(/^rank 0 has freed window/)
          win.free()
        })
      )
    })
  })

  it('that revokes a communicator revokes what was made of it', () => {
    const found: string[] = []
    simulate(2, { latency: 1 }, ({ ranks }) => {
      ranks((comm) =>
        steps(function* () {
          const pair = yield* wait(comm.idup())
          const win = yield* wait(pair.iallocateWindow(Float64Array, 1))
          yield* wait(comm.ibarrier())
          if (comm.rank === 0) pair.revoke()
          yield* wait(comm.ibarrier())
          yield* wait(comm.ibarrier())
          found.push((yield* failure(() => win.iput(new Float64Array(1), { target: 0 }))).code)
          win.free()
          pair.free()
        })
      )
    })
    expect(found).toEqual(['ERR_REVOKED', 'ERR_REVOKED'])
  })

  it('that fails gives its locks back, and the next is told; what needs it fails', () => {
    const found: unknown[] = []
    simulate(3, { latency: 1, leaks: 'ignore' }, ({ ranks, fail }) => {
      ranks((comm) =>
        steps(function* () {
          const win = yield* wait(comm.iallocateWindow(Float64Array, 1))
          if (comm.rank === 2) {
            yield* wait(win.ilock(0))
            yield* wait(comm.isend('locked', { dest: 1 }))
            yield* wait(comm.irecv({ source: 2 }))
          }
          if (comm.rank === 1) {
            yield* wait(comm.irecv({ source: 2 }))
            const request = win.ilock(0)
            yield* wait(comm.isend('waiting', { dest: 0 }))
            const lock = yield* wait(request)
            found.push(lock.abandoned)
            lock.release()
            found.push((yield* failure(() => win.iput(new Float64Array(1), { target: 2 }))).code)
            found.push((yield* failure(() => win.ifence())).code)
            const next = yield* wait(win.ilock(0))
            found.push(next.abandoned)
            next.release()
            win.free()
          }
          if (comm.rank === 0) {
            const started = win.istart(win.group.include([2]))
            started.look()
            yield* wait(comm.irecv({ source: 1 }))
            fail(2)
            found.push((yield* failure(() => started)).code)
          }
        })
      )
    })
    expect(found).toEqual(['ERR_RANK_FAILED', 2, 'ERR_RANK_FAILED', 'ERR_RANK_FAILED', undefined])
  })
})

/** What a rank may not do, and where it began what is in the way: the cases of MPI-CorrBench's rma classes. */
describe('RmaSyncError', () => {
  const cases: Record<string, (win: Window<Float64Array>) => Steps<RxmpiError>> = {
    'fence while a lock is held': function* (win) {
      const lock = yield* wait(win.ilock(1))
      const error = yield* failure(() => win.ifence())
      lock.release()
      return error
    },
    'fence while all are locked': function* (win) {
      const lock = yield* wait(win.ilockAll())
      const error = yield* failure(() => win.ifence())
      lock.release()
      return error
    },
    'fence between start and complete': function* (win) {
      yield* wait(win.ipost(win.group.include([0])))
      yield* wait(win.istart(win.group.include([0])))
      const error = yield* failure(() => win.ifence())
      yield* wait(win.icomplete())
      yield* wait(win.iwait())
      return error
    },
    'fence between post and wait': function* (win) {
      yield* wait(win.ipost(win.group.include([0])))
      const error = yield* failure(() => win.ifence())
      yield* wait(win.istart(win.group.include([0])))
      yield* wait(win.icomplete())
      yield* wait(win.iwait())
      return error
    },
    'close while a lock is held': function* (win) {
      const lock = yield* wait(win.ilock(1))
      const error = yield* failure(() => win.iclose())
      lock.release()
      return error
    },
    'a second lock': function* (win) {
      const lock = yield* wait(win.ilock(1))
      const error = yield* failure(() => win.ilock(1, { shared: true }))
      lock.release()
      return error
    },
    'lockAll beside a lock': function* (win) {
      const lock = yield* wait(win.ilock(1))
      const error = yield* failure(() => win.ilockAll())
      lock.release()
      return error
    },
    'a lock beside lockAll': function* (win) {
      const lock = yield* wait(win.ilockAll())
      const error = yield* failure(() => win.ilock(0))
      lock.release()
      return error
    },
    'lock between start and complete': function* (win) {
      yield* wait(win.istart(win.group.exclude([0, 1])))
      const error = yield* failure(() => win.ilock(1))
      yield* wait(win.icomplete())
      return error
    },
    'start beside a lock': function* (win) {
      const lock = yield* wait(win.ilock(1))
      const error = yield* failure(() => win.istart(win.group))
      lock.release()
      return error
    },
    'a call to a rank that is not in the group': function* (win) {
      yield* wait(win.istart(win.group.exclude([0, 1])))
      const error = yield* failure(() => win.iput(new Float64Array(1), { target: 1 }))
      yield* wait(win.icomplete())
      return error
    },
    'start twice': function* (win) {
      yield* wait(win.istart(win.group.exclude([0, 1])))
      const error = yield* failure(() => win.istart(win.group.exclude([0, 1])))
      yield* wait(win.icomplete())
      return error
    },
    'post twice': function* (win) {
      yield* wait(win.ipost(win.group.exclude([0, 1])))
      const error = yield* failure(() => win.ipost(win.group.exclude([0, 1])))
      yield* wait(win.iwait())
      return error
    }
  }
  it.each(Object.entries(cases))('is %s, with both lines', (_, run) => {
    onTwo(function* (win) {
      const error = yield* run(win)
      expect(error).toBeInstanceOf(RmaSyncError)
      expect(error.code).toBe('ERR_RMA_SYNC')
      expect(error.message.match(/windows\.test\.ts:\d+/g)).toHaveLength(2)
      expect(error.message).not.toMatch(/(taken|start|post|together), at/)
    })
  })

  it('is an end without its beginning', () => {
    onTwo(function* (win) {
      for (const call of [() => win.icomplete(), () => win.iwait(), () => win.iunlock(1), () => win.iunlock()]) {
        expect((yield* failure(call)).code).toBe('ERR_RMA_SYNC')
      }
      expect(() => win.test()).toThrow(RmaSyncError)
      const lock = yield* wait(win.ilock(1))
      yield* wait(win.iunlock(1))
      expect((yield* failure(() => win.iunlock(1))).code).toBe('ERR_RMA_SYNC')
      // What was given back otherwise is no error.
      lock.release()
    })
  })
})

describe('simulate', () => {
  it('takes a message there and back for a call, and none for what is looked at', () => {
    simulate(2, { latency: 3 }, ({ comms: [zero, one], expectObservable }) => {
      const program = (comm: Communicator): Observable<unknown> =>
        comm.iallocateWindow(Float64Array, 1).pipe(
          concatMap((win) =>
            concat(
              defer(() => win.ifence()),
              defer(() => (comm.rank === 0 ? win.iput(Float64Array.of(1), { target: 1 }) : of(undefined))),
              defer(() => win.iclose())
            )
          )
        )
      // Two rounds to make it, a fence, six for the put, and the close, which waits for it.
      expectObservable(program(zero!)).toBe('---------a-----(bc|)', { a: undefined, b: undefined, c: undefined })
      expectObservable(program(one!)).toBe('---------(ab)-----(c|)', { a: undefined, b: undefined, c: undefined })
    })
  })

  it('names a window that is left, and a lock that is held, with their lines', () => {
    const leave = (): void =>
      simulate(1, {}, ({ ranks }) => {
        ranks((comm) => comm.iwindow(new Float64Array(1), { name: 'table' }).pipe(concatMap((win) => win.ilock(0))))
      })
    expect(leave).toThrow(/rank 0 never freed window 'table', at test\/unit\/windows\.test\.ts/)
    expect(leave).toThrow(/rank 0 holds the lock of rank 0's part of window 'table', at test\/unit\/windows\.test\.ts/)
  })

  it('tells who holds the lock that is waited for, with both lines', () => {
    const stuck = (): void =>
      simulate(2, { latency: 1 }, ({ ranks }) => {
        ranks((comm) =>
          steps(function* () {
            const win = yield* wait(comm.iallocateWindow(Float64Array, 1))
            yield* wait(win.ilock(comm.rank))
            yield* wait(comm.ibarrier())
            yield* wait(win.ilock(1 - comm.rank))
          })
        )
      })
    expect(stuck).toThrow(
      /rank 0 waits in lock for the lock of rank 1's part of window 'world\.window\(1\)', which is held by rank 1, at \S+:\d+:\d+, at \S+:\d+:\d+/
    )
  })

  it('tells of epochs and notifications that are waited for', () => {
    const stuck =
      (run: (win: Window<Float64Array>) => Observable<unknown>): (() => void) =>
      () =>
        simulate(2, { latency: 1 }, ({ ranks }) => {
          ranks((comm) => comm.iallocateWindow(Float64Array, 1).pipe(concatMap((win) => (comm.rank === 0 ? run(win) : of(undefined)))))
        })
    expect(stuck((win) => win.istart(win.group.include([1])))).toThrow(
      /rank 0 waits in start for rank 1 to post on window 'world\.window\(1\)'/
    )
    const exposed = (win: Window<Float64Array>): Observable<unknown> =>
      concat(
        defer(() => win.ipost(win.group.include([1]))),
        defer(() => win.iwait())
      )
    expect(stuck(exposed)).toThrow(/rank 0 waits in wait for rank 1 to complete on window/)
  })
})

describe('histories', () => {
  it.each(['counter', 'register'] as const)('of a %s are linearizable in any order of arrival', (kind) => {
    explore({ seeds: 60, size: 3, jitter: 3 }, ({ ranks }) => {
      const history: Operation[] = []
      let clock = 0
      ranks((comm) =>
        steps(function* () {
          const win = yield* wait(comm.iallocateWindow(Int32Array, 1))
          for (let k = 0; k < 4; k++) {
            const begin = clock++
            if (kind === 'counter') {
              const result = yield* wait(win.ifetchAndOp(1, SUM, { target: 0 }))
              history.push({ begin, end: clock++, kind: 'add', value: 1, result })
            } else if (comm.rank === 0 || k % 2 === 0) {
              const result = yield* wait(win.ifetchAndOp(0, NO_OP, { target: 0 }))
              history.push({ begin, end: clock++, kind: 'read', value: 0, result })
            } else {
              const value = 10 * comm.rank + k
              const result = yield* wait(win.icompareAndSwap(k - 1, value, { target: 0 }))
              history.push({ begin, end: clock++, kind: 'swap', expected: k - 1, value, result })
            }
          }
          yield* wait(win.iclose())
          if (comm.rank === 0) expect(isLinearizable(history)).toBe(true)
        })
      )
    })
  })

  it('that are not are found', () => {
    const add = (begin: number, end: number, result: number): Operation => ({ begin, end, kind: 'add', value: 1, result })
    expect(isLinearizable([add(0, 1, 0), add(2, 3, 1)])).toBe(true)
    expect(isLinearizable([add(0, 3, 1), add(1, 2, 0)])).toBe(true)
    expect(isLinearizable([add(0, 1, 1), add(2, 3, 0)])).toBe(false)
    expect(isLinearizable([add(0, 3, 0), add(1, 2, 0)])).toBe(false)
  })
})
