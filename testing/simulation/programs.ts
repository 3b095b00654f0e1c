import { map, Observable, Subject } from 'rxjs'
import { Request } from '../../src/request/request.js'

/**
 * What the ranks of a test run. A rank's part in a collective has to be subscribed to on every rank, also where the test looks at one of
 * them only; so the pipelines that nobody has subscribed to when time starts to pass are.
 */
export class Programs {
  readonly #unwatched = new Set<Observable<unknown>>()
  /** All that they have returned. */
  readonly returned: unknown[] = []

  /** The same, or an observable that tells when it is subscribed to. */
  add<T>(program: T): T {
    this.returned.push(program)
    if (!isPipeline(program)) return program
    const watched = new Observable<unknown>((subscriber) => {
      this.#unwatched.delete(watched)
      return program.subscribe(subscriber)
    })
    this.#unwatched.add(watched)
    return watched as T
  }

  /** The test will subscribe to it. */
  watch(observable: Observable<unknown>): void {
    this.#unwatched.delete(observable)
  }

  /** Those that nobody has subscribed to. */
  unwatched(): Observable<unknown>[] {
    return [...this.#unwatched]
  }
}

/** What `pipe` gives for a subject. */
const Piped = new Subject<unknown>().pipe(map(String)).constructor

/** Observables that operators have made. Requests run anyway, and subjects and channels are for the test to use. */
function isPipeline(program: unknown): program is Observable<unknown> {
  if (!(program instanceof Observable) || program instanceof Request) return false
  return Object.getPrototypeOf(program) === Observable.prototype || program.constructor === Piped
}
