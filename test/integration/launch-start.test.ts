import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { command, ended, lines, program, project, type Running, root, rxmpi, start } from './command.js'

/** Processes that something else has started, which meet where the environment says. */

const well = program(`
  import { COMM_WORLD as comm } from 'rxmpi'
  const { rank, size } = comm
  console.log('well', rank, await comm.sendrecv(rank, { dest: (rank + 1) % size, source: (rank + size - 1) % size }))`)
/** Says that it is there, and ends when it reads something. */
const waiting = program(`
  import { COMM_WORLD as comm } from 'rxmpi'
  await comm.barrier()
  console.log('there')
  if (comm.rank === 0) await new Promise((resolve) => process.stdin.once('data', resolve))
  await comm.barrier()
  process.exit(0)`)

let port = 20_000 + (process.pid % 20_000)
beforeEach(() => {
  port++
})

const environment = (rank: number, size: number): Record<string, string> => ({
  RXMPI_RANK: String(rank),
  RXMPI_SIZE: String(size),
  RXMPI_ADDRESS: `127.0.0.1:${port}`,
  RXMPI_TOKEN: 'secret'
})
const member = (rank: number, size: number, path: string, ...options: string[]): Running =>
  start(['run', ...options, path], { env: environment(rank, size) })

it.each([[[]], [['--tls']]])('meets, with %j', async (options) => {
  const runs = await Promise.all([0, 1, 2].map((rank) => ended(member(rank, 3, well, ...options))))
  expect(runs.map(({ stderr }) => stderr)).toEqual(['', '', ''])
  expect(runs.map(({ stdout }) => stdout)).toEqual(['[0] well 0 2\n', '[1] well 1 0\n', '[2] well 2 1\n'])
  expect(runs.map(({ status }) => status)).toEqual([0, 0, 0])
})

it('says which ranks are missing when the time to start is over', async () => {
  // Those that come have the time that this machine needs for it now.
  const begun = performance.now()
  await Promise.all([0, 1].map((rank) => ended(member(rank, 2, well))))
  const seconds = Math.ceil(1 + (2 * (performance.now() - begun)) / 1000)
  const runs = await Promise.all([0, 2].map((rank) => ended(member(rank, 4, well, '--startup-timeout', String(seconds)))))
  expect(runs[0]!.stderr).toBe(`rxmpi: StartupTimeoutError: not all processes have come within ${seconds} s; missing: rank 1, rank 3\n`)
  expect(runs.map(({ status }) => status)).toEqual([1, 1])
})

it('says where rank 0 was looked for when it does not come', async () => {
  const { status, stderr } = await ended(member(1, 2, well, '--startup-timeout', '1'))
  expect(stderr).toMatch(`rxmpi: StartupTimeoutError: 127.0.0.1:${port} could not be reached for 1 s: connect ECONNREFUSED`)
  expect(status).toBe(1)
})

it('waits for one that is late', async () => {
  const early = [0, 2].map((rank) => ended(member(rank, 3, well)))
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const runs = await Promise.all([...early, ended(member(1, 3, well))])
  expect(runs.map(({ status }) => status)).toEqual([0, 0, 0])
})

it('refuses a second process of a rank, of another size, with another token, and does not disturb the job', async () => {
  const job = [0, 1].map((rank) => member(rank, 2, waiting))
  await new Promise((resolve) => job[1]!.stdout.once('data', resolve))
  const others = await Promise.all([
    ended(member(1, 2, well)),
    ended(member(2, 3, well)),
    ended(start(['run', well], { env: { ...environment(1, 2), RXMPI_TOKEN: 'of an earlier run' } })),
    ended(member(0, 2, well))
  ])
  expect(others.map(({ stderr }) => stderr)).toEqual([
    expect.stringContaining('rxmpi: DuplicateRankError: another process has the number 1'),
    expect.stringContaining('this job has 2 ranks, not 3'),
    expect.stringContaining('no valid proof'),
    expect.stringContaining(`cannot listen on 127.0.0.1, port ${port}`)
  ])
  expect(others.map(({ status }) => status)).toEqual([1, 1, 1, 1])
  const runs = job.map(ended)
  job[0]!.stdin.end('go on\n')
  expect((await Promise.all(runs)).map(({ status }) => status)).toEqual([0, 0])
})

