import { Observable, type Subscriber } from 'rxjs'
import { ANY_SOURCE, ANY_TAG } from '../constants.js'
import { checkOptions, checkReceiveTag, checkSource } from '../diagnostics/arguments.js'
import { type CallSite, recordCallSite } from '../diagnostics/call-site.js'
import type { Service } from '../service/service.js'
import { presentDemand } from '../stream/demand.js'
import { NOTIFIED } from './options.js'
import type { Waits } from './waits.js'

/** What has been written to this rank's part, told after it can be seen. */
export interface Notification {
  /** The rank that has written it. */
  readonly source: number
  /** As the call gave it. */
  readonly tag: number
  /** The first element that was written, */
  readonly at: number
  /** and how many there are to the last. */
  readonly count: number
}

/** What a source may have told without anybody looking. */
const LIMIT = 2 ** 16
/** It is told of room a part of that at a time. */
const GRANT = LIMIT / 8

/**
 * Tells what was written of which ranks wish their target to hear. Each is emitted once, in order of its source; without a subscriber it
 * waits, and so does in the end its source.
 */
export class Notifications {
  readonly #service: Service
  readonly #waits: Waits
  readonly #kept: Notification[] = []
  readonly #readers = new Set<Reader>()
  /** Emitted since the source was last told, by source. */
  readonly #emitted: number[]
  /** What may be told each target. */
  readonly #credit: number[]
  readonly #starved: (() => void)[][]
  #isRunning = false

  constructor(service: Service, waits: Waits) {
    this.#service = service
    this.#waits = waits
    const { size } = service.core
    this.#emitted = Array(size).fill(0)
    this.#credit = Array(size).fill(LIMIT)
    this.#starved = Array.from({ length: size }, () => [])
    service.serve('notify', (source, [tag, at, count]) =>
      this.deliver({ source, tag: tag as number, at: at as number, count: count as number })
    )
    service.serve('heard', (target, [count]) => {
      this.#credit[target]! += count as number
      while (this.#credit[target]! > 0 && this.#starved[target]!.length > 0) this.#starved[target]!.shift()!()
    })
  }

  /** Room to tell a target something: runs at once, or when it has listened. */
  room(target: number, site: CallSite | undefined, run: () => void, fail: (error: Error) => void): void {
    if (this.#credit[target]! > 0) {
      this.#credit[target]!--
      return run()
    }
    const end = this.#waits.add(
      target,
      site,
      () => `for rank ${target} to take the notifications of ${this.#service.what} that it has`,
      (error) => {
        const queue = this.#starved[target]!
        queue.splice(queue.indexOf(go), 1)
        fail(error)
      }
    )
    const go = (): void => {
      end()
      this.#credit[target]!--
      run()
    }
    this.#starved[target]!.push(go)
  }

  /** Says what is there to be seen. */
  tell(target: number, tag: number, at: number, count: number): void {
    this.#service.tell(target, 'notify', [tag, at, count])
  }

  deliver(notification: Notification): void {
    this.#kept.push(notification)
    this.#run()
  }

  /** Throws what is wrong with the options. */
  stream(options: { source?: number; tag?: number }): Observable<Notification> {
    checkOptions(options, NOTIFIED, '{ source: 1 }')
    const { source = ANY_SOURCE, tag = ANY_TAG } = options
    checkSource(source, this.#service.core.size)
    checkReceiveTag(tag)
    const site = recordCallSite()
    return new Observable((subscriber) => {
      const { core } = this.#service
      if (!core.alive) return subscriber.error(core.freedError())
      const demand = presentDemand()
      const reader: Reader = { source, tag, subscriber, demand, stop: undefined }
      const end = this.#waits.add(
        source === ANY_SOURCE ? undefined : source,
        site,
        () => `for notifications of ${this.#service.what}`,
        (error) => subscriber.error(core.inContext(error, site)),
        () => subscriber.complete()
      )
      subscriber.add(() => {
        end()
        reader.stop?.()
        this.#readers.delete(reader)
      })
      this.#readers.add(reader)
      this.#run()
    })
  }

  /** Gives what is there to who wants it, in order: a loop, for who is given something may cause more. */
  #run(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (let k = 0; k < this.#kept.length; ) {
        const notification = this.#kept[k]!
        const reader = this.#readerOf(notification)
        if (reader === undefined) {
          k++
          continue
        }
        this.#kept.splice(k, 1)
        this.#count(notification.source)
        reader.subscriber.next(notification)
        // Who has left or come may want what was passed over.
        k = 0
      }
    } finally {
      this.#isRunning = false
    }
  }

  #readerOf({ source, tag }: Notification): Reader | undefined {
    for (const reader of this.#readers) {
      if (reader.source !== ANY_SOURCE && reader.source !== source) continue
      if (reader.tag !== ANY_TAG && reader.tag !== tag) continue
      const { demand } = reader
      if (demand === undefined || demand.open) return reader
      reader.stop ??= demand.wait(() => {
        reader.stop = undefined
        this.#run()
      })
    }
    return undefined
  }

  #count(source: number): void {
    if (++this.#emitted[source]! < GRANT) return
    this.#service.tell(source, 'heard', [this.#emitted[source]])
    this.#emitted[source] = 0
  }
}

interface Reader {
  readonly source: number
  readonly tag: number
  readonly subscriber: Subscriber<Notification>
  readonly demand: ReturnType<typeof presentDemand>
  stop: (() => void) | undefined
}
