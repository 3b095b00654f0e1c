import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ended, lines, project, type Run, type Running, root } from './command.js'
import { find } from './machines.js'

/** Programs that plain node runs, alone or under another launcher, and that start others or have ports. */

jest.setTimeout(60_000)

const FAMILY = `
  const how = process.argv[2]
  if (COMM_PARENT === undefined) {
    const what = how === 'missing' ? './none.mjs' : new URL('./family.mjs', HERE)
    const children = await comm.spawn(what, { ranks: 2, args: [how], placement: how === 'kill' ? 'process' : undefined })
    if (how === 'deadlock') await children.recv()
    if (how === 'kill') await children.send('once it has started', { dest: 1 })
    const all = await children.merge()
    console.log(['merged', ...(await all.allgather(all.rank))].join(' '))
    all.free()
    await children.close()
    if (how === 'signal') setInterval(() => {}, 1000)
  } else {
    if (how === 'throw' && comm.rank === 1) throw new Error('no space left')
    if (how === 'status') process.exit(5)
    if (how === 'kill' && comm.rank === 1) {
      await COMM_PARENT.recv()
      process.kill(process.pid, 'SIGKILL')
    }
    if (how === 'deadlock') await COMM_PARENT.recv()
    const all = await COMM_PARENT.merge()
    await all.allgather(all.rank)
    all.free()
    await COMM_PARENT.close()
    console.log('parent', COMM_PARENT)
    if (how === 'outlive' && comm.rank === 1) setTimeout(() => process.exit(4), 300)
    if (how === 'signal' || how === 'outlived') {
      process.on('SIGINT', () => { console.log('interrupted'); process.exit(0) })
      setInterval(() => {}, 1000)
    }
  }`

const directory = project({
  'family.mjs': `import { COMM_PARENT, COMM_WORLD as comm } from 'rxmpi'\nconst HERE = import.meta.url\n${FAMILY}`,
  'family.cjs': `
    const { COMM_PARENT, COMM_WORLD: comm } = require('rxmpi')
    const HERE = require('node:url').pathToFileURL(__filename)
    void (async () => {${FAMILY}})()`,
  'ports.mjs': `
    import { COMM_WORLD as comm, SUM } from 'rxmpi'
    import { firstValueFrom } from 'rxjs'
    import { spawn } from 'node:child_process'
    const [, path, ticket] = process.argv
    const port = comm.listen('desk', { scope: 'network' })
    const accepted = ticket === undefined ? firstValueFrom(port) : undefined
    if (accepted !== undefined) spawn(process.execPath, [path, await port.ticket], { stdio: 'inherit' })
    const inter = await (accepted ?? comm.connect(ticket))
    console.log(await inter.allreduce(ticket === undefined ? 1 : 2, SUM))
    await inter.close()`
})
// As in a project that has installed it.
beforeAll(() => {
  mkdirSync(join(directory, 'node_modules'))
  for (const [name, path] of Object.entries({ rxmpi: root, rxjs: join(root, 'node_modules/rxjs') }))
    symlinkSync(path, join(directory, 'node_modules', name))
})

const children: Running[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

function start(file: string, ...args: string[]): Running {
  const child = spawn(file, args, { cwd: directory, stdio: ['pipe', 'pipe', 'pipe'] }) as Running
  children.push(child)
  return child
}

const node = (...args: string[]): Promise<Run> => ended(start(process.execPath, ...args))
const GOOD = ['[1.0] parent undefined', '[1.1] parent undefined', 'merged 0 1 2']

describe('a world of one under plain node', () => {
  it.each(['family.mjs', 'family.cjs'])('starts others, which find their parent, merge and end: %s', async (program) => {
    const { status, stdout, stderr } = await node(program, 'well')
    expect(stderr).toBe('')
    expect(lines(stdout)).toEqual(GOOD)
    expect(status).toBe(0)
  })

  it.each([
    ['throw', 1, /^\[1\.1\] Error: no space left\n\[1\.1\] {5}at .*family\.mjs:/m],
    ['status', 5, /^\[1\.[01]\] rxmpi: ended with status 5$/m],
    ['kill', 137, /^\[1\.1\] rxmpi: its process was killed by SIGKILL$/m],
    ['missing', 1, /^SpawnError: the program '.*none\.mjs' does not exist/m],
    ['deadlock', 1, /^DeadlockError: deadlock: .*\nrank 0 waits in recv .*\nrank 1\.0 waits in recv .*\nrank 1\.1 waits/m],
    ['outlive', 4, /^\[1\.1\] rxmpi: ended with status 4$/m]
  ])('ends with the first failure: %s', async (how, status, text) => {
    const run = await node('family.mjs', how)
    expect(run.stderr).toMatch(text)
    expect(run.status).toBe(status)
  })

  it.each(['signal', 'outlived'])('passes an interrupt on, also when it has nothing left to do: %s', async (how) => {
    const child = start(process.execPath, 'family.mjs', how)
    let stdout = ''
    child.stdout.on('data', (chunk: Buffer) => {
      const before = stdout
      stdout += chunk
      const isReady = (text: string): boolean => GOOD.every((line) => text.includes(line))
      if (isReady(stdout) && !isReady(before)) child.kill('SIGINT')
    })
    const [status] = (await once(child, 'close')) as [number]
    expect(lines(stdout)).toEqual(['[1.0] interrupted', '[1.0] parent undefined', '[1.1] interrupted', ...GOOD.slice(1)])
    expect(status).toBe(130)
  })

  it('lets another in by ticket', async () => {
    const { status, stdout, stderr } = await node('ports.mjs')
    expect(stderr).toBe('')
    expect(lines(stdout)).toEqual(['1', '2'])
    expect(status).toBe(0)
  })
})

for (const [tool, launch] of [
  ['mpiexec.hydra', ['-n', '2']],
  ['mpirun.openmpi', ['--allow-run-as-root', '--oversubscribe', '-n', '2']]
] as const) {
  const test = find(tool) ? it : it.skip
  test(`ranks of ${tool} start others beside them${find(tool) ? '' : ' (skipped: not installed)'}`, async () => {
    const good = await ended(start(tool, ...launch, process.execPath, 'family.mjs', 'well'))
    expect(lines(good.stdout)).toEqual([...GOOD.slice(0, 2), 'merged 0 1 2 3', 'merged 0 1 2 3'])
    expect(good.status).toBe(0)
    const bad = await ended(start(tool, ...launch, process.execPath, 'family.mjs', 'status'))
    expect(bad.stderr).toMatch(/\[1\.[01]\] rxmpi: ended with status 5/)
    expect(bad.status).toBe(5)
  })
}
