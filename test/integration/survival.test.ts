import { setTimeout as sleep } from 'node:timers/promises'
import { amount, LIMIT_MS } from '../reliability/amount.js'
import { ended, lines, program, rxmpi, start } from './command.js'

jest.setTimeout(LIMIT_MS)

// Who waits for a broken link to be made again is not told within this run.
const onFailure = ['--on-failure', 'continue', '--timeout', '30', '--reconnect', '600']
const THREADS = ['-n', '4']
const PROCESSES = ['-n', '4', '--placement', 'process']
const HOSTS = ['--host', 'localhost:2,localhost:2']

/** Everybody waits for rank 1 in every way; it fails as `how` says when all do. */
const waiting = (how: string): string => `
  import { COMM_WORLD as comm } from 'rxmpi'
  if (comm.rank === 1) {
    for (let k = 0; k < 3; k++) await comm.recv({ tag: 1 })
    ${how}
    await new Promise(() => setTimeout(() => undefined, 1e6))
  }
  const name = (pending: Promise<unknown>) => pending.then(() => 'nothing', (error) => error.name + ' ' + error.failed?.rank)
  const pending = [
    comm.recv({ source: 1, tag: 7 }),
    comm.ssend('x', { dest: 1, tag: 8 }),
    comm.recv({ tag: 9 }),
    comm.allreduce(comm.rank),
    comm.bcast(new Float64Array(1e5), { root: 1 })
  ].map(name)
  await comm.send('ready', { dest: 1, tag: 1 })
  const outcomes = new Set(await Promise.all(pending))
  const failed = comm.ackFailed()
  // From any of those that are left.
  const next = (comm.rank + (comm.rank === 0 ? 2 : 1)) % 4
  await comm.send(comm.rank, { dest: next, tag: 10 })
  await comm.recv({ tag: 10 })
  const late = [comm.send(1, { dest: 1 }), comm.recv({ source: 1 }), comm.barrier()]
  for (const outcome of await Promise.all(late.map(name))) outcomes.add(outcome)
  // Nobody is to be told to stop who is not done yet.
  await comm.agree(true)
  comm.revoke()
  const rest = await comm.shrink()
  console.log([...outcomes].join(), 'failed', failed.join(), 'rest', rest.group.size, await rest.allreduce(1), await rest.agree(true))
`
const survived = [0, 2, 3].map((rank) => `[${rank}] RankFailedError 1 failed 1 rest 3 3 true`)

const full = 'const hoard: unknown[] = []\n for (;;) hoard.push(new Array(1e5).fill(hoard.length + 0.5))'

