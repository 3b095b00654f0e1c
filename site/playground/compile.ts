import { transform } from 'sucrase'
import { modules } from './modules.js'

/** What a program exports. */
export type Exports = { default?: unknown }

export type Print = (...values: unknown[]) => void

/** The name under which errors tell lines of the program. */
export const FILE = 'program.ts'

/** Runs a module, JavaScript or TypeScript, whose types are taken out and whose lines stay where they are; what it exports. */
export function run(source: string, print: Print): Exports {
  const { code } = transform(source, { transforms: ['typescript', 'imports'], production: true, disableESTransforms: true, filePath: FILE })
  const exports: Exports = {}
  // By eval and not by Function, which would put two lines before the program's.
  // biome-ignore lint/security/noGlobalEval: to run what somebody has typed is what a playground is for; it has a worker of its own
  const main = globalThis.eval(`(function (exports, require, console) {${code}\n})\n//# sourceURL=/${FILE}`)
  main(exports, required, { log: print, info: print, warn: print, error: print })
  return exports
}

function required(name: string): object {
  const found = modules[name]
  if (found === undefined) throw new Error(`import '${name}': expected one of ${Object.keys(modules).join(', ')}`)
  return found
}
