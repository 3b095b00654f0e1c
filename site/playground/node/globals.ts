/** What Node has as globals and a browser has not: the bundle takes these wherever the sources name one. */
export { Buffer } from 'buffer'

/** Simulated ranks neither end their process nor read its environment. */
export const process = {
  cwd: (): string => '/',
  env: {},
  exit(code: number): never {
    throw new Error(`process.exit(${code}): there is no process to end in a browser`)
  },
  hrtime: { bigint: (): bigint => BigInt(Math.round(performance.now() * 1e6)) }
}

export const setImmediate = (callback: (...args: unknown[]) => void, ...args: unknown[]): number => Number(setTimeout(callback, 0, ...args))

/** Of V8, and lately of others: without it errors tell no line. */
Error.captureStackTrace ??= (holder: { stack?: string }) => {
  holder.stack = new Error().stack ?? ''
}

/** Pages that are not isolated from others have none. All ranks are in one thread here, so that memory of its own is shared as well. */
const Shared = globalThis.SharedArrayBuffer ?? class extends ArrayBuffer {}

export { Shared as SharedArrayBuffer }
