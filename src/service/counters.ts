import type { CallSite } from '../diagnostics/call-site.js'
import type { Done } from './done.js'
import type { Service } from './service.js'

/**
 * Numbers that the ranks of a service share: a file's common pointer, tickets, and what is true for all because one said it first. They
 * live on one rank, and this is all that anybody knows of it.
 */
export interface Counters {
  /** Adds to a number that is 0 at first; the number before. */
  add(key: string, amount: number, done: Done<number>, site?: CallSite): void
  /** Makes one of the changes that the service knows; the number before. */
  change(how: string, key: string, amount: number, base: number, done: Done<number>, site?: CallSite): void
  set(key: string, value: number, done: Done<void>, site?: CallSite): void
  /** Makes it no less than `value`. */
  raise(key: string, value: number, done: Done<void>, site?: CallSite): void
  get(key: string, done: Done<number>, site?: CallSite): void
  /**
   * Takes the next of `limit` numbers, from 0 on; `limit` when all are taken. That there are none left is known on every rank from then on,
   * also when who keeps the number is no more.
   */
  draw(key: string, limit: number, done: Done<number>, site?: CallSite): void
  /** What was said first of this, maybe by this call. Known on every rank from then on. */
  first(key: string, value: number, done: Done<number>, site?: CallSite): void
  /** The number, on the rank that keeps it. */
  here(key: string): number | undefined
}

/** What becomes of a number. */
export type Change = (before: number, amount: number, base: number) => number

const CHANGES: Readonly<Record<string, Change>> = {
  add: (before, amount) => before + amount,
  set: (_, value) => value,
  raise: (before, value) => Math.max(before, value)
}

/** Said to all ranks of a number that does not change any more. */
const FINAL = 'final'

/** Kept by a rank that the others ask by message. */
export class ServedCounters implements Counters {
  readonly #service: Service
  readonly #keeper: number
  readonly #changes: Readonly<Record<string, Change>>
  readonly #numbers = new Map<string, number>()
  /** Those that do not change any more, as far as this rank was told. */
  readonly #final = new Map<string, number>()

  /** `changes`: what can be done to a number besides. All ranks know the same. */
  constructor(service: Service, keeper: number, changes: Readonly<Record<string, Change>> = {}) {
    this.#service = service
    this.#changes = { ...CHANGES, ...changes }
    this.#keeper = keeper
    service.serve('count', (_, [how, key, value, base], reply) =>
      reply(null, this.#apply(how as string, key as string, value as number, base as number))
    )
    service.serve<readonly [string, number]>(FINAL, (_, [key, value]) => void this.#final.set(key, value))
  }

  add(key: string, amount: number, done: Done<number>, site?: CallSite): void {
    this.#ask('add', [key, amount], site, done)
  }

  change(how: string, key: string, amount: number, base: number, done: Done<number>, site?: CallSite): void {
    this.#ask(how, [key, amount, base], site, done)
  }

  set(key: string, value: number, done: Done<void>, site?: CallSite): void {
    this.#ask('set', [key, value], site, done as Done<unknown>)
  }

  raise(key: string, value: number, done: Done<void>, site?: CallSite): void {
    this.#ask('raise', [key, value], site, done as Done<unknown>)
  }

  get(key: string, done: Done<number>, site?: CallSite): void {
    this.#ask('add', [key, 0], site, done)
  }

  draw(key: string, limit: number, done: Done<number>, site?: CallSite): void {
    this.#askUnlessFinal('draw', key, limit, site, done)
  }

  first(key: string, value: number, done: Done<number>, site?: CallSite): void {
    this.#askUnlessFinal('first', key, value, site, done)
  }

  here(key: string): number | undefined {
    return this.#service.core.rank === this.#keeper ? (this.#numbers.get(key) ?? 0) : undefined
  }

  #ask<T>(how: string, asked: readonly unknown[], site: CallSite | undefined, done: Done<T>): void {
    this.#service.ask(this.#keeper, 'count', [how, ...asked], site, done)
  }

  /** Who keeps it may be no more when it does not change any more; it has told so before. */
  #askUnlessFinal(how: 'draw' | 'first', key: string, value: number, site: CallSite | undefined, done: Done<number>): void {
    const final = this.#final.get(key)
    if (final !== undefined) return done(null, final)
    this.#ask<number>(how, [key, value], site, (error, answer) => {
      const told = error === null ? undefined : this.#final.get(key)
      if (told === undefined) done(error, answer)
      else done(null, told)
    })
  }

  #apply(how: string, key: string, value: number, base: number): number {
    const before = this.#numbers.get(key) ?? 0
    if (how === 'first') return this.#final.get(key) ?? this.#settle(key, value)
    if (how === 'draw') {
      if (before < value) this.#numbers.set(key, before + 1)
      if (before + 1 >= value && !this.#final.has(key)) this.#settle(key, value)
    } else this.#numbers.set(key, this.#changes[how]!(before, value, base))
    return before
  }

  /** It does not change any more. */
  #settle(key: string, value: number): number {
    const { core } = this.#service
    this.#numbers.set(key, value)
    for (let rank = 0; rank < core.size; rank++) this.#service.tell(rank, FINAL, [key, value])
    return value
  }
}
