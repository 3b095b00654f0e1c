import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
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

/** How often a run is killed: at a moment that differs each time. */
const KILLS = process.env.RXMPI_SOAK === undefined ? 4 : 200
const TIMEOUT = 15_000 * KILLS

describe('a run that is killed', () => {
  /** Starts a program and kills it, all its ranks at once, when it has said so many lines; gives these. */
  async function killed(file: string, count: number): Promise<string[]> {
    const child = start(['run', '-n', '2', '--no-prefix', file])
    const closed = new Promise((resolve) => child.on('close', resolve))
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
      if (said.split('\n').length > count) child.kill('SIGKILL')
    })
    await closed
    return said.split('\n').slice(0, -1)
  }

  it(
    'leaves the old file or the new one, whole, and the next run removes what is left',
    async () => {
      const folder = project({})
      const write = (versions: string) =>
        program(`
        import { COMM_WORLD as comm } from 'rxmpi'
        for (const version of ${versions}) {
          const file = await comm.open('${folder}/x', 'w', { replace: true })
          await file.write(new Uint8Array(100_000).fill(version), { at: 100_000 * comm.rank })
          await file.close()
          if (comm.rank === 0) console.log(version)
        }`)
      const [forEver, once] = [write('(function* () { for (let k = 1; ; k++) yield k % 200 })()'), write('[255]')]
      for (let kill = 0; kill < KILLS; kill++) {
        const said = await killed(forEver, 1 + ((kill * 7) % 12))
        const bytes = readFileSync(join(folder, 'x'))
        expect([bytes.length, new Set(bytes).size]).toEqual([200_000, 1])
        expect(bytes[0]).toBeGreaterThanOrEqual(Number(said.at(-1)))
      }
      expect((await rxmpi(['run', '-n', '2', once])).status).toBe(0)
      expect(readdirSync(folder)).toEqual(['x'])
      expect(new Set(readFileSync(join(folder, 'x')))).toEqual(new Set([255]))
    },
    TIMEOUT
  )

  it.each(['lines', 'frames'] as const)(
    'has written %s that were told of, and a torn end is repaired',
    async (format) => {
      const folder = project({})
      const write = (count: string) =>
        program(`
        import { COMM_WORLD as comm } from 'rxmpi'
        import * as mpi from 'rxmpi/operators'
        import { map } from 'rxjs'
        function* range(count) {
          for (let k = 0; k < count; k++) yield k
        }
        const file = await comm.open('${folder}/x', 'r+', { create: true })
        const values$ = mpi.pull(range(${count})).pipe(map((k) => [comm.rank, k, 'x'.repeat((k * 977) % 3000)].join(' ')))
        let k = 0
        values$.pipe(mpi.writeTo(file, { format: '${format}', order: 'arrival', repair: true })).subscribe({
          next: () => console.log([comm.rank, k++].join(' ')),
          complete: () => void file.close()
        })`)
      const read = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      import * as mpi from 'rxmpi/operators'
      const file = await comm.open('${folder}/x')
      mpi.readFrom(file, { format: '${format}' }).subscribe({
        next: ({ value }) => console.log(value),
        complete: () => file.free()
      })`)
      for (let kill = 0; kill < KILLS / 2; kill++) {
        const told = await killed(write('Infinity'), 5 + ((kill * 37) % 150))
        expect((await rxmpi(['run', '-n', '2', write('1')])).status).toBe(0)
        const { stdout, stderr } = await rxmpi(['run', '-n', '2', '--no-prefix', read])
        expect(stderr).toBe('')
        const values = stdout.split('\n').slice(0, -1)
        for (const value of values) {
          const k = Number(value.split(' ')[1])
          expect(value.split(' ')[2]).toHaveLength((k * 977) % 3000)
        }
        const there = new Set(values.map((value) => value.split(' ').slice(0, 2).join(' ')))
        expect(told.filter((one) => !there.has(one))).toEqual([])
      }
    },
    TIMEOUT
  )
})

describe('a full device', () => {
  const full = existsSync('/dev/full') ? it : it.skip
  full(
    `is a FileError on all ranks that says how much went${existsSync('/dev/full') ? '' : ' (skipped: there is no /dev/full)'}`,
    async () => {
      const { status, stdout } = await rxmpi([
        'run',
        '-n',
        '3',
        '--timeout',
        '40',
        program(`
        import { COMM_WORLD as comm } from 'rxmpi'
        import * as mpi from 'rxmpi/operators'
        import { catchError, EMPTY, of } from 'rxjs'
        const file = await comm.open('/dev/full', 'r+')
        const said = ({ name, reason, offset }) => console.log(name, reason, offset)
        await file.write(new Uint8Array(10), { at: 10 * comm.rank }).catch(said)
        await file.writeAll(comm.rank === 2 ? new Uint8Array(10) : new Uint8Array(0), { at: 7 }).catch(said)
        const written$ = of('a').pipe(mpi.writeTo(file, { order: 'arrival' }), catchError((error) => (console.log(error.reason), EMPTY)))
        await new Promise((complete) => written$.subscribe({ complete }))
        await comm.barrier() // Rank 0 keeps the pointer.`)
      ])
      expect(lines(stdout)).toEqual(
        [0, 1, 2].flatMap((rank) => [`[${rank}] ENOSPC`, `[${rank}] FileError ENOSPC ${10 * rank}`, `[${rank}] FileError ENOSPC 7`]).sort()
      )
      expect(status).toBe(0)
    }
  )
})

