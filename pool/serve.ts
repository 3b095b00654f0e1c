import { sendableError } from '../src/codec/sendable-error.js'
import { onAbort, Queue, recordCallSite } from '../src/stream/internal.js'
import { functionOf } from './function.js'
import { Assembly, loadOf, type Order, POOL_TAG, type Ranks, type Report, UNLIMITED } from './parcel.js'

/** Does a pool's work until its root ends it, or until the signal: then what it has been given by then. */
export function serve(comm: Ranks, root: number, signal?: AbortSignal): Promise<void> {
  const site = recordCallSite()
  const peer = comm.core.memberOf(root)
  return new Promise((resolve, reject) => {
    const { channels } = comm
    const out = channels.writer(channels.writes(peer, POOL_TAG, site))
    const orders = channels.reader<unknown>(channels.reads(peer, POOL_TAG, site))
    const functions = new Map<number, ReturnType<typeof functionOf>>()
    const queue = new Queue<Extract<Order, { type: 'work' }>>()
    let working = false
    let over = false

    const work = async (): Promise<void> => {
      working = true
      while (queue.length > 0) {
        const { chunk, fn, first, values, transfer } = queue.shift()
        const started = performance.now()
        const results: unknown[] = []
        let failure: { error: unknown } | undefined
        try {
          const run = await functions.get(fn)!
          for (let k = 0; k < values.length; k++) {
            const result = run(values[k], first + k)
            results.push(typeof result === 'object' && result !== null && 'then' in result ? await result : result)
          }
        } catch (error) {
          failure = { error: sendableError(error) }
        }
        if (out.ended) return
        report(chunk, performance.now() - started, results, failure, transfer)
      }
      working = false
      if (over) out.complete()
    }

    const report = (chunk: number, ms: number, results: unknown[], failure: { error: unknown } | undefined, transfer: boolean): void => {
      const { load, buffers } = loadOf(results)
      try {
        out.next({ chunk, ms, failure, ...load } satisfies Report)
        for (const buffer of buffers) out.next(buffer, transfer)
      } catch (error) {
        // A result that cannot travel: which one, is known by its place.
        const bad = results.findIndex((result) => !travels(result))
        out.next({ chunk, ms, failure: { error: sendableError(error) }, values: results.slice(0, bad).map(() => undefined), buffers: [] })
      }
    }

    const assembly = new Assembly<Order>((order) => {
      if (order.type === 'define') {
        const fn = functionOf(order.source)
        // Its error is that of the tasks.
        fn.catch(() => undefined)
        functions.set(order.fn, fn)
        return
      }
      queue.push(order)
      if (!working) void work()
    })
    const leave = (): void => {
      if (!out.ended) out.next({ leaving: true } satisfies Report)
    }
    const stop = signal === undefined ? () => undefined : onAbort(signal, leave)
    const finished = (): void => {
      stop()
      resolve()
    }
    out.start({ cancelled: () => undefined, failed: () => undefined, finished }, site)
    if (signal?.aborted) leave()
    orders.start(
      {
        next: (value) => assembly.next(value),
        complete: () => {
          over = true
          if (!working) out.complete()
        },
        error: (error) => {
          stop()
          out.complete()
          reject(error)
        }
      },
      UNLIMITED,
      undefined,
      site
    )
  })
}

function travels(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