it('says at once when what should have started the processes has ended', async () => {
  const { status, stderr } = await rxmpi(['run', '--launcher', 'hydra', '-n', '2', well], { env: { PATH: project({}) } })
  expect(stderr).toMatch(/^rxmpi: mpiexec could not be started: .*ENOENT, and not all processes have come; missing: rank 0, rank 1\n$/)
  expect(status).toBe(1)
})

it('prints what it would run', async () => {
  const run = async (...options: string[]): Promise<string> => (await rxmpi(['run', '--dry-run', ...options, well, 'x y'])).stdout
  expect(await run('--launcher', 'slurm', '--tls', '-n', '2')).toBe(
    `srun -K1 --mpi=pmi2 --export=ALL -n 2 ${process.execPath} ${command} run --tls ${well} 'x y'\n`
  )
  expect(await run('-n', '2')).toBe(`# 2 ranks as threads of this process: ${well} 'x y'\n`)
  const [here, there] = lines(await run('--insecure', '--host', 'localhost:2,far:1'))
  expect(here).toMatch(/host-process\.js {2}# 2 ranks of/)
  expect(there).toMatch(/^ssh far '.*host-process\.js.*' {2}# 1 rank of/)
  const job = await run('--launcher', 'k8s', '--tls', '-n', '2', '--image', 'i')
  expect(job).toContain('completions: 2')
})

it('has a page that lists every option', async () => {
  const { stdout } = await rxmpi(['run', '--help'])
  const options = [...stdout.matchAll(/^ {2}(?:-\w, )?--(?:no-)?([a-z-]+)/gm)].map(([, name]) => name!).filter((name) => name !== 'help')
  expect(options.length).toBeGreaterThan(15)
  const page = readFileSync(join(root, 'docs/reference/command-line.md'), 'utf8')
  expect(options.filter((name) => !page.includes(name))).toEqual([])
})

it.each([
  ['slurm may start ranks on other machines', ['--launcher', 'slurm', '-n', '2']],
  ['the launcher ssh needs to know where', ['--launcher', 'ssh', '-n', '2']],
  ['the launcher local starts processes on this machine only', ['--launcher', 'local', '--insecure', '--host', 'far']],
  ['image was not given', ['--launcher', 'k8s', '--tls', '-n', '2']],
  ['pods are on several machines', ['--launcher', 'k8s', '-n', '2', '--image', 'i']]
])('refuses what cannot be: %s', async (text, options) => {
  const { status, stderr } = await rxmpi(['run', ...options, join(well)])
  expect(stderr).toContain(text)
  expect(status).toBe(2)
})

it('says what it does where NODE_DEBUG names rxmpi, with no secret, and nothing where it does not', async () => {
  const path = program(`
    import { COMM_WORLD as comm } from 'rxmpi'
    using other = await comm.dup()
    await comm.sendrecv(1, { dest: 1 - comm.rank, source: 1 - comm.rank })
    if (comm.rank === 1) process.exit(3)`)
  const args = ['run', '--placement', 'process', '-n', '2', path]
  const told = await rxmpi(args, { env: { NODE_DEBUG: 'rxmpi', RXMPI_SHARED_MEMORY: '0' } })
  for (const what of [
    'ranks 0',
    `compiled ${path}`,
    'listens at 127.0.0.1',
    'failure: exit of rank 1, status 3',
    'host 1 dials host 0 at 127.0.0.1',
    'host 0: the link with host 1 is made',
    "rank 0 of 'world': 'world.dup(1)' has 2 ranks and the contexts from "
  ])
    expect(told.stderr).toContain(what)
  expect(told.stderr).not.toMatch(/[\w-]{43}/)
  const { stderr } = await rxmpi(args)
  expect(stderr).toBe('[1] rxmpi: ended with status 3\n')
})

it('says under NODE_DEBUG which rank hears that another has failed, and how', async () => {
  const path = program(`
    import { COMM_WORLD as comm } from 'rxmpi'
    if (comm.rank === 1) process.exit(3)
    await comm.recv({ source: 1 }).catch(() => undefined)`)
  const { stderr } = await rxmpi(['run', '--on-failure', 'continue', '-n', '2', path], { env: { NODE_DEBUG: 'rxmpi' } })
  expect(stderr).toMatch(/rank 0 hears that rank 1 has failed: .*3/)
})
