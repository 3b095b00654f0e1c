import type { CallSite } from '../diagnostics/call-site.js'
import type { Done } from './file-system.js'
import { endBehind } from './frames.js'
import type { Service } from './service.js'

/**
 * Numbers that the ranks of a file share: its common pointer, tickets, and what is true for all because one said it first. They live on one
 * rank, and this is all that anybody knows of it.
 */
export interface Counters {
  /** Adds to a number that is 0 at first; the number before. */
  add(key: string, amount: number, done: Done<number>, site?: CallSite): void
  /** Moves a position behind a frame of so many bytes, and the marks that fall into it; the position before. */
  addFrame(key: string, bytes: number, base: number, done: Done<number>, site?: CallSite): void
  set(key: string, value: number, done: Done<void>, site?: CallSite): void
  /** Makes it no less than `value`. */
  raise(key: string, value: number, done: Done<void>, site?: CallSite): void
  get(key: string, done: Done<number>, site?: CallSite): void
  /** What was said first of this, maybe by this call. */
  first(key: string, value: number, done: Done<number>, site?: CallSite): void
  /** The number, on the rank that keeps it. */
  here(key: string): number | undefined
}

/** Kept by a rank that the others ask by message. */
export class ServedCounters implements Counters {
  readonly #service: Service
  readonly #keeper: number
  readonly #numbers = new Map<string, number>()

  constructor(service: Service, keeper: number) {
    this.#service = service
    this.#keeper = keeper
    service.serve('count', (_, [how, key, value, base], reply) =>
      reply(null, this.#apply(how as string, key as string, value as number, base as number))
    )
  }

  add(key: string, amount: number, done: Done<number>, site?: CallSite): void {
    this.#ask('add', [key, amount], site, done)
  }

  addFrame(key: string, bytes: number, base: number, done: Done<number>, site?: CallSite): void {
    this.#ask('frame', [key, bytes, base], site, done)
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

  first(key: string, value: number, done: Done<number>, site?: CallSite): void {
    this.#ask('first', [key, value], site, done)
  }

  here(key: string): number | undefined {
    return this.#service.core.rank === this.#keeper ? (this.#numbers.get(key) ?? 0) : undefined
  }

  #ask<T>(how: string, asked: readonly unknown[], site: CallSite | undefined, done: Done<T>): void {
    this.#service.ask(this.#keeper, 'count', [how, ...asked], site, done)
  }

  #apply(how: string, key: string, value: number, base: number): number {
    const known = this.#numbers.get(key)
    const before = known ?? 0
    if (how === 'add') this.#numbers.set(key, before + value)
    else if (how === 'frame') this.#numbers.set(key, base + endBehind(before - base, value))
    else if (how === 'set') this.#numbers.set(key, value)
    else if (how === 'raise') this.#numbers.set(key, Math.max(before, value))
    else if (known === undefined) {
      this.#numbers.set(key, value)
      return value
    }
    return before
  }
}
