import { program, type Run, rxmpi } from './command.js'

/** What reports say of ranks that wait: each of these programs runs as a user would run it. */

const head = `
import { setTimeout as sleep } from 'node:timers/promises'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { NEVER, of } from 'rxjs'
const { rank } = comm
`
const FIRST_LINE = head.split('\n').length - 1

const run = (ranks: number, ...lines: string[]): Promise<Run> =>
  rxmpi(['run', '-n', String(ranks), '--timeout', '20', program([head.trimStart(), ...lines].join('\n'))])

/** The n-th of these lines, as it is told. */
const at = (n: number): string => `, at .*program\\.ts:${FIRST_LINE + n}:\\d+`

describe('a deadlock is told whatever a rank waits for', () => {
  it.each([
    ['the root of a bcast', 'await comm.bcast(5)', 'in bcast\\(number, root 0\\) for rank 1'],
    ['a large bcast', 'await comm.bcast(new Float64Array(1 << 20))', 'in bcast\\(Float64Array\\(1048576\\), root 0\\) for rank 1'],
    ['the root of a bcast by messages', 'await comm.bcast({ a: 5 })', 'in bcast\\(root 0\\) for rank 2 to take part'],
    ['the root of a scatter', 'await comm.scatter([1, 2, 3])', 'in scatter\\(root 0\\) for rank 1 to take part'],
    ['a large send', 'await comm.send(new Float64Array(1 << 20), { dest: 1, tag: 2 })', 'in send for rank 1 to receive, tag 2'],
    [
      'a moved send',
      'await comm.send(new Float64Array(1 << 20), { dest: 1, tag: 2, transfer: true })',
      'in send for rank 1 to receive, tag 2'
    ],
    ['a synchronous send', 'await comm.ssend(1, { dest: 1, tag: 2 })', 'in ssend for rank 1 to receive, tag 2'],
    ['a communicator in the making', 'await comm.dup()', 'in dup\\(\\) for rank \\d'],
    ['an agreement', 'await comm.agree(true)', 'in agree\\(boolean\\) for ranks 1, 2 to take part'],
    [
      'a stream that others do not take part in',
      'of(1).pipe(mpi.bcast(comm)).subscribe()',
      'in bcast\\(number, root 0\\) for rank \\d to take part'
    ],
    ['a stream without a value', 'NEVER.pipe(mpi.allreduce(comm)).subscribe()', 'in allreduce\\(SUM\\) for a value of its own source']
  ])('%s', async (_, call, waits) => {
    const { status, stderr } = await run(3, `if (rank === 0) ${call}`, 'else await comm.recv({ source: 0, tag: 9 })')
    expect(status).toBe(1)
    expect(stderr).toMatch(/DeadlockError: deadlock: every rank waits/)
    expect(stderr).toMatch(new RegExp(`rank 0 waits ${waits}${at(1)}`))
    for (const other of [1, 2]) expect(stderr).toMatch(new RegExp(`rank ${other} waits in recv for rank 0, tag 9${at(2)}`))
  })

  test('a channel: the line that subscribes, and the line whose value waits', async () => {
    const { stderr } = await run(
      2,
      "const channel = comm.channel<number>({ peer: 1 - rank, overflow: 'buffer', highWaterMark: 1e6 })",
      'if (rank === 1) await comm.recv({ source: 0, tag: 9 })',
      'channel.subscribe()',
      'for (let k = 0; k < 100; k++)',
      '  channel.next(k)'
    )
    expect(stderr).toMatch(new RegExp(`rank 0 waits in a stream from rank 1, tag 0, for its next value${at(3)}`))
    expect(stderr).toMatch(new RegExp(`rank 0 waits in a stream to rank 1, tag 0, for its credit${at(5)}`))
  })

  test('a rank that computes is none', async () => {
    const { status, stdout } = await run(
      2,
      'const until = performance.now() + 1500',
      'if (rank === 0) { while (performance.now() < until); await comm.send("done", { dest: 1 }) }',
      'else console.log(await comm.recv({ source: 0 }))'
    )
    expect([status, stdout.trim()]).toEqual([0, '[1] done'])
  })
})

