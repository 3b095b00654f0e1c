import { join } from 'node:path'
import { lines, program, project, type Run, rxmpi } from './command.js'

const hello = () => program('console.log("ran")')

describe('rxmpi run: what cannot be run', () => {
  it.each([
    [['-n', '0'], "option '-n, --ranks <N>' argument '0' is invalid. Expected a whole number from 1 up."],
    [['-n', 'abc'], "option '-n, --ranks <N>' argument 'abc' is invalid. Expected a whole number from 1 up."],
    [['-np', '2'], "option '-n, --ranks <N>' argument 'p' is invalid. Expected a whole number from 1 up. Write -n 2 for -np 2."],
    [['-n=3'], "option '-n, --ranks <N>' argument '=3' is invalid. Expected a whole number from 1 up. Write -n 3 for -n=3."],
    [['-n', '1.5'], "option '-n, --ranks <N>' argument '1.5' is invalid. Expected a whole number from 1 up."],
    [['-n', '1000000000'], 'ranks was 1000000000: they would need at least'],
    [[], "required option '-n, --ranks <N>' not specified"],
    [['-n', '1', '--nonsense'], "unknown option '--nonsense'"],
    [['-n', '1', '--timeout', '-1'], "option '--timeout <SECONDS>' argument '-1' is invalid. Expected seconds, more than 0"],
    [['-n', '1', '--env', '=x'], "option '--env <NAME[=VALUE]>' argument '=x' is invalid. Expected NAME or NAME=VALUE."],
    [['-n', '1', '--placement', 'core'], "option '--placement <WHERE>' argument 'core' is invalid"],
    [['-n', '1', '--hostfile', 'absent'], "the host file 'absent' cannot be read"],
    [['-n', '5', '--host', 'localhost:2,localhost:2'], 'ranks was 5: the hosts take 4 (localhost:2,localhost:2)'],
    [['--host', 'localhost:0'], "the host 'localhost:0' is not understood: expected NAME or NAME:RANKS"],
    [['--host', 'elsewhere.example:1'], "the host 'elsewhere.example' is another machine, and what is sent to it could be read on the way"]
  ])('refuses %j', async (options, message) => {
    const { status, stdout, stderr } = await rxmpi(['run', ...options, hello()])
    expect(stderr).toContain(message)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })

  it('says how a program is run where that is no command', async () => {
    expect(await rxmpi(['hello.ts'])).toEqual({
      status: 2,
      stdout: '',
      stderr: "rxmpi: 'hello.ts' is no command; to run it on 2 ranks: rxmpi run -n 2 hello.ts\n"
    })
  })

  it('refuses a program that does not exist, is no file, or is in another language', async () => {
    const directory = project({ 'program.py': '' })
    for (const [name, message] of [
      ['absent.ts', 'does not exist'],
      ['', 'is not a file'],
      ['program.py', 'expected a name that ends in .ts, .mts, .js, .mjs or .cjs']
    ]) {
      const path = join(directory, name)
      const { status, stderr } = await rxmpi(['run', '-n', '2', path])
      expect(stderr).toContain(`the program '${path}'`)
      expect(stderr).toContain(message)
      expect(status).toBe(2)
    }
  })

  it.each([
    ['a syntax error', 'const a: number = 1\nconst b = = 2', 'Unexpected "="', 'program.ts:2:10'],
    ['a missing file', "console.log(1)\nimport { a } from './absent.js'\na()", "'./absent.js'", 'program.ts:2:18'],
    ['a missing package', "import absent from 'no-such-package'\nabsent()", "'no-such-package'", 'program.ts:1:19'],
    ['a missing export', "import { absent } from './other.ts'\nabsent()", 'No matching export', 'program.ts:1:9']
  ])('says once where %s is', async (_, source, message, place) => {
    const directory = project({ 'program.ts': source, 'other.ts': 'export const other = 1' })
    const { status, stdout, stderr } = await rxmpi(['run', '-n', '3', join(directory, 'program.ts')])
    expect(stderr).toContain(message)
    expect(stderr.split(place)).toHaveLength(2)
    expect(stdout).toBe('')
    expect(status).toBe(1)
  })

  it('says what a package does not export', async () => {
    const path = program("import { nothing } from 'rxmpi'\nnothing()")
    const { status, stderr } = await rxmpi(['run', '-n', '3', path])
    expect(stderr).toContain("does not provide an export named 'nothing'")
    expect(stderr.split('SyntaxError')).toHaveLength(2)
    expect(stderr).toContain(`${path}:1`)
    expect(status).toBe(1)
  })
})

