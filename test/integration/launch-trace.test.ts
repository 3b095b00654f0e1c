import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { program, project, rxmpi } from './command.js'

const source = `import { COMM_WORLD as comm, SUM } from 'rxmpi'
const { rank, size } = comm
for (let k = 0; k < 3; k++) {
  await comm.sendrecv(new Float64Array(100), { dest: (rank + 1) % size, source: (rank + size - 1) % size })
  await comm.allreduce(rank, SUM)
}
const part = await comm.split(rank % 2)
await part!.barrier()
part!.free()
for (let k = 0; k < 200; k++) {
  if (rank === 0) await comm.send(k, { dest: 1, tag: 1 })
  if (rank === 1) await comm.recv({ source: 0, tag: 1 })
}
comm.irecv({ source: rank, tag: 2 }).subscribe((value) => comm.isend(value, { dest: 0, tag: 3 }))
await comm.send(rank, { dest: rank, tag: 2 })
if (rank === 0) for (let k = 0; k < size; k++) await comm.recv({ tag: 3 })
`

interface TraceEvent {
  ph: string
  name: string
  cat?: string
  pid: number
  ts?: number
  id?: string
  args?: { tag?: number }
}

describe('--trace', () => {
  it.each([
    ['threads', ['-n', '4']],
    ['two hosts', ['--host', 'localhost:2,localhost:2']]
  ])('writes what ranks send, receive and call, every message an arrow: %s', async (_, where) => {
    const path = program(source, 'traced.ts')
    const file = join(dirname(path), 'run.json')
    const run = await rxmpi(['run', ...where, '--trace', file, path])
    expect(run).toMatchObject({ status: 0, stderr: '' })
    const events: TraceEvent[] = JSON.parse(readFileSync(file, 'utf8'))
    const ids = (ph: string): string[] => events.filter((event) => event.ph === ph).map(({ id }) => id!)
    expect(ids('f').sort()).toEqual(ids('s').sort())
    expect(new Set(ids('s')).size).toBe(ids('s').length)
    for (const rank of [0, 1, 2, 3]) {
      const own = events.filter(({ pid }) => pid === rank)
      const begun = (name: string) => own.filter((event) => event.ph === 'b' && event.name === name).length
      expect([begun('allreduce'), begun('barrier')]).toEqual([3, 1])
      expect(begun('recv')).toBeGreaterThanOrEqual(3)
      expect(own.filter(({ ph, args }) => ph === 'X' && args?.tag === 0)).toHaveLength(6)
      expect(own.filter(({ ph, name }) => ph === 'i' && name === 'end')).toHaveLength(1)
    }
    // Nothing is received before it was sent, and the ranks of a machine have one clock.
    const begins = new Map(events.filter(({ ph }) => ph === 's').map(({ id, ts }) => [id, ts!]))
    const back = events.filter(({ ph, id, ts }) => ph === 'f' && ts! < begins.get(id)!)
    expect(back).toEqual([])
    // Nor is what follows from a message sent before that is received.
    const last = (tag: number, ph: string): TraceEvent[] =>
      events.filter((event, k) => event.ph === ph && events[k - 1]!.args?.tag === tag && event.pid > 1)
    for (const [k, answer] of last(3, 's').entries()) expect(answer.ts).toBeGreaterThan(last(2, 'f')[k]!.ts!)
    // Slices of one thread must not overlap.
    const slices = events.filter(({ ph, pid }) => ph === 'X' && pid === 0).map(({ ts }) => ts!)
    expect(slices).toEqual([...slices].sort((a, b) => a - b))
    expect(existsSync(`${file}.rows`)).toBe(false)
    expect(slices[0]).toBeGreaterThan(0)
  })

  it('is drawn, as text and as a picture, and replayed by a test that runs as it is written', async () => {
    const source = `import { COMM_WORLD as comm } from 'rxmpi'
const { rank, size } = comm
const [left, right] = [(rank + size - 1) % size, (rank + 1) % size]
for (let k = 0; k < 5; k++) await comm.sendrecv({ k }, { dest: right, source: left, sendTag: k, recvTag: k })
if (rank === 0) for (let k = 0; k < 3; k++) await comm.recv({ source: 1, tag: 9 - k })
if (rank === 1) for (let k = 0; k < 3; k++) await comm.send(k, { dest: 0, tag: 7 + k })
if (rank === 2) throw new Error('on purpose')
`
    const cwd = project({ 'ring.ts': source })
    const run = await rxmpi(['run', '-n', '3', '--on-failure', 'continue', '--trace', 'run.json', 'ring.ts'], { cwd })
    expect(run.status).toBe(1)
    const drawn = await rxmpi(['marble', 'run.json', '--width', '100'], { cwd })
    expect(drawn).toMatchObject({ status: 0, stderr: '' })
    expect(drawn.stdout).toMatch(/^3 ranks, 18 messages, from [\d.]+ m?s on; a column is [\d.]+ [µm]s$/m)
    expect(drawn.stdout).toMatch(/^rank 0 {2}sends +[-\w()…]+\|\)?$/m)
    expect(drawn.stdout).toMatch(/^rank 2 {2}sends +[-\w()…]+#\)?$/m)
    for (const link of ['0 → 1', '1 → 2', '2 → 0', '1 → 0']) expect(drawn.stdout).toContain(`\n${link}  `)
    expect(drawn.stdout).toMatch(/^\w {2}1 → 0, tag 7, object, 1 B +× 1$/m)

    expect(await rxmpi(['marble', 'run.json', '--svg', 'run.svg', '--test', 'run.test.ts'], { cwd })).toMatchObject({
      status: 0,
      stdout: ''
    })
    expect(readFileSync(join(cwd, 'run.svg'), 'utf8')).toMatch(/^<svg /)
    // As Node's test runner has it: in this process Jest's is there, too.
    const replayed = await rxmpi(['run', '-n', '1', '--no-prefix', 'run.test.ts'], { cwd })
    expect(replayed.stdout).toMatch(/^(#|ℹ) pass 1$/m)
    expect(replayed.stdout).toMatch(/^(#|ℹ) fail 0$/m)

    expect(await rxmpi(['marble', 'run.json', '--ranks', '7'], { cwd })).toMatchObject({
      status: 2,
      stderr: 'rxmpi: --ranks named 7: the trace has ranks from 0 to 2\n'
    })
    expect((await rxmpi(['marble', 'ring.ts'], { cwd })).stderr).toContain('ring.ts: expected a trace that rxmpi run --trace has written')
  })

  it('says when the file cannot be written, before anything begins', async () => {
    const run = await rxmpi(['run', '-n', '1', '--trace', '/no/such/folder/run.json', program('console.log(1)', 'one.ts')])
    expect(run).toMatchObject({
      stdout: '',
      stderr: expect.stringContaining('trace was /no/such/folder/run.json: expected a file that can be written')
    })
    expect(run.status).not.toBe(0)
  })
})
