import { Observable, type Subscription } from 'rxjs'
import { type RunHelpers, TestScheduler } from 'rxjs/testing'
import { type CallSite, captureCallSite, frames, locate } from '../../src/diagnostics/call-site.js'
import { MarbleError } from './errors.js'
import { difference } from './marbles.js'

/** Throws unless what was recorded is what was drawn, as lists of frames and notifications. */
export type Assert = (actual: unknown, expected: unknown) => void

/** In the order in which they were made, which is the order in which they are checked. */
interface Expectation {
  readonly what: string
  readonly site: CallSite
  /** It has been said what is expected. */
  ready: boolean
}

/** RxJS's test scheduler that tells what differs and at which line of the test it was expected, and leaves what it has subscribed to. */
export class MarbleScheduler extends TestScheduler {
  /** Called before time passes. */
  beforeFlush: (() => void) | undefined
  /** More to say about a failed expectation. */
  explain: (() => string) | undefined
  readonly #expectations: Expectation[] = []
  readonly #open = new Set<Subscription>()

  constructor(assert: Assert = assertAsDrawn) {
    super((actual, expected) => this.#check(assert, actual, expected))
  }

  /** RxJS's helpers, of which the expectations are this scheduler's. */
  helpers(base: RunHelpers): RunHelpers {
    return {
      ...base,
      expectObservable: (observable, marbles) => this.expect(base, 'expectObservable', observable, marbles),
      expectSubscriptions: (logs) => {
        const expectation = this.#expectation('expectSubscriptions')
        const { toBe } = base.expectSubscriptions(logs)
        return { toBe: ready(expectation, toBe) }
      }
    }
  }

  /** `expectObservable` by the name that the test knows it by. */
  expect<T>(
    base: RunHelpers,
    what: string,
    observable: Observable<T>,
    marbles: string | null = null
  ): ReturnType<RunHelpers['expectObservable']> {
    const expectation = this.#expectation(what)
    const { toBe, toEqual } = base.expectObservable(this.#tracked(observable), marbles)
    return {
      toBe: ready(expectation, toBe),
      toEqual: ready(expectation, (other: Observable<unknown>) => toEqual(this.#tracked(other) as never))
    } as ReturnType<RunHelpers['expectObservable']>
  }

  /** Runs something that nobody looks at. */
  keep(observable: Observable<unknown>): void {
    this.#tracked(observable).subscribe()
  }

  /** Leaves all that is still subscribed to. */
  leave(): void {
    for (const subscription of this.#open) subscription.unsubscribe()
  }

  override flush(): void {
    this.beforeFlush?.()
    super.flush()
  }

  #tracked<T>(observable: Observable<T>): Observable<T> {
    return new Observable<T>((subscriber) => {
      this.#open.add(subscriber)
      subscriber.add(() => this.#open.delete(subscriber))
      subscriber.add(observable.subscribe(subscriber))
    })
  }

  /** How many expectations the test has made. */
  made = 0

  #expectation(what: string): Expectation {
    this.made++
    const expectation = { what, site: captureCallSite(), ready: false }
    this.#expectations.push(expectation)
    return expectation
  }

  #check(assert: Assert, actual: unknown, expected: unknown): void {
    const due = this.#expectations.findIndex((expectation) => expectation.ready)
    const [{ what, site }] = this.#expectations.splice(due, 1) as [Expectation]
    try {
      assert(actual, expected)
    } catch (error) {
      throw told(error, `${what}${where(site)}: `, this.explain?.() ?? '', site)
    }
  }
}

function assertAsDrawn(actual: unknown, expected: unknown): void {
  const text = difference(actual, expected)
  if (text === undefined) return
  throw new MarbleError(`not as expected\n${text.replace(/^/gm, '  ')}`, actual, expected)
}

function ready<A extends unknown[]>(expectation: Expectation, say: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    say(...args)
    expectation.ready = true
  }
}

/** The same error, with where it was expected and what may be the reason. */
function told(error: unknown, before: string, after: string, site: CallSite): unknown {
  if (!(error instanceof Error)) return error
  const message = `${before}${error.message}${after === '' ? '' : `\n${after}`}`
  error.message = message
  error.stack = [`${error.name}: ${message}`, ...frames(site)].join('\n')
  return error
}

function where(site: CallSite): string {
  const line = locate(site)
  return line === undefined ? '' : ` at ${line}`
}
