import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { serveWithNode } from './serve-node.js'
import { serveWithUws, type Uws } from './serve-uws.js'
import type { Authenticator, ListenOptions, Server } from './server.js'

/** Listens for the other hosts of a job: with uWebSockets.js where it is installed and loads, over Node's sockets elsewhere. */
export function serve(options: ListenOptions, authenticator: Authenticator, library: Library = libraryHere()): Promise<Server> {
  return library.uws === undefined ? serveWithNode(options, authenticator) : serveWithUws(library.uws, options, authenticator)
}

export interface Library {
  /** @internal Its types are there only where it is. */
  uws?: Uws
  /** Why it is not uWebSockets.js. */
  why?: string
  /** Whether it is there and cannot be used, which whoever has installed it will want to know. */
  isBroken?: boolean
}

/** It is no dependency: it has binaries for all platforms, a quarter of a gigabyte, and ranks on one host need none. */
export const INSTALL_SOCKETS = "npm install 'uWebSockets.js@npm:uwebsockets@3.0.6'"

let found: Library | undefined

/** What this thread can listen with. In a worker thread uWebSockets.js takes the process down when the thread ends. */
export function libraryHere(): Library {
  if (!isMainThread) return { why: 'uWebSockets.js cannot run in a worker thread' }
  found ??= load(createRequire(import.meta.url))
  return found
}

/** Exported for its tests. */
export function load(require: (name: string) => unknown): Library {
  try {
    return { uws: require('uWebSockets.js') as Uws }
  } catch (error) {
    if (isMissing(error)) return { why: `uWebSockets.js is not installed (${INSTALL_SOCKETS})` }
    return { why: `uWebSockets.js does not load here: ${reasonOf(error as Error)}`, isBroken: true }
  }
}

/** What it says first is for whom it has no binary; where there is one that does not load, the reason is behind that. */
function reasonOf({ message }: Error): string {
  const lines = message.split('\n')
  return lines.find((line) => line.startsWith('Error: '))?.slice('Error: '.length) ?? lines[0]!
}

/** The package itself, and not a file of it: its binary for this platform. */
function isMissing(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'MODULE_NOT_FOUND' && message.startsWith("Cannot find module 'uWebSockets.js'")
}
