import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { toArray } from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { SUM } from '../../src/op/op.js'
import { Condition, Counter, Mutex, Semaphore } from '../../src/sync/index.js'
import { inWorld } from '../../testing/compliance/messages/world.js'
import { memory, shared } from './in-thread.js'
import { mapped, unmapped } from './mapped.js'

const bindings = [memory, shared(false), ...(unmapped === undefined ? [mapped] : [])]

/** Makes, uses and frees one; returns what must be gone then. */
type Life = (comm: Communicator) => Promise<object>

const lives: Record<string, Life> = {
  'a copy of a communicator': async (comm) => {
    const copy = await comm.dup()
    await copy.allreduce(1)
    copy.free()
    return copy
  },
  'a part of a communicator': async (comm) => {
    const part = (await comm.split(comm.rank))!
    await part.barrier()
    part.free()
    return part
  },
  'a grid': async (comm) => {
    const grid = (await comm.cart({ dims: [comm.size], periodic: [true] }))!
    await grid.neighborAllgather(1)
    grid.free()
    return grid
  },
  'a halo': async (comm) => {
    grids.set(comm, grids.get(comm) ?? comm.cart({ dims: [comm.size], periodic: [true] }))
    const grid = (await grids.get(comm))!
    const halo = grid.halo({ sizes: [4] })
    await halo.exchange(halo.allocate(Float64Array))
    halo.free()
    return halo
  },
  'a window': async (comm) => {
    const win = await comm.window(new Float64Array(new SharedArrayBuffer(64)))
    await win.fence()
    win.free()
    return win
  },
  'a window of new memory': async (comm) => {
    const win = await comm.allocateWindow(Float64Array, 8)
    await win.put(Float64Array.of(1), { target: (comm.rank + 1) % comm.size, at: 0 }).catch(() => undefined)
    win.free()
    return win
  },
  'a window that all close': async (comm) => {
    const win = await comm.allocateWindow(Float64Array, 8)
    await win.close()
    return win
  },
  'a counter': async (comm) => {
    const counter = await Counter.create(comm)
    await counter.next()
    await comm.barrier()
    counter.free()
    return counter
  },
  'a mutex that all close': async (comm) => {
    const mutex = await Mutex.create(comm)
    const held = await mutex.acquire()
    held.release()
    await mutex.close()
    return mutex
  },
  'a semaphore': async (comm) => {
    const semaphore = await Semaphore.create(comm, { value: 1 })
    semaphore.free()
    return semaphore
  },
  'a condition': async (comm) => {
    const condition = await Condition.create(comm)
    condition.free()
    return condition
  },
  'a persistent call': async (comm) => {
    const call = comm.allreduceInit(Float64Array.of(1))
    await call.start()
    call.free()
    return call
  },
  'a channel': async (comm) => {
    const channel = comm.channel<number>({ peer: (comm.rank + 1) % comm.size })
    channel.next(comm.rank)
    channel.complete()
    const all = channel.pipe(toArray())
    await new Promise<void>((resolve, reject) => all.subscribe({ complete: resolve, error: reject }))
    return channel
  }
}

const grids = new WeakMap<Communicator, ReturnType<Communicator['cart']>>()
/** A rank remembers where its last calls were made, and with that what they were made on. */
async function forget(comm: Communicator): Promise<void> {
  for (let k = 0; k < 300; k++) await comm.allreduce(k)
  const grid = await grids.get(comm)
  for (let k = 0; k < 64; k++) await grid?.barrier()
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** What is freed leaves nothing behind: a program may make as many as it likes. */
describe.each(bindings)('what is freed over $name', (binding) => {
  it.each(Object.entries(lives))('%s is let go', async (_, live) => {
    const times = 8
    const left: WeakRef<object>[] = []
    await inWorld(binding, 2, async ({ comms, quiet }) => {
      for (let k = 0; k < times; k++) {
        await Promise.all(comms.map(async (comm) => void left.push(new WeakRef(await live(comm)))))
      }
      await Promise.all(comms.map(forget))
      for (let k = 0; k < 20 && left.some((one) => one.deref() !== undefined); k++) {
        await quiet()
        collect()
      }
      expect(left.filter((one) => one.deref() !== undefined).length).toBe(0)
    })
  })
})

const f64 = (length = 64): Float64Array => new Float64Array(length)

/** Calls of whose memory nothing is remembered when they are over; each returns that. */
const calls: Record<string, (comm: Communicator) => Promise<object[]>> = {
  allreduce: async (comm) => {
    const [data, into] = [f64(), f64()]
    await comm.allreduce(data, SUM, { into })
    return [data, into, (await comm.allreduce(f64())) as object]
  },
  'allreduce of much': async (comm) => {
    const [data, into] = [f64(50_000), f64(50_000)]
    await comm.allreduce(data, SUM, { into })
    return [data, into, (await comm.allreduce(f64(50_000))) as object]
  },
  bcast: async (comm) => {
    const [data, into] = [f64(), f64()]
    await comm.bcast(data, { into })
    return [data, into, (await comm.bcast(comm.rank === 0 ? { a: 1 } : undefined)) as object]
  },
  gather: async (comm) => {
    const [data, into] = [f64(), f64(128)]
    await comm.gather(data, { into })
    return [data, into]
  },
  alltoall: async (comm) => {
    const [data, into] = [f64(), f64()]
    await comm.alltoall(data, { into })
    return [data, into]
  },
  scan: async (comm) => {
    const [data, into] = [f64(), f64()]
    await comm.scan(data, SUM, { into })
    return [data, into]
  },
  'a started call': async (comm) => {
    const [data, into] = [f64(), f64()]
    using sum = comm.allreduceInit(data, SUM, { into })
    for (let start = 0; start < 3; start++) await sum.start().wait()
    return [data, into]
  },
  'a message': async (comm) => {
    const [data, into] = [f64(), f64()]
    const other = 1 - comm.rank
    await comm.sendrecv(data, { dest: other, source: other, into })
    return [data, into]
  }
}

/** However large it is, and however soon the program makes more: a rank remembers its last calls, and not what they worked on. */
describe.each(bindings)('memory of a call over $name', (binding) => {
  it.each(Object.entries(calls))('%s lets go of it when it is over', async (_, call) => {
    const left: WeakRef<object>[] = []
    await inWorld(binding, 2, async ({ comms, quiet }) => {
      const each = (): Promise<object[][]> => Promise.all(comms.map((comm) => call(comm)))
      for (let k = 0; k < 8; k++) left.push(...(await each()).flat().map((one) => new WeakRef(one)))
      await each()
      for (let k = 0; k < 20 && left.some((one) => one.deref() !== undefined); k++) {
        await quiet()
        collect()
      }
      expect(left.filter((one) => one.deref() !== undefined).length).toBe(0)
    })
  })
})
