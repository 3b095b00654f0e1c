import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { program, type Run, root, rxmpi } from './command.js'

/** What happens when ranks end, wait for each other or give up: each of these programs runs as a user would run it. */

const head = `
import { setTimeout as sleep } from 'node:timers/promises'
import { COMM_WORLD as comm, COMM_SELF } from 'rxmpi'
const { rank, size } = comm
const next = (rank + 1) % size
const previous = (rank + size - 1) % size
const failure = (promise: Promise<unknown>) => promise.then(() => 'it did not fail', (error) => \`\${error.name} \${error.code} \${error.rank} \${error.communicator}\`)
`
const FIRST_LINE = head.split('\n').length

/** Runs the lines of a program; those that hang are ended, which their status then says. */
const run = (ranks: number, ...lines: string[]): Promise<Run> =>
  rxmpi(['run', '-n', String(ranks), '--timeout', '60', program([head.trimStart(), ...lines].join('\n'))])

/** The line of the n-th of these lines, as it is told. */
const at = (n: number): RegExp => new RegExp(`program\\.ts:${FIRST_LINE + n - 1}:\\d+`)

const said = ({ stdout }: Run): string[] => stdout.split('\n').filter(Boolean).sort()

describe('a rank that ends', () => {
  test('fails those who wait for it, with their line, and so the job', async () => {
    const { status, stderr, stdout } = await run(2, 'if (rank === 0) await comm.recv({ source: 1, tag: 3 })')
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^\[0\] RankFailedError: rank 1 has ended: nothing comes from it any more/)
    expect(stderr).toMatch(at(1))
    expect(stderr.match(/RankFailedError/g)).toHaveLength(1)
  })

  test('is told by every call that needs it, before and after, and the others go on', async () => {
    const result = await run(
      3,
      'if (rank === 1) await sleep(50)',
      'const calls = () => [comm.recv({ source: 1 }), comm.probe({ source: 1 }), comm.mprobe({ source: 1 }), comm.ssend(1, { dest: 1 }),',
      '  comm.send(new Uint8Array(1e6), { dest: 1 }), comm.sendrecv(1, { dest: 1, source: 1 }), comm.sendrecv(new Uint8Array(1e6), { dest: 1 }),',
      '  new Promise((_, reject) => comm.messages({ source: 1 }).subscribe({ error: reject }))]',
      'if (rank !== 1) {',
      '  const told = [...await Promise.all(calls().map(failure)), ...await Promise.all(calls().map(failure))]',
      '  console.log(told.length, ...new Set(told))',
      '  await comm.send("on", { dest: 2 - rank })',
      '  console.log(await comm.recv({ source: 2 - rank }))',
      '}'
    )
    // What has come while it slept is what it has left over.
    expect(result.stderr).toMatch(/^(\[1\] rxmpi: rank 1 ended with .* that nobody received: .*\n)?$/)
    expect(said(result)).toEqual([
      '[0] 16 RankFailedError ERR_RANK_FAILED 0 world',
      '[0] on',
      '[2] 16 RankFailedError ERR_RANK_FAILED 2 world',
      '[2] on'
    ])
    expect(result.status).toBe(0)
  })

  test('has its accepted messages delivered', async () => {
    const result = await run(
      2,
      'if (rank === 0) for (let k = 0; k < 100; k++) await comm.send({ k, data: new Uint8Array(k * 9) }, { dest: 1 })',
      'if (rank === 0) comm.isend(new Float64Array(300_000).fill(5), { dest: 1 })',
      'if (rank === 1) {',
      '  await sleep(100)',
      '  for (let k = 0; k < 100; k++) if ((await comm.recv({ source: 0 })).k !== k) console.log("lost", k)',
      '  console.log((await comm.recv({ source: 0 })).every((value) => value === 5))',
      '  console.log(await failure(comm.recv({ source: 0 })))',
      '}'
    )
    expect(said(result)).toEqual(['[1] RankFailedError ERR_RANK_FAILED 1 world', '[1] true'])
    expect(result.status).toBe(0)
  })

  test('has them delivered after process.exit(0), too', async () => {
    const result = await run(
      2,
      'if (rank === 0) {',
      '  for (let k = 0; k < 20_000; k++) comm.isend({ k }, { dest: 1 })',
      '  comm.isend(new Float64Array(300_000).fill(5), { dest: 1 })',
      '  comm.isend(new Float64Array(300_000).fill(6), { dest: 1, transfer: true })',
      '  process.exit(0)',
      '}',
      'await sleep(100)',
      'for (let k = 0; k < 20_000; k++) if ((await comm.recv({ source: 0 })).k !== k) console.log("lost", k)',
      'for (const sent of [5, 6]) console.log((await comm.recv({ source: 0 })).every((value) => value === sent))'
    )
    expect(said(result)).toEqual(['[1] true', '[1] true'])
    expect(result.status).toBe(0)
  })

  test('with a failure ends the job though somebody should receive what it sends', async () => {
    const { status } = await run(2, 'if (rank === 0) comm.isend(new Uint8Array(1e6), { dest: 1 }), process.exit(5)', 'await sleep(50_000)')
    expect(status).toBe(5)
  })
})

