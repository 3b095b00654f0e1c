import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ended, lines, program, project, rxmpi, start } from './command.js'

/** Files on a real disk: ranks as threads, and on two hosts. */
describe.each([
  ['threads', ['-n', '4']],
  ['two hosts', ['--host', 'localhost:2,localhost:2']]
])('files: %s', (_, where) => {
  const run = (source: string) => rxmpi(['run', ...where, '--timeout', '40', program(source)])

  it('are written by all ranks and read back, at offsets, pointers, and in rank order', async () => {
    const path = join(project({}), 'data.bin')
    const { status, stdout, stderr } = await run(`
      import { COMM_WORLD as comm, Status } from 'rxmpi'
      using file = await comm.open('${path}', 'w+', { view: { type: 'f64' } })
      await file.write(Float64Array.of(comm.rank, 0.5), { at: 2 * comm.rank })
      await file.sync()
      const all = await file.read({ at: 0, count: 100 })
      await file.seekShared(0)
      await file.writeAll(new Float64Array(comm.rank).fill(comm.rank), { shared: true })
      const status = new Status()
      const into = new Float64Array(new SharedArrayBuffer(80))
      await file.readAll({ at: 0, into, status })
      console.log(all.join(), status.count, into.join(), await file.sharedPosition())
      await file.close()`)
    expect(stderr).toBe('')
    const text = '0,0.5,1,0.5,2,0.5,3,0.5 8 1,2,2,3,3,3,3,0.5,0,0 6'
    expect(lines(stdout)).toEqual([0, 1, 2, 3].map((rank) => `[${rank}] ${text}`))
    expect(status).toBe(0)
  })

  it('go through one rank where others do not see them', async () => {
    const path = join(project({}), 'data.bin')
    const { status, stdout, stderr } = await run(`
      import { COMM_WORLD as comm } from 'rxmpi'
      using file = await comm.open('${path}', 'w+', { through: 2 })
      await file.writeAll(new Uint8Array(5_000_000).fill(comm.rank + 1), { shared: true })
      const [own] = await file.read({ at: 5_000_000 * comm.rank + 4_999_999, count: 1 })
      await file.write(Buffer.from('x'), { at: 20_000_000 + comm.rank })
      await file.sync()
      console.log(own, await file.size())
      await file.close()`)
    expect(stderr).toBe('')
    expect(lines(stdout)).toEqual([0, 1, 2, 3].map((rank) => `[${rank}] ${rank + 1} 20000004`))
    expect(status).toBe(0)
  })

  it('are streams of records, each of which comes to one rank', async () => {
    const path = join(project({}), 'lines.txt')
    const { status, stdout, stderr } = await run(`
      import { COMM_WORLD as comm, SUM } from 'rxmpi'
      import * as mpi from 'rxmpi/operators'
      import { lastValueFrom, map, toArray } from 'rxjs'
      using file = await comm.open('${path}', 'w+')
      function* values() { for (let k = 0; k < 3000; k++) yield 'rank ' + comm.rank + ' line ' + k }
      await lastValueFrom(mpi.writeTo<string>(file, { format: 'lines', order: 'rounds' })(values()))
      await file.sync()
      for (const share of ['block', 'cyclic', 'demand'] as const) {
        const records = mpi.readFrom<string>(file, { format: 'lines', share, chunk: 5000 }).pipe(map(({ value }) => value), toArray())
        const all = (await comm.allgather(await lastValueFrom(records))).flat()
        if (comm.rank === 0) console.log(all.length, new Set(all).size)
      }
      await file.close()`)
    expect(stderr).toBe('')
    expect(stdout.trim().split('\n')).toEqual(Array(3).fill('[0] 12000 12000'))
    expect(status).toBe(0)
    const expected = Array.from({ length: 12_000 }, (_, k) => `rank ${k % 4} line ${Math.floor(k / 4)}\n`).join('')
    expect(readFileSync(path, 'utf8') === expected).toBe(true)
  })
})

describe('replacing a file', () => {
  const source = (path: string, then: string): string => `
    import { COMM_WORLD as comm } from 'rxmpi'
    const file = await comm.open('${path}', 'w', { replace: true })
    await file.writeAll(Buffer.from('new'), { shared: true })
    if (comm.rank === 0) console.log('written')
    ${then}`

  it('leaves the old one whole when a rank throws, and nothing beside it', async () => {
    const directory = project({ 'x.txt': 'old' })
    const path = join(directory, 'x.txt')
    const { status } = await rxmpi([
      'run',
      '-n',
      '2',
      program(source(path, "if (comm.rank === 1) throw new Error('no'); await comm.recv()"))
    ])
    expect(status).toBe(1)
    expect([readFileSync(path, 'utf8'), readdirSync(directory)]).toEqual(['old', ['x.txt']])
  })

  it('leaves the old one whole when the job is killed; the next one removes what is left', async () => {
    const directory = project({ 'x.txt': 'old' })
    const path = join(directory, 'x.txt')
    const job = start(['run', '-n', '2', program(source(path, 'setInterval(() => {}, 1000)'))])
    const end = ended(job)
    await new Promise<void>((resolve) => job.stdout.on('data', (chunk) => String(chunk).includes('written') && resolve()))
    job.kill('SIGKILL')
    await end
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(directory)).toHaveLength(2)
    const { status, stderr } = await rxmpi(['run', '-n', '2', program(source(path, 'await file.close()'))])
    expect([status, stderr]).toEqual([0, ''])
    // The sweep is not waited for.
    for (let k = 0; k < 50 && readdirSync(directory).length > 1; k++) await setTimeout(20)
    expect([readFileSync(path, 'utf8'), readdirSync(directory)]).toEqual(['newnew', ['x.txt']])
  })
})