/** The Python that has NumPy, if there is one. */
const python = ['/usr/bin/python3', 'python3'].find((command) => {
  try {
    execFileSync(command, ['-c', 'import numpy'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

describe(`arrays of NumPy${python === undefined ? ' (skipped: not installed)' : ''}`, () => {
  const numpy = python === undefined ? it.skip : it
  const py = (source: string) => execFileSync(python!, ['-c', `import numpy as np\n${source}`], { encoding: 'utf8' }).trim()

  numpy('are read by ranks: shapes, orders, big-endian, structured', async () => {
    const folder = project({})
    py(`
np.save('${folder}/c.npy', np.arange(12.).reshape(3, 4))
np.save('${folder}/f.npy', np.asfortranarray(np.arange(12, dtype='>i2').reshape(3, 4)))
np.save('${folder}/r.npy', np.array([(1, 2.5, [1, 2]), (3, 4.5, [3, 4])], dtype=np.dtype([('tag', 'u1'), ('x', 'f8'), ('at', 'i4', 2)], align=True)))`)
    const { status, stdout, stderr } = await rxmpi([
      'run',
      '-n',
      '2',
      program(`
        import { COMM_WORLD as comm } from 'rxmpi'
        import { openNpy } from 'rxmpi/npy'
        for (const name of ['c', 'f', 'r']) {
          const { file, shape, order, length } = await openNpy(comm, '${folder}/' + name + '.npy')
          const own = await file.read({ at: comm.rank * length / 2, count: length / 2 })
          const { type } = file.view
          console.log(shape.join('x'), order, typeof type === 'string' ? own.join() : JSON.stringify(type.unpacked(own).toArray().map((r) => [r.tag, r.x, ...r.at])))
          await file.close()
        }`)
    ])
    expect(stderr).toBe('')
    expect(lines(stdout)).toEqual([
      '[0] 2 C [[1,2.5,1,2]]',
      '[0] 3x4 C 0,1,2,3,4,5',
      '[0] 3x4 F 0,4,8,1,5,9',
      '[1] 2 C [[3,4.5,3,4]]',
      '[1] 3x4 C 6,7,8,9,10,11',
      '[1] 3x4 F 2,6,10,3,7,11'
    ])
    expect(status).toBe(0)
  })

  numpy('are written by ranks, each its share, for NumPy to load', async () => {
    const folder = project({})
    const { status, stderr } = await rxmpi([
      'run',
      '-n',
      '4',
      program(`
        import { COMM_WORLD as comm } from 'rxmpi'
        import { distributed, struct } from 'rxmpi/layout'
        import { createNpy } from 'rxmpi/npy'
        const { rank } = comm
        const matrix = await createNpy(comm, '${folder}/m.npy', { shape: [4, 6], type: Int32Array, replace: true })
        const share = { sizes: matrix.shape, grid: [2, 2], coords: [rank >> 1, rank & 1], by: ['block', 'block'] }
        await matrix.file.setView({ ...matrix.file.view, layout: distributed(share) })
        await matrix.file.writeAll(new Int32Array(6).fill(rank))
        await matrix.file.close()
        const Pair = struct({ tag: 'u8', x: 'f64' })
        const pairs = await createNpy(comm, '${folder}/p.npy', { shape: [4], type: Pair })
        const own = Pair.allocate(1)
        own.set(0, { tag: rank, x: rank / 2 })
        await pairs.file.writeAll(own, { at: rank })
        await pairs.file.close()`)
    ])
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const shown = py(`
print(np.load('${folder}/m.npy').tolist())
pairs = np.load('${folder}/p.npy')
print(pairs['tag'].tolist(), pairs['x'].tolist())`)
    const rows = (a: number, b: number) => `[${[a, a, a, b, b, b].join(', ')}]`
    expect(shown).toBe(`[${[rows(0, 1), rows(0, 1), rows(2, 3), rows(2, 3)].join(', ')}]\n[0, 1, 2, 3] [0.0, 0.5, 1.0, 1.5]`)
  })
})

/** Whether a program of mpi4py can be run. */
const hasMpi4py = ((): boolean => {
  try {
    execFileSync('mpirun', ['--version'], { stdio: 'ignore' })
    execFileSync(python ?? 'python3', ['-c', 'import mpi4py'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe(`files of mpi4py${hasMpi4py ? '' : ' (skipped: not installed)'}`, () => {
  const both = hasMpi4py ? it : it.skip
  const mpi4py = (folder: string, source: string) => {
    const path = join(folder, 'program.py')
    writeFileSync(path, `import numpy as np\nfrom mpi4py import MPI\ncomm = MPI.COMM_WORLD\n${source}`)
    return execFileSync('mpirun', ['--allow-run-as-root', '--oversubscribe', '-n', '2', python!, path], { encoding: 'utf8' })
  }

  both('are read by ranks, and those of ranks by mpi4py: blocks of a matrix, external32, a common pointer', async () => {
    const folder = project({})
    // Columns 0 and 1 of a matrix of 4 x 4 are of rank 0, 2 and 3 of rank 1.
    const filetype = 'MPI.DOUBLE.Create_subarray([4, 4], [4, 2], [0, 2 * comm.rank]).Commit()'
    const open = (name: string) => `MPI.File.Open(comm, '${folder}/${name}', MPI.MODE_CREATE | MPI.MODE_RDWR)`
    mpi4py(
      folder,
      `
file = ${open('theirs')}
file.Set_view(0, MPI.DOUBLE, ${filetype}, 'native')
file.Write_all(np.arange(8.) + 100 * comm.rank)
file.Close()
file = ${open('theirs32')}
file.Set_view(0, MPI.INT, MPI.INT, 'external32')
file.Write_at_all(3 * comm.rank, np.array([1, -2, 3], dtype='i4') + 10 * comm.rank)
file.Close()`
    )
    const { status, stdout, stderr } = await rxmpi([
      'run',
      '-n',
      '2',
      program(`
        import { COMM_WORLD as comm } from 'rxmpi'
        import { subarray } from 'rxmpi/layout'
        const { rank } = comm
        const layout = subarray({ sizes: [4, 4], subsizes: [4, 2], starts: [0, 2 * rank] })
        const blocks = { type: Float64Array, layout }
        const theirs = await comm.open('${folder}/theirs')
        await theirs.setView(blocks)
        console.log((await theirs.readAll({ count: 8 })).join())
        await theirs.close()
        const theirs32 = await comm.open('${folder}/theirs32')
        await theirs32.setView({ type: Int32Array, format: 'external32' })
        console.log((await theirs32.readAll({ at: 3 * rank, count: 3 })).join())
        await theirs32.close()
        const ours = await comm.open('${folder}/ours', 'w')
        await ours.setView(blocks)
        await ours.writeAll(Float64Array.from({ length: 8 }, (_, k) => 100 * rank + k))
        await ours.close()
        const ours32 = await comm.open('${folder}/ours32', 'w')
        await ours32.setView({ type: Int32Array, format: 'external32' })
        await ours32.writeAll(Int32Array.of(1, -2, 3).map((x) => x + 10 * rank), { shared: true })
        await ours32.close()`)
    ])
    expect(stderr).toBe('')
    expect(lines(stdout)).toEqual(['[0] 0,1,2,3,4,5,6,7', '[0] 1,-2,3', '[1] 100,101,102,103,104,105,106,107', '[1] 11,8,13'])
    expect(status).toBe(0)
    const read = mpi4py(
      folder,
      `
file = MPI.File.Open(comm, '${folder}/ours')
file.Set_view(0, MPI.DOUBLE, ${filetype}, 'native')
block = np.zeros(8)
file.Read_all(block)
file.Close()
file = MPI.File.Open(comm, '${folder}/ours32')
file.Set_view(0, MPI.INT, MPI.INT, 'external32')
numbers = np.zeros(3, dtype='i4')
file.Read_at_all(3 * comm.rank, numbers)
file.Close()
for text in comm.gather(f'{comm.rank}: {block.astype(int).tolist()} {numbers.tolist()}') or []:
    print(text)`
    )
    expect(read.trim().split('\n')).toEqual([
      '0: [0, 1, 2, 3, 4, 5, 6, 7] [1, -2, 3]',
      '1: [100, 101, 102, 103, 104, 105, 106, 107] [11, 8, 13]'
    ])
    expect(readFileSync(join(folder, 'ours'))).toEqual(readFileSync(join(folder, 'theirs')))
    expect(readFileSync(join(folder, 'ours32'))).toEqual(readFileSync(join(folder, 'theirs32')))
  })
})