describe('rxmpi run: ranks that fail', () => {
  it('reports an error at import once, with its rank, line and causes, ends the others and keeps what they wrote', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      enum Kind { Bad }
      interface Irrelevant { a: number }
      function check(kind: Kind): void {
        throw new RangeError('boom', { cause: new TypeError('because') })
      }
      if (comm.rank !== 1) {
        console.log('written before')
        process.stdout.write('unfinished')
        await comm.send(0, { dest: 1 })
        await comm.recv({ source: 1 })
      }
      for (let k = 1; k < comm.size; k++) await comm.recv()
      check(Kind.Bad)`)
    const { status, stdout, stderr } = await rxmpi(['run', '-n', '3', path])
    expect(status).toBe(1)
    expect(lines(stdout)).toEqual(['[0] unfinished', '[0] written before', '[2] unfinished', '[2] written before'])
    const report = stderr.split('\n')
    expect(report[0]).toBe('[1] RangeError: boom')
    expect(report[1]).toBe(`[1]     at check (${path}:6:15)`)
    expect(report[2]).toMatch(`${path}:15:7`)
    expect(stderr).toContain('[1]   [cause]: TypeError: because')
    expect(stderr.split('boom')).toHaveLength(2)
    expect(stderr).not.toContain('rank.js')
  })

  it('reports it once when all ranks fail alike', async () => {
    const { status, stderr } = await rxmpi(['run', '-n', '4', program("throw new Error('alike')")])
    expect(stderr.split('alike')).toHaveLength(2)
    expect(status).toBe(1)
  })

  it('reports what is thrown later, and rejections, whatever is thrown', async () => {
    for (const [source, message] of [
      ["setTimeout(() => { throw new Error('late') }, 1)", 'Error: late'],
      ['setTimeout(() => { throw null }, 1)', 'Uncaught null'],
      ["process.on('unhandledRejection', () => {})\nthrow new Error('top')", 'Error: top'],
      ["setTimeout(() => Promise.reject({ code: 'E_WHY' }), 1)", "Uncaught { code: 'E_WHY' }"],
      ["setTimeout(() => Promise.reject(new DOMException('no more', 'AbortError')), 1)", 'DOMException [AbortError]: no more']
    ]) {
      const { status, stderr } = await rxmpi([
        'run',
        '-n',
        '1',
        program(`${source}\nawait new Promise((done) => setTimeout(done, 60_000))`)
      ])
      expect(stderr).toContain(message)
      expect(status).toBe(1)
    }
  })

  it("leaves to the program what the program's own handlers catch", async () => {
    const path = program(`
      process.on('uncaughtException', (error) => console.log('caught', error.message))
      process.on('unhandledRejection', (reason) => console.log('handled', reason))
      setTimeout(() => { throw new Error('late') }, 1)
      Promise.reject('soon')`)
    const { status, stdout, stderr } = await rxmpi(['run', '-n', '1', path])
    expect(stdout).toBe('handled soon\ncaught late\n')
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('takes over the status of process.exit and process.exitCode, and ends the other ranks', async () => {
    const exit = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      setInterval(() => {}, 1000)
      if (comm.rank === 1) process.exit(5)`)
    const { status, stderr } = await rxmpi(['run', '-n', '3', exit])
    expect(stderr).toBe('[1] rxmpi: ended with status 5\n')
    expect(status).toBe(5)
    const { status: alone, stderr: silent } = await rxmpi(['run', '-n', '1', program('process.exitCode = 3')])
    expect(silent).toBe('')
    expect(alone).toBe(3)
  })

  it('ends a rank by process.exit(0) once its output and its sends are out, and no other', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank === 0) {
        for (let k = 1; k <= 2000; k++) comm.isend({ k, padding: 'x'.repeat(1000) }, { dest: 1 })
        for (let k = 1; k <= 2000; k++) console.log(k)
        process.exit(0)
      }
      let sum = 0
      for (let k = 1; k <= 2000; k++) sum += (await comm.recv<{ k: number }>({ source: 0 })).k
      console.log('sum', sum)`)
    const { status, stdout } = await rxmpi(['run', '-n', '2', path])
    const printed = stdout.split('\n').filter((line) => line.startsWith('[0]'))
    expect(printed).toEqual(Array.from({ length: 2000 }, (_, k) => `[0] ${k + 1}`))
    expect(stdout).toContain('[1] sum 2001000\n')
    expect(status).toBe(0)
  })

  it('ends with 1 and says so when a rank runs out of memory', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      console.log('started')
      const kept: number[][] = []
      while (comm.rank === 1) kept.push(new Array(1000).fill(Math.random()))
      await comm.recv({ source: 1 })`)
    const { status, stdout, stderr } = await rxmpi(['run', '-n', '2', path], { env: { NODE_OPTIONS: '--max-old-space-size=48' } })
    expect(lines(stdout)).toEqual(['[0] started', '[1] started'])
    expect(stderr).toMatch(/^\[1\] out of memory: .*--max-old-space-size/)
    expect(status).toBe(1)
  })

  it("ends with Node's 13 when a top-level await can never go on", async () => {
    const { status, stderr } = await rxmpi(['run', '-n', '1', program('await new Promise(() => {})')])
    expect(stderr).toMatch(/^ended while its top-level await at .*:1:1 was still waiting/)
    expect(status).toBe(13)
  })

  it('says at which line a top-level await can never go on, on each rank and in a file that is imported', async () => {
    const directory = project({
      'program.ts': "import { COMM_WORLD as comm } from 'rxmpi'\nawait comm.barrier()\nif (comm.rank === 1) await import('./other.ts')",
      'other.ts': [
        'interface Never { value: number }',
        'const never = (): Promise<Never> => new Promise(() => {})',
        'async function ask(): Promise<number> {',
        '  return (await never()).value',
        '}',
        'export const answer = 1 + (await ask())'
      ].join('\n')
    })
    const { status, stderr } = await rxmpi(['run', '-n', '2', join(directory, 'program.ts')])
    expect(stderr).toMatch(/^\[1\] ended while its top-level await at /)
    expect(stderr).toContain(`${join(directory, 'other.ts')}:6:28`)
    expect(stderr).toContain(`${join(directory, 'program.ts')}:3:22`)
    expect(stderr).not.toContain('other.ts:4:')
    expect(status).toBe(13)
  })

  it('names the line of every rank whose top-level await can never go on', async () => {
    const path = program(
      "import { COMM_WORLD as comm } from 'rxmpi'\nconst never = new Promise(() => {})\nif (comm.rank === 0) await never\nelse await never"
    )
    const { status, stderr } = await rxmpi(['run', '-n', '2', '--on-failure', 'continue', path])
    expect(stderr).toContain(`${path}:3:22`)
    expect(stderr).toContain(`${path}:4:6`)
    expect(status).toBe(13)
  })

  it('tells a rank that waits for one that has ended', async () => {
    const path = program("import { COMM_WORLD as comm } from 'rxmpi'\nif (comm.rank === 0) await comm.recv({ source: 1 })")
    const { status, stderr } = await rxmpi(['run', '-n', '2', path])
    expect(stderr).toMatch(/^\[0\] RankFailedError: rank 1 has ended/)
    expect(stderr).toContain(`${path}:2:`)
    expect(status).toBe(1)
  })

  it('ends ranks that wait for one another for ever', async () => {
    const path = program("import { COMM_WORLD as comm } from 'rxmpi'\nawait comm.recv({ source: (comm.rank + 1) % comm.size })")
    const { status, stderr } = await rxmpi(['run', '-n', '3', path])
    expect(stderr).toContain('DeadlockError')
    for (const rank of [0, 1, 2]) expect(stderr).toContain(`rank ${rank} waits`)
    expect(status).toBe(1)
  })

  it('ends every rank when one aborts the job', async () => {
    const path = program(`
      import { parentPort } from 'node:worker_threads'
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank === 1) parentPort.postMessage({ type: 'abort', code: 7, reason: 'no good' })
      for (;;) {}`)
    const { status, stderr } = await rxmpi(['run', '-n', '2', path])
    expect(stderr).toBe('[1] abort: no good\n')
    expect(status).toBe(7)
  })

  it('ends the job after --timeout and says what every rank waits for', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank === 0) for (;;) {}
      if (comm.rank === 1) setInterval(() => {}, 1000)
      if (comm.rank === 2) await comm.recv({ source: 0, tag: 7 })`)
    // A busy machine may need longer until the last rank has begun and ended.
    const timedOut = (timeout: number): Promise<Run> => rxmpi(['run', '-n', '4', '--stall-notice', '0', '--timeout', String(timeout), path])
    let result = await timedOut(1.5)
    let seconds = 1.5
    while (!['rank 0 is computing', 'rank 3 has ended'].every((line) => result.stderr.includes(line)) && seconds < 60) {
      seconds *= 3
      result = await timedOut(seconds)
    }
    const { status, stderr } = result
    expect(stderr.split('\n')).toEqual([
      `rxmpi: still running after ${seconds} s`,
      expect.stringMatching(new RegExp(`^rank 0 is computing, at .*${path}:3:`)),
      'rank 1 waits for no message',
      'rank 1 is kept alive by a timer',
      expect.stringMatching(new RegExp(`^rank 2 waits .*rank 0, tag 7.*${path}:5:`)),
      'rank 3 has ended',
      ''
    ])
    expect(status).toBe(124)
  })
})
