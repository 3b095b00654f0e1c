import type { Mark, MarkKind, Picture } from './picture.js'

/** What was seen of one rank for a while. */
export interface Lane {
  readonly process: number
  /** Single things that it has done, from the oldest; of many a second the last of each picture. */
  readonly marks: readonly Mark[]
  /** How many things it has done between two pictures, which is known of all. */
  readonly spans: readonly { readonly from: number; readonly to: number; readonly count: number }[]
  readonly events: number
  /** When that was so. */
  readonly time: number
}

export type Lanes = ReadonlyMap<number, Lane>

/** What is shown of the past. */
export const SHOWN_MS = 20_000
const MOST_MARKS = 1280

/** With one more picture; lanes are those of its ranks. */
export function addLanes(lanes: Lanes, { time, ranks }: Pick<Picture, 'time' | 'ranks'>): Lanes {
  return new Map(
    ranks.map(({ process, events, last }) => {
      const before = lanes.get(process)
      const seen = before?.marks.at(-1)?.n ?? -1
      const since = time - SHOWN_MS
      const marks = [...(before?.marks ?? []), ...last.filter(({ n }) => n > seen)].filter((mark) => mark.time > since).slice(-MOST_MARKS)
      const spans = (before?.spans ?? []).filter(({ to }) => to > since)
      const count = events - (before?.events ?? events)
      if (before !== undefined && count > 0) spans.push({ from: before.time, to: time, count })
      return [process, { process, marks, spans, events, time }]
    })
  )
}

/** Marks of one kind that are too near to each other to be drawn one by one. */
export interface Cluster {
  readonly kind: MarkKind
  /** Of the first of them, which stays where it is as others come. */
  readonly time: number
  readonly count: number
  /** The process that all are to or from; undefined where there are several. */
  readonly peer: number | undefined
}

/** Those of a lane within the time that is shown, as far apart as `apartMs`. */
export function clusters({ marks }: Lane, from: number, apartMs: number): Cluster[] {
  const all: Cluster[] = []
  const open = new Map<MarkKind, number>()
  for (const { kind, time, peer } of marks) {
    if (time < from) continue
    const place = open.get(kind)
    const last = place === undefined ? undefined : all[place]
    if (last !== undefined && time - last.time < apartMs)
      all[place!] = { ...last, count: last.count + 1, peer: last.peer === peer ? peer : undefined }
    else {
      open.set(kind, all.length)
      all.push({ kind, time, count: 1, peer })
    }
  }
  return all
}
