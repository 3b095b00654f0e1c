import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ended, program, type Run, type Running, rxmpi, start } from './command.js'

/** What is told of a job that hangs where nobody can prove it, and what can be asked of one that runs. */

const source = `import { COMM_WORLD as comm } from 'rxmpi'
import { createServer } from 'node:net'
import { firstValueFrom } from 'rxjs'
setInterval(() => {}, 1000)
if (comm.rank === 0) createServer().listen(0, '127.0.0.1')
const other = comm.size - 1 - comm.rank
if (comm.rank !== 1) await firstValueFrom(comm.messages({ source: 1 })).then(() => comm.recv({ source: other, tag: 5 }))
else {
  let sum = 0
  function spin() {
    for (const end = Date.now() + 60_000; Date.now() < end; ) sum++
  }
  for (const dest of [0, 2]) comm.isend('I am about to compute', { dest })
  spin()
}
`
/** What ranks 0 and 2 are told to do. */
const waits = [
  /^rank 0 waits in recv for rank 2, tag 5, at .*hang\.ts:7:\d+$/m,
  /^rank 0 is kept alive by .*a server/m,
  /^rank 2 waits in recv for rank 0, tag 5, at .*hang\.ts:7:\d+\nrank 2 is kept alive by a timer$/m
]
const computes = /^rank 1 is computing, at .*hang\.ts:11:\d+ \(spin\)$/m

/** Resolves to its standard error when that matches all of them; meanwhile does something again and again. */
function says(child: Running, patterns: readonly RegExp[], again: () => void = () => undefined): Promise<string> {
  let all = ''
  again()
  const timer = setInterval(again, 2000)
  return new Promise((resolve) => {
    child.stderr.on('data', (chunk) => {
      all += chunk
      if (!patterns.every((pattern) => pattern.test(all))) return
      clearInterval(timer)
      resolve(all)
    })
  })
}

function expectAll(text: string, patterns: readonly RegExp[]): void {
  for (const pattern of patterns) expect(text).toMatch(pattern)
}

describe('a job that hangs, though timers keep it alive', () => {
  it.each([
    ['threads', ['-n', '3']],
    ['two hosts', ['--host', 'localhost:2,localhost:1']]
  ])('is told of once and goes on; it can be asked by SIGQUIT and by rxmpi ps: %s', async (_, where) => {
    const directory = program('', 'runtime/empty')
    const env = { XDG_RUNTIME_DIR: join(directory, '..') }
    const child = start(['run', ...where, '--stall-notice', '1', program(source, 'hang.ts')], { env })
    const run = ended(child)
    const head = /^rxmpi: nothing was sent or received for 1 s; this may be a deadlock(, or a long computation)?, and the job goes on:$/m
    await says(child, [head])
    // On a busy machine it takes more than that second until each is where it stays.
    await says(child, [...waits, computes], () => child.kill('SIGQUIT'))

    const list = await rxmpi(['ps'], { env })
    expect(list.stdout).toMatch(new RegExp(`^JOB +RANKS +AGE +PROGRAM\\n${child.pid} +3 +\\d+ s +/.*hang\\.ts\\n$`))
    expect(statSync(join(env.XDG_RUNTIME_DIR, 'rxmpi', `${child.pid}.sock`)).mode & 0o777).toBe(0o600)
    const shown = await rxmpi(['ps', '--job', String(child.pid), '--log', '2'], { env })
    expect([shown.status, shown.stderr]).toEqual([0, ''])
    expectAll(shown.stdout, [...waits, computes])
    // Of the rank that computes, too.
    expect(shown.stdout).toMatch(
      /^rank 1, all that it has done:\n.* sends \d+ bytes to rank 0, tag 0 on 'world'\n.* to rank 2, tag 0 on 'world'$/m
    )
    expect(shown.stdout).toMatch(/^rank 2, all that it has done:\n.* receives \d+ bytes from rank 1, tag 0 on 'world'$/m)

    child.kill('SIGINT')
    child.kill('SIGINT')
    expect((await run).stderr.match(/nothing was sent or received/g)).toHaveLength(1)
    expect((await rxmpi(['ps'], { env })).stdout).toBe('JOB  RANKS  AGE  PROGRAM\n')
    expect(await rxmpi(['ps', '--job', String(child.pid)], { env })).toEqual({
      status: 1,
      stdout: '',
      stderr: `rxmpi: there is no job ${child.pid} of this user on this machine; rxmpi ps lists those that run\n`
    })
  })

  it('is not told where nobody waits, and with --quiet', async () => {
    const waiting = `import { COMM_WORLD as comm } from 'rxmpi'
await comm.barrier()
if (comm.rank === 0) await comm.recv()
else setTimeout(() => void comm.send(1, { dest: 0 }), 1500)`
    const idle = `import { COMM_WORLD as comm } from 'rxmpi'\nsetTimeout(() => {}, 800)`
    const quiet = (options: string[], text: string): Promise<Run> => rxmpi(['run', '-n', '2', ...options, program(text)])
    expect((await quiet(['--stall-notice', '0.2'], waiting)).stderr).toContain('this may be a deadlock, and')
    expect((await quiet(['--quiet'], waiting)).stderr).toBe('')
    expect((await quiet(['--stall-notice', '0.2'], idle)).stderr).toBe('')
  })
})

it('what ranks have done last is printed when a job fails, with --last', async () => {
  const failing = program(`import { COMM_WORLD as comm, SUM } from 'rxmpi'
await comm.allreduce(1, SUM)
await comm.sendrecv(new Float64Array(3), { dest: 1 - comm.rank, sendTag: 7 })
if (comm.rank === 1) process.exit(3)
await comm.recv({ source: 1, tag: 9 }).catch(() => comm.abort(4))`)
  const { status, stderr } = await rxmpi(['run', '-n', '2', '--last', '2', failing])
  expect(status).toBe(3)
  const mine = (rank: number): string =>
    `rank ${rank}, the last [23] of \\d+:(\n  [\\d:.]+ .*)*\n  [\\d:.]+ (sends|receives) 24 bytes (to|from) rank ${1 - rank}, tag 7 on 'world'\n`
  for (const rank of [0, 1]) expect(stderr).toMatch(new RegExp(mine(rank)))
  const well = await rxmpi(['run', '-n', '1', '--last', '2', program('')])
  expect(well).toEqual({ status: 0, stdout: '', stderr: '' })
})
