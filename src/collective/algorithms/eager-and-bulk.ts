import { type MonoTypeOperatorFunction, Observable, Subject, tap } from 'rxjs'
import type { Links, Unit } from '../steps.js'

/** A round of which some data may go apart from the rest. */
export interface Parted extends Unit {
  /** It is on its way apart. */
  entered: boolean
}

export interface Ways<U> {
  /** It is known before the bundles have come what comes apart. */
  readonly foreseen: (unit: U) => boolean
  /** The bundles have come, and all is known; false where it does not go together. */
  readonly know: (unit: U) => boolean
  /** Whether this rank sends or receives anything apart. */
  readonly isParted: (unit: U) => boolean
  readonly bundles: MonoTypeOperatorFunction<U>
  readonly apart: (links: Links) => MonoTypeOperatorFunction<U>
}

/**
 * Two ways side by side: bundles, which tell every rank what there is, and one apart for what is too large for them. A round goes apart
 * when the bundles have told what comes, or at once where that is foreseen, but in the order of the rounds, for that is the order of
 * messages there.
 */
export function eagerAndBulk<U extends Parted>(
  links: Links,
  { foreseen, know, isParted, bundles, apart }: Ways<U>
): MonoTypeOperatorFunction<U> {
  return (source) =>
    new Observable((subscriber) => {
      let flow: Subject<U> | undefined
      let inBundles = 0
      const enter = (unit: U): void => {
        unit.entered = true
        if (!isParted(unit)) return
        unit.pending++
        if (flow === undefined) {
          flow = new Subject()
          subscriber.add(links.beside(flow.pipe(apart(links.aside))))
        }
        flow.next(unit)
      }
      return source
        .pipe(
          tap((unit) => {
            if (inBundles === 0 && foreseen(unit)) enter(unit)
            inBundles++
          }),
          bundles,
          tap((unit) => {
            inBundles--
            if (!know(unit)) links.disagree(unit)
            else if (!unit.entered) enter(unit)
          })
        )
        .subscribe(subscriber)
    })
}

/** All steps at once: each unit is pending until it has come out of every one. */
export function atOnce<U extends Unit>(links: Links, steps: readonly MonoTypeOperatorFunction<U>[]): MonoTypeOperatorFunction<U> {
  return (source) =>
    new Observable((subscriber) => {
      const ways = steps.map((step) => {
        const way = new Subject<U>()
        subscriber.add(links.beside(way.pipe(step)))
        return way
      })
      return source.subscribe((unit) => {
        unit.pending += ways.length
        for (const way of ways) way.next(unit)
        subscriber.next(unit)
      })
    })
}
