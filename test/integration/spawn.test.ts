import { dirname, join } from 'node:path'
import { LIMIT_MS, SOAK } from '../reliability/amount.js'
import { ended, program, rxmpi, start } from './command.js'

jest.setTimeout(LIMIT_MS)

const lines = (text: string): string[] => text.trim().split('\n').sort()

test.each([
  ['threads', ['-n', '3']],
  ['ranks of two hosts', ['--host', 'localhost:2,localhost:1']]
])('%s start others in every way that there is', async (_, where) => {
  const { status, stdout, stderr } = await rxmpi(['run', ...where, '--timeout', '60', join(__dirname, 'programs/spawn.ts')])
  expect(stderr).toBe('')
  expect(lines(stdout).filter((line) => line.endsWith('done'))).toEqual(['[0] done', '[1] done', '[2] done'])
  expect(status).toBe(0)
})

/** A parent and two children; what they do is said by the name of the test. */
const family = (parent: string, child: string): string =>
  program(`
    import { COMM_PARENT, COMM_WORLD as comm, SUM } from 'rxmpi'
    if (COMM_PARENT === undefined) {
      const children = await comm.spawn(new URL(import.meta.url), { ranks: 2 })
      ${parent}
    } else {
      const up = COMM_PARENT
      ${child}
    }
  `)

test('the failure of a world that is joined with others ends the job', async () => {
  const path = family('await children.barrier()', "if (comm.rank === 1) throw new Error('no space left'); await up.barrier()")
  const { status, stderr } = await rxmpi(['run', '-n', '2', '--timeout', '30', path])
  expect(status).toBe(1)
  expect(stderr).toMatch(/^\[1\.1\] Error: no space left\n\[1\.1\] {5}at .*program\.ts:8:/)
})

test('both sides hear of failures of the other where these end nobody', async () => {
  const hear = (name: string) => `
    try { await ${name}.allreduce(1, SUM) }
    catch (error) { console.log(error.name, error.failed?.rank, error.failed?.remote ?? false) }`
  const path = family(hear('children'), `if (comm.rank === 1) process.exit(3); ${hear('up')}`)
  const { status, stdout } = await rxmpi(['run', '-n', '2', '--on-failure', 'continue', '--timeout', '30', path])
  expect(lines(stdout)).toEqual(['[0] RankFailedError 1 true', '[1.0] RankFailedError 1 false', '[1] RankFailedError 1 true'])
  expect(status).toBe(3)
})

test('a process that is killed is missed by those who have spawned it', async () => {
  const path = program(`
    import { COMM_PARENT, COMM_WORLD as comm } from 'rxmpi'
    if (COMM_PARENT === undefined) {
      const children = await comm.spawn(new URL(import.meta.url), { ranks: 2, placement: 'process' })
      for (const dest of [0, 1]) await children.send('go on', { dest })
      const error = await children.recv({ source: 1 }).catch((reason) => reason)
      console.log(error.name, error.failed?.rank, error.failed?.remote, error.failed?.reason)
      console.log(await children.recv({ source: 0 }))
    } else {
      await COMM_PARENT.recv()
      if (comm.rank === 1) process.kill(process.pid, 'SIGKILL')
      await COMM_PARENT.send('still here', { dest: 0 })
    }
  `)
  const { stdout } = await rxmpi(['run', '-n', '1', '--on-failure', 'continue', '--timeout', '30', path])
  expect(stdout).toBe('RankFailedError 1 true has failed: its process was killed\nstill here\n')
})

