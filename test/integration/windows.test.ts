import { join } from 'node:path'
import { LIMIT_MS } from '../reliability/amount.js'
import { program, rxmpi } from './command.js'

jest.setTimeout(LIMIT_MS)

const windows = join(__dirname, 'programs/windows.ts')

test.each(['1', '2', '3', '4', '5', '8'])('%s threads act on one memory', async (n) => {
  const { stdout, stderr } = await rxmpi(['run', '-n', n, '--no-prefix', '--timeout', '100', windows])
  expect(stderr).toBe('')
  expect(stdout).toBe('all is well\n')
})

test.each([
  ['two hosts of two ranks', ['--host', 'localhost:2,localhost:2']],
  ['two processes', ['-n', '2', '--placement', 'process']]
])('%s do', async (_, options) => {
  const { stdout, stderr } = await rxmpi(['run', ...options, '--no-prefix', '--timeout', '100', windows])
  expect(stderr).toBe('')
  expect(stdout).toBe('all is well\n')
})

test('a rank that computes is no hindrance to those that write to its memory', async () => {
  const path = program(`
    import { COMM_WORLD as comm, SUM } from 'rxmpi'
    using win = await comm.allocateWindow(Int32Array, 2)
    await win.fence()
    if (comm.rank === 1) {
      // Its event loop has no turn until it sees what the other writes meanwhile.
      while (Atomics.load(win.local, 0) < 1000) {}
      console.log('seen')
    } else {
      for (let k = 0; k < 1000; k++) await win.fetchAndOp(1, SUM, { target: 1 })
      await win.put(Int32Array.of(1), { target: 1, at: 1 })
      await (await win.lock(1)).release()
    }
    await win.close()
  `)
  const { status, stdout } = await rxmpi(['run', '-n', '2', '--no-prefix', '--timeout', '30', path])
  expect(stdout).toBe('seen\n')
  expect(status).toBe(0)
})

test('a rank that computes is no hindrance to those of other hosts either', async () => {
  const path = program(`
    import { take, toArray, firstValueFrom } from 'rxjs'
    import { COMM_WORLD as comm, REPLACE, SUM } from 'rxmpi'
    using win = await comm.allocateWindow(Int32Array, 4)
    using sums = await comm.allocateWindow(Float64Array, 600, { contiguous: true })
    using told = await comm.window(new Int32Array(new SharedArrayBuffer(4 * 4000)))
    await win.fence()
    const [first, busy] = [0, comm.size - 1]
    if (comm.rank === busy) {
      const changes = []
      const watching = told.changes().subscribe((change) => changes.push(change))
      await comm.send('watched', { dest: first })
      const begin = performance.now()
      // Its event loop has no turn until it sees what the other has written meanwhile, and for 2 s at least.
      while (Atomics.load(win.local, 3) !== 1 || performance.now() - begin < 2000) {}
      console.log(win.local[0], win.local[1], sums.local[599], told.local[3999])
      const heard = await firstValueFrom(told.notifications({ source: first }).pipe(take(2000), toArray()))
      watching.unsubscribe()
      console.log(heard.every(({ at }, k) => at === 2 * k), changes.length > 0 && changes[0].sources.join())
    } else if (comm.rank === first) {
      const target = busy
      await comm.recv({ source: busy })
      for (let k = 0; k < 50; k++) await win.fetchAndOp(1, SUM, { target })
      // More than may be under way before anything is received, were each to be received.
      await Promise.all(Array.from({ length: 5000 }, (_, k) => win.accumulate(Int32Array.of(k), REPLACE, { target, at: 1 })))
      for (let k = 0; k < 10; k++) await sums.accumulate(new Float64Array(600).fill(1), SUM, { target })
      await Promise.all(Array.from({ length: 2000 }, (_, k) => told.put(Int32Array.of(k, -k), { target, at: 2 * k, notify: 7 })))
      const back = await told.get({ target, count: 4000 })
      console.log(back.every((value, k) => value === (k % 2 === 0 ? k / 2 : -(k - 1) / 2)))
      console.log(await win.compareAndSwap(0, 1, { target, at: 3 }))
    }
    await told.close()
    await sums.close()
    await win.close()
  `)
  const { stdout, stderr } = await rxmpi(['run', '--host', 'localhost:2,localhost:1', '--no-prefix', '--timeout', '60', path])
  expect(stderr).toBe('')
  expect(stdout.trim().split('\n').sort()).toEqual(['0', '50 4999 10 -1999', 'true', 'true 0'])
})

