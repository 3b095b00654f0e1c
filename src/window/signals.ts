import type { CallSite } from '../diagnostics/call-site.js'
import type { Service } from '../service/service.js'
import type { Waits } from './waits.js'

/** Words of one kind that ranks say to each other, each of which is heard once: "I have posted", "I have completed". */
export class Signals {
  readonly #service: Service
  readonly #waits: Waits
  readonly #kind: string
  readonly #why: (rank: number) => Error | undefined
  readonly #heard: number[]
  readonly #wanted: (() => void)[][]

  /** `why`: why nothing comes of a rank any more. */
  constructor(service: Service, waits: Waits, kind: string, why: (rank: number) => Error | undefined) {
    this.#service = service
    this.#waits = waits
    this.#kind = kind
    this.#why = why
    const { size } = service.core
    this.#heard = Array(size).fill(0)
    this.#wanted = Array.from({ length: size }, () => [])
    service.serve(kind, (rank) => {
      const next = this.#wanted[rank]!.shift()
      if (next === undefined) this.#heard[rank]!++
      else next()
    })
  }

  say(rank: number): void {
    this.#service.tell(rank, this.#kind, [])
  }

  /** Hears one of each of some ranks, if all have said it. */
  test(ranks: Iterable<number>): boolean {
    for (const rank of ranks) if (this.#heard[rank] === 0) return false
    for (const rank of ranks) this.#heard[rank]!--
    return true
  }

  /** Waits for one of each; the first that cannot come fails it. */
  wait(ranks: Iterable<number>, site: CallSite | undefined, what: string, done: (error: Error | null) => void): void {
    let left = 1
    let isOver = false
    const ends: (() => void)[] = []
    const end = (error: Error | null): void => {
      if (isOver) return
      isOver = true
      for (const one of ends) one()
      done(error)
    }
    for (const rank of ranks) {
      if (this.#heard[rank]! > 0) {
        this.#heard[rank]!--
        continue
      }
      const gone = this.#why(rank)
      if (gone !== undefined) return end(gone)
      left++
      const stop = this.#waits.add(rank, site, () => `in ${what} for rank ${rank} to ${VERBS[this.#kind]} on ${this.#service.what}`, end)
      const heard = (): void => {
        stop()
        if (--left === 0) end(null)
      }
      ends.push(() => {
        stop()
        const queue = this.#wanted[rank]!
        const place = queue.indexOf(heard)
        if (place >= 0) queue.splice(place, 1)
      })
      this.#wanted[rank]!.push(heard)
    }
    if (--left === 0) end(null)
  }
}

const VERBS: Record<string, string> = { posted: 'post', completed: 'complete' }
