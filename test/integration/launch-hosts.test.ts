import { ended, isRunning, leftOf, lines, program, rxmpi, start } from './command.js'

/** Ranks in several processes keep every promise that threads of one process keep. */
describe.each([
  ['two hosts', ['--host', 'localhost:2,localhost:2']],
  ['processes', ['-n', '4', '--placement', 'process']]
])('rxmpi run: %s', (_, where) => {
  const run = (source: string, options: string[] = [], surroundings = {}) =>
    rxmpi(['run', ...where, ...options, program(source)], surroundings)

  it('exchanges messages of all sizes between all ranks, gives rank 0 standard input, and prints whole lines', async () => {
    const { status, stdout, stderr } = await run(
      `
      import { text } from 'node:stream/consumers'
      import { COMM_WORLD as comm } from 'rxmpi'
      const others = [0, 1, 2, 3].filter((rank) => rank !== comm.rank)
      for (const bytes of [0, 1, 1000, 65_536, 65_537, 3_000_000]) {
        const sends = others.map((dest) => comm.isend(new Uint8Array(bytes).fill(comm.rank), { dest, tag: bytes }))
        for (const source of others) {
          const got = await comm.recv<Uint8Array>({ source, tag: bytes })
          if (got.length !== bytes || got.some((byte) => byte !== source)) throw new Error('wrong data')
        }
        for (const send of sends) await send.wait()
      }
      const object = { rank: comm.rank, map: new Map([[1, Float64Array.of(1, 2)]]) }
      const got = await comm.sendrecv<typeof object, typeof object>(object, { dest: (comm.rank + 1) % 4, source: (comm.rank + 3) % 4 })
      const input = comm.rank === 0 ? await text(process.stdin) : ''
      for (let k = 0; k < 100; k++) process.stdout.write('half '), process.stdout.write('whole\\n')
      console.log(comm.rank, comm.size, got.rank, got.map.get(1)![1], input)`,
      [],
      { input: 'some input' }
    )
    expect(stderr).toBe('')
    expect(lines(stdout).filter((line) => !line.endsWith('half whole'))).toEqual([
      '[0] 0 4 3 2 some input',
      '[1] 1 4 0 2 ',
      '[2] 2 4 1 2 ',
      '[3] 3 4 2 2 '
    ])
    expect(lines(stdout)).toHaveLength(404)
    expect(status).toBe(0)
  })

  it('runs collectives, and splits the world by host', async () => {
    const { status, stdout, stderr } = await run(`
      import { COMM_WORLD as comm, SUM } from 'rxmpi'
      const sum = await comm.allreduce(new Float64Array(1_000_000).fill(comm.rank + 1), SUM)
      using host = await comm.splitType('host')
      const sizes = await comm.allgather(host.size)
      const bytes = await comm.bcast(comm.rank === 2 ? new Uint8Array(3_000_000).fill(7) : undefined, { root: 2 })
      await comm.barrier()
      console.log(sum[0], sum[999_999], sizes.join(), bytes![2_999_999])`)
    expect(stderr).toBe('')
    const size = where.includes('process') ? 1 : 2
    expect(lines(stdout)).toEqual([0, 1, 2, 3].map((rank) => `[${rank}] 10 10 ${Array(4).fill(size).join()} 7`))
    expect(status).toBe(0)
  })

  it('delivers what was sent by a rank that has ended, and tells that nothing more comes', async () => {
    const { status, stdout, stderr } = await run(`
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank === 3) {
        for (let k = 0; k < 1000; k++) comm.isend({ k, padding: 'x'.repeat(300) }, { dest: 0 })
        process.exit(0)
      }
      if (comm.rank === 0) {
        let sum = 0
        for (let k = 0; k < 1000; k++) sum += (await comm.recv<{ k: number }>({ source: 3 })).k
        console.log(sum, await comm.recv({ source: 3 }).catch((error) => error.name + ': ' + error.message.slice(0, 16)))
      }`)
    expect(stderr).toBe('')
    expect(stdout).toBe('[0] 499500 RankFailedError: rank 3 has ended\n')
    expect(status).toBe(0)
  })

  it('reports an error once, with its rank and line, and ends the others', async () => {
    const { status, stderr } = await run(`
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank === 2) throw new RangeError('boom')
      await comm.recv({ source: 2 })`)
    expect(stderr.split('\n')[0]).toBe('[2] RangeError: boom')
    expect(stderr).toMatch(/program\.ts:3:34/)
    expect(stderr.split('boom')).toHaveLength(2)
    expect(status).toBe(1)
  })

  it('takes over the status of process.exit and of abort', async () => {
    const exit = await run(`
      import { COMM_WORLD as comm } from 'rxmpi'
      setInterval(() => {}, 1000)
      if (comm.rank === 3) process.exit(5)`)
    expect(exit.stderr).toBe('[3] rxmpi: ended with status 5\n')
    expect(exit.status).toBe(5)
    const abort = await run(`
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank === 1) comm.abort(7, 'no good')
      for (;;) {}`)
    expect(abort.stderr).toBe('[1] abort: no good\n')
    expect(abort.status).toBe(7)
  })

  it('proves a deadlock across hosts, with every line, and none where a message is still to come', async () => {
    const deadlock = await run(`
      import { COMM_WORLD as comm } from 'rxmpi'
      await comm.sendrecv(1, { dest: (comm.rank + 2) % 4, source: (comm.rank + 2) % 4 })
      await comm.recv({ source: (comm.rank + 1) % comm.size })`)
    expect(deadlock.stderr).toContain('DeadlockError')
    for (const rank of [0, 1, 2, 3]) expect(deadlock.stderr).toMatch(new RegExp(`rank ${rank} waits.*program\\.ts:4:`))
    expect(deadlock.status).toBe(1)
    const late = await run(`
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank !== 3) console.log(await comm.recv({ source: 3 }))
      else {
        await new Promise((resolve) => setTimeout(resolve, 700))
        for (let dest = 0; dest < 3; dest++) await comm.send('late', { dest })
      }`)
    expect(late.stderr).toBe('')
    expect(lines(late.stdout)).toEqual(['[0] late', '[1] late', '[2] late'])
  })

  it('ends the job after --timeout and says what every rank waits for', async () => {
    // By then each is where it stays: four times as long as this machine needs now for ranks that do nothing.
    const begun = performance.now()
    await run('', [])
    const seconds = Math.ceil(4 + (4 * (performance.now() - begun)) / 1000)
    const { status, stderr } = await run(
      `
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank === 0) for (;;) {}
      if (comm.rank === 1) setInterval(() => {}, 1000)
      if (comm.rank === 2) await comm.recv({ source: 0, tag: 7 })`,
      ['--timeout', String(seconds), '--stall-notice', '0']
    )
    expect(stderr.split('\n')).toEqual([
      `rxmpi: still running after ${seconds} s`,
      expect.stringMatching(/^rank 0 is computing, at .*program\.ts:3:/),
      'rank 1 waits for no message',
      'rank 1 is kept alive by a timer',
      expect.stringMatching(/^rank 2 waits .*rank 0, tag 7.*program\.ts:5:/),
      'rank 3 has ended',
      ''
    ])
    expect(status).toBe(124)
  })

  it('ends with 137, and tells which rank, when a process is killed', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      await comm.sendrecv(1, { dest: (comm.rank + 2) % 4, source: (comm.rank + 2) % 4 })
      if (comm.rank === 3) console.log('process', process.pid)
      setInterval(() => {}, 1000)`)
    // It is told of the end, and does not come to it by waiting for a link in vain.
    const child = start(['run', ...where, '--reconnect', '600', path])
    const over = ended(child)
    const pid = await new Promise<number>((resolve) =>
      child.stdout.on('data', (data) => resolve(Number(String(data).split('process ')[1])))
    )
    process.kill(pid, 'SIGKILL')
    const { status, stderr } = await over
    expect(stderr).toMatch(/^\[[23]\] rxmpi: its process was killed by SIGKILL\n$/)
    expect(status).toBe(137)
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('drains on %s and leaves no process behind', async (signal) => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      process.on('${signal}', () => { console.log('drained'); process.exit(0) })
      console.log('process', process.pid)
      setInterval(() => {}, 1000)`)
    const child = start(['run', ...where, path])
    const over = ended(child)
    let seen = ''
    await new Promise<void>((resolve) =>
      child.stdout.on('data', (data) => {
        seen += data
        if (seen.split('process').length === 5) resolve()
      })
    )
    child.kill(signal)
    const { status, stdout } = await over
    expect(lines(stdout).filter((line) => line.endsWith('drained'))).toHaveLength(4)
    expect(status).toBe(signal === 'SIGTERM' ? 143 : 130)
    for (const pid of pids(stdout)) expect(isRunning(pid)).toBe(false)
  })

  it('leaves no process behind when the launcher is killed', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      console.log('process', process.pid)
      setInterval(() => {}, 1000)`)
    const child = start(['run', ...where, path])
    let seen = ''
    await new Promise<void>((resolve) =>
      child.stdout.on('data', (data) => {
        seen += data
        if (seen.split('process').length === 5) resolve()
      })
    )
    child.kill('SIGKILL')
    await ended(child)
    expect(await leftOf(pids(seen))).toEqual([])
  })

  it('keeps its token out of argument lists and out of the environment of ranks', async () => {
    const { stdout } = await run(`
      import { readFileSync } from 'node:fs'
      import { COMM_WORLD as comm } from 'rxmpi'
      const ours = Object.keys(process.env).filter((name) => name.startsWith('RXMPI') && name !== 'RXMPI_SHARED_MEMORY')
      if (comm.rank === 0) console.log(JSON.stringify([ours, readFileSync('/proc/self/cmdline', 'latin1').split('\\0').slice(1, -1)]))`)
    const [names, args] = JSON.parse(stdout.replace('[0] ', ''))
    expect(names).toEqual([])
    expect(args).toEqual([expect.stringMatching(/host-process\.js$/)])
  })
})

const pids = (output: string): number[] => [...new Set([...output.matchAll(/process (\d+)/g)].map((match) => Number(match[1])))]

describe.each([
  ['with links of its own', '0'],
  ['with memory that others share', '1']
])('a rank that is alone in its process, %s', (_, RXMPI_SHARED_MEMORY) => {
  it('goes on though it polls in a loop, computes for longer than a silent host may, or exits with sends under way', async () => {
    const { status, stdout, stderr } = await rxmpi(
      [
        'run',
        '--host',
        'localhost:1,localhost:1',
        program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank === 0) {
        await comm.send('spin', { dest: 1 })
        const request = comm.irecv<string>({ source: 1 })
        // No turn of the event loop in which a socket could be read.
        while (!request.test()) {}
        console.log(request.value!.length)
        console.log(await comm.recv(), await comm.recv())
        for (let k = 0; k < 20; k++) {
          const array = await comm.recv<Float64Array>({ source: 1 })
          if (array.length !== 50_000 || array[0] !== k) throw new Error('wrong data')
        }
        console.log(await comm.recv({ source: 1 }).catch((error) => error.message.slice(0, 16)))
      } else {
        await comm.recv()
        await comm.send('x'.repeat(3_000_000), { dest: 0 })
        await comm.send('before', { dest: 0 })
        const start = performance.now()
        while (performance.now() - start < 2600) {}
        await comm.send('after', { dest: 0 })
        for (let k = 0; k < 20; k++) comm.isend(new Float64Array(50_000).fill(k), { dest: 0 })
        process.exit(0)
      }`)
      ],
      { env: { RXMPI_SHARED_MEMORY } }
    )
    expect(stderr).toBe('')
    expect(stdout).toBe('[0] 3000000\n[0] before after\n[0] rank 1 has ended\n')
    expect(status).toBe(0)
  })
})

