import { amount, LIMIT_MS } from '../reliability/amount.js'
import { lines, program, rxmpi } from './command.js'

jest.setTimeout(LIMIT_MS)

/** Kills of a rank that holds a mutex, in each of the places that ranks can have. */
const KILLS = amount(5, 100)

describe('a holder that is killed', () => {
  /** Rank 1 holds the mutex and dies; rank 2 is the next. One more rank, which keeps it, is asked by message or not. */
  const held = (root: number, how: string): string => `
    import { COMM_WORLD as comm } from 'rxmpi'
    import { Mutex } from 'rxmpi/sync'
    const mutex = await Mutex.create(comm, { root: ${root} })
    if (comm.rank === 1) {
      await mutex.acquire()
      await comm.send('mine', { dest: 2 })
      await comm.recv({ source: 2 })
      ${how}
    }
    if (comm.rank === 2) {
      await comm.recv({ source: 1 })
      const next = mutex.acquire()
      await comm.send(Date.now(), { dest: 1 })
      const since = performance.now()
      const { abandoned } = await next
      const ms = performance.now() - since
      console.log('abandoned by', abandoned, ms < 2000 ? 'soon' : 'after ' + ms + ' ms')
      mutex.release()
      await comm.send('done', { dest: 0 })
      // Who keeps it must not free it before the others are through.
      await comm.recv({ source: 0 })
    }
    if (comm.rank === 0) {
      await comm.recv({ source: 2 })
      const held = await mutex.acquire()
      console.log('then', held.abandoned)
      held.release()
      await comm.send('done', { dest: 2 })
    }
    mutex.free()
  `
  const kill = "process.kill(process.pid, 'SIGKILL'); await new Promise(() => setTimeout(() => undefined, 1e6))"
  const places = [
    ['processes', ['-n', '3', '--placement', 'process'], kill],
    ['hosts', ['--host', 'localhost,localhost,localhost'], kill],
    ['threads', ['-n', '3'], 'process.exit(5)']
  ] as const

  it(`gives it back within 2 s, and the next is told (${KILLS} times)`, async () => {
    for (let k = 0; k < KILLS; k++) {
      const [, where, how] = places[k % places.length]!
      // A rank that keeps the mutex, and is not the one that dies.
      const { stdout, stderr } = await rxmpi([
        'run',
        ...where,
        '--on-failure',
        'continue',
        '--timeout',
        '30',
        program(held(k % 2 === 0 ? 0 : 2, how))
      ])
      const told = ['[0] then undefined', '[2] abandoned by 1 soon']
      expect({ k, said: lines(stdout), stderr }).toEqual({ k, said: told, stderr: expect.any(String) })
    }
  })
})

describe('threads of one host', () => {
  it('count on while the root computes', async () => {
    const { stdout } = await rxmpi([
      'run',
      '-n',
      '2',
      '--timeout',
      '30',
      program(`
        import { COMM_WORLD as comm } from 'rxmpi'
        import { Counter } from 'rxmpi/sync'
        const counter = await Counter.create(comm)
        const first = await counter.next()
        await comm.barrier()
        if (comm.rank === 0) for (const end = performance.now() + 1000; performance.now() < end; ) {}
        else {
          // The memory has come by the first turn of the event loop.
          await new Promise((resolve) => setTimeout(resolve, 50))
          const since = performance.now()
          for (let k = 0; k < 1000; k++) await counter.next()
          console.log(performance.now() - since < 800 ? 'at once' : 'late', first < 2)
        }
        await comm.barrier()
        console.log(await counter.value())
        await counter.close()
      `)
    ])
    expect(lines(stdout)).toEqual(['[0] 1002', '[1] 1002', '[1] at once true'])
  })

  it('hold a mutex one at a time, whether it was free or waited for, and none waits for ever', async () => {
    const { stdout, stderr, status } = await rxmpi([
      'run',
      '-n',
      '4',
      '--timeout',
      '60',
      program(`
        import { COMM_WORLD as comm, SUM } from 'rxmpi'
        import { Mutex } from 'rxmpi/sync'
        const mutex = await Mutex.create(comm, { root: 1 })
        const win = await comm.allocateWindow(Int32Array, comm.rank === 0 ? 2 : 0)
        const [memory, seen] = [win.shared(0)!, { taken: 0, busy: 0 }]
        let random = 1 + comm.rank
        const below = (n: number) => (random = (random * 48271) % 2147483647) % n
        for (let k = 0; k < 1500; k++) {
          const held = below(4) === 0 ? await mutex.tryAcquire() : await mutex.acquire()
          if (held === undefined) seen.busy++
          else {
            seen.taken++
            const before = memory[0]
            if (++memory[1] !== 1) throw new Error('two hold it')
            if (below(8) === 0) await new Promise((resolve) => setImmediate(resolve))
            memory[0] = before + 1
            memory[1]--
            held.release()
          }
          // Now and then all are quiet: then it is free again.
          if (k % 500 === 499) await comm.barrier()
        }
        const taken = await comm.allreduce(seen.taken, SUM)
        await comm.barrier()
        if (comm.rank === 0) console.log(taken === memory[0], taken > 4000)
        await mutex.close()
        await win.close()
      `)
    ])
    expect({ stdout: lines(stdout), stderr, status }).toEqual({ stdout: ['[0] true true'], stderr: '', status: 0 })
  })

  it('tell a deadlock with the holder and both lines', async () => {
    const { stdout } = await rxmpi([
      'run',
      '-n',
      '2',
      '--timeout',
      '30',
      program(`
        import { COMM_WORLD as comm } from 'rxmpi'
        import { Mutex } from 'rxmpi/sync'
        const mutex = await Mutex.create(comm, { name: 'log' })
        if (comm.rank === 0) await mutex.acquire()
        await comm.barrier()
        await mutex.acquire().catch(({ name, message }) => {
          if (comm.rank === 0) for (const line of [name, ...message.split('\\n')]) console.log(line)
        })
      `)
    ])
    expect(stdout).toMatch(/DeadlockError/)
    expect(stdout).toMatch(/rank 0 waits in acquire for mutex 'log', at .*:7:/)
    expect(stdout).toMatch(/rank 1 waits in acquire for mutex 'log', at .*:7:/)
    expect(stdout).toMatch(/rank 0 holds mutex 'log', at .*:5:/)
  })
})
