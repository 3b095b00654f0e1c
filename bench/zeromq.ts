/** zeromq.js: two processes, a Pair in each. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Peer } from './peer.js'

export function zeromq(): Peer | undefined {
  const installed = new URL('./peer/node_modules/zeromq/package.json', import.meta.url)
  let version: string
  try {
    version = JSON.parse(readFileSync(installed, 'utf8')).version
  } catch {
    return undefined
  }
  return {
    versions: `zeromq.js ${version}`,
    command: ({ name, program = name }, plan) => ({
      file: process.execPath,
      args: [fileURLToPath(new URL(`./peer/${program}.zeromq.mjs`, import.meta.url)), JSON.stringify(plan)]
    })
  }
}
