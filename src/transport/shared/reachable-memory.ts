import type { ReachableMemory } from '../transport.js'
import { FILE_HEADER, type MemoryFile, makeFile, mapFile } from './mapped-memory.js'
import { callsHere } from './system-calls.js'

/** Memory that one process makes while it runs, and others map when they are told of it. */
interface Place extends MemoryFile {
  readonly lengths: readonly number[]
}

/** What is mapped, until nobody here has a part of it any more. */
interface Mapping {
  readonly address: bigint
  readonly bytes: number
  left: number
}

/** Parts begin on lines of their own. */
const LINE = 128
const inLines = (bytes: number): number => Math.max(LINE, Math.ceil(bytes / LINE) * LINE)

const collected = new FinalizationRegistry<Mapping>((mapping) => {
  if (--mapping.left === 0) callsHere().calls!.unmap(mapping.address, mapping.bytes)
})
/** Descriptors of what nobody has closed. */
const forgotten = new FinalizationRegistry<number>((fd) => callsHere().calls!.close(fd))

export function allocateReachable(lengths: readonly number[]): ReachableMemory | undefined {
  const bytes = lengths.reduce((sum, length) => sum + inLines(length), FILE_HEADER)
  let file: MemoryFile
  try {
    file = makeFile(bytes)
  } catch {
    return undefined
  }
  const { fd } = file
  const place: Place = { ...file, lengths }
  const memory = reachMemory(place)
  if (memory === undefined) {
    callsHere().calls!.close(fd)
    return undefined
  }
  forgotten.register(memory[0]!, fd, memory)
  let isOpen = true
  return {
    memory,
    place,
    close() {
      if (!isOpen) return
      isOpen = false
      forgotten.unregister(memory)
      callsHere().calls!.close(fd)
    }
  }
}

export function reachMemory(place: unknown): readonly ArrayBuffer[] | undefined {
  const { bytes, lengths } = place as Place
  const address = mapFile(place as Place)
  if (address === undefined) return undefined
  const mapping: Mapping = { address, bytes, left: lengths.length }
  let at = FILE_HEADER
  return lengths.map((length) => {
    const view = callsHere().calls!.view(address + BigInt(at), length)
    at += inLines(length)
    collected.register(view, mapping)
    return view
  })
}