test('once both sides have closed neither hears of the other, and the job ends when all worlds have', async () => {
  const path = family(
    "await children.close(); await new Promise((resolve) => setTimeout(resolve, 700)); console.log('alone', await comm.allreduce(1, SUM))",
    "await up.close(); if (comm.rank === 1) throw new Error('late'); await comm.barrier()"
  )
  const { status, stdout, stderr } = await rxmpi(['run', '-n', '2', '--timeout', '30', path])
  expect(lines(stdout)).toEqual(['[0] alone 2', '[1] alone 2'])
  expect(stderr).toMatch(/^\[1\.1\] Error: late\n/)
  expect(stderr.match(/Error/g)).toHaveLength(1)
  expect(status).toBe(1)

  const outlived = family('await children.close()', "await up.close(); setTimeout(() => console.log('still here'), 200)")
  const after = await rxmpi(['run', '-n', '1', '--timeout', '30', outlived])
  expect(lines(after.stdout)).toEqual(['[1.0] still here', '[1.1] still here'])
  expect(after.status).toBe(0)
})

test('a deadlock across worlds is proved, and told by their names', async () => {
  const path = family(
    'await children.recv({ source: 1 })',
    'if (comm.rank === 0) await up.recv({ source: 0, tag: 4 }); else await comm.barrier()'
  )
  const { stderr } = await rxmpi(['run', '-n', '1', '--timeout', '30', path])
  expect(stderr).toContain('every rank waits and nothing is under way')
  expect(stderr).toMatch(/rank 0 waits in recv on 'world\.spawn\(1\)' for rank 1, any tag/)
  expect(stderr).toMatch(/rank 1\.0 waits in recv on 'parent' for rank 0, tag 4/)
  expect(stderr).toMatch(/rank 1\.1 waits in barrier/)
})

test('an interrupt reaches all worlds', async () => {
  // The timer keeps them from being proved to wait for ever.
  const wait = (up: string): string => `
    process.on('SIGINT', () => { console.log('interrupted'); process.exit(0) })
    setInterval(() => undefined, 1000)
    await ${up}.barrier()
    console.log('ready')
    await comm.recv()`
  const child = start(['run', '-n', '1', '--timeout', '30', family(wait('children'), wait('up'))])
  const over = ended(child)
  let seen = ''
  child.stdout.on('data', function look(chunk) {
    seen += chunk
    if (seen.match(/ready/g)?.length !== 3) return
    // A second one would end the job at once.
    child.stdout.off('data', look)
    child.kill('SIGINT')
  })
  expect(lines((await over).stdout).filter((line) => line.includes('interrupted'))).toEqual([
    '[1.0] interrupted',
    '[1.1] interrupted',
    'interrupted'
  ])
})

test.each([
  ['threads', [], ['busy']],
  ['processes', ['--placement', 'process'], []]
])('groups of %s meet by ports', async (_, where, args) => {
  const path = join(__dirname, 'programs/ports.ts')
  const { status, stdout, stderr } = await rxmpi(['run', '-n', '3', ...where, '--timeout', '60', path, ...args])
  expect(stderr).toBe('')
  expect(lines(stdout)).toEqual(['[0] done', '[1] done', '[2] done'])
  expect(status).toBe(0)
})

test('who waits at a port for nobody is told so', async () => {
  const path = program(`
    import { COMM_WORLD as comm } from 'rxmpi'
    const half = (await comm.split(comm.rank))!
    if (comm.rank === 0) half.listen('desk').subscribe()
    else await comm.recv()
  `)
  const { stderr } = await rxmpi(['run', '-n', '2', '--timeout', '30', path])
  expect(stderr).toMatch(/rank 0 waits in listen for somebody to connect to port 'desk' on 'world\.split\(1\)', at .*program\.ts:4:/)
  expect(stderr).toMatch(/rank 1 waits in recv/)
})

