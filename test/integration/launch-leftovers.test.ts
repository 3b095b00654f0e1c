import { program, rxmpi } from './command.js'

/** What it prints on standard error, without prefixes, in order of the ranks. */
async function run(options: string[], source: string): Promise<{ status: number | null; lines: string[] }> {
  const { status, stderr } = await rxmpi(['run', '-n', '2', ...options, program(source, 'left.ts')])
  const lines = stderr.split('\n').filter((line) => line !== '')
  return { status, lines: lines.sort() }
}

const leaves = `
import { COMM_WORLD as comm } from 'rxmpi'

if (comm.rank === 0) {
  for (let k = 0; k < 3; k++) await comm.send(7, { dest: 1, tag: 7 })
  await comm.send('letter', { dest: 1 })
}
await comm.barrier()
`

describe('what a rank has left over when its program ends', () => {
  it('is told: messages that nobody received', async () => {
    const { status, lines } = await run([], leaves)
    expect(lines).toEqual([
      "[1] rxmpi: rank 1 ended with 4 messages that nobody received: 7 from rank 0, tag 7 (3 times); 'letter' from rank 0, tag 0; receive each, or do not send it"
    ])
    expect(status).toBe(0)
  })

  it('is an error with --strict, and not told with --quiet', async () => {
    const strict = await run(['--strict'], leaves)
    expect(strict.lines[0]).toMatch(/^\[1\] rxmpi: /)
    expect(strict.status).toBe(1)
    expect(await run(['--quiet'], leaves)).toEqual({ status: 0, lines: [] })
  })

  it('is told: what nobody freed, with its line', async () => {
    const { lines } = await run(
      [],
      `import { COMM_WORLD as comm } from 'rxmpi'
const a = await comm.dup()
const b = await comm.split(0, 0, { name: 'workers' })
b!.free()
await comm.window(new Float64Array(4))`
    )
    expect(lines).toEqual(
      [0, 1].flatMap((rank) => [
        expect.stringMatching(
          `^\\[${rank}\\] rxmpi: rank ${rank} ended with a communicator that nobody freed: 'world.dup\\(1\\)', at .*left\\.ts:2:22; free`
        ),
        expect.stringMatching(
          `^\\[${rank}\\] rxmpi: rank ${rank} ended with a window that nobody freed: 'world.window\\(1\\)', at .*left\\.ts:5:12; free`
        )
      ])
    )
  })

  it('is told: files, halos, locks, and what is held of them', async () => {
    const { lines } = await run(
      ['-n', '1'],
      `import { COMM_WORLD as comm } from 'rxmpi'
import { Mutex } from 'rxmpi/sync'
import { tmpdir } from 'node:os'
const win = await comm.allocateWindow(Float64Array, 4)
await win.lock(0)
const mutex = await Mutex.create(comm)
await mutex.acquire()
const cart = await comm.cart({ dims: [1] })
cart!.halo({ sizes: [4] })
await comm.open(tmpdir() + '/left-' + process.pid + '.bin', 'w+', { deleteOnClose: true })
await comm.split(0)
await comm.split(0)`
    )
    const left = (what: string, line: number): unknown => expect.stringMatching(`^rxmpi: rank 0 ended with ${what}.*left\\.ts:${line}:`)
    expect(lines).toEqual([
      left("2 locks not given back: mutex 'world.mutex\\(1\\)'.*; the lock of rank 0's part of ", 5),
      left("3 communicators that nobody freed: 'world.cart\\(1\\)'.*; 'world.split\\(1\\)'.*; 'world.split\\(2\\)'", 12),
      left('a file that nobody freed: ', 10),
      left("a halo that nobody freed: 'world.cart\\(1\\).halo\\(1\\)'", 9),
      left("a mutex that nobody freed: 'world.mutex\\(1\\)'", 6),
      left("a window that nobody freed: 'world.window\\(1\\)'", 4)
    ])
  })

  it('is told: calls under way where the program says when it ends', async () => {
    const { status, lines } = await run(
      [],
      `import { COMM_WORLD as comm } from 'rxmpi'\nvoid comm.recv({ source: 0, tag: 3 })\nawait comm.barrier()\nprocess.exit(0)`
    )
    expect(lines).toEqual(
      [0, 1].map((rank) =>
        expect.stringMatching(`^\\[${rank}\\] rxmpi: rank ${rank} ended with a call under way: in recv for rank 0, tag 3`)
      )
    )
    expect(status).toBe(0)
  })

  it('is told: receives and collectives that nobody looked at, but not sends, nor what was looked at', async () => {
    const { status, lines } = await run(
      [],
      `import { COMM_WORLD as comm, Request } from 'rxmpi'
const peer = 1 - comm.rank
const into = new Float64Array(1)
for (let k = 0; k < 3; k++) comm.isend(k, { dest: peer, tag: 3 })
for (let k = 0; k < 2; k++) comm.irecv({ source: peer, tag: 3, into: undefined })
await comm.recv({ source: peer, tag: 3 })
comm.iallreduce(1)
const [a, b] = [comm.ibarrier(), comm.iallgather(1)]
a.subscribe()
await b.wait()
await comm.isendrecv(1, { dest: peer, source: peer }).wait()
if (comm.rank === 0) comm.isend(Float64Array.of(1), { dest: 1, tag: 5 })
else await Request.waitAll([comm.irecv({ tag: 5, into })])`
    )
    expect(lines).toEqual(
      [0, 1].flatMap((rank) => [
        expect.stringMatching(
          `^\\[${rank}\\] rxmpi: rank ${rank} ended with 2 receives that nobody looked at: irecv from rank ${1 - rank}, tag 3, at .*left\\.ts:5:34 \\(2 times\\); wait for each`
        ),
        expect.stringMatching(
          `^\\[${rank}\\] rxmpi: rank ${rank} ended with a collective that nobody looked at: allreduce, at .*left\\.ts:7:6; wait for each`
        )
      ])
    )
    expect(status).toBe(0)
  })

  it('is nothing where all is received and freed, nor where a rank has failed', async () => {
    const tidy = `import { COMM_WORLD as comm, SUM } from 'rxmpi'
import { Mutex } from 'rxmpi/sync'
import { take } from 'rxjs'
const other = await comm.dup()
const win = await comm.allocateWindow(Float64Array, 4)
const mutex = await Mutex.create(comm)
await win.put(Float64Array.of(1), { target: 1 - comm.rank })
await other.sendrecv(1, { dest: 1 - comm.rank })
await other.allreduce(1, SUM)
const channel = comm.channel<number>({ peer: 1 - comm.rank })
channel.pipe(take(1)).subscribe()
channel.next(1)
channel.next(2)
channel.complete()
await win.close()
await mutex.close()
other.free()`
    expect(await run(['--strict'], tidy)).toEqual({ status: 0, lines: [] })
    const { lines } = await run([], `${leaves}\nif (comm.rank === 1) throw new Error('on purpose')`)
    expect(lines.join('\n')).not.toContain('ended with a')
  })
})
