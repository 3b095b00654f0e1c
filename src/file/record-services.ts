import { FreedError } from '../errors.js'
import type { Done } from '../service/done.js'
import type { CollectedWrites } from './collected-writes.js'
import type { File } from './file.js'
import { endOfWhole } from './record-repair.js'
import type { RecordFormat } from './record-stream.js'

export const POINTER = 'pointer'
/** What the rank that writes for the others is asked. */
export const PUT = 'put'
export const QUIT = 'quit'
export const FLUSH = 'flush'

const collections = new WeakMap<File, Map<string, CollectedWrites>>()

/** By stream, what this rank writes for all, if it is the one that does. */
export const collectedOf = (file: File): Map<string, CollectedWrites> => collections.get(file)!

/** What one rank does for the streams of all. */
export function serveStreams(file: File): void {
  if (collections.has(file)) return
  collections.set(file, new Map())
  serveBegin(file)
  serveWrites(file)
}

/** Short values of all are written by one rank. */
function serveWrites(file: File): void {
  const { service, access } = file.parts
  const streams = collectedOf(file)
  service.serve<readonly [string, number, Uint8Array]>(PUT, (rank, [key, block, bytes], reply) => {
    const writes = streams.get(key)
    if (writes === undefined) reply(new FreedError(`the stream to file '${file.name}' has ended on this rank`), undefined)
    else writes.put(block, rank, bytes, reply)
  })
  service.serve<readonly [string]>(QUIT, (rank, [key]) => streams.get(key)?.lose(rank, new FreedError(`rank ${rank} has ended its stream`)))
  service.serve(FLUSH, (_, __, reply) => access.sync(reply as Done<void>))
  service.onGone((rank) => {
    const { core } = file
    for (const writes of streams.values()) writes.lose(rank, core.inVain(core.memberOf(rank))!)
  })
}

/** Whoever asks first has the file looked through, and all get where writing begins. */
function serveBegin(file: File): void {
  const { access, path, service } = file.parts
  const answers = new Map<string, ((error: Error | null, base: number) => void)[] | number>()
  service.serve('begin', (_, [key, format, repair], reply) => {
    const view = file.currentView
    const known = answers.get(key as string)
    if (typeof known === 'number') return reply(null, known)
    if (known !== undefined) return void known.push(reply)
    answers.set(key as string, [reply])
    const answer = (error: Error | null, base: number): void => {
      const waiting = answers.get(key as string) as ((error: Error | null, base: number) => void)[]
      if (error === null) answers.set(key as string, base)
      else answers.delete(key as string)
      for (const one of waiting) one(error, base)
    }
    if (repair !== true) return file.counters.get(POINTER, (error, pointer) => answer(error, error === null ? view.byteOffset(pointer) : 0))
    endOfWhole(format as RecordFormat, access, path, view, (error, end) => {
      if (error !== null) return answer(error, 0)
      access.truncate(end, (failure) => {
        if (failure !== null) return answer(failure, 0)
        file.counters.set(POINTER, (end - view.at) / view.size, (lost) => answer(lost, end))
      })
    })
  })
}