test.each([
  ['in clear text', []],
  ['encrypted, of a job that has no certificate', ['--tls']]
])('ranks of another job connect by ticket, and by no other: %s', async (_, options) => {
  const listens = program(`
    import { COMM_WORLD as comm, SUM } from 'rxmpi'
    import { renameSync, writeFileSync } from 'node:fs'
    import { firstValueFrom } from 'rxjs'
    const port = comm.listen('viewer', { scope: 'network' })
    const first = firstValueFrom(port)
    const ticket = await port.ticket
    if (comm.rank === 0) {
      writeFileSync('written', ticket)
      renameSync('written', 'ticket')
    }
    const inter = await first
    console.log(await inter.allreduce(comm.rank + 1, SUM), await inter.bcast('news', { root: { local: 0 } }))
    await inter.close()
  `)
  const cwd = dirname(listens)
  const connects = program(`
    import { COMM_WORLD as comm, SUM } from 'rxmpi'
    import { existsSync, readFileSync } from 'node:fs'
    while (!existsSync('ticket')) await new Promise((resolve) => setTimeout(resolve, 20))
    const ticket = readFileSync('ticket', 'utf8')
    const wrong = JSON.parse(Buffer.from(ticket.slice(11), 'base64url').toString())
    wrong.secret = 'A'.repeat(43)
    const forged = 'rxmpi-port:' + Buffer.from(JSON.stringify(wrong)).toString('base64url')
    for (const bad of [forged, 'rxmpi-port:x']) console.log((await comm.connect(bad).catch((error) => error)).name)
    const inter = await comm.connect(ticket)
    console.log(await inter.allreduce(10 * (comm.rank + 1), SUM), await inter.bcast(undefined, { root: 0 }))
    await inter.close()
  `)
  const [one, other] = await Promise.all([
    rxmpi(['run', '-n', '2', '--timeout', '40', ...options, listens], { cwd }),
    rxmpi(['run', '-n', '2', '--timeout', '40', connects], { cwd })
  ])
  expect([one.stderr, other.stderr]).toEqual(['', ''])
  expect(lines(one.stdout)).toEqual(['[0] 30 undefined', '[1] 30 undefined'])
  expect(lines(other.stdout).slice(0, 2)).toEqual(['[0] 3 news', '[0] PortError'])
  expect(other.stdout.match(/PortError/g)).toHaveLength(4)
})

it('a connect by ticket that is given up is dialled no more: what waits then is a deadlock, which can be proved', async () => {
  const path = program(`
    import { COMM_WORLD as comm } from 'rxmpi'
    // Nobody listens there.
    const ticket = { id: 'x', secret: 'A'.repeat(43), addresses: ['127.0.0.1'], port: 9 }
    const text = 'rxmpi-port:' + Buffer.from(JSON.stringify(ticket)).toString('base64url')
    const signal = AbortSignal.timeout(200)
    console.log(await comm.connect(text, { timeout: 60_000, signal }).catch(({ name }) => name))
    await comm.recv().catch(({ name }) => console.log(name))
  `)
  expect(await rxmpi(['run', '-n', '1', '--timeout', '40', path])).toEqual({
    status: 0,
    stdout: 'TimeoutError\nDeadlockError\n',
    stderr: ''
  })
})

const isLinux = process.platform === 'linux'
const ROUNDS = SOAK ? 3000 : 48

;(isLinux ? test : test.skip)(
  `${ROUNDS} groups that have met and parted leave nothing${isLinux ? '' : ' (skipped: no /proc)'}`,
  async () => {
    const { stdout, stderr, status } = await rxmpi(
      ['run', '-n', '2', '--stall-notice', '2', '--timeout', SOAK ? '400' : '60', 'test/integration/programs/connects.ts', `${ROUNDS}`],
      {
        env: { NODE_OPTIONS: '--expose-gc' }
      }
    )
    expect([stderr, status]).toEqual(['', 0])
    const grown = lines(stdout).map((line) => JSON.parse(line.slice(4)) as Record<'descriptors' | 'resident' | 'heap', number>)
    expect(grown).toHaveLength(2)
    for (const { descriptors, resident, heap } of grown) {
      expect(descriptors).toBeLessThanOrEqual(0)
      // A plan of a collective for each would be 8 kB; shared memory that nobody looks for 2 GB of the long run.
      expect(heap).toBeLessThan(SOAK ? 3_000_000 : 300_000)
      expect(resident).toBeLessThan(500 * 2 ** 20)
    }
  }
)
