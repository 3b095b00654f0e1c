import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { lines, program, project, root, rxmpi, start } from './command.js'

const run = promisify(execFile)
/** Within the package, so that an ordinary program finds it by its name. */
const directory = join(root, 'test/integration/.pool')
mkdirSync(directory, { recursive: true })
afterAll(() => rmSync(directory, { recursive: true, force: true }))
let programs = 0

const head = `
import { RankPool, task } from 'rxmpi/pool'
import { pull } from 'rxmpi/operators'
import { count, from, interval, lastValueFrom, map, take, tap, timer, toArray } from 'rxjs'
import { setTimeout as delay } from 'node:timers/promises'
const all = (results) => lastValueFrom(results.pipe(toArray()))
const failure = (results) => all(results).then(() => 'no error', (error) => error)
`

/** Runs an ordinary program, as \`node\` would. */
async function ordinary(source: string): Promise<string[]> {
  const file = join(directory, `program-${programs++}.mjs`)
  writeFileSync(file, head + source)
  const { stdout } = await run(process.execPath, [file], { timeout: 40_000 })
  return stdout.split('\n').filter(Boolean)
}

const launched = (source: string, ranks = 2): Promise<string[]> =>
  ordinary(`const pool = await RankPool.launch(${ranks})\n${source}\nawait pool.close()\nconsole.log('closed')`)

