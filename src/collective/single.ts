import { Observable, type Subscription } from 'rxjs'
import { references } from '../codec/reference.js'
import type { Call } from './call.js'
import type { CallRegistry } from './call-registry.js'
import { CALLED, FAILURE, type Failure, type Kind, OVER, PASSED_ON, remoteError, TOLD, type Told } from './control-messages.js'
import { type Definition, Misfit, NOTHING } from './definition.js'
import { type Audience, Participant } from './participant.js'
import { raggedError } from './ragged.js'
import { ENDED, type Word } from './termination.js'

/** A method's call: one round, which all ranks take part in. It is over with its result, and nothing has to be agreed on. */
export class Single<T, R> extends Participant<R> {
  readonly #pipeline: Subscription | undefined

  constructor(registry: CallRegistry, call: Call, collective: Definition<T, R>, audience: Audience<R>, value: T) {
    super(registry, call, collective.ahead === true, audience)
    registry.open(this)
    if (this.closed) return
    const { giver } = collective
    if (giver === undefined || giver === this.comm.rank) call.note(value)
    references.here = this.comm.endpoint
    const values = new Observable<T>((subscriber) => subscriber.next(value))
    const results = collective.build(this.links, collective.algorithm ?? collective.suited?.(value))(values)
    this.#pipeline = results.subscribe({ next: (result) => this.#over(result), error: (error) => this.fail(error) })
    if (this.closed) this.#pipeline.unsubscribe()
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
    this.close(true)
    if (result !== NOTHING) this.audience.emit(result)
    this.audience.finish()
  }

  /** What an operator on another rank says of its stream. */
  #compare(from: number, kind: Kind, saying: unknown): void {
    const [first, count] = saying as Told
    this.say(from, OVER, null)
    if (count > 0 || (kind === TOLD && first !== ENDED)) return
    const words: (Word | undefined)[] = []
    words[from] = { kind: ENDED, count }
    words[this.comm.rank] = { kind: ENDED, count: 1 }
    this.stop(raggedError(words, this.call))
  }

  protected override close(whole: boolean): void {
    super.close(whole)
    this.#pipeline?.unsubscribe()
  }
}
