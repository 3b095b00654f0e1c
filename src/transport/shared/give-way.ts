import { createRequire } from 'node:module'

/**
 * Gives the core to whoever else wants it, and goes on at once where nobody does: `sched_yield`, which Node has for WebAssembly programs
 * only. It takes half a microsecond, where being woken from `Atomics.wait` takes 20 to 50.
 */

declare const WebAssembly: { Memory: new (size: { initial: number }) => object }

/** `undefined`: it was not looked for yet; `null`: there is none. */
let yieldNow: (() => unknown) | null | undefined

/** False where this cannot be done: the module is missing, or the permission model forbids it. */
export function giveWay(): boolean {
  if (yieldNow === undefined) yieldNow = schedYield()
  if (yieldNow === null) return false
  yieldNow()
  return true
}

/** Loading takes 3 ms, so it is only done by who has nothing else to do. */
function schedYield(): (() => unknown) | null {
  try {
    const { WASI } = withoutWarning(() => createRequire(import.meta.url)('node:wasi') as typeof import('node:wasi'))
    const wasi = new WASI({ version: 'preview1' })
    wasi.initialize({ exports: { memory: new WebAssembly.Memory({ initial: 0 }) } })
    return (wasi.wasiImport as { sched_yield(): unknown }).sched_yield
  } catch {
    return null
  }
}

/** Node warns once that WASI is experimental; the one call of it that is used here is not going to change. */
function withoutWarning<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...rest: never[]): void => {
    if (!String(warning).startsWith('WASI is an experimental feature')) emitWarning.call(process, warning, ...rest)
  }
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}
