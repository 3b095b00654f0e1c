import { lines, program, rxmpi } from './command.js'

const head = `
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { interval, map, NEVER, Observable, of, take, timer } from 'rxjs'
import { setTimeout as delay } from 'node:timers/promises'
`

async function start(source: string, placement: readonly string[]): Promise<{ status: number | null; out: string[]; stderr: string }> {
  const { status, stdout, stderr } = await rxmpi(['run', ...placement, '--timeout', '30', program(head + source)])
  return { status, out: lines(stdout), stderr }
}

const run = (source: string, ranks = 2) => start(source, ['-n', String(ranks)])

const placements = {
  'threads of a process': ['-n', '2'],
  'two hosts': ['--host', 'localhost:1,localhost:1']
}

describe.each(Object.entries(placements))('streams between two ranks, as %s', (_, placement) => {
  const run = (source: string) => start(source, placement)

  it('unsubscription on one rank stops the source on the other, and both end', async () => {
    const { status, out, stderr } = await run(`
if (comm.rank === 0) interval(1).pipe(mpi.sendTo(comm, { dest: 1 })).subscribe({ complete: () => console.log('stopped') })
else mpi.receiveFrom(comm, { source: 0 }).pipe(take(5)).subscribe({ complete: () => console.log('enough') })
`)
    expect({ status, out, stderr }).toEqual({ status: 0, out: ['[0] stopped', '[1] enough'], stderr: '' })
  })

  it('a source that never lets the event loop have its turn is stopped too', async () => {
    const { status, out } = await run(`
const endless = new Observable<number>((subscriber) => {
  for (let n = 0; !subscriber.closed; n++) subscriber.next(n)
})
const counts = new mpi.StreamStatus()
if (comm.rank === 0) {
  endless.pipe(mpi.sendTo(comm, { dest: 1, overflow: 'dropNewest', status: counts })).subscribe({ complete: () => console.log('stopped', counts.dropped > 0) })
} else mpi.receiveFrom(comm, { source: 0 }).pipe(mpi.concatMap((n) => timer(1)), take(50)).subscribe({ complete: () => console.log('enough') })
`)
    expect({ status, out }).toEqual({ status: 0, out: ['[0] stopped true', '[1] enough'] })
  })

  it('concatMap(async …) downstream on rank 1 pauses a file read on rank 0', async () => {
    const { status, out } = await run(`
import { createReadStream, writeFileSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
if (comm.rank === 0) {
  const file = join(mkdtempSync(join(tmpdir(), 'rxmpi-')), 'data')
  writeFileSync(file, Buffer.alloc(200 * 1024))
  await comm.recv({ source: 1 }) // rank 1 listens
  let read = 0
  let most = 0
  const acks = mpi.receiveFrom<number>(comm, { source: 1 })
  acks.subscribe((written) => { most = Math.max(most, read - written) })
  mpi.pull(createReadStream(file, { highWaterMark: 1024 })).pipe(map((chunk) => (read++, chunk)), mpi.sendTo(comm, { dest: 1 }))
    .subscribe({ complete: () => console.log('read', read, most < 10 ? 'never ahead' : 'ahead by ' + most) })
} else {
  let written = 0
  const write = async (chunk: Buffer) => (await delay(1), ++written)
  mpi.receiveFrom<Buffer>(comm, { source: 0, prefetch: 4 }).pipe(mpi.concatMap(write), mpi.sendTo(comm, { dest: 0 }))
    .subscribe({ complete: () => console.log('written', written) })
  await comm.send('go', { dest: 0 })
}
`)
    expect({ status, out }).toEqual({ status: 0, out: ['[0] read 200 never ahead', '[1] written 200'] })
  })

  it('a peer that finishes with the channel open is an error with the line of the channel', async () => {
    const { status, out } = await run(`
const channel = comm.channel<string>({ peer: 1 - comm.rank })
if (comm.rank === 0) channel.next('hello')
else channel.subscribe({ next: console.log, error: (error) => console.log(error.name, error.code, /program\\.ts:\\d+/.test(error.message)) })
`)
    expect({ status, out }).toEqual({ status: 0, out: ['[1] RankFailedError ERR_RANK_FAILED true', '[1] hello'] })
  })

  it('so it is for who only writes, and has a timer and nothing of rxmpi that waits', async () => {
    const { status, out } = await run(`
const report = (what: string) => ({ error: (error: Error) => console.log(what, error.name, /program\\.ts:\\d+/.test(error.message)) })
if (comm.rank === 0) {
  interval(5).pipe(mpi.sendTo(comm, { dest: 1 })).subscribe(report('sendTo'))
  const channel = comm.channel<number>({ peer: 1, tag: 1 })
  channel.ready.subscribe(report('channel'))
  const source = interval(5).subscribe(channel)
  source.add(() => console.log('unsubscribed'))
}
`)
    expect({ status, out }).toEqual({
      status: 0,
      out: ['[0] channel RankFailedError true', '[0] sendTo RankFailedError true', '[0] unsubscribed']
    })
  })

  it('a stream that has come by a message or a bcast is read here, ends here and is heard of there', async () => {
    const { status, out } = await run(`
const counts = { unsubscribed: 0 }
const source = new Observable<number>((subscriber) => {
  const ticks = interval(1).subscribe(subscriber)
  return () => { ticks.unsubscribe(); if (++counts.unsubscribed === 2) console.log('both unsubscribed') }
})
if (comm.rank === 0) await comm.send(mpi.ref(source), { dest: 1 })
else (await comm.recv<Observable<number>>()).pipe(take(3)).subscribe({ complete: () => console.log('sent') })
const { shared } = await comm.bcast({ shared: mpi.ref(source) as unknown as Observable<number> })
if (comm.rank === 1) shared.pipe(take(3)).subscribe({ complete: () => console.log('broadcast') })
`)
    expect({ status, out }).toEqual({ status: 0, out: ['[0] both unsubscribed', '[1] broadcast', '[1] sent'] })
  })

  it('a consumer that throws ends its rank, not the other’s stream unnoticed', async () => {
    const { status, stderr } = await run(`
if (comm.rank === 0) interval(1).pipe(mpi.sendTo(comm, { dest: 1 })).subscribe()
else mpi.receiveFrom(comm, { source: 0 }).subscribe(() => { throw new Error('indigestible') })
`)
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/\[1\].*\n?.*indigestible/)
  })

  it('a second channel of one tag names the line of the first', async () => {
    const { out } = await run(`
const first = comm.channel<string>({ peer: 1 - comm.rank })
try {
  comm.channel<string>({ peer: 1 - comm.rank })
} catch (error) {
  console.log((error as Error).name, /open one with rank \\d and tag 0 already, from .*program\\.ts:\\d+/.test((error as Error).message))
}
first.complete()
first.subscribe()
`)
    expect(out).toEqual(['[0] ArgumentError true', '[1] ArgumentError true'])
  })

  it('both sides unsubscribe at the same moment', async () => {
    const { status, out, stderr } = await run(`
await comm.barrier()
const out = interval(1).pipe(mpi.sendTo(comm, { dest: 1 - comm.rank })).subscribe()
const inn = mpi.receiveFrom(comm, { source: 1 - comm.rank }).subscribe()
await delay(20)
await comm.barrier()
out.unsubscribe()
inn.unsubscribe()
console.log('over')
`)
    expect({ status, out, stderr }).toEqual({ status: 0, out: ['[0] over', '[1] over'], stderr: '' })
  })
})