test('what another host asks waits for who has locked the part, and keeps its order', async () => {
  const path = program(`
    import { COMM_WORLD as comm, REPLACE, SUM } from 'rxmpi'
    using win = await comm.allocateWindow(Int32Array, 2)
    await win.fence()
    // Rank 0 is on one host, the part and who locks it, rank 2, on another.
    const target = 1
    for (let round = 0; round < 20; round++) {
      if (comm.rank === 2) {
        const lock = await win.lock(target)
        await win.put(Int32Array.of(-1), { target })
        await comm.send('locked', { dest: 0 })
        await comm.recv({ source: 0 })
        const [value] = await win.get({ target, count: 1 })
        if (value !== -1) console.log('somebody was there under the lock:', value)
        await lock.release()
      } else if (comm.rank === 0) {
        await comm.recv({ source: 2 })
        const swaps = []
        for (let k = 0; k < 100; k++) {
          swaps.push(win.getAccumulate(Int32Array.of(k), REPLACE, { target }))
          if (k === 50) await comm.send('asked', { dest: 2 })
        }
        const before = (await Promise.all(swaps)).map(([value]) => value)
        if (!before.every((value, k) => value === k - 1)) console.log('out of order:', before.join())
      }
      await win.fence()
    }
    await win.close()
    if (comm.rank === 0) console.log('over')
  `)
  const { stdout, stderr } = await rxmpi(['run', '--host', 'localhost:1,localhost:2', '--no-prefix', '--timeout', '60', path])
  expect(stderr).toBe('')
  expect(stdout).toBe('over\n')
})

test('the lock of a rank that is killed passes on, and so does what it was in the middle of', async () => {
  const path = program(`
    import { COMM_WORLD as comm, SUM } from 'rxmpi'
    using win = await comm.allocateWindow(Float64Array, 1000)
    const data = new Float64Array(1000).fill(1)
    await win.fence()
    if (comm.rank === 1) {
      await win.lock(0)
      await comm.send('locked', { dest: 0 })
      await comm.send('locked', { dest: 2 })
      // It dies among changes of one and the same part, under the lock.
      setTimeout(() => process.exit(3), 50)
      for (;;) {
        await win.accumulate(data, SUM, { target: 0 })
        await win.accumulate(data, SUM, { target: 2 })
      }
    }
    await comm.recv({ source: 1 })
    const lock = await win.lock(0)
    const abandoned = lock.abandoned
    await win.accumulate(data, SUM, { target: 2 })
    await lock.release()
    const needs = await win.put(data, { target: 1 }).then(() => 'done', (error) => error.name + ' ' + error.failed?.rank)
    const fence = await win.fence().then(() => 'done', (error) => error.name)
    console.log(abandoned, needs, fence)
  `)
  const { stdout } = await rxmpi(['run', '-n', '3', '--no-prefix', '--on-failure', 'continue', '--timeout', '30', path])
  const lines = stdout.trim().split('\n').sort()
  expect(lines).toHaveLength(2)
  for (const line of lines) expect(line).toMatch(/^(1|undefined) RankFailedError 1 RankFailedError$/)
  expect(lines.filter((line) => line.startsWith('1'))).toHaveLength(1)
})

test('a lock goes with locked(), of rxmpi/sync', async () => {
  const path = program(`
    import { COMM_WORLD as comm } from 'rxmpi'
    import { locked } from 'rxmpi/sync'
    import { concatMap, lastValueFrom, of } from 'rxjs'
    using win = await comm.allocateWindow(Float64Array, 1)
    const raise = of(1).pipe(
      concatMap(async (by) => {
        const [before] = await win.get({ target: 0, count: 1 })
        await win.put(Float64Array.of(before! + by), { target: 0 })
      }),
      locked(() => win.ilock(0))
    )
    for (let k = 0; k < 100; k++) await lastValueFrom(raise)
    await win.fence()
    if (comm.rank === 0) console.log(win.local[0])
    await win.fence()
    await win.close()
  `)
  const { stdout, stderr } = await rxmpi(['run', '-n', '3', '--no-prefix', '--timeout', '30', path])
  expect(stderr).toBe('')
  expect(stdout).toBe('300\n')
})

test('ranks that wait for each other’s locks are told who holds them, with both lines', async () => {
  const path = program(`
    import { COMM_WORLD as comm } from 'rxmpi'
    const win = await comm.allocateWindow(Float64Array, 1)
    await win.lock(comm.rank)
    await comm.barrier()
    await win.lock(1 - comm.rank)
  `)
  const { stderr } = await rxmpi(['run', '-n', '2', '--timeout', '30', path])
  expect(stderr).toMatch(/DeadlockError: deadlock: every rank waits/)
  expect(stderr).toMatch(
    /rank 0 waits in lock for the lock of rank 1's part of \S+ \S+, which is held by rank 1, at \S+program\.ts:4:\d+, at \S+program\.ts:6/
  )
})
