import { GONE, type Log } from '../../diagnostics/flight-recorder.js'
import type { Observation, ObservedCall } from '../../runtime/observation.js'
import type { Place } from './job-view.js'
import { marksOf } from './marks.js'
import type { CallPicture, Mark, RankPicture, RankState } from './model/picture.js'

/** A rank that has not answered for so long computes. */
const BUSY_MS = 1000
const NOTHING: Observation = { calls: [], moreCalls: 0, paths: [], unreceived: 0 }

/** What is known of a rank, from what it says itself and from what it cannot help to show. */
export class RankView {
  readonly process: number
  observation = NOTHING
  /** Since when it has not answered. */
  #asked: number | undefined
  #answered = 0
  #log: Log | undefined
  #moved: number
  #end: { how: 'end' | 'cut' | 'failure'; reason: string | undefined } | undefined
  #fails = false
  /** What it was in when the job's end began, and for how long it had done nothing. */
  #before: { calls: readonly ObservedCall[]; still: number } | undefined
  /** What it was stuck in at a proven deadlock. */
  #stuck: readonly ObservedCall[] | undefined

  constructor(process: number, now: number) {
    this.process = process
    this.#moved = now
  }

  get isAsked(): boolean {
    return this.#asked !== undefined
  }

  ask(now: number): void {
    this.#asked = now
  }

  observed(observation: Observation, now: number): void {
    this.observation = observation
    this.#asked = undefined
    this.#answered = now
  }

  /** Nobody has looked for a while: what was asked then may be answered, or not. */
  rest(): void {
    this.#asked = undefined
  }

  saw(log: Log | undefined, now: number): void {
    if (log === undefined) return
    if (hasMoved(log, this.#log?.count ?? 0)) this.#moved = now
    this.#log = log
  }

  stuck(calls: readonly ObservedCall[]): void {
    this.#stuck = calls
  }

  ended(how: 'end' | 'cut' | 'failure', reason: string | undefined): void {
    // Once the job's end has begun, ranks fail for want of those that were cut off before them.
    const follows = how === 'failure' && this.#before !== undefined
    this.#end ??= { how: follows ? 'cut' : how, reason }
  }

  /** It has failed, and its end will come. */
  fails(): void {
    this.#fails = true
  }

  ending(now: number): void {
    if (this.#end === undefined && !this.#fails) this.#before ??= { calls: this.observation.calls, still: now - this.#moved }
  }

  get hasEnded(): boolean {
    return this.#end !== undefined
  }

  picture({ title, host, base }: Place, now: number): RankPicture {
    const { moreCalls, paths, unreceived, calls } = this.observation
    const ended = this.#end !== undefined
    // What was cut off shows what it was in: what became of that afterwards follows from the end.
    const before = this.#end?.how === 'cut' ? this.#before : undefined
    const shown = this.#stuck ?? (ended ? (before?.calls ?? []) : calls)
    const silent = ended || this.#asked === undefined ? 0 : now - this.#asked
    const low = paths.reduce<(typeof paths)[number] | undefined>(
      (least, path) => (least && least.credit <= path.credit ? least : path),
      undefined
    )
    const sum = (key: 'messages' | 'bytes' | 'queued' | 'unmatched'): number => paths.reduce((total, path) => total + path[key], 0)
    return {
      process: this.process,
      title,
      host,
      state: this.#state(silent),
      why: this.#end?.reason,
      silent: Math.round(silent / 100) / 10,
      answered: this.#answered,
      still: Math.round((before?.still ?? now - this.#moved) / 100) / 10,
      calls: shown.map(callPicture),
      moreCalls: ended ? 0 : moreCalls,
      events: this.#log?.count ?? 0,
      messages: sum('messages'),
      bytes: sum('bytes'),
      queued: sum('queued'),
      unmatched: sum('unmatched'),
      unreceived,
      credit: low && typeof low.to === 'number' ? { bytes: low.credit, to: low.to } : undefined,
      last: this.#marks(base)
    }
  }

  #state(silent: number): RankState {
    if (this.#end !== undefined) return this.#end.how === 'end' ? 'ended' : this.#end.how === 'cut' ? 'cut' : 'failed'
    if (silent > BUSY_MS) return 'busy'
    return this.observation.calls.some(({ endless }) => !endless) ? 'waiting' : 'running'
  }

  #marks(base: number): readonly Mark[] {
    return this.#log === undefined ? [] : marksOf(this.#log, base)
  }
}

/** It has done something since there were so many entries. That it hears of another's end is nothing that it does. */
function hasMoved({ count, entries }: Log, before: number): boolean {
  if (count - before > entries.length) return true
  return entries.slice(entries.length - (count - before)).some(({ what }) => what !== GONE)
}

const callPicture = ({ what, at, peers, any, endless }: ObservedCall): CallPicture => ({
  what,
  at,
  peers: peers.filter((peer) => typeof peer === 'number'),
  any,
  endless
})