describe('a process that is stopped', () => {
  it('is not reported when it goes on after 1.5 s, and is after the time to reconnect', async () => {
    const child = start([
      'run',
      '--host',
      'localhost:1,localhost:1',
      '--reconnect',
      '1',
      program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      console.log('process ' + process.pid)
      for (let k = 0; ; k++) {
        if (comm.rank === 0) await comm.send(k, { dest: 1 }), await comm.recv({ source: 1 })
        else await comm.recv({ source: 0 }), await comm.send(k, { dest: 0 })
        if (comm.rank === 0 && k % 1000 === 0) console.log('round ' + k)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }`)
    ])
    let seen = ''
    child.stdout.on('data', (data) => {
      seen += data
    })
    const until = async (done: () => boolean): Promise<void> => {
      while (!done()) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await until(() => /\[1\] process \d+/.test(seen) && seen.includes('round 0'))
    const pid = Number(/\[1\] process (\d+)/.exec(seen)![1])
    process.kill(pid, 'SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    process.kill(pid, 'SIGCONT')
    // It has been forgiven, by the link between the ranks and by the launcher.
    await until(() => seen.includes('round 1000'))
    process.kill(pid, 'SIGSTOP')
    const { status, stderr } = await ended(child)
    expect(stderr).toMatch(/rank 1 on localhost has failed: its host cannot be reached|could not be reached for 1 s/)
    expect(status).toBe(1)
  })
})
