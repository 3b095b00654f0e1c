import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { lines, program, project, root, rxmpi } from './command.js'

describe('rxmpi run: programs', () => {
  it.each(['program.ts', 'program.mts', 'program.js', 'program.mjs'])(
    'runs %s as an ES module with top-level await, outside any project',
    async (name) => {
      const path = program(
        `import { COMM_WORLD as comm } from 'rxmpi'
      import { of } from 'rxjs'
      await null
      of(comm.rank).subscribe((rank) => console.log(rank, comm.size, typeof require))`,
        name
      )
      const { status, stdout, stderr } = await rxmpi(['run', '-n', '2', path])
      expect(stderr).toBe('')
      expect(lines(stdout)).toEqual(['[0] 0 2 undefined', '[1] 1 2 undefined'])
      expect(status).toBe(0)
    }
  )

  it('evaluates the files of a program in the order, and with the scopes, that they have under Node', async () => {
    const directory = project({
      'main.ts': `
        import { order } from './first.js'
        import 'plain'
        import { Vector, type Shape } from './vector.ts'
        import { Colour, kind } from './enums.js'
        import settings from './settings.json' with { type: 'json' }
        import again from './settings.json'
        import old from './old.cjs'
        import older from './older.js'
        import named from './named.mjs'
        import { readFileSync } from 'fs'
        import { inside } from '#inside'
        order.push('main')
        const shape: Shape = { corner: new Vector(1, 2) }
        console.log(order.join(), globalThis.plain)
        console.log(shape, Vector.name, kind, Colour.Red, settings.depth, settings === again, Object.keys(settings).length)
        console.log(old.name, older.name, named, inside, typeof readFileSync)
        const { late } = await import('./late.ts')
        console.log(late(), (await import('./settings.json', { with: { type: 'json' } })).default.depth, "import('./late.ts')")
        await import('no-such-package').catch((error) => console.log(error.code))
        try { early } catch (error) { console.log(error.name) }
        const early = 1`,
      'first.ts': "export const order = ['first', typeof globalThis.plain]",
      'vector.ts': `
        export interface Shape { corner: Vector }
        export class Vector {
          constructor(readonly x: number, readonly y: number) {}
          plus(other: Vector) { return new Vector(this.x + other.x, this.y + other.y) }
        }`,
      'enums.ts': 'export enum Colour { Red = "red" }\nexport const enum Kind { A = 4 }\nexport const kind = Kind.A',
      'settings.json': '{ "depth": 12, "__proto__": { "inherited": true } }',
      'old.cjs': 'exports.name = "old"',
      'older.js': 'const { sep } = require("node:path"); module.exports = { name: "older" + sep }',
      'named.mts': 'export default "mts" as string',
      'late.ts': 'import { Colour } from "./enums.js"\nawait null\nexport const late = () => Colour.Red',
      'inside.ts': 'export const inside = "inside"',
      'package.json': '{ "imports": { "#inside": "./inside.ts" } }',
      'node_modules/plain/package.json': '{ "exports": { "import": "./esm.mjs", "require": "./cjs.js" } }',
      'node_modules/plain/esm.mjs': 'globalThis.plain = "plain"',
      'node_modules/plain/cjs.js': 'globalThis.plain = "wrong"'
    })
    const { stdout, stderr, status } = await rxmpi(['run', '-n', '1', join(directory, 'main.ts')])
    expect(stderr).toBe('')
    expect(stdout.split('\n')).toEqual([
      'first,undefined,main plain',
      '{ corner: Vector { x: 1, y: 2 } } Vector 4 red 12 true 2',
      'old older/ mts inside function',
      "red 12 import('./late.ts')",
      'ERR_MODULE_NOT_FOUND',
      'ReferenceError',
      ''
    ])
    expect(status).toBe(0)
  })

  it('finds what is only known at run time from the file that asks for it', async () => {
    const directory = project({
      'main.ts': `
        import { Observable } from 'rxjs'
        import { loaded } from './plugins/both.ts'
        for (const name of ['plain.mjs', 'both.ts', 'both.js']) {
          for (const path of ['./plugins/' + name, new URL('./plugins/' + name, import.meta.url).href]) console.log((await import(path)).name)
        }
        console.log(loaded.length)
        const load = async (name: string) => import(await Promise.resolve(name))
        console.log((await load('rxjs')).Observable === Observable, typeof (await load('fs')).readFileSync, (await load('plain')).default)
        for (const name of ['./nothing.js', 'nothing', './plugins/late.ts']) await load(name).catch(({ code }) => console.log(code))
        throw new Error('line 11')`,
      'plugins/plain.mjs': 'export const name = "plain"',
      'plugins/both.ts': 'export const name: string = "both"\nexport const loaded: string[] = []\nloaded.push(name)',
      'plugins/late.ts': 'enum Late { Never }\nexport const name: string = Late[0]',
      'node_modules/plain/package.json': '{ "exports": "./index.cjs" }',
      'node_modules/plain/index.cjs': 'module.exports = "package"'
    })
    const { stdout, stderr } = await rxmpi(['run', '-n', '1', join(directory, 'main.ts')])
    const names = ['plain', 'plain', 'both', 'both', 'both', 'both', '1', 'true function package']
    expect(stdout.split('\n').slice(0, 10)).toEqual([...names, 'ERR_MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'])
    expect(stderr).toMatch(/line 11\n.*main\.ts:11:/)
  })

  it('gives every file its own import.meta', async () => {
    const directory = project({
      'main.ts': `
        import { url, dirname } from './sub/other.ts'
        import.meta.filename
        console.log(import.meta.url, import.meta.filename, import.meta.dirname, 'import.meta.url')
        console.log(url, dirname, import.meta.resolve('./sub/other.ts'), import.meta.resolve('fs'), import.meta.resolve('pack'))`,
      'sub/other.ts': 'export const { url, dirname } = import.meta',
      'node_modules/pack/index.js': ''
    })
    const { stdout } = await rxmpi(['run', '-n', '1', join(directory, 'main.ts')])
    const url = (name: string) => pathToFileURL(join(directory, name)).href
    expect(stdout.split('\n')).toEqual([
      `${url('main.ts')} ${join(directory, 'main.ts')} ${directory} import.meta.url`,
      `${url('sub/other.ts')} ${join(directory, 'sub')} ${url('sub/other.ts')} node:fs ${url('node_modules/pack/index.js')}`,
      ''
    ])
  })

  it("finds TypeScript files by their compiled names, from JavaScript too, and follows tsconfig's paths and decorators", async () => {
    const directory = project({
      'main.js': "import { a } from './a.js'\nconsole.log(a)",
      'a.ts': "import { b } from '@app/b'\nexport const a: string = b",
      'lib/b.ts': `
        function twice(target: object, key: string, descriptor: PropertyDescriptor) {
          const { value } = descriptor
          descriptor.value = () => value() + value()
        }
        class B { @twice static b() { return 'b' } }
        export const b = B.b()`,
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@app/*": ["./lib/*"] }, "experimentalDecorators": true } }'
    })
    const { stdout } = await rxmpi(['run', '-n', '1', join(directory, 'main.js')])
    expect(stdout).toBe('bb\n')
  })

  it('runs what is imported and not used, where a tsconfig says that such an import stays', async () => {
    const directory = project({
      'tsconfig.json': '{ "compilerOptions": { "verbatimModuleSyntax": true } }',
      'main.ts': `
        import * as mpi from 'rxmpi/operators'
        import { of } from 'rxjs'
        import { COMM_WORLD as comm } from 'rxmpi'
        console.log(comm.size)`
    })
    const { status, stdout, stderr } = await rxmpi(['run', '-n', '2', '--no-prefix', join(directory, 'main.ts')])
    expect(stderr).toBe('')
    expect(stdout).toBe('2\n2\n')
    expect(status).toBe(0)
  })

  it('passes the arguments after the program on as they are, options of its own among them', async () => {
    const path = program('console.log(JSON.stringify(process.argv))')
    const args = ['--help', '-n', '3', '--no-prefix', '--', 'a b', '', '--timeout=1', '-']
    const { stdout, status } = await rxmpi(['run', '-n', '1', path, ...args])
    expect(JSON.parse(stdout)).toEqual([process.execPath, path, ...args])
    expect(status).toBe(0)
  })

  it('gives every rank the environment, with --env on top, and a copy of its own', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      const { GIVEN, EMPTY, PASSED, ABSENT, KEPT, MINE } = process.env
      process.env.MINE = String(comm.rank)
      if (comm.rank === 0) await comm.send('set', { dest: 1 })
      else await comm.recv()
      console.log(GIVEN, JSON.stringify(EMPTY), PASSED, ABSENT, KEPT, MINE, process.env.MINE)`)
    const args = ['run', '-n', '2', '--env', 'GIVEN=a=b', '--env', 'EMPTY=', '--env', 'PASSED', '--env', 'ABSENT', path]
    const { stdout } = await rxmpi(args, { env: { PASSED: 'on', KEPT: 'kept', GIVEN: 'before' } })
    expect(lines(stdout)).toEqual(['[0] a=b "" on undefined kept undefined 0', '[1] a=b "" on undefined kept undefined 1'])
  })

  it('has one RxJS for the program, its packages and rxmpi, with every export that the package has', async () => {
    const entries = ['rxjs', 'rxjs/operators', 'rxjs/testing', 'rxjs/ajax', 'rxjs/webSocket', 'rxjs/fetch']
    const path = program(`
      import { Observable } from 'rxjs'
      import { Request } from 'rxmpi'
      import { createRequire } from 'node:module'
      const packaged = createRequire(${JSON.stringify(join(root, 'package.json'))})('rxjs')
      const names = []
      ${entries.map((entry, k) => `import * as entry${k} from '${entry}'\nnames.push(Object.keys(entry${k}))`).join('\n')}
      console.log(Request.prototype instanceof Observable, packaged.Observable === Observable, entry1.map === packaged.map)
      console.log(JSON.stringify(names))`)
    const { stdout, stderr } = await rxmpi(['run', '-n', '1', path])
    expect(stderr).toBe('')
    const [same, names] = stdout.split('\n')
    expect(same).toBe('true true true')
    const exported = (keys: string[]) => keys.filter((name) => name !== 'default' && name !== '__esModule').sort()
    expect((JSON.parse(names) as string[][]).map(exported)).toEqual(entries.map((entry) => exported(Object.keys(require(entry)))))
  })

  it("runs on rxmpi's RxJS where the program has a copy of its own", async () => {
    const directory = project({
      'main.ts': "import { Observable } from 'rxjs'\nimport { Request } from 'rxmpi'\nconsole.log(Request.prototype instanceof Observable)",
      'node_modules/rxjs/package.json': '{ "main": "index.js" }',
      'node_modules/rxjs/index.js': 'exports.Observable = class Observable {}'
    })
    const { stdout } = await rxmpi(['run', '-n', '1', join(directory, 'main.ts')])
    expect(stdout).toBe('true\n')
  })

  it('starts many more ranks than there are cores', async () => {
    const path = program("import { COMM_WORLD as comm } from 'rxmpi'\nconsole.log(comm.rank)")
    const { stdout, status } = await rxmpi(['run', '-n', '200', path])
    expect(lines(stdout)).toEqual(Array.from({ length: 200 }, (_, rank) => `[${rank}] ${rank}`).sort())
    expect(status).toBe(0)
  })
})

describe('rxmpi', () => {
  it('tells what it finds', async () => {
    const { stdout, status } = await rxmpi(['info', '--json'])
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      versions: { rxmpi: expect.any(String), node: process.versions.node, rxjs: expect.stringMatching(/^7\./) },
      transports: { memory: expect.any(String), shared: expect.any(String) },
      launcher: { seen: 'none', why: expect.stringContaining('SLURM_PROCID') },
      machine: { cores: expect.any(Number), memoryGiB: expect.any(Number) }
    })
    const { stdout: printed } = await rxmpi(['info'])
    expect(printed).toMatch(/^node +\d+/m)
  })

  it('has help and a version', async () => {
    expect(await rxmpi(['--version'])).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
    expect((await rxmpi(['--help'])).stdout).toContain('run [options] <program> [args...]')
    expect((await rxmpi(['run', '--help'])).stdout).toContain('--timeout <SECONDS>')
  })
})
