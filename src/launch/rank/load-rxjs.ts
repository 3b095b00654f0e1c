import { existsSync } from 'node:fs'
import { createRequire, Module } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const ENTRIES = ['ajax', 'fetch', 'operators', 'testing', 'webSocket']

/**
 * RxJS as everybody else in this thread gets it, from the single file that its package has for browsers: reading the 200 files behind
 * `rxjs` takes longer than all else that a rank does to start. Where somebody was first, or the file is not there, nothing changes.
 */
export function loadRxjs(): typeof import('rxjs') {
  const entry = require.resolve('rxjs')
  const directory = dirname(entry)
  const whole = join(directory, '../bundles/rxjs.umd.js')
  if (require.cache[entry] === undefined && existsSync(whole)) {
    const rxjs = require(whole)
    register(entry, rxjs)
    for (const name of ENTRIES) register(join(directory, name, 'index.js'), rxjs[name])
  }
  return require(entry)
}

/** `rxjs/testing` on that same RxJS: with a second copy, virtual time would not be that of the program's timers. */
export function loadRxjsTesting(): typeof import('rxjs/testing') {
  loadRxjs()
  return require('rxjs/testing')
}

/** As if the file had been loaded. */
function register(file: string, exports: unknown): void {
  require.cache[file] = Object.assign(new Module(file), { filename: file, loaded: true, exports })
}
