import { Observable, type Subscriber, type Subscription } from 'rxjs'
import { references } from '../codec/reference.js'
import type { Call } from './call.js'
import type { CallRegistry, Party } from './call-registry.js'
import { CALLED, FAILURE, type Failure, type Kind, OVER, PASSED_ON, remoteError, TOLD, type Told } from './control-messages.js'
import { type Definition, Misfit, NOTHING } from './definition.js'
import { type Audience, Participant } from './participant.js'
import { raggedError } from './ragged.js'
import { ENDED, type Word } from './termination.js'

const nothing = (): void => undefined
/** Who listens between two rounds. */
const NOBODY: Audience<unknown> = { emit: nothing, finish: nothing, fail: nothing, giveUp: nothing }

/**
 * A collective that stays composed and subscribed: each call of the method is one round of it, which all ranks take part in. A round is
 * over with its result, and nothing has to be agreed on. One is under way at a time; after an error there are no more.
 */
export class StandingStream<T, R> extends Participant<R> {
  /** Takes the value of a call; a rank that gives none needs no way for them. */
  #values: Subscriber<T> | undefined
  readonly #pipeline: Subscription
  readonly #done: (stream: StandingStream<T, R>) => void

  /** `done`: its round is over, and it is ready for another. */
  constructor(
    registry: CallRegistry,
    collective: Definition<T, R>,
    algorithm: string | undefined,
    done: (stream: StandingStream<T, R>) => void
  ) {
    super(registry, collective.ahead === true)
    this.#done = done
    const values = new Observable<T>((subscriber) => {
      this.#values = subscriber
    })
    const results = collective.build(this.links, algorithm)(values)
    this.#pipeline = results.subscribe({ next: (result) => this.#over(result), error: (error) => this.fail(error) })
  }

  /** The round of a call, which another may have begun. */
  run(call: Call, audience: Audience<R>, value: T, follows?: Party): void {
    this.begin(call, audience, follows)
    references.here = this.comm.endpoint
    this.links.look()
    if (!this.closed) this.#values?.next(value)
  }

  hear(kind: Kind, from: number, saying: unknown): void {
    if (this.closed) return
    if (kind === CALLED) this.links.confirmed(from)
    else if (kind === FAILURE) {
      const failure = saying as Failure
      // An operator's later rounds are none of this one.
      if (failure.round === 0 || failure.failed !== false) this.stop(remoteError(this.comm, from, this.call.signature.name, failure))
    } else if (kind === PASSED_ON || kind === TOLD) this.#compare(from, kind, saying)
  }

  /** Other ranks may end when they like. */
  gone(): void {}

  single(): void {}

  protected hasLeft(): boolean {
    return false
  }

  protected failIn(_round: number | undefined, error: Error): void {
    this.failNow(error, 0)
  }

  protected get isHeard(): boolean {
    return true
  }

  protected get awaited(): string {
    return 'the other ranks'
  }

  #over(result: R | typeof NOTHING | Misfit): void {
    if (this.closed) return
    if (result instanceof Misfit) return this.stop(result.error)
    const { audience } = this
    this.close(true)
    if (result !== NOTHING) audience.emit(result)
    audience.finish()
    // It stands by for long: the last result is not its own to keep.
    this.audience = NOBODY
    // Not before: who hears the result may call again at once, while this round's steps are still on the stack.
    this.#done(this)
  }

  /** What an operator on another rank says of its stream. */
  #compare(from: number, kind: Kind, saying: unknown): void {
    const [first, count] = saying as Told
    this.say(from, OVER, 0)
    if (count > 0 || (kind === TOLD && first !== ENDED)) return
    const words: (Word | undefined)[] = []
    words[from] = { kind: ENDED, count }
    words[this.comm.rank] = { kind: ENDED, count: 1 }
    this.stop(raggedError(words, this.call, this.comm))
  }

  protected override close(whole: boolean): void {
    super.close(whole)
    if (!whole) this.#pipeline.unsubscribe()
  }
}
