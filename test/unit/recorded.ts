import { codeOf, NUMBER } from '../../src/codec/datatype.js'
import { formatTrace, type Recorded, Traced } from '../../src/trace/format.js'
import { BYTES, CALLED, DURATION, RECEIVED, ROW, SENT, TAG, TIME, WAITED, WHAT, WHAT_BITS } from '../../src/trace/rows.js'

/** What a rank of a made-up run does; times are milliseconds since the job began, by a clock that is right. */
export type Deed =
  | { at: number; by: number; sends: number; tag?: number; context?: number; bytes?: number }
  | { at: number; by: number; receives: number; tag?: number; context?: number; bytes?: number; waited?: number }
  | { at: number; by: number; calls: string; takes: number }
  | { at: number; by: number; ends: 'end' | 'failure' | 'cut' }

interface Machine {
  /** By how much the clock on its wall is wrong. */
  wrong?: number
  /** How much faster than a right one its clock goes. */
  fast?: number
}

/** When the machine of the launcher was started, by the clocks on the walls. */
const STARTED = 1000

/** The rows of such a run, as its ranks would have noted them; each rank is on a machine, the first is that of the launcher. */
export function recorded(
  size: number,
  deeds: readonly Deed[],
  machines: readonly Machine[] = [{}],
  on = (_: number): number => 0
): Recorded {
  const traced = Array.from({ length: size }, (_, rank) => {
    const one = new Traced(rank, String(rank))
    // Each thread begins to count at its start, and each machine at its.
    const clock = { id: `machine ${on(rank)}`, offset: 7 + rank, wall: STARTED - 100 * on(rank) + (machines[on(rank)]!.wrong ?? 0) }
    one.learn({ clock, fabrics: [{ name: 'world', rank }], routes: [], calls: [] })
    return one
  })
  const since = 50
  const chunks = deeds.flatMap((deed) => {
    const { at, by } = deed
    if ('ends' in deed) {
      traced[by]!.end = { time: at, what: deed.ends, reason: deed.ends === 'failure' ? 'has failed' : undefined }
      return []
    }
    const rows = new Float64Array(ROW)
    const { fast = 0 } = machines[on(by)]!
    rows[TIME] = since + 100 * on(by) + at * (1 + fast) - 7 - by
    const words = new Int32Array(rows.buffer)
    const own = traced[by]!
    if ('calls' in deed) {
      words[WHAT] = CALLED | (own.calls.length << WHAT_BITS)
      rows[DURATION] = deed.takes
      own.learn({ fabrics: [], routes: [], calls: [{ name: deed.calls, communicator: 'world', ok: true }] })
      return [{ traced: own, rows }]
    }
    const isSent = 'sends' in deed
    const { context = 0, tag = 0, bytes = 8 } = deed
    words[WHAT] = (isSent ? SENT : RECEIVED) | (own.routes.length << WHAT_BITS)
    words[TAG] = tag
    rows[BYTES] = bytes
    rows[WAITED] = isSent ? -1 : (deed.waited ?? -1)
    const peer = isSent ? deed.sends : deed.receives
    const datatype = bytes === 8 ? NUMBER : codeOf('Float64Array')!
    own.learn({
      fabrics: [],
      routes: [{ fabric: 0, context, peer, datatype, communicator: context === 0 ? 'world' : undefined }],
      calls: []
    })
    return [{ traced: own, rows }]
  })
  return { clock: { id: 'machine 0', offset: 0, wall: STARTED }, since, traced, chunks: () => chunks }
}

/** The trace of it, as it is in a file. */
export function traceOf(run: Recorded): string {
  let text = '[\n'
  formatTrace(run, (more) => {
    text += more
  })
  return `${text}{"ph":"M","name":"trace_end","pid":0,"tid":0}\n]\n`
}