describe('what lies unreceived', () => {
  test('is told at a deadlock, with its communicator', async () => {
    const { stderr } = await run(
      2,
      'const other = await comm.dup()',
      'if (rank === 0) { await other.send("x", { dest: 1, tag: 7 }); await comm.recv({ source: 1, tag: 3 }) }',
      'else await other.recv({ source: 0, tag: 8 })'
    )
    expect(stderr).toMatch(new RegExp(`rank 0 waits in recv on 'world' for rank 1, tag 3${at(2)}`))
    expect(stderr).toMatch(new RegExp(`rank 1 waits in recv on 'world\\.dup\\(1\\)' for rank 0, tag 8${at(3)}`))
    expect(stderr).toMatch(/rank 1 never received 'x' from rank 0, tag 7 on 'world\.dup\(1\)'/)
  })

  test('is told by a receive that fails', async () => {
    const { stderr } = await run(
      2,
      'if (rank === 0) await comm.send(4, { dest: 1, tag: 7 })',
      'else await comm.recv({ source: 0, tag: 8 })'
    )
    expect(stderr).toMatch(
      /RankFailedError: rank 0 has ended.*this call waits for tag 8, and rank 0 has sent what nobody has received: 4, tag 7 /
    )
  })
})

describe('a signal that can still fire', () => {
  it.each([
    ['recv', 'comm.recv({ source: 1, signal })'],
    ['ssend', 'comm.ssend(1, { dest: 1, signal })'],
    ['probe', 'comm.probe({ source: 1, signal })'],
    ['a collective', 'comm.barrier({ signal })'],
    ['an operator', 'new Promise((_, reject) => NEVER.pipe(mpi.allreduce(comm, SUM, { signal })).subscribe({ error: reject }))'],
    ['agree', 'comm.agree(true, { signal })'],
    ['shrink', 'comm.shrink({ signal })'],
    ['dup', 'comm.dup({ signal })'],
    ['split', 'comm.split(0, 0, { signal })'],
    ['a stream', 'new Promise((_, reject) => mpi.receiveFrom(comm, { source: 1, signal }).subscribe({ error: reject }))'],
    ['a channel', 'new Promise((_, reject) => comm.channel({ peer: 1, signal }).subscribe({ error: reject }))']
  ])('keeps its rank awake, and so all: %s', async (_, call) => {
    const { status, stdout, stderr } = await run(
      2,
      'const signal = AbortSignal.timeout(400)',
      `if (rank === 0) console.log(await ${call}.catch((error) => error.name))`,
      'else await comm.recv({ source: 0, tag: 5 }).catch((error) => console.log(error.name))'
    )
    expect(stderr).toBe('')
    expect(stdout.trim().split('\n').sort()).toEqual(['[0] TimeoutError', '[1] RankFailedError'])
    expect(status).toBe(0)
  })

  test('is of no account once its call is over: what else waits is a deadlock', async () => {
    const { status, stderr } = await run(
      2,
      'await comm.recv({ source: 1 - rank, signal: AbortSignal.timeout(300) }).catch(() => undefined)',
      'await comm.recv({ source: 1 - rank })'
    )
    expect(status).toBe(1)
    expect(stderr).toMatch(new RegExp(`DeadlockError: (.|\\n)*rank 0 waits in recv for rank 1, any tag${at(2)}`))
  })

  test('keeps a rank awake whose other calls are over no longer than they', async () => {
    const { status, stderr } = await run(
      2,
      'comm.channel({ peer: 1 - rank, signal: new AbortController().signal })',
      'if (rank === 0) await comm.recv({ source: 1 })',
      'else { await sleep(300); await comm.send(1, { dest: 0 }) }'
    )
    expect([status, stderr]).toEqual([0, ''])
  })
})

describe('a mismatch tells', () => {
  test('what a rank had called that has ended since', async () => {
    const { stderr } = await run(
      4,
      'if (rank !== 0) await comm.reduce(1)',
      'else { await comm.recv({ source: 3 }).catch(() => undefined); await comm.bcast(1) }'
    )
    expect(stderr).toMatch(/rank 2: reduce\(number, SUM, root 0\) at /)
    expect(stderr).toMatch(/rank 3: the same as rank 2, and has ended/)
  })

  test('counts, and a communicator in the making by its own name', async () => {
    const counts = await run(
      2,
      'if (rank === 0) await comm.alltoallv(new Float64Array(3), { sendCounts: [1, 2] })',
      'else await comm.dup()'
    )
    expect(counts.stderr).toMatch(/rank 0: alltoallv\(Float64Array\(3\), sendCounts \[1, 2\]\) at /)
    expect(counts.stderr).toMatch(/rank 1: dup\(\) at /)
  })
})

test('a failure that another rank has passed on tells the line of the call here', async () => {
  const { stdout } = await rxmpi([
    'run',
    '-n',
    '3',
    '--timeout',
    '20',
    '--on-failure',
    'continue',
    program(`${head.trimStart()}
if (rank === 2) { await sleep(200); process.exit(3) }
await comm.allreduce(1).catch((error) => console.log(error.name, error.rank, /program\\.ts:\\d+/.test(error.callSite)))`)
  ])
  expect(stdout.trim().split('\n').sort()).toEqual(['[0] RankFailedError 0 true', '[1] RankFailedError 1 true'])
})