describe('a launched pool', () => {
  it('maps in order, whatever is ready first', async () => {
    expect(
      await launched(`
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
const slow = async (n) => (await new Promise((resolve) => setTimeout(resolve, n % 2 === 0 ? 20 : 0)), n * n)
console.log(JSON.stringify(await all(pool.map(slow, [1, 2, 3, 4, 5, 6], { chunk: 1 }))))
const flag = mkdtempSync(join(tmpdir(), 'rxmpi-')) + '/last'
const last = async ([n, flag]) => {
  const { existsSync } = await import('node:fs')
  while (n === 20 && !existsSync(flag)) await new Promise((resolve) => setTimeout(resolve, 1))
  return n * n
}
const seen = (square) => square === 9 && writeFileSync(flag, '')
console.log(JSON.stringify(await all(pool.map(last, [20, 1, 3].map((n) => [n, flag]), { chunk: 1, ordered: false }).pipe(tap(seen)))))
console.log(JSON.stringify(await all(pool.map((n, index) => n + index, new Set([10, 20, 30])))), JSON.stringify(await all(pool.map((n) => n, []))))
`)
    ).toEqual(['[1,4,9,16,25,36]', '[1,9,400]', '[10,21,32] []', 'closed'])
  })

  it('survives a task that throws, whose error says which input, where and why', async () => {
    const [message, cause, after] = await launched(`
const error = await failure(pool.map((n) => { if (n.id === 7) throw new RangeError('seven'); return n.id }, Array.from({ length: 20 }, (_, id) => ({ id }))))
console.log(error.name, error.message)
console.log(error.cause.name, error.cause.message, error.rank)
console.log(await pool.run((n) => n + 1, 41))
`)
    expect(message).toMatch(/^RemoteError the task of input 7 \(\{"id":7\}\) failed on rank [12]: RangeError: seven/)
    expect(cause).toMatch(/^RangeError seven [12]$/)
    expect(after).toBe('42')
  })

  it('says what to do when a function has left something behind', async () => {
    const [message] = await launched(`
const outside = 3
console.log((await failure(pool.map((n) => n * outside, [1]))).message)
`)
    expect(message).toMatch(/outside is not defined.*travels as its text.*task\(new URL/)
  })

  it('says so where a module is not there', async () => {
    const [message] = await launched(`
console.log((await failure(pool.map(task(new URL('./none.ts', import.meta.url)), [1]))).message)
`)
    expect(message).toMatch(/failed on rank \d: ArgumentError: task: there is no file \/.*none\.ts/)
  })

  it('runs functions of modules, also of TypeScript, by name', async () => {
    writeFileSync(
      join(directory, 'work.ts'),
      `const factor: number = 3\nexport const times = (n: number): number => n * factor\nexport default (n: number) => -n\n`
    )
    expect(
      await launched(`
const work = new URL('./work.ts', import.meta.url)
console.log(JSON.stringify(await all(pool.map(task(work, 'times'), [1, 2]))), await pool.run(task(work), 5))
console.log((await failure(pool.map(task(work, 'other'), [1]))).message)
`)
    ).toEqual(['[3,6] -5', expect.stringContaining("exports no function 'other'"), 'closed'])
  })

  it('does the tasks of a rank that dies again, and starts another in its place', async () => {
    const out = await launched(
      `
import { existsSync, writeFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
const flag = mkdtempSync(tmpdir() + '/rxmpi-') + '/died'
const once = async ([n, flag]) => {
  const { existsSync, writeFileSync } = await import('node:fs')
  if (n === 5 && !existsSync(flag)) { writeFileSync(flag, ''); process.exit(3) }
  return n
}
console.log(JSON.stringify(await all(pool.map(once, Array.from({ length: 12 }, (_, n) => [n, flag]), { chunk: 1 }))), pool.size)
`,
      3
    )
    expect(out).toEqual([`${JSON.stringify([...Array(12).keys()])} 3`, 'closed'])
  })

  it('gives up a task that kills every rank it is given to', async () => {
    const out = await launched(
      `
const error = await failure(pool.map((n) => (n === 1 ? process.exit(1) : n), [0, 1, 2], { retries: 1, chunk: 1 }))
console.log(error.name, pool.size)
console.log(await pool.run((n) => n, 9))
`,
      3
    )
    expect(out).toEqual(['RankFailedError 3', '9', 'closed'])
  })

  it('goes on with one worker only, under a new number, when it has died; and then it has none', async () => {
    const out = await launched(
      `
const died = await failure(pool.map(() => process.exit(0), [0], { retries: 0 }))
console.log(died.name, pool.size)
console.log(JSON.stringify(await all(pool.map((n) => n * n, [1, 2, 3]))), (await failure(pool.map(() => { throw 1 }, [0]))).rank)
console.log((await failure(pool.map(() => process.exit(0), [0], { retries: 3 }))).name, pool.size)
`,
      1
    )
    expect(out).toEqual(['RankFailedError 1', '[1,4,9] 2', 'RankFailedError 0', 'closed'])
  })

  it('fails when no rank is left, and closes', async () => {
    const out = await launched(`
const error = await failure(pool.map(() => process.exit(1), [0, 1], { retries: 5 }))
console.log(error.name, pool.size)
console.log((await failure(pool.map((n) => n, [0]))).message.slice(0, 30))
`)
    expect(out).toEqual(['RankFailedError 0', 'pool: none of its ranks is lef', 'closed'])
  })

  it('pulls its source as results are consumed', async () => {
    const out = await launched(`
let taken = 0
function* numbers() { for (let n = 0; n < 500; n++) { taken++; yield n } }
let most = 0
let done = 0
const { concatMap } = await import('rxmpi/operators')
await lastValueFrom(pool.map((n) => n, numbers(), { chunk: 4, buffer: 20 }).pipe(concatMap(() => timer(0)), tap(() => { most = Math.max(most, taken - ++done) })))
console.log(done, most <= 42, taken)
const some = await all(pool.map((n) => n, numbers(), { buffer: 20, chunk: 4 }).pipe(take(5)))
console.log(some.length, taken < 600)
`)
    expect(out).toEqual(['500 true 500', '5 true', 'closed'])
  })

  it('moves and copies buffers, and takes streams, Observables and several maps at a time', async () => {
    const out = await launched(`
const big = Float64Array.from({ length: 50_000 }, (_, k) => k)
const sum = (array) => array.reduce((a, b) => a + b)
console.log(await pool.run(sum, big), big.length)
const [same] = await all(pool.map((array) => array.map((x) => x + 1), [big], { transfer: true }))
console.log(same.constructor.name, same.length, same[1], big.length)
const [a, b] = await Promise.all([all(pool.map((n) => n + 1, from([1, 2, 3]))), all(pool.map((n) => n * 2, interval(1).pipe(take(3))))])
console.log(JSON.stringify([a, b]))
console.log(JSON.stringify(await all(pool.map((text) => text.length, (async function* () { yield 'one'; yield 'three' })()))))
`)
    expect(out).toEqual(['1249975000 50000', 'Float64Array 50000 2 0', '[[2,3,4],[0,2,4]]', '[3,5]', 'closed'])
  })

  it('refuses what cannot travel, there and back', async () => {
    const out = await launched(`
console.log((await failure(pool.map((f) => f, [() => 1]))).name)
console.log((await failure(pool.map((n) => (n === 2 ? () => n : n), [0, 1, 2, 3], { chunk: 4 }))).message.split('failed')[0])
for (const wrong of [() => pool.map(Math.max, []), () => pool.map(3, []), () => pool.map((n) => n, [], { chunk: 0 }), () => task('./x.js')]) {
  try { wrong() } catch (error) { console.log(error.name) }
}
console.log(await pool.run((n) => n, 1))
`)
    expect(out).toEqual([
      'DataCloneError',
      'the task of input 2 (2) ',
      'ArgumentError',
      'ArgumentError',
      'ArgumentError',
      'ArgumentError',
      '1',
      'closed'
    ])
  })

  it('closes by await using, and a forgotten one does not keep its program alive', async () => {
    expect(
      await ordinary(`
const pool = await RankPool.launch(1)
console.log(await pool.run((n) => n, 1))
await pool[Symbol.asyncDispose]()
try { pool.map((n) => n, [1]) } catch (error) { console.log(error.message) }
const forgotten = await RankPool.launch(1)
console.log(await forgotten.run((n) => n, 2))
`)
    ).toEqual(['1', expect.stringContaining('closed'), '2'])
  })
})

describe('a pool of a job’s ranks', () => {
  it.each([2, 3])('works on %i ranks, and lets them go on afterwards', async (ranks) => {
    const { status, stdout } = await rxmpi([
      'run',
      '-n',
      String(ranks),
      program(`
import { COMM_WORLD as comm } from 'rxmpi'
import { RankPool } from 'rxmpi/pool'
import { lastValueFrom, reduce } from 'rxjs'
for (let round = 0; round < 2; round++) {
  const pool = await RankPool.of(comm)
  if (pool !== undefined) {
    console.log(await lastValueFrom(pool.map((n: number) => n * 2, Array(1000).keys()).pipe(reduce((a, b) => a + b))), pool.size)
    await pool.close()
  }
}
console.log('after')
`)
    ])
    expect(status).toBe(0)
    const expected = Array.from({ length: ranks }, (_, rank) => `[${rank}] after`)
    expect(lines(stdout)).toEqual([`[0] 999000 ${ranks - 1}`, `[0] 999000 ${ranks - 1}`, ...expected].sort())
  })

  it('refuses a world of one, and a root that is none', async () => {
    const { stdout } = await rxmpi([
      'run',
      '-n',
      '1',
      program(`
import { COMM_WORLD as comm } from 'rxmpi'
import { RankPool } from 'rxmpi/pool'
await RankPool.of(comm).catch((error) => console.log(error.name))
await RankPool.of(comm, { root: 3 }).catch((error) => console.log(error.name))
`)
    ])
    expect(stdout).toBe('ArgumentError\nRankError\n')
  })
})

describe('a pool that grows', () => {
  const imports = `
import { COMM_PARENT as parent, COMM_SELF, COMM_WORLD as comm } from 'rxmpi'
import { RankPool } from 'rxmpi/pool'
import { lastValueFrom, mergeMap, reduce, tap, toArray, take } from 'rxjs'
`

  it('takes spawned ranks, whose tasks waited for them, and sends those away that come when it is closed', async () => {
    const { status, stdout, stderr } = await rxmpi([
      'run',
      '-n',
      '1',
      program(`${imports}
if (parent !== undefined) {
  await RankPool.join(parent)
  await parent.close()
} else {
  const pool = (await RankPool.of(COMM_SELF, { grows: true }))!
  const sum = lastValueFrom(pool.map((n: number) => 2 * n, Array(1000).keys()).pipe(reduce((a, b) => a + b)))
  console.log(pool.size)
  const some = await comm.spawn(new URL(import.meta.url), { ranks: 2 })
  const gone = pool.add(some)
  console.log(pool.size, await sum)
  await pool.close()
  await gone
  await some.close()
  const late = await comm.spawn(new URL(import.meta.url))
  await pool.add(late)
  await late.close()
  console.log('closed', pool.size)
}
`)
    ])
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '0\n2 999000\nclosed 0\n', stderr: '' })
  })

  it('takes groups that connect, whose ranks leave when they like, with what they have done', async () => {
    // Each of the others leaves after it has done some tasks, and comes back, until all are done.
    const { status, stdout, stderr } = await rxmpi([
      'run',
      '-n',
      '4',
      program(
        `${imports}
const isRoot = comm.rank === 0
const group = await comm.split(isRoot ? 0 : 1 + (comm.rank >> 1))
if (isRoot) {
  const pool = await RankPool.of(group, { grows: true })
  let visits = 0
  const door = group.listen('pool').subscribe(async (workers) => {
    visits++
    await pool.add(workers)
    await workers.close()
  })
  const done = await lastValueFrom(pool.map((n) => { globalThis.tasks = (globalThis.tasks ?? 0) + 1; return n + 1 }, Array(500).keys(), { chunk: 1 }).pipe(toArray()))
  door.unsubscribe()
  await pool.close()
  console.log(done.every((value, k) => value === k + 1), visits > 2)
} else {
  for (;;) {
    const pool = await group.connect('pool', { timeout: 2000 }).catch((error) => error.name === 'PortError' ? undefined : Promise.reject(error))
    if (pool === undefined) break
    const leave = new AbortController()
    globalThis.tasks = 0
    const looking = setInterval(() => globalThis.tasks > 20 && leave.abort(), 1)
    await RankPool.join(pool, { signal: leave.signal })
    clearInterval(looking)
    await pool.close()
  }
}
await group.barrier()
group.free()
`,
        'program.mjs'
      )
    ])
    expect({ status, stdout: lines(stdout), stderr }).toEqual({ status: 0, stdout: ['[0] true true'], stderr: '' })
  })

  it('does the tasks of workers of another job again, which is killed', async () => {
    const directory = project({
      'pool.ts': `${imports}
import { renameSync, writeFileSync } from 'node:fs'
const pool = (await RankPool.of(COMM_SELF, { grows: true }))!
const port = comm.listen('pool', { scope: 'network' })
const door = port.subscribe(async (workers) => {
  await pool.add(workers)
  await workers.close().catch(() => undefined)
})
const ticket = await port.ticket
writeFileSync('written', ticket)
renameSync('written', 'ticket')
const work = async ([n, last]: [number, boolean]) => {
  const { existsSync, writeFileSync } = await import('node:fs')
  writeFileSync('busy', '')
  while (last && !existsSync('killed')) await new Promise((resolve) => setTimeout(resolve, 5))
  return n
}
const tasks = Array.from({ length: 40 }, (_, n): [number, boolean] => [n, n === 3])
const done = await lastValueFrom(pool.map(work, tasks, { chunk: 1 }).pipe(toArray()))
door.unsubscribe()
await pool.close()
console.log(done.length, done.every((value, n) => value === n))
`,
      'worker.ts': `${imports}
import { readFileSync } from 'node:fs'
const pool = await COMM_SELF.connect(readFileSync('ticket', 'utf8'))
await RankPool.join(pool)
await pool.close()
`
    })
    const appears = async (name: string): Promise<void> => {
      for (const changes = watch(directory); ; await new Promise((resolve) => changes.once('change', resolve))) {
        if (existsSync(join(directory, name))) return changes.close()
      }
    }
    const job = rxmpi(['run', '-n', '1', 'pool.ts'], { cwd: directory })
    await appears('ticket')
    const first = start(['run', '-n', '2', 'worker.ts'], { cwd: directory })
    await appears('busy')
    first.kill('SIGKILL')
    const second = rxmpi(['run', '-n', '1', 'worker.ts'], { cwd: directory })
    writeFileSync(join(directory, 'killed'), '')
    expect(await job).toEqual({ status: 0, stdout: '40 true\n', stderr: '' })
    expect(await second).toMatchObject({ status: 0, stderr: '' })
  })

  it('refuses what it cannot take', async () => {
    const { stdout } = await rxmpi([
      'run',
      '-n',
      '2',
      program(
        `${imports}
const told = (error) => comm.rank === 0 && console.log(error.name, error.message.split(' (rank')[0])
const pool = await RankPool.of(comm)
if (pool !== undefined) {
  await pool.add(comm).catch(told)
  await RankPool.join(comm).catch(told)
  await pool.close()
}
const half = await comm.split(comm.rank)
const other = await half.createIntercomm({ bridge: comm, remoteLeader: 1 - comm.rank })
if (pool !== undefined) await pool.add(other).catch(told)
await RankPool.join(other, { root: 1 }).catch(told)
await RankPool.join(other, { signal: 3 }).catch(told)
await RankPool.of(comm, { grow: true }).catch(told)
other.free()
half.free()
`,
        'program.mjs'
      )
    ])
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/ArgumentError inter: expected an intercommunicator/),
      expect.stringMatching(/ArgumentError inter: expected an intercommunicator/),
      expect.stringMatching(/ArgumentError pool: it does not grow; make it by RankPool.of\(comm, \{ grows: true \}\)/),
      expect.stringMatching(/RankError root: 1 is no rank of 1/),
      expect.stringMatching(/ArgumentError signal: expected an AbortSignal, got 3/),
      expect.stringMatching(/ArgumentError.*grow.*grows/),
      ''
    ])
  })
})
