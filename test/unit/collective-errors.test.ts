import { concat, defer, Observable, of, throwError, toArray } from 'rxjs'
import * as mpi from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { createOp } from '../../src/op/op.js'
import { simulate } from '../../testing/index.js'

/** What each rank sees of a collective: its values and then its end; and that the communicator is as usable as before. */
function seen(size: number, program: (comm: Communicator) => Observable<unknown>, late: readonly number[] = []): string[] {
  const got: string[] = Array.from({ length: size }, () => '')
  simulate(size, { latency: 1 }, ({ comms, cold, flush }) => {
    const further: unknown[] = []
    for (const [rank, comm] of comms.entries()) {
      const start = late.includes(rank)
        ? concat(
            cold('-----|'),
            defer(() => program(comm))
          )
        : program(comm)
      start.subscribe({
        next: (value) => {
          got[rank] += `${value} `
        },
        error: (error) => {
          got[rank] +=
            error.cause === undefined || error.name !== 'RemoteError' ? error.message.split(' (')[0] : `remote: ${error.cause.message}`
        },
        complete: () => {
          got[rank] += 'done'
        }
      })
    }
    flush()
    for (const comm of comms) comm.iallreduce(1).subscribe((sum) => further.push(sum))
    flush()
    expect(further).toEqual(Array.from({ length: size }, () => size))
  })
  return got
}

describe('an error in a step', () => {
  // What it makes of large values cannot be sent.
  const unsendable = createOp<unknown>((a, b) => ((a as number) < 100 ? (a as number) + (b as number) : () => 'a function'))

  it.each([3, 4, 5, 8])('of sending takes the place of its round, on all of %i ranks', (size) => {
    const got = seen(size, (comm) => of(0, 1, 100, 3, 4).pipe(mpi.allreduce(comm, unsendable as never)))
    for (const one of got) expect(one).toMatch(new RegExp(`^0 ${size} (remote: )?.*function`))
    expect(got.filter((one) => !one.includes('remote')).length).toBeGreaterThan(0)
  })

  it('is the rejection of a method on every rank', () => {
    const got = seen(4, (comm) => comm.iallreduce(100, unsendable as never))
    for (const one of got) expect(one).toMatch(/function/)
    expect(got.filter((one) => !one.startsWith('remote')).length).toBeGreaterThan(0)
  })

  it('of combining is one of that round', () => {
    const picky = createOp<number>((a, b) => {
      if (a >= 100) throw new Error('too many')
      return a + b
    })
    const got = seen(3, (comm) => of(0, 1, 100, 3).pipe(mpi.allreduce(comm, picky)))
    for (const one of got) expect(one).toMatch(/^0 3 (remote: )?too many$/)
  })
})

describe('a rank that has given up before another comes', () => {
  const aborted = (): { signal: AbortSignal; abort: () => void } => {
    const controller = new AbortController()
    return { signal: controller.signal, abort: () => controller.abort(new Error('enough')) }
  }

  it.each(['bcast', 'reduce', 'gather', 'scatter', 'allreduce', 'barrier', 'scan', 'exscan', 'allgather', 'alltoall'])(
    'makes %s fail there as well',
    (name) => {
      for (const size of [2, 3, 4]) {
        for (let first = 0; first < size; first++) {
          for (let late = 0; late < size; late++) {
            if (first === late) continue
            const { signal, abort } = aborted()
            const calls: Record<string, (comm: Communicator, options: { signal?: AbortSignal }) => Observable<unknown>> = {
              bcast: (comm, options) => comm.ibcast(1, options),
              reduce: (comm, options) => comm.ireduce(1, undefined, options),
              gather: (comm, options) => comm.igather(1, options),
              scatter: (comm, options) =>
                comm.iscatter(
                  Array.from({ length: size }, () => 1),
                  options
                ),
              allreduce: (comm, options) => comm.iallreduce(1, undefined, options),
              barrier: (comm, options) => comm.ibarrier(options),
              scan: (comm, options) => comm.iscan(1, undefined, options),
              exscan: (comm, options) => comm.iexscan(1, undefined, options),
              allgather: (comm, options) => comm.iallgather(1, options),
              alltoall: (comm, options) =>
                comm.ialltoall(
                  Array.from({ length: size }, () => 1),
                  options
                )
            }
            const ended: string[] = []
            simulate(size, { latency: 1, leaks: 'ignore' }, ({ comms, flush, cold }) => {
              const call = (rank: number): void => {
                calls[name]!(comms[rank]!, rank === first ? { signal } : {}).subscribe({
                  error: (error) => (ended[rank] = error.name),
                  complete: () => (ended[rank] = 'done')
                })
              }
              for (const rank of comms.keys()) if (rank !== late) call(rank)
              cold('---a----|').subscribe({ next: abort, complete: () => call(late) })
              flush()
            })
            // Who needed nobody was done before.
            expect(['AbortError', 'done']).toContain(ended[first])
            if (ended[first] === 'AbortError') expect(ended[late]).toBe('RemoteError')
          }
        }
      }
    }
  )
})

test('the n-th subscription meets the n-th, also where the others have failed in theirs or left it', () => {
  const got = seen(
    3,
    (comm) => {
      let attempts = 0
      const source = defer(() => (attempts++ < 2 && comm.rank === 0 ? throwError(() => new Error('not yet')) : of(attempts)))
      const sums = source.pipe(mpi.allreduce(comm))
      sums.subscribe({ error: () => undefined }).unsubscribe()
      const one = (): Observable<unknown> =>
        new Observable((subscriber) =>
          sums.subscribe({ next: (sum) => subscriber.next(sum), error: () => subscriber.complete(), complete: () => subscriber.complete() })
        )
      return concat(one(), one(), one()).pipe(toArray())
    },
    [2]
  )
  for (const one of got) expect(one).toMatch(/done$/)
  expect(new Set(got).size).toBe(1)
})
