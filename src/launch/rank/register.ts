/**
 * `node --import rxmpi/register program.ts`: compiles the program as `rxmpi run` does, for a Node that loads no TypeScript or does not
 * find `./x.js` in `./x.ts`. It has no exports.
 *
 * @module rxmpi/register
 */
import { createRequire, register } from 'node:module'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { registerHooksModule } from '../../runtime/package.js'
import { type Compiled, CompileError, compile } from '../compile/compile.js'
import { programPath } from '../options/program.js'

const program = isMainThread ? process.argv[1] : undefined

async function compiled(path: string): Promise<Compiled> {
  try {
    return await compile(programPath(path))
  } catch (error) {
    process.stderr.write(`${error instanceof CompileError ? error.message : `rxmpi: ${(error as Error).message}`}\n`)
    process.exit(1)
  } finally {
    createRequire(import.meta.url)('esbuild').stop()
  }
}

if (program !== undefined) {
  const { url } = await compiled(program)
  process.setSourceMapsEnabled(true)
  register(registerHooksModule, { data: { program: pathToFileURL(program).href, url } })
}