describe('a deadlock', () => {
  test('is told to every rank, with who waits for whom and where', async () => {
    const { status, stderr } = await run(
      3,
      'if (rank === 0) await comm.recv({ source: 1, tag: 4 })',
      'if (rank === 1) await comm.ssend("a", { dest: 2 })',
      'if (rank === 2) comm.messages({ source: 0 }).subscribe()'
    )
    expect(status).toBe(1)
    expect(stderr).toMatch(/DeadlockError: deadlock: every rank waits and nothing is under way/)
    expect(stderr).toMatch(new RegExp(`rank 0 waits in recv for rank 1, tag 4, at .*${at(1).source}`))
    expect(stderr).toMatch(new RegExp(`rank 1 waits in ssend for rank 2 to receive, tag 0, at .*${at(2).source}`))
    expect(stderr).toMatch(new RegExp(`rank 2 waits in messages\\(\\) for rank 0, any tag, at .*${at(3).source}`))
  })

  test('can be caught, on every rank and again and again, while no rank that computes is taken for one that waits', async () => {
    const result = await run(
      3,
      'for (let k = 0; k < 4; k++) {',
      '  console.log(await failure(comm.recv({ source: next, tag: 4 })))',
      '  if (rank === 0) {',
      '    await sleep(20)',
      '    for (let other = 1; other < size; other++) await comm.send(k, { dest: other })',
      '  } else if (await comm.recv({ source: 0 }) !== k) console.log("wrong")',
      '}'
    )
    expect(result.stderr).toBe('')
    expect(said(result)).toEqual([0, 1, 2].flatMap((rank) => new Array(4).fill(`[${rank}] DeadlockError ERR_DEADLOCK ${rank} world`)))
    expect(result.status).toBe(0)
  })

  test('is one, too, when the others have ended; the program may end well after it', async () => {
    const result = await run(2, 'if (rank === 0) console.log(await failure(comm.recv()), await failure(COMM_SELF.probe()))')
    expect(result.stderr).toBe('')
    expect(said(result)).toEqual(['[0] DeadlockError ERR_DEADLOCK 0 world DeadlockError ERR_DEADLOCK 0 self'])
    expect(result.status).toBe(0)
  })

  test('of a hundred thousand requests is told in a few lines', async () => {
    const { status, stderr } = await run(
      2,
      'await Promise.all(Array.from({ length: 100_000 }, (_, tag) => comm.recv({ source: next, tag })))'
    )
    expect(status).toBe(1)
    expect(stderr).toMatch(new RegExp(`rank 0 waits in recv for rank 1, tag 19, at .*${at(1).source}`))
    expect(stderr).toMatch(/rank 0 … and 99980 more/)
    expect(stderr).not.toMatch(/tag 20/)
  })

  test('is told whole though a rank takes its time to say what it waits for', async () => {
    const { status, stderr } = await run(
      2,
      'if (rank === 1) Error.prepareStackTrace = (error, frames) => {',
      '  const start = performance.now()',
      '  while (performance.now() - start < 700);',
      '  return [error, ...frames].join("\\n    at ")',
      '}',
      'await comm.recv({ source: next })'
    )
    expect(status).toBe(1)
    expect(stderr).toMatch(/rank 0 waits in recv for rank 1, any tag/)
    expect(stderr).toMatch(/rank 1 waits in recv for rank 0, any tag/)
  })

  test('is found for a single rank, under the launcher and under node', async () => {
    const alone = await run(1, 'await comm.recv({ source: 0, tag: 8 })')
    expect(alone.status).toBe(1)
    expect(alone.stderr).toMatch(new RegExp(`DeadlockError: .*\n.*rank 0 waits in recv for rank 0, tag 8, at .*${at(1).source}`))
    const node = await underNode('alone.mjs')
    expect(node.status).toBe(1)
    expect(node.stderr).toMatch(/DeadlockError: .*\n.*rank 0 waits in recv for rank 0, tag 8, at .*alone\.mjs:8:\d+/)
    expect(node.stdout).toBe('0 1 { a: 7 }\n')
  })
})

