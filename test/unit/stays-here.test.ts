import { concatMap, forkJoin, map } from 'rxjs'
import * as mpi from '../../operators/index.js'
import { SUM } from '../../src/op/op.js'
import { Counter, Mutex } from '../../src/sync/index.js'
import { simulate } from '../../testing/simulate.js'

/** What each thing of a rank's own says to who sends it, and to who posts it to a Worker. */
function refusals(): Record<string, [sent: string, posted: string]> {
  const found: Record<string, [string, string]> = {}
  const nameOf = (run: () => unknown): string => {
    try {
      run()
      return 'none'
    } catch (error) {
      return (error as Error).name
    }
  }
  simulate(1, { leaks: 'ignore', files: { a: new Uint8Array(1) } }, ({ comms: [comm], flush }) => {
    const locks = (mutex: Mutex) => mutex.iacquire().pipe(map((held) => ({ mutex, held })))
    forkJoin({
      window: comm!.iwindow(new Int8Array(1)).pipe(concatMap((window) => window.ilock(0).pipe(map((lock) => ({ window, lock }))))),
      file: comm!.iopen('a').pipe(map((file) => ({ file }))),
      halo: comm!.icart({ dims: [1] }).pipe(map((cart) => ({ cart, halo: cart!.halo({ sizes: [1] }) }))),
      mutex: Mutex.icreate(comm!).pipe(concatMap(locks)),
      counter: Counter.icreate(comm!).pipe(map((counter) => ({ counter })))
    }).subscribe((made) => {
      for (const [name, one] of Object.entries(Object.assign({ comm }, ...Object.values(made)))) {
        let sent = 'none'
        comm!.isend({ one } as never, { dest: 0 }).subscribe({ error: (error) => (sent = `${error.name} ${error.message}`) })
        found[name] = [sent, nameOf(() => structuredClone(one))]
      }
    })
    flush()
  })
  return found
}

test('what is of use on its own rank only is neither sent nor posted', () => {
  const all = refusals()
  expect(Object.keys(all)).toEqual(['comm', 'window', 'lock', 'file', 'cart', 'halo', 'mutex', 'held', 'counter'])
  for (const [sent, posted] of Object.values(all)) {
    expect(sent).toMatch(/^DataCloneError data\.one: a .+ cannot be sent, for it is its rank's own/)
    expect(posted).toBe('DataCloneError')
  }
})

test.each<[string, () => unknown, RegExp]>([
  ['a collective', () => mpi.allreduce(undefined as never, SUM), /^comm: expected a communicator, got undefined/],
  ['neighbours', () => mpi.neighborAllgather(3 as never), /^comm: expected a communicator, got 3/],
  ['a halo', () => mpi.halo(3 as never), /^halo: expected what cart\.halo\(\) gives, got 3/],
  ['a reader', () => mpi.readFrom(undefined as never, { format: 'lines' }), /^file: expected what comm\.open\(\) gives, got undefined/],
  ['a writer', () => mpi.writeTo('a' as never, { format: 'lines' }), /^file: expected what comm\.open\(\) gives, got 'a'/]
])('%s of nothing is an ArgumentError when the operator is made', (_, make, message) => {
  expect(make).toThrow(expect.objectContaining({ name: 'ArgumentError', message: expect.stringMatching(message) }))
})
