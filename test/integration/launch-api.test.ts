import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { lines, program, project, root, rxmpi } from './command.js'

/** Runs a script in this repository, where `rxmpi` is itself, and gives what it prints as JSON, line by line. */
async function script(source: string): Promise<unknown[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', preamble + source], { cwd: root })
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

const preamble = `
  import { launch } from 'rxmpi/launch'
  import * as mpi from 'rxmpi'
  const show = (value) => console.log(JSON.stringify(value))
  const failing = (options) => launch(options).then(
    () => show('no failure'),
    (error) => show({ name: error.name, is: error instanceof mpi[error.name], message: error.message, rank: error.rank,
      cause: error.cause && { name: error.cause.name, message: error.cause.message, code: error.cause.code,
        stack: error.cause.stack, is: error.cause instanceof (mpi[error.cause.name] ?? globalThis[error.cause.name]), cause: error.cause.cause } })
  )
`

describe('launch()', () => {
  it("resolves to every rank's default export, in rank order", async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      export default Promise.resolve({ rank: comm.rank, args: process.argv.slice(2), given: process.env.GIVEN, home: process.env.HOME })`)
    const silent = program('export const other = 1')
    const [results, none, typed] = await script(`
      show(await launch({ ranks: 2, program: ${JSON.stringify(path)}, args: ['a', '-n'], env: { GIVEN: 'yes', HOME: undefined } }))
      show(await launch({ ranks: 2, program: new URL(${JSON.stringify(`file://${silent}`)}) }))
      const [big] = await launch({ ranks: 1, program: ${JSON.stringify(program('export default new Map([[1, Float64Array.of(1, 2)]])'))} })
      show([big instanceof Map, big.get(1) instanceof Float64Array])
    `)
    expect(results).toEqual([0, 1].map((rank) => ({ rank, args: ['a', '-n'], given: 'yes' })))
    expect(none).toEqual([null, null])
    expect(typed).toEqual([true, true])
  })

  it('shows the job on a page whose address it tells, and which ends with it', async () => {
    const path = program('export default 7')
    const [results, told, gone, wrong] = (await script(`
      import { Writable } from 'node:stream'
      let told = ''
      const stderr = new Writable({ write(chunk, _, done) { told += chunk; done() } })
      show(await launch({ ranks: 2, program: ${JSON.stringify(path)}, dashboard: true, stderr }))
      show(told)
      show(await fetch(told.trim().split(' ').at(-1)).then(() => 'is there', ({ cause }) => cause.code))
      await failing({ ranks: 1, program: ${JSON.stringify(path)}, dashboard: 70000 })
    `)) as [unknown, unknown, unknown, { message: string }]
    expect({ results, told, gone }).toEqual({
      results: [7, 7],
      told: expect.stringMatching(/^rxmpi: look at this job at http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/\n$/),
      gone: 'ECONNREFUSED'
    })
    expect(wrong.message).toBe('dashboard was 70000: expected true, false or a port, from 1 to 65535')
  })

  it('starts processes and hosts, and resolves to what their ranks export', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      export default { rank: comm.rank, pid: process.pid, data: new Map([[comm.rank, Float64Array.of(comm.rank)]]) }`)
    const uncloneable = program('export default () => 1')
    const [hosts, processes, bad] = (await script(`
      const shown = (results) => show(results.map(({ rank, pid, data }) => [rank, pid, data.get(rank)[0]]))
      shown(await launch({ host: 'localhost:2,localhost:1', program: ${JSON.stringify(path)} }))
      shown(await launch({ ranks: 2, placement: 'process', program: ${JSON.stringify(path)} }))
      await failing({ ranks: 1, placement: 'process', program: ${JSON.stringify(uncloneable)} })
    `)) as [number[][], number[][], object]
    expect(hosts.map(([rank, , data]) => [rank, data])).toEqual([0, 1, 2].map((rank) => [rank, rank]))
    expect(hosts[0][1]).toBe(hosts[1][1])
    expect(hosts[0][1]).not.toBe(hosts[2][1])
    expect(new Set(processes.map(([, pid]) => pid)).size).toBe(2)
    expect(bad).toMatchObject({ name: 'RankFailedError', message: expect.stringContaining('cannot be handed to launch()') })
  })

  it('rejects with the rank that failed and the original error', async () => {
    const thrower = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      class CustomError extends RangeError { override name = 'RangeError'; code = 'E_CUSTOM' }
      if (comm.rank === 1) throw Object.assign(new RangeError('too far', { cause: 'because' }), { code: 'E_FAR' })
      await comm.recv({ source: 1 })`)
    const mpi = program("import { COMM_WORLD as comm } from 'rxmpi'\nawait comm.send(1, { dest: 9 })")
    const [thrown, own, exited, uncloneable] = await script(`
      await failing({ ranks: 2, program: ${JSON.stringify(thrower)} })
      await failing({ ranks: 1, program: ${JSON.stringify(mpi)} })
      await failing({ ranks: 2, program: ${JSON.stringify(program('process.exit(4)'))} })
      await failing({ ranks: 1, program: ${JSON.stringify(program('export default () => 1'))} })
    `)
    expect(thrown).toMatchObject({
      name: 'RankFailedError',
      is: true,
      rank: 1,
      message: expect.stringContaining('RangeError: too far'),
      cause: {
        name: 'RangeError',
        message: 'too far',
        code: 'E_FAR',
        is: true,
        cause: 'because',
        stack: expect.stringContaining(`${thrower}:4:`)
      }
    })
    expect(own).toMatchObject({ name: 'RankFailedError', rank: 0, cause: { name: 'RankError', code: 'ERR_RANK', is: true } })
    expect(exited).toMatchObject({ name: 'RankFailedError', is: true, message: expect.stringContaining('ended with status 4') })
    expect(uncloneable).toMatchObject({
      name: 'RankFailedError',
      cause: { name: 'TypeError', message: expect.stringContaining('the default export of') }
    })
  })

  it('ends the job after its timeout and by its signal', async () => {
    const path = JSON.stringify(program("import { COMM_WORLD as comm } from 'rxmpi'\nsetInterval(() => {}, 1000)\nawait comm.recv()"))
    const [timedOut, aborted, late, before] = await script(`
      await failing({ ranks: 2, program: ${path}, timeout: 0.5 })
      const controller = new AbortController()
      const job = failing({ ranks: 2, program: ${path}, signal: controller.signal })
      controller.abort(new TypeError('enough'))
      await job
      await failing({ ranks: 2, program: ${path}, signal: AbortSignal.timeout(500) })
      await failing({ ranks: 2, program: ${path}, signal: AbortSignal.abort() })
    `)
    expect(timedOut).toMatchObject({ name: 'TimeoutError', is: true, message: expect.stringContaining('rank 1 waits') })
    expect(aborted).toMatchObject({ name: 'AbortError', is: true, cause: { name: 'TypeError', message: 'enough' } })
    expect(late).toMatchObject({ name: 'TimeoutError', is: true })
    expect(before).toMatchObject({ name: 'AbortError', is: true })
  })

  it('refuses bad options and programs before anything starts', async () => {
    const path = JSON.stringify(program('export default 1'))
    const [ranks, timeout, program_, broken] = await script(`
      await failing({ ranks: 0, program: ${path} })
      await failing({ ranks: 1, program: ${path}, timeout: NaN })
      await failing({ ranks: 1, program: '/absent.ts' })
      await failing({ ranks: 1, program: ${JSON.stringify(program('const a = ='))} })
    `)
    expect(ranks).toMatchObject({ name: 'ArgumentError', is: true, message: 'ranks was 0: expected a whole number from 1 up' })
    expect(timeout).toMatchObject({ name: 'ArgumentError', message: expect.stringContaining('timeout was NaN') })
    expect(program_).toMatchObject({ name: 'ArgumentError', message: expect.stringContaining("'/absent.ts' does not exist") })
    expect(broken).toMatchObject({ name: 'RxmpiError', message: expect.stringContaining('program.ts:1:10') })
  })

  it('reads from and writes to the streams that it is given', async () => {
    const path = program(`
      import { text } from 'node:stream/consumers'
      console.log(await text(process.stdin))
      console.error('err')`)
    const [stdout, stderr] = await script(`
      import { Readable, Writable } from 'node:stream'
      const written = { stdout: '', stderr: '' }
      const sink = (name) => new Writable({ write(chunk, encoding, done) { written[name] += chunk; setTimeout(done, 1) } })
      await launch({ ranks: 2, program: ${JSON.stringify(path)}, stdin: Readable.from(['in', 'put']), stdout: sink('stdout'), stderr: sink('stderr') })
      show(written.stdout)
      show(written.stderr)
      await launch({ ranks: 2, program: ${JSON.stringify(program("console.log('plain')"))}, prefix: false, stdout: sink('stdout') })
      show(written.stdout)
    `)
    expect(lines(stdout as string)).toEqual(['[0] input', '[1] '])
    expect(lines(stderr as string)).toEqual(['[0] err', '[1] err'])
  })

  it('starts ranks from a rank', async () => {
    const directory = project({ 'inner.ts': "import { COMM_WORLD as comm } from 'rxmpi'\nexport default comm.rank * 10" })
    const outer = join(directory, 'outer.ts')
    writeFileSync(
      outer,
      `import { launch } from 'rxmpi/launch'
      console.log(await launch<number>({ ranks: 3, program: new URL('./inner.ts', import.meta.url) }))`
    )
    const { stdout, status } = await rxmpi(['run', '-n', '1', outer])
    expect(stdout).toBe('[ 0, 10, 20 ]\n')
    expect(status).toBe(0)
  })

  it("with onFailure: 'continue' gives what the others export, or the first failure when all have failed", async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      if (process.argv[2]!.includes(String(comm.rank))) throw new RangeError('boom ' + comm.rank)
      export default comm.rank * 10
    `)
    const [some, all, wrong] = await script(`
      const options = (victims) => ({ ranks: 3, program: ${JSON.stringify(path)}, args: [victims], onFailure: 'continue' })
      show(await launch(options('1')))
      await failing(options('012'))
      await failing({ ...options(''), onFailure: 'retry' })
    `)
    expect(some).toEqual([0, null, 20])
    expect(all).toMatchObject({ name: 'RankFailedError', cause: { name: 'RangeError' } })
    expect(wrong).toMatchObject({ name: 'ArgumentError', message: "onFailure was retry: expected 'end' or 'continue'" })
  })
})
