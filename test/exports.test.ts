import { execFileSync } from 'node:child_process'
import { build } from 'esbuild'

/** Changing a public name is a decision. */
function namesOf(entry: string): string[] {
  const program = `import(${JSON.stringify(entry)}).then((module) => console.log(JSON.stringify(Object.keys(module).sort())))`
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }))
}

describe('the public names', () => {
  it.each([
    'rxmpi',
    'rxmpi/operators',
    'rxmpi/testing',
    'rxmpi/launch',
    'rxmpi/pool',
    'rxmpi/collective',
    'rxmpi/layout',
    'rxmpi/npy',
    'rxmpi/sync',
    'rxmpi/client'
  ])('%s', (entry) => {
    expect(namesOf(entry)).toMatchSnapshot()
  })
})

describe('what a page loads', () => {
  it('asks for nothing of Node, and is less than 40 kB without RxJS', async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: ['dist/client/index.js'],
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      external: ['rxjs'],
      write: false,
      metafile: true
    })
    const [output] = Object.values(metafile.outputs)
    expect(new Set(output!.imports.map(({ path }) => path))).toEqual(new Set(['rxjs']))
    expect(outputFiles[0]!.contents.length).toBeLessThan(40_000)
    expect(outputFiles[0]!.text).not.toMatch(/node:|require\(/)
  })
})