describe('a failure that nobody looks at', () => {
  test.each([
    ['of a request', 'comm.irecv({ source: 77 })'],
    ['of a subscription without an error handler', 'comm.irecv({ source: 77 }).subscribe()'],
    ['of a promise', 'void comm.recv({ source: 77 })'],
    ['of a wait that nobody awaits', 'void comm.isend(1, { dest: 77 }).wait()'],
    ['that comes later', 'comm.irecv({ source: 1, into: new Uint8Array(1) })']
  ])('%s ends the rank, with its line', async (_, line) => {
    const { status, stderr } = await run(
      2,
      `if (rank === 0) ${line}`,
      'else await comm.send(new Uint8Array(2), { dest: 0 })',
      'await comm.recv({ source: next, tag: 9 })'
    )
    expect(status).toBe(1)
    expect(stderr).toMatch(/^\[0\] (RankError: (source|dest): 77 is no rank|TruncationError: into: )/)
    expect(stderr).toMatch(at(1))
  })

  test('is no failure of the rank when somebody looks', async () => {
    const result = await run(
      2,
      'comm.irecv({ source: 77 }).subscribe({ error: (error) => console.log(error.code) })',
      'await comm.irecv({ source: 77 }).wait().catch((error) => console.log(error.code))',
      'await comm.recv({ source: 77 }).catch((error) => console.log(error.code))'
    )
    expect(result.stderr).toBe('')
    expect(said(result)).toEqual([0, 1].flatMap((rank) => new Array(3).fill(`[${rank}] ERR_RANK`)))
    expect(result.status).toBe(0)
  })
})

describe('what keeps a rank alive', () => {
  test('a pending request does, and a subscribed messages()', async () => {
    const result = await run(
      2,
      'if (rank === 0) comm.irecv({ source: 1, tag: 1 }).subscribe((data) => console.log(data))',
      'if (rank === 0) comm.messages({ source: 1, tag: 2 }).subscribe({ next: ({ data }) => console.log(data), error: ({ name }) => console.log(name) })',
      'if (rank === 1) { await sleep(100); await comm.send("b", { dest: 0, tag: 2 }); await comm.send("a", { dest: 0, tag: 1 }) }'
    )
    expect(result.stderr).toBe('')
    expect(said(result)).toEqual(['[0] RankFailedError', '[0] a', '[0] b'])
    expect(result.status).toBe(0)
  })

  test('nothing does when everything is cancelled and unsubscribed', async () => {
    const result = await run(
      2,
      'const requests = [comm.irecv(), comm.irecv({ tag: 4 })]',
      'const subscriptions = [comm.messages().subscribe(), requests[0].subscribe()]',
      'await sleep(30)',
      'for (const subscription of subscriptions) subscription.unsubscribe()',
      'for (const request of requests) console.log(request.cancel())'
    )
    expect(result.stderr).toBe('')
    expect(said(result)).toEqual(['[0] true', '[0] true', '[1] true', '[1] true'])
    expect(result.status).toBe(0)
  })
})

test('abort ends every rank, whatever they do, with its status', async () => {
  const { status, stderr, stdout } = await run(
    3,
    'if (rank === 0) await comm.recv()',
    'if (rank === 1) for (;;) {}',
    'await sleep(50)',
    'try { comm.abort(7, "no more flour") } finally { console.log("still here") }'
  )
  expect(status).toBe(7)
  expect(stderr).toMatch(/^\[2\] abort: no more flour/)
  expect(stdout).toBe('')
})

/** Runs a program that no launcher starts. */
async function underNode(name: string): Promise<Run> {
  const child = spawn(process.execPath, [`test/integration/programs/${name}`], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { status: await ended, stdout, stderr }
}
