import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { serveWithNode } from './serve-node.js'
import { serveWithUws, type Uws } from './serve-uws.js'
import type { Authenticator, ListenOptions, Server } from './server.js'

/** Listens for the other hosts of a job: with uWebSockets.js where its binary loads, over Node's sockets elsewhere. */
export function serve(options: ListenOptions, authenticator: Authenticator, library: Library = libraryHere()): Promise<Server> {
  return library.uws === undefined ? serveWithNode(options, authenticator) : serveWithUws(library.uws, options, authenticator)
}

export interface Library {
  uws?: Uws
  /** Why it is not uWebSockets.js. */
  why?: string
}

let found: Library | undefined

/** What this thread can listen with. In a worker thread uWebSockets.js takes the process down when the thread ends. */
export function libraryHere(): Library {
  if (!isMainThread) return { why: 'uWebSockets.js cannot run in a worker thread' }
  found ??= load()
  return found
}

function load(): Library {
  try {
    return { uws: createRequire(import.meta.url)('uWebSockets.js') as Uws }
  } catch (error) {
    return { why: `uWebSockets.js does not load here: ${(error as Error).message.split('\n', 1)[0]}` }
  }
}
