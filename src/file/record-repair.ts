import type { Done } from '../service/done.js'
import type { FileAccess } from './access.js'
import { MARK_EVERY } from './frames.js'
import { FrameParser } from './record-parsers.js'
import type { RecordFormat } from './record-stream.js'
import { RecordWindow } from './record-window.js'
import type { View } from './view.js'

/** Looked through at a time, from the end. */
const LOOK = 65_536

/** Where the last whole record ends: behind the last line feed, or the last frame that is all there. */
export function endOfWhole(format: RecordFormat, access: FileAccess, path: string, view: View, done: Done<number>): void {
  access.stat((error, stat) => {
    if (error !== null) return done(error, 0)
    const size = Math.max(stat.size, view.at)
    if (format === 'lines') lastLine(access, view.at, size, done)
    else if (format === 'frames') lastFrame(access, path, view, size, done)
    else done(null, size - ((size - view.at) % view.size))
  })
}

function lastLine(access: FileAccess, base: number, end: number, done: Done<number>): void {
  if (end <= base) return done(null, base)
  const from = Math.max(base, end - LOOK)
  const bytes = Buffer.alloc(end - from)
  access.read(bytes, from, (error, count) => {
    if (error !== null) return done(error, 0)
    const feed = bytes.subarray(0, count).lastIndexOf(10)
    if (feed >= 0) done(null, from + feed + 1)
    else lastLine(access, base, from, done)
  })
}

/** From the last mark that leads somewhere on; where there is none that does, from the one before. */
function lastFrame(access: FileAccess, path: string, view: View, size: number, done: Done<number>): void {
  const base = view.at
  const from = (mark: number): void => {
    if (mark < 0) return done(null, base)
    const parser = new FrameParser(base + mark, size, { path, base, maxRecord: Number.POSITIVE_INFINITY, record: undefined, view })
    const window = new RecordWindow(parser.start)
    let end: number | undefined
    const step = (): void => {
      try {
        for (;;) {
          const found = parser.next(window)
          if (found === undefined) break
          if (typeof found === 'number') {
            const at = Math.max(window.end, parser.needed)
            const { room, filled } = window.advance(parser.needed, Math.max(found - at, LOOK))
            return access.read(room, at, (error, count) => {
              if (error !== null) return done(error, 0)
              filled(count)
              step()
            })
          }
          end = found.end
        }
      } catch {
        // Torn or damaged: what comes before it counts.
      }
      if (end === undefined) from(mark - MARK_EVERY)
      else done(null, end)
    }
    step()
  }
  from(Math.floor(Math.max(0, size - base - 1) / MARK_EVERY) * MARK_EVERY)
}