describe('rxmpi run --on-failure continue', () => {
  it.each([
    ['throws', "throw new RangeError('boom')", 1, /^\[1\] .*RangeError: boom/m],
    ['rejects', "void Promise.reject(new RangeError('boom'))", 1, /^\[1\] .*RangeError: boom/m],
    ['exits', 'process.exit(5)', 5, /^\[1\] rxmpi: ended with status 5$/m],
    ['runs out of memory', full, 1, /^\[1\] out of memory/m]
  ])('a rank that %s takes down itself alone', async (_, how, code, message) => {
    const { status, stdout, stderr } = await rxmpi(['run', ...THREADS, ...onFailure, program(waiting(how))], {
      env: { NODE_OPTIONS: '--max-old-space-size=120' }
    })
    expect(lines(stdout)).toEqual(survived)
    expect(stderr).toMatch(message)
    // Once, and of no other rank.
    expect(stderr).not.toMatch(/^\[[023]\]/m)
    expect(stderr.split(/boom|ended with status|out of memory:/)).toHaveLength(2)
    expect(status).toBe(code)
  })

  it.each([
    ['a process of its own', PROCESSES, ['throw new RangeError("boom")'], 1, /RangeError: boom/],
    ['a process of its own', PROCESSES, ["process.kill(process.pid, 'SIGKILL')"], 137, /its process was killed by SIGKILL/],
    ['two hosts', HOSTS, ['process.exit(5)'], 5, /ended with status 5/]
  ])('so does one in %s', async (_, where, [how], code, message) => {
    const { status, stdout, stderr } = await rxmpi(['run', ...where, ...onFailure, program(waiting(how!))])
    expect(lines(stdout)).toEqual(survived)
    expect(stderr).toMatch(message)
    expect(status).toBe(code)
  })

  it('a host that dies takes down its ranks, and the others are told which and where', async () => {
    const { status, stdout, stderr } = await rxmpi([
      'run',
      ...HOSTS,
      ...onFailure,
      program(`
        import { COMM_WORLD as comm } from 'rxmpi'
        if (comm.rank === 3) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100)
        const { name, failed } = await comm.recv({ source: 2 }).catch((error) => error)
        console.log(name, JSON.stringify(failed))
        const rest = await comm.shrink()
        console.log('rest', rest.size, await rest.allreduce(1))
      `)
    ])
    const failed = '{"rank":2,"host":"localhost","reason":"has failed: its process was killed"}'
    expect(lines(stdout)).toEqual([0, 1].flatMap((rank) => [`[${rank}] RankFailedError ${failed}`, `[${rank}] rest 2 2`]))
    expect(stderr).toBe('[2] rxmpi: its process was killed by SIGKILL\n')
    expect(status).toBe(137)
  })

  it.each([
    ['processes', ['-n', '6', '--placement', 'process'], 5],
    ['hosts', ['--host', 'localhost:2,localhost:1,localhost:1,localhost:1'], 3]
  ])('%s killed in the middle of allreduce, one after the other: all others hear of it', async (_, where, kills) => {
    for (let killed = 0; killed < amount(1, 100); killed += kills) await killing(where, kills)
  })

  it('proves a deadlock of those that are left', async () => {
    const { status, stdout } = await rxmpi([
      'run',
      '--host',
      'localhost:2,localhost:1,localhost:1',
      ...onFailure,
      program(`
        import { COMM_WORLD as comm } from 'rxmpi'
        if (comm.rank === 3) {
          await comm.ssend(new Float64Array(1e5), { dest: 0 })
          setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50)
        }
        if (comm.rank === 0) await comm.recv({ source: 3, tag: 0 })
        await comm.recv({ source: 3 }).catch(() => undefined)
        await comm.recv({ source: (comm.rank + 1) % 3 }).catch((error) => console.log(error.name))
      `)
    ])
    expect(lines(stdout)).toEqual([0, 1, 2].map((rank) => `[${rank}] DeadlockError`))
    expect(status).toBe(137)
  })

  it('ends all when a rank aborts, and at its time limit', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank === 1) process.exit(3)
      if (process.argv[2] === 'abort' && comm.rank === 2) comm.abort(7, 'enough')
      setTimeout(() => undefined, 1e6)
    `)
    const aborted = await rxmpi(['run', ...THREADS, ...onFailure, path, 'abort'])
    expect(aborted.status).toBe(7)
    const late = await rxmpi(['run', ...THREADS, '--on-failure', 'continue', '--timeout', '3', path])
    expect(late.status).toBe(124)
    expect(late.stderr.match(/ended with status 3/g)).toHaveLength(1)
  })

  it('refuses another word', async () => {
    const { status, stderr } = await rxmpi(['run', '-n', '1', '--on-failure', 'retry', program('')])
    expect(stderr).toContain("option '--on-failure <WHAT>' argument 'retry' is invalid. Allowed choices are end, continue.")
    expect(status).toBe(2)
  })
})

/**
 * Kills the process of the first rank that is left, again and again, in the middle of allreduces of all sizes; each time all others must
 * say so, and not before.
 */
async function killing(where: string[], kills: number): Promise<void> {
  const child = start([
    'run',
    ...where,
    '--on-failure',
    'continue',
    '--reconnect',
    '600',
    program(`
      import { COMM_WORLD } from 'rxmpi'
      const arrays = [128, 8192, 131072].map((count) => new Float64Array(count))
      let comm = COMM_WORLD
      for (let round = 0; round < ${kills}; round++) {
        try {
          for (let k = 0; ; k++) {
            await comm.allreduce(arrays[k % 3]!)
            if (k === 5) console.log('busy', round, process.pid)
          }
        } catch (error) {
          console.log('error', round, (error as Error).name, Date.now())
        }
        comm = await comm.shrink()
      }
      console.log('left', comm.size, await comm.allreduce(1))
    `)
  ])
  child.stdin.end()
  const random = Math.random
  const killed: { pid: number; at: number; ranks: string[] }[] = []
  let busy = new Map<string, number>()
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    const round = killed.length
    busy = new Map(
      [...output.matchAll(/^\[(\d)\] busy (\d) (\d+)$/gm)]
        .filter(([, , k]) => Number(k) === round)
        .map(([, rank, , pid]) => [rank!, Number(pid)])
    )
    const gone = killed.flatMap(({ ranks }) => ranks)
    if (round === kills || busy.size < size - gone.length) return
    const pid = busy.get([...busy.keys()].sort()[0]!)!
    killed.push({ pid, at: Number.POSITIVE_INFINITY, ranks: [...busy].filter(([, other]) => other === pid).map(([rank]) => rank) })
    void sleep(100 * random()).then(() => {
      killed[round]!.at = Date.now()
      process.kill(pid, 'SIGKILL')
    })
  })
  const size = where[0] === '-n' ? Number(where[1]) : where[1]!.split(',').reduce((sum, host) => sum + Number(host.split(':')[1]), 0)
  const { stdout, stderr, status } = await ended(child)
  expect(killed).toHaveLength(kills)
  const left = new Set(Array.from({ length: size }, (_, rank) => String(rank)))
  for (const [round, { at, ranks }] of killed.entries()) {
    for (const rank of ranks) left.delete(rank)
    const told = [...stdout.matchAll(/^\[(\d)\] error (\d) (\w+) (\d+)$/gm)].filter(([, , k]) => Number(k) === round)
    expect(told.map(([, rank, , name]) => `${rank} ${name}`).sort()).toEqual([...left].map((rank) => `${rank} RankFailedError`))
    for (const [, , , , time] of told) expect(Number(time)).toBeGreaterThanOrEqual(at)
  }
  expect(stdout.match(new RegExp(`left ${left.size} ${left.size}`, 'g'))).toHaveLength(left.size)
  expect(stderr.match(/its process was killed by SIGKILL/g)).toHaveLength(kills)
  expect(status).toBe(137)
}
