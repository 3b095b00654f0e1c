import { COMM_WORLD as comm, SUM } from 'rxmpi'
using win = await comm.allocateWindow(Float64Array, 1024)
using wi = await comm.allocateWindow(Int32Array, 1024)
const N = 300000
async function time(name: string, run: () => Promise<unknown>) {
  if (comm.rank === 0) {
    for (let k = 0; k < 5000; k++) await run()
    const t0 = performance.now()
    for (let k = 0; k < N; k++) await run()
    console.log(name, ((performance.now() - t0) / N * 1000).toFixed(3), 'µs')
  }
  await win.fence()
}
const one = Float64Array.of(1)
const i1 = Int32Array.of(1)
const p = Promise.resolve()
await time('await only', () => p)
await time('put', () => win.put(one, { target: 1 }))
await time('get', () => win.get({ target: 1, count: 1 }))
await time('get into', () => win.get({ target: 1, into: one }))
await time('fop f64', () => win.fetchAndOp(1, SUM, { target: 1 }))
await time('fop i32', () => wi.fetchAndOp(1, SUM, { target: 1 }))
await time('cas i32', () => wi.compareAndSwap(1, 2, { target: 1 }))
await time('acc i32', () => wi.accumulate(i1, SUM, { target: 1 }))
await time('acc f64', () => win.accumulate(one, SUM, { target: 1 }))
await time('lock', async () => { const l = await win.lock(1); await win.put(one, { target: 1 }); await l.release() })
await time('lock plain', async () => { await win.lock(1); await win.put(one, { target: 1 }); await win.unlock(1) })
await win.close(); await wi.close()
