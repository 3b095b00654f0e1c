import { type Observer, Subject } from 'rxjs'
import type { Payload } from '../src/viewers/wire.js'
import { type CreditPolicy, withCredit } from '../src/viewers/with-credit.js'
import { encode } from './codec.js'
import type { Session } from './session.js'

/** The values that a viewer publishes under a name. It goes over to another session when its own is lost. */
export class StreamWriter<T> implements Observer<T> {
  readonly #name: string
  readonly #policy: CreditPolicy
  readonly #session: () => Session
  readonly #onIdle: () => void
  #values: Subject<Payload> | undefined
  #ended = false
  #overflow: { error: unknown } | undefined

  /** `session`: the one that there is, or a new one. `onIdle`: nothing more comes from here. */
  constructor(name: string, policy: CreditPolicy, session: () => Session, onIdle: () => void) {
    this.#name = name
    this.#policy = policy
    this.#session = session
    this.#onIdle = onIdle
    // An observer is handed to operators, and called without its object.
    this.next = this.next.bind(this)
    this.error = this.error.bind(this)
    this.complete = this.complete.bind(this)
  }

  next(value: T): void {
    if (this.#ended) return
    const payload = encode(value)
    this.#values ??= this.#attach()
    this.#values.next(payload)
    if (this.#overflow === undefined) return
    this.#ended = true
    throw this.#overflow.error
  }

  error(_error: unknown): void {
    this.complete()
  }

  complete(): void {
    this.#ended = true
    this.#values?.complete()
  }

  #attach(): Subject<Payload> {
    const session = this.#session()
    const values = new Subject<Payload>()
    const credit$ = new Subject<number>()
    const lost = (): void => {
      if (this.#values === values) this.#values = undefined
      taking.unsubscribe()
    }
    const id = session.publish(this.#name, { granted: (count) => credit$.next(count), lost })
    const end = (): void => {
      session.completeWriting(id)
      this.#onIdle()
    }
    const taking = values.pipe(withCredit(credit$, this.#policy)).subscribe({
      next: (payload) => session.write(id, payload),
      error: (error) => {
        this.#overflow = { error }
        end()
      },
      complete: end
    })
    return values
  }
}
