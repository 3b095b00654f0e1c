import { AliasError } from '../../src/errors.js'
import { vector, view } from '../../src/layout/index.js'
import { SUM } from '../../src/op/op.js'
import type { Request } from '../../src/request/request.js'
import { type SimulateHelpers, simulate } from '../../testing/index.js'

/** What is under way, and what the program does to memory meanwhile. */
type Case = (helpers: SimulateHelpers, touch: (memory: Float64Array | Uint8Array, at?: number) => void) => Request<unknown>[]

const cases: Record<string, { operation: string; name: 'data' | 'into'; run: Case }> = {
  'into of a collective': {
    operation: 'allgather',
    name: 'into',
    run: ({ comms }, touch) => {
      const all = comms.map(() => new Float64Array(2))
      const called = comms.map((comm, k) => comm.iallgather(Float64Array.of(k), { into: all[k]! }))
      touch(all[1]!)
      return called
    }
  },
  'into of a collective that is a view': {
    operation: 'allgather',
    name: 'into',
    run: ({ comms }, touch) => {
      const all = comms.map(() => new Float64Array(4))
      const called = comms.map((comm, k) => comm.iallgather(view(Float64Array.of(k)), { into: view(all[k]!, vector(2, 1, 2)) }))
      touch(all[1]!, 2)
      return called
    }
  },
  'into of a start of a persistent collective': {
    operation: 'allreduce',
    name: 'into',
    run: ({ comms }, touch) => {
      const all = comms.map(() => new Float64Array(2))
      const called = comms.map((comm, k) => comm.allreduceInit(Float64Array.of(k, k), SUM, { into: all[k]! }).start())
      touch(all[0]!)
      return called
    }
  },
  'cells of a halo that neighbours get': {
    operation: 'halo exchange',
    name: 'data',
    run: ({ comms, flush }, touch) => {
      const carts = comms.map((comm) => comm.icart({ dims: [2] }))
      flush()
      const halos = carts.map(({ value }) => value!.halo({ sizes: [4] }))
      flush()
      const arrays = halos.map((halo) => halo.allocate(Float64Array))
      const called = halos.map((halo, k) => halo.iexchange(arrays[k]!))
      touch(arrays[0]!, halos[0]!.index(3))
      return called
    }
  },
  'into of a get': {
    operation: "call on window 'world.window\\(1\\)'",
    name: 'into',
    run: ({ comms, flush }, touch) => {
      const wins = comms.map((comm) => comm.iwindow(Float64Array.of(1, 2)))
      flush()
      const into = new Float64Array(2)
      const got = wins[0]!.value!.iget({ target: 1, into })
      touch(into)
      return [got]
    }
  },
  'into of a getAccumulate, of a view': {
    operation: "call on window 'world.window\\(1\\)'",
    name: 'into',
    run: ({ comms, flush }, touch) => {
      const wins = comms.map((comm) => comm.iwindow(Float64Array.of(1, 2)))
      flush()
      const into = new Float64Array(4)
      const got = wins[0]!.value!.igetAccumulate(Float64Array.of(5, 5), SUM, { target: 1, into: view(into, vector(2, 1, 2)) })
      touch(into, 2)
      return [got]
    }
  },
  'into of a read': {
    operation: 'file.read',
    name: 'into',
    run: ({ comms, flush }, touch) => {
      const files = comms.map((comm) => comm.iopen('a.bin'))
      flush()
      const into = new Uint8Array(4)
      const read = files[0]!.value!.iread({ at: 0, into })
      touch(into)
      return [read]
    }
  },
  'into of a collective read': {
    operation: 'file.readAll',
    name: 'into',
    run: ({ comms, flush }, touch) => {
      const files = comms.map((comm) => comm.iopen('a.bin'))
      flush()
      const into = comms.map(() => new Uint8Array(2))
      const called = files.map(({ value }, k) => value!.ireadAll({ at: 2 * k, into: into[k]! }))
      touch(into[1]!)
      return called
    }
  },
  'a partition of a receive that has not come': {
    operation: 'precv',
    name: 'into',
    run: ({ comms: [zero, one], flush }, touch) => {
      const into = new Float64Array(4)
      const out = zero!.psendInit(Float64Array.of(1, 2, 3, 4), { dest: 1, partitions: 4 })
      const inn = one!.precvInit({ source: 0, into, partitions: 2 })
      const requests = [inn.start(), out.start()]
      out.ready([0, 1])
      flush()
      // What has come is the program's.
      into[0] = 9
      touch(into, 3)
      out.ready([2, 3])
      return requests
    }
  },
  'a partition of a view that is ready': {
    operation: 'psend',
    name: 'data',
    run: ({ comms: [zero, one] }, touch) => {
      const memory = new Float64Array(8)
      const out = zero!.psendInit(view(memory, vector(4, 1, 2)), { dest: 1, partitions: 2 })
      const inn = one!.precvInit({ source: 0, into: new Float64Array(4), partitions: 2 })
      const requests = [out.start(), inn.start()]
      out.ready(0)
      // What is not ready, and what lies between, is the program's.
      memory[1] = memory[6] = 5
      touch(memory, 2)
      out.ready(1)
      return requests
    }
  }
}

/** What the calls of a case have failed with. */
function errorsOf(run: Case, isTouched: boolean): Error[] {
  const errors: Error[] = []
  simulate(2, { latency: 1, leaks: 'ignore', files: { 'a.bin': Uint8Array.of(1, 2, 3, 4) }, disk: { latency: 1 } }, (helpers) => {
    const requests = run(helpers, (memory, at = 0) => {
      if (isTouched) memory[at]! += 7
    })
    for (const request of requests) request.subscribe({ error: (error: Error) => errors.push(error) })
    helpers.flush()
    expect(requests.every((request) => request.test())).toBe(true)
  })
  return errors
}

test.each(Object.entries(cases))('%s that is changed is an AliasError of that call, and of no other', (_, { operation, name, run }) => {
  const errors = errorsOf(run, true)
  expect(errors).toHaveLength(1)
  expect(errors[0]).toBeInstanceOf(AliasError)
  const what = name === 'data' ? 'it was changed' : 'it was written to'
  expect(errors[0]!.message).toMatch(
    new RegExp(
      `^${name}: ${what} while this ${operation} was under way, called at test/unit/checked-memory\\.test\\.ts:\\d+:\\d+; await that`
    )
  )
})

test.each(Object.entries(cases))('%s that is left alone is none', (_, { run }) => {
  expect(errorsOf(run, false)).toEqual([])
})

test('a result is in place, what is beside it as it was, and what a rank has no use for is not looked at', () => {
  simulate(2, { latency: 1 }, ({ comms, flush }) => {
    const into = comms.map(() => new Float64Array(4).fill(9))
    const gathered = comms.map((comm, k) => comm.igather(Float64Array.of(k, k), { into: into[k]! }))
    const sums = comms.map((comm, k) => comm.iexscan(Float64Array.of(k + 1), SUM, { into: into[k]!.subarray(3) }))
    into[1]![0] = 5
    flush()
    expect(gathered.map(({ value }) => value)).toEqual([into[0], undefined])
    expect(sums.map(({ value }) => value)).toEqual([undefined, into[1]!.subarray(3)])
    expect(into.map((one) => [...one])).toEqual([
      [0, 0, 1, 1],
      [5, 9, 9, 1]
    ])
  })
})