describe('streams between real ranks', () => {
  it('a peer that dies is an error, for who writes as for who reads', async () => {
    const { status, stderr } = await run(`
if (comm.rank === 0) {
  NEVER.pipe(mpi.sendTo(comm, { dest: 1 })).subscribe()
  await delay(20)
  throw new Error('no more')
}
mpi.receiveFrom(comm, { source: 0 }).subscribe()
`)
    expect(status).not.toBe(0)
    expect(stderr).toContain('no more')
  })

  it('a stream that nobody ever sends is a deadlock, and named', async () => {
    const { status, stderr } = await run(`
if (comm.rank === 1) mpi.receiveFrom(comm, { source: 0, tag: 9 }).subscribe()
else await comm.recv({ source: 1 })
`)
    expect(status).not.toBe(0)
    expect(stderr).toContain('DeadlockError')
    expect(stderr).toMatch(/rank 1 waits in a stream from rank 0, tag 9, for its next value, at .*program\.ts:\d+/)
  })

  it('a writer without credit whose reader never comes is a deadlock', async () => {
    const { status, stderr } = await run(`
if (comm.rank === 0) mpi.sendTo(comm, { dest: 1 })(Array(1000).keys()).subscribe()
else await comm.recv({ source: 0 })
`)
    expect(status).not.toBe(0)
    expect(stderr).toMatch(/rank 0 waits in a stream to rank 1, tag 0, for its credit, at .*program\.ts:\d+/)
  })

  it('what a rank has sent arrives though its program has ended', async () => {
    const { status, out } = await run(`
if (comm.rank === 0) of(1, 2, 3).pipe(mpi.sendTo(comm, { dest: 1 })).subscribe()
else {
  const numbers = mpi.receiveFrom<number>(comm, { source: 0 })
  await delay(50)
  numbers.subscribe({ next: console.log, complete: () => console.log('done') })
}
`)
    expect({ status, out }).toEqual({ status: 0, out: ['[1] 1', '[1] 2', '[1] 3', '[1] done'] })
  })

  it('an error that nobody handles is the job’s, with its line', async () => {
    const { status, stderr } = await run(`
if (comm.rank === 0) {
  of(1).pipe(map(() => { throw new TypeError('broken filter') }), mpi.sendTo(comm, { dest: 1 })).subscribe()
} else mpi.receiveFrom(comm, { source: 0 }).subscribe({ error: () => undefined })
`)
    expect(status).not.toBe(0)
    expect(stderr).toContain('broken filter')
    expect(stderr).toMatch(/program\.ts:\d+/)
  })

  it.each([3, 4])('all of %i ranks stream to all', async (ranks) => {
    const { status, out } = await run(
      `
let sum = 0
let ended = 0
for (let peer = 0; peer < comm.size; peer++) {
  mpi.sendTo(comm, { dest: peer })(Array(2000).keys()).subscribe()
  mpi.receiveFrom<number>(comm, { source: peer }).subscribe({
    next: (n) => { sum += n },
    complete: () => { if (++ended === comm.size) console.log(sum) }
  })
}
`,
      ranks
    )
    expect({ status, out }).toEqual({ status: 0, out: Array.from({ length: ranks }, (_, rank) => `[${rank}] ${ranks * 1_999_000}`) })
  })
})
