import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { callsHere } from './system-calls.js'

/**
 * Memory that processes of one machine share: anonymous, so that nothing is left of it when they are gone, however they went. Who has made
 * it keeps its descriptor open until the others have opened that by way of /proc.
 *
 * In JavaScript it is an ArrayBuffer, on which Atomics work between processes, but which cannot be posted to another thread: that gets the
 * address and makes an ArrayBuffer of its own. `Atomics.wait` and `notify` do not know it; `bell.ts` has other ways.
 */
export interface MappedPart {
  /** In this process. */
  address: bigint
  bytes: number
}

/** Memory that a thread lets others of its process have. */
export type MemoryRef = SharedArrayBuffer | MappedPart

/** Memory for other processes to map. */
export interface MemoryFile {
  process: number
  fd: number
  bytes: number
  /** What its first bytes are: another process may have that number, in another container. */
  key: string
}

/** Bytes at its start that are not to be used. */
export const FILE_HEADER = 4096
const KEY_BYTES = 16

export const isMapped = (memory: MemoryRef): memory is MappedPart => 'address' in memory

const views = new Map<bigint, ArrayBuffer>()

/** The memory as this thread sees it. */
export function open(memory: MemoryRef): SharedArrayBuffer | ArrayBuffer {
  if (!isMapped(memory)) return memory
  let view = views.get(memory.address)
  if (view === undefined) {
    view = callsHere().calls!.view(memory.address, memory.bytes)
    views.set(memory.address, view)
  }
  return view
}

/** Throws where there is no memory. */
export function makeFile(bytes: number): MemoryFile {
  const fd = callsHere().calls!.memfd(bytes)
  const key = randomBytes(KEY_BYTES)
  writeSync(fd, key, 0, KEY_BYTES, 0)
  return { process: process.pid, fd, bytes, key: key.toString('hex') }
}

/** Where another process' memory is in this one; undefined where it cannot be reached. */
export function mapFile({ process: pid, fd, bytes, key }: MemoryFile): bigint | undefined {
  const { calls } = callsHere()
  if (calls === undefined) return undefined
  let opened: number | undefined
  try {
    opened = openSync(`/proc/${pid}/fd/${fd}`, constants.O_RDWR)
    const found = Buffer.alloc(KEY_BYTES)
    readSync(opened, found, 0, KEY_BYTES, 0)
    if (found.toString('hex') !== key || fstatSync(opened).size !== bytes) return undefined
    return calls.map(opened, bytes)
  } catch {
    return undefined
  } finally {
    if (opened !== undefined) closeSync(opened)
  }
}
