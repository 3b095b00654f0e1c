import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { program, rxmpi } from './command.js'

const source = `import { COMM_WORLD as comm, SUM } from 'rxmpi'
const { rank, size } = comm
for (let k = 0; k < 3; k++) {
  await comm.sendrecv(new Float64Array(100), { dest: (rank + 1) % size, source: (rank + size - 1) % size })
  await comm.allreduce(rank, SUM)
}
const part = await comm.split(rank % 2)
await part!.barrier()
part!.free()
`

interface TraceEvent {
  ph: string
  name: string
  cat?: string
  pid: number
  ts?: number
  id?: string
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
      expect([begun('allreduce'), begun('barrier'), begun('recv')]).toEqual([3, 1, 3])
      expect(own.filter(({ ph, cat }) => ph === 's' && cat === 'message')).toHaveLength(3)
    }
    // Slices of one thread must not overlap.
    const slices = events.filter(({ ph, pid }) => ph === 'X' && pid === 0).map(({ ts }) => ts!)
    expect(slices).toEqual([...slices].sort((a, b) => a - b))
    expect(slices[0]).toBeGreaterThan(0)
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
