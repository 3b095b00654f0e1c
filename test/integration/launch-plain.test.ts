import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { command, ended, lines, project, type Run, type Running, root } from './command.js'
import { find } from './machines.js'

/** Programs that plain node runs under a launcher, without `rxmpi run`. */

const directory = project({
  'program.mjs': `
    import { COMM_WORLD as comm } from 'rxmpi'
    const { rank, size } = comm
    const how = process.argv[2]
    if (how === 'kill at once' && rank === 1) process.kill(process.pid, 'SIGKILL')
    const got = await comm.sendrecv(rank, { dest: (rank + 1) % size, source: (rank + size - 1) % size })
    if (how === 'throw' && rank === 1) throw new RangeError('boom')
    if (how === 'exit' && rank === 1) process.exit(5)
    if (how === 'code' && rank === 1) process.exitCode = 6
    if (how === 'abort' && rank === 1) comm.abort(7, 'no good')
    if (how === 'kill' && rank === 1) process.kill(process.pid, 'SIGKILL')
    if (how === 'busy' && rank === 1) process.exit(3)
    if (how === 'busy' && rank === 2) for (;;) {}
    if (how === 'left') await comm.dup()
    if (how === 'deadlock') await comm.recv({ source: (rank + 1) % size })
    if (how === 'last' && rank === 0) {
      for (let k = 0; k < 1000; k++) comm.isend({ k, padding: 'x'.repeat(300) }, { dest: 1 })
      process.exit(0)
    }
    if (how === 'last' && rank === 1) {
      let sum = 0
      for (let k = 0; k < 1000; k++) sum += (await comm.recv({ source: 0 })).k
      console.log(sum)
    } else if (how === 'child') {
      const { spawnSync } = await import('node:child_process')
      console.log(spawnSync(process.execPath, [process.argv[1]], { encoding: 'utf8' }).stderr.includes('by way of another, process ' + process.pid))
      process.exit(0)
    } else if (how === 'compute') {
      if (rank === 0) for (const end = performance.now() + 3500; performance.now() < end; );
      await comm.barrier()
      console.log('well', rank, size, got)
    } else if (how === 'none') console.log('well', rank, size, got, ...Object.keys(process.env).filter((name) => name === 'RXMPI_TOKEN'))
    else if (how !== 'code' && how !== 'last' && how !== 'left') setInterval(() => {}, 1000)`,
  'typed.ts': `
    import { COMM_WORLD as comm, SUM } from 'rxmpi'
    import { twice } from './twice.js'
    const sum: number = await comm.allreduce(twice(comm.rank), SUM)
    console.log('typed', comm.rank, sum, process.argv[1]!.endsWith('typed.ts'))
    if (process.argv[2] === 'throw') throw new Error('here')`,
  'twice.ts': `export const twice = (x: number): number => 2 * x`,
  'package.json': '{ "type": "module" }'
})
// As in a project that has installed it.
beforeAll(() => {
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(root, join(directory, 'node_modules/rxmpi'))
})

const program = join(directory, 'program.mjs')
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

let port = 21_000 + (process.pid % 20_000)
/** Three processes that meet where their environment says. */
function three(args: string[], more: Record<string, string> = {}): Promise<Run[]> {
  port++
  return Promise.all(
    [0, 1, 2].map((rank) => {
      const env = {
        ...process.env,
        RXMPI_RANK: String(rank),
        RXMPI_SIZE: '3',
        RXMPI_ADDRESS: `127.0.0.1:${port}`,
        RXMPI_TOKEN: 'secret',
        ...more
      }
      const child = spawn(process.execPath, args, { env, cwd: directory, stdio: ['pipe', 'pipe', 'pipe'] }) as Running
      children.push(child)
      return ended(child)
    })
  )
}

it('take one rank each', async () => {
  const runs = await three([program, 'none'])
  expect(runs).toEqual([0, 1, 2].map((rank) => ({ status: 0, stdout: `well ${rank} 3 ${(rank + 2) % 3}\n`, stderr: '' })))
})

it.each([
  ['throw', 1, 'RangeError: boom'],
  ['exit', 5, '[1] rxmpi: ended with status 5'],
  ['code', 6, '[1] rxmpi: ended with status 6'],
  ['abort', 7, '[1] abort: no good'],
  ['deadlock', 1, 'DeadlockError: deadlock: every rank waits']
])('all end with the status of the first failure: %s', async (how, status, text) => {
  const runs = await three([program, how])
  expect(runs.map((run) => run.status)).toEqual([status, status, status])
  expect(runs.map(({ stderr }) => stderr).join('')).toContain(text)
})

