import { asyncScheduler, Observable, type ObservableInput, type Subscription } from 'rxjs'
import { NO_RANKS, type Referable, references, toReference } from '../codec/reference.js'
import { CommunicatorCore } from '../core/communicator-core.js'
import { type CallSite, recordCallSite } from '../diagnostics/call-site.js'
import { ArgumentError, DataCloneError } from '../errors.js'
import { LENT } from '../progress/context-ids.js'
import type { Endpoint } from '../progress/endpoint.js'
import { callIn, FIRST } from './control-messages.js'
import { presentDemand } from './demand.js'
import { DEFAULT_BYTES, DEFAULT_VALUES } from './options.js'
import { OverflowPolicy } from './overflow-policy.js'
import { writeSource } from './source-writer.js'
import { StreamRegistry } from './stream-registry.js'
import type { Writer } from './writer.js'

const TIMEOUT_MS = 30_000
/** A ref's stream has the low bits of its number for its tag, and the others for its call. */
const TAGS = 2 ** 31
/** Of a value that is only looked at, or that no other rank will have. */
const NOWHERE = [0, 0] as const

/** A stream as a value: it can be sent, and is an Observable where it arrives. */
export class Ref<T> implements Referable {
  readonly #source: ObservableInput<T>
  readonly #timeout: number
  readonly #site: CallSite | undefined
  /** What it is where it arrives; for TypeScript only. */
  declare readonly arrives: Observable<T>

  constructor(source: ObservableInput<T>, timeout: number = TIMEOUT_MS) {
    this.#source = source
    this.#timeout = timeout
    this.#site = recordCallSite()
  }

  /** @internal */
  [toReference](readers: number): readonly [number, number] {
    if (readers === NO_RANKS) throw new DataCloneError('data: a ref is for ranks; publish the values of its stream instead')
    const { here } = references
    return here === undefined || readers === 0 ? NOWHERE : homeOf(here as Endpoint).lend(this.#source, this.#timeout, readers, this.#site)
  }
}

interface Lent {
  readonly source: ObservableInput<unknown>
  /** Ranks that have it and have not subscribed. */
  readers: number
  readonly site: CallSite | undefined
  readonly expiry: Subscription
}

/**
 * The streams that a rank has lent to others, and its way to those that it has borrowed. They are known by a number, whatever communicator
 * they came by, and no number is given twice: somebody may subscribe to a stream long after it was taken back.
 */
class Home extends CommunicatorCore {
  readonly channels: StreamRegistry
  readonly #lent = new Map<number, Lent>()
  #next = FIRST.ref

  constructor(endpoint: Endpoint) {
    super(
      endpoint,
      LENT,
      'ref',
      Array.from({ length: endpoint.transport.size }, (_, member) => member)
    )
    this.channels = new StreamRegistry(this, (writer) => this.#asked(writer))
  }

  lend(source: ObservableInput<unknown>, timeout: number, readers: number, site: CallSite | undefined): readonly [number, number] {
    const id = this.#next++
    if (id >= Number.MAX_SAFE_INTEGER) throw new ArgumentError(`ref: a rank lends ${Number.MAX_SAFE_INTEGER} streams and no more`)
    const expiry = asyncScheduler.schedule(() => {
      this.#lent.delete(id)
    }, timeout)
    // The time that is left keeps the rank alive; it also has to hear.
    const { transport } = this.endpoint
    transport.watch()
    expiry.add(() => transport.unwatch())
    this.#lent.set(id, { source, readers, site, expiry })
    return [this.endpoint.transport.rank, id]
  }

  borrow<T>(home: number, id: number): Observable<T> {
    let borrowed = false
    return new Observable<T>((subscriber) => {
      const site = recordCallSite()
      if (borrowed) {
        const error = new ArgumentError('ref: a stream that has come by a message can be subscribed to once; share() it')
        return subscriber.error(this.inContext(error, site))
      }
      borrowed = true
      const reader = this.channels.reader<T>({ peer: home, tag: id % TAGS, number: Math.floor(id / TAGS), site, subscriptions: 0 })
      subscriber.add(() => reader.cancel())
      reader.start(subscriber, { values: DEFAULT_VALUES, bytes: DEFAULT_BYTES }, presentDemand(), site)
    })
  }

  /** Somebody reads what was lent to it. */
  #asked(writer: Writer): void {
    const id = callIn(writer.id) * TAGS + writer.tag
    const lent = this.#lent.get(id)
    if (lent !== undefined && --lent.readers === 0) {
      this.#lent.delete(id)
      lent.expiry.unsubscribe()
    }
    const site = lent?.site
    this.channels.adopt(writer)
    const missing = new Observable<never>((subscriber) =>
      subscriber.error(
        new ArgumentError(
          'ref: nobody has subscribed to the stream in time, or somebody has already; ' +
            'it can be subscribed to once on each rank that it was sent to'
        )
      )
    )
    const open = () => ({ writer, valve: new OverflowPolicy(writer, this, 'buffer', 1_000_000, undefined) })
    // Its reader is told of an error, and there is nobody else.
    writeSource<unknown>(this, lent?.source ?? missing, open, site).subscribe({ error: () => undefined })
  }
}

const homes = new WeakMap<Endpoint, Home>()

function homeOf(endpoint: Endpoint): Home {
  let home = homes.get(endpoint)
  if (home === undefined) {
    home = new Home(endpoint)
    homes.set(endpoint, home)
  }
  return home
}

/** From the first ref on that a program makes or names: whoever has none imports nothing of this. */
references.revive = (home, id) => homeOf(references.here as Endpoint).borrow(home, id)
