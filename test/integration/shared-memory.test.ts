import { readdirSync } from 'node:fs'
import { callsHere } from '../../src/transport/shared/system-calls.js'
import { lines, program, rxmpi } from './command.js'

/** Ranks that are processes of one machine share memory. What holds for processes in any case is in launch-hosts.test.ts. */
const { why } = callsHere()
const run = (source: string, { policy = '1', options = [] as string[] } = {}) =>
  rxmpi(['run', '-n', '2', '--placement', 'process', '--no-prefix', '--timeout', '30', ...options, program(source)], {
    env: { RXMPI_SHARED_MEMORY: policy }
  })

const test = why === undefined ? it : it.skip

test('is not used by who is told not to', async () => {
  const source = `
    import { readFileSync } from 'node:fs'
    import { COMM_WORLD as comm, SUM } from 'rxmpi'
    console.log(readFileSync('/proc/self/maps', 'utf8').includes('memfd:rxmpi'), await comm.allreduce(comm.rank + 1, SUM))`
  expect(await run(source)).toEqual({ stdout: 'true 3\ntrue 3\n', stderr: '', status: 0 })
  expect(await run(source, { policy: '0' })).toEqual({ stdout: 'false 3\nfalse 3\n', stderr: '', status: 0 })
  expect((await run(source, { policy: 'no' })).stderr).toContain('RXMPI_SHARED_MEMORY was no: expected 1 or 0')
})

test('gives whole messages only of a process that is killed while it sends, and then says that it has failed', async () => {
  const before = readdirSync('/dev/shm')
  const { status, stdout, stderr } = await run(
    `
    import { COMM_WORLD as comm } from 'rxmpi'
    const length = 50_000
    if (comm.rank === 1) {
      await comm.send(process.pid, { dest: 0 })
      for (let k = 0; ; k++) await comm.send(new Float64Array(length).fill(k), { dest: 0, tag: 1 })
    }
    const pid = await comm.recv<number>({ source: 1 })
    for (let k = 0; ; k++) {
      if (k === 50) process.kill(pid, 'SIGKILL')
      try {
        const got = await comm.recv<Float64Array>({ source: 1, tag: 1 })
        if (got.length !== length || got.some((value) => value !== k)) throw new TypeError('wrong data')
      } catch (error) {
        console.log(k >= 50, (error as Error).name, (error as Error).message.split('\\n')[0])
        break
      }
    }`,
    { options: ['--on-failure', 'continue'] }
  )
  expect(stdout).toMatch(/^true RankFailedError rank 1 on localhost has failed: its process was killed/)
  expect(stderr).toContain('its process was killed by SIGKILL')
  expect(status).toBe(137)
  expect(readdirSync('/dev/shm')).toEqual(before)
})

test('tells a rank that polls and gives its event loop no turn of the death of another', async () => {
  const { stdout } = await run(
    `
    import { COMM_WORLD as comm } from 'rxmpi'
    if (comm.rank === 1) {
      await comm.send(process.pid, { dest: 0 })
      for (;;) {}
    }
    const pid = await comm.recv<number>({ source: 1 })
    const request = comm.irecv({ source: 1 })
    process.kill(pid, 'SIGKILL')
    while (!request.test()) {}
    await request.wait().catch((error) => console.log(error.name))`,
    { options: ['--on-failure', 'continue'] }
  )
  expect(stdout).toBe('RankFailedError\n')
})

test('wakes a rank that sleeps in its event loop or is blocked, and proves a deadlock soon', async () => {
  const { status, stdout, stderr } = await run(`
    import { setTimeout } from 'node:timers/promises'
    import { COMM_WORLD as comm } from 'rxmpi'
    const other = 1 - comm.rank
    for (const pause of [0, 3, 8, 20, 60]) {
      if (comm.rank === 0) {
        await setTimeout(pause)
        await comm.send(pause, { dest: 1 })
      } else if ((await comm.recv()) !== pause) throw new Error('wrong data')
    }
    const start = performance.now()
    await comm.recv({ source: other, tag: 9 }).catch((error) => console.log(error.name, performance.now() - start < 1500))`)
  expect(stderr).toBe('')
  expect(lines(stdout)).toEqual(['DeadlockError true', 'DeadlockError true'])
  expect(status).toBe(0)
})

test('lets allocated windows be acted on though their rank computes, and gives their memory back', async () => {
  const { stdout, stderr } = await run(`
    import { readdirSync } from 'node:fs'
    import { COMM_WORLD as comm, SUM } from 'rxmpi'
    const win = await comm.allocateWindow(BigInt64Array, 4)
    const local = win.shared(comm.rank)!
    await comm.barrier()
    if (comm.rank === 0) while (Atomics.load(local, 0) < 1000n) {}
    else {
      for (let k = 0; k < 1000; k++) await win.accumulate(BigInt64Array.of(1n), SUM, { target: 0 })
      using lock = await win.lock(0)
      await win.put(BigInt64Array.of(7n), { target: 0, at: 3 })
    }
    await comm.barrier()
    console.log(win.shared(0)!.join())
    const open = readdirSync('/proc/self/fd').length
    for (let k = 0; k < 100; k++) (await comm.allocateWindow(Float64Array, 1000)).free()
    await comm.barrier()
    console.log(readdirSync('/proc/self/fd').length - open < 10)
    win.free()`)
  expect(stderr).toBe('')
  expect(lines(stdout)).toEqual(['1000,0,0,7', '1000,0,0,7', 'true', 'true'])
})
