import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

describe('giving way', () => {
  // It is loaded once a thread, so each of these has a process of its own.
  const inProcess = (before: string, flags: string[] = []): string => {
    const module = join(process.cwd(), 'src/transport/shared/give-way.ts')
    const loader = `const { transformFileSync } = require('@swc/core')
      const { code } = transformFileSync(${JSON.stringify(module)}, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } })
      const loaded = { exports: {} }
      const text = code.replaceAll('import.meta.url', ${JSON.stringify(JSON.stringify(`file://${module}`))})
      new Function('require', 'module', 'exports', text)(require, loaded, loaded.exports)
      console.log(loaded.exports.giveWay(), loaded.exports.giveWay())`
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', before + loader], { encoding: 'utf8' })
    return stdout.trim() + stderr.trim()
  }

  test('is possible, and Node does not warn', () => expect(inProcess('')).toBe('true true'))

  test('leaves all other warnings alone', () => {
    expect(inProcess("process.emitWarning('other');")).toMatch(/^true true.*Warning: other/)
  })

  test('is not possible where the module cannot be used', () => {
    const before = `require('node:module')._load = ((load) => function (name) {
      if (name === 'node:wasi') throw new Error('there is none')
      return load.apply(this, arguments)
    })(require('node:module')._load)\n`
    expect(inProcess(before)).toBe('false false')
  })
})
