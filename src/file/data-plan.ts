import { datatypeOf, elementSize, memoryOf, RECORDS, valueOn } from '../codec/datatype.js'
import { ANY_SOURCE, ANY_TAG } from '../constants.js'
import { checkAttached } from '../diagnostics/arguments.js'
import { CountError } from '../errors.js'
import { Pickable, pickedOf } from '../layout/picked.js'
import { checkThere } from '../layout/view.js'
import { duplicate, type Memory } from '../memory/copy.js'
import type { Target } from '../request/options.js'
import { checkTarget } from '../request/receive-request.js'
import { checkStatus, type Status } from '../request/status.js'
import { swapBytes } from './byte-order.js'
import { checkPosition, type View } from './view.js'

/** What a write takes from the program: its bytes as they are in the file, of so many elements. Throws what is wrong with it. */
export interface WritePlan {
  readonly memory: Memory
  readonly count: number
}

export function planWrite(view: View, data: Target, { at }: { at?: number }): WritePlan {
  view.checkData(data, 'data')
  const isPicked = data instanceof Pickable
  if (isPicked) checkThere(data, 'data')
  else checkAttached(data, 'data')
  let memory = isPicked ? data.picked.runs.packed() : memoryOf(data)
  const count = memory.byteLength / view.size
  if (!Number.isInteger(count)) {
    throw new CountError(`data: ${memory.byteLength} bytes are no whole number of elements of ${view.size} bytes`)
  }
  if (at !== undefined) view.check(at, count)
  if (view.swaps) {
    if (!isPicked) memory = duplicate(memory)
    swapBytes(memory, view.types)
  }
  return { memory, count }
}

/** What a read was told. */
export interface ReadPlan {
  /** Elements; `undefined`: all to the end. */
  readonly count: number | undefined
  /** Where they are read to, where that is known beforehand. */
  readonly memory: Memory | undefined
  /** The result, of which so many bytes are there. */
  readonly finish: (memory: Memory, bytes: number, status: Status) => unknown
}

/** Throws what is wrong with the options. */
export function planRead(
  view: View,
  { count, into, status, at }: { count?: number; into?: Target; status?: Status; at?: number }
): ReadPlan {
  if (count !== undefined) checkPosition('count', count)
  if (status !== undefined) checkStatus(status)
  let limit = count
  if (into !== undefined) {
    checkTarget(into)
    view.checkData(into, 'into')
    const room = Math.floor((into instanceof Pickable ? into.picked.runs : into).byteLength / view.size)
    if (count !== undefined && count > room) throw new CountError(`count: ${count} elements do not fit into, which has room for ${room}`)
    limit = count ?? room
  }
  if (at !== undefined && limit !== undefined) view.check(at, limit)
  const picked = pickedOf(into)
  const code = picked?.datatype ?? (into === undefined ? view.code : datatypeOf(into))
  const record = picked?.recordBytes || (code === RECORDS ? view.size : 0)
  const unit = Math.max(view.size, into === undefined ? 1 : elementSize(code))
  return {
    count: limit,
    memory: into === undefined || into instanceof Pickable ? undefined : memoryOf(into),
    finish: (memory, bytes, filled) => {
      const whole = bytes - (bytes % unit)
      const { buffer, byteOffset } = memory
      if (view.swaps) swapBytes({ buffer, byteOffset, byteLength: whole }, view.types)
      filled.set(ANY_SOURCE, ANY_TAG, code, whole, picked?.shape ?? view.types.hash, record)
      picked?.runs.scatter(0, whole, memory, 0)
      return into ?? valueOn(code, (whole === buffer.byteLength ? buffer : buffer.slice(0, whole)) as ArrayBuffer)
    }
  }
}
