import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import type { Certificate, Gate, Server } from './connection.js'
import { serveWithNode } from './serve-node.js'
import { serveWithUws, type Uws } from './serve-uws.js'

export interface Where {
  address: string
  /** 0: any. */
  port: number
  certificate?: Certificate | undefined
  /** Whether it keeps the process alive. */
  keepsAlive?: boolean
}

/** Listens for the other hosts of a job: with uWebSockets.js where its binary loads, over Node's sockets elsewhere. */
export function serve(where: Where, gate: Gate, library: Library = libraryHere()): Promise<Server> {
  return library.uws === undefined ? serveWithNode(where, gate) : serveWithUws(library.uws, where, gate)
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