it.each(['kill', 'kill at once'])('end though one of them is killed: %s', async (how) => {
  const killed = await three([program, how])
  expect(killed.map(({ status }) => status)).toEqual([137, null, 137])
  expect(killed[0]!.stderr).toMatch(/\[1\] rxmpi: the process of rank 1 \(process \d+ on .*\) has ended/)
})

it('end though one of them computes for ever', async () => {
  const busy = await three([program, 'busy'])
  expect(busy.map(({ status }) => status)).toEqual([3, 3, null])
})

it('deliver all that they have sent before they end', async () => {
  const runs = await three([program, 'last'])
  expect(runs.map(({ stderr }) => stderr)).toEqual(['', '', ''])
  expect(runs[1]!.stdout).toBe('499500\n')
})

it('tell what they have left over, and fail by it where that is wanted', async () => {
  const warned = await three([program, 'left'])
  const left = (rank: number): RegExp =>
    new RegExp(`^rxmpi: rank ${rank} ended with a communicator that nobody freed: 'world\\.dup\\(1\\)', at .*program\\.mjs:\\d+:\\d+; `)
  expect(warned).toEqual([0, 1, 2].map((rank) => ({ status: 0, stdout: '', stderr: expect.stringMatching(left(rank)) })))
  const failed = await three([program, 'left'], { RXMPI_LEFTOVERS: 'error' })
  expect(failed.map(({ status }) => status)).toEqual([1, 1, 1])
})

it('are alive for the others while they compute', async () => {
  const runs = await three([program, 'compute'])
  expect(runs.map(({ status }) => status)).toEqual([0, 0, 0])
})

it('have a place that no program takes which they start', async () => {
  const runs = await three([program, 'child'])
  expect(runs.map(({ stdout }) => stdout)).toEqual(['true\n', 'true\n', 'true\n'])
})

it('are TypeScript with rxmpi/register, alone and under a launcher', async () => {
  const runs = await three(['--import', 'rxmpi/register', 'typed.ts'])
  expect(runs).toEqual([0, 1, 2].map((rank) => ({ status: 0, stdout: `typed ${rank} 6 true\n`, stderr: '' })))
  const alone = await run(process.execPath, ['--import', 'rxmpi/register', 'typed.ts', 'throw'])
  expect(alone.stdout).toBe('typed 0 0 true\n')
  expect(alone.stderr).toMatch(/Error: here\n.*typed\.ts:6:\d+/)
  expect(alone.status).toBe(1)
})

for (const [tool, launch] of [
  ['mpiexec.hydra', ['mpiexec.hydra', '-n', '3']],
  ['mpirun.openmpi', ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe', '-n', '3']]
] as const) {
  const test = find(tool) ? it : it.skip
  test(`take one rank each under ${tool}${find(tool) ? '' : ' (skipped: not installed)'}`, async () => {
    const [file, ...args] = launch as unknown as [string, ...string[]]
    const good = await run(file, [...args, process.execPath, program, 'none'])
    expect(lines(good.stdout)).toEqual(['well 0 3 2', 'well 1 3 0', 'well 2 3 1'])
    expect(good.status).toBe(0)
    expect((await run(file, [...args, process.execPath, program, 'exit'])).status).toBe(5)
  })
}

function run(file: string, args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { cwd: directory, env: { ...process.env, NO_COLOR: '1' } }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : (error.code as unknown as number), stdout, stderr })
    )
    child.stdin?.end()
    children.push(child)
  })
}

/** A descriptor that is a socket, and not a process manager's: what Node gives a child whose stdio is a pipe is one. */
it.each(['HTTP/1.1 400 Bad Request\n', ''])("takes no stranger's socket that answers %j for the manager", async (answer) => {
  const env = { ...process.env, PMI_RANK: '1', PMI_SIZE: '2', PMI_FD: '3', MPI_LOCALNRANKS: '2' }
  const child = spawn(process.execPath, [command, 'run', program, 'none'], { env, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  children.push(child)
  const status = once(child, 'close')
  ;(child.stdio[3] as Duplex).resume().end(answer)
  expect(await text(child.stderr!)).toBe(
    'rxmpi: what PMI_FD names has not answered as a process manager does: the process is started by way of another, as npx is, ' +
      'that has not handed the descriptor down\n'
  )
  expect((await status)[0]).toBe(2)
})
