import { Observable, ReplaySubject, type Subscriber } from 'rxjs'
import { type JobServices, type Joined, type Order, type Process, type Refusal, refused } from '../progress/job-services.js'
import type { FromJob, JobSeat, ToJob } from './messages.js'

/** What comes of a port: a place in what joins this rank with who has connected, or the port's end. */
type PortNews<S> = S | 'closed'

/** How a rank is connected to its job. */
export interface JobLine<S extends JobSeat> {
  tell(message: ToJob): void
  /** Takes a place in a fabric. */
  enter(seat: S): Joined
  /** One more, or one less, waits for what lasts a while by itself, so that it is no deadlock. */
  hold(change: 1 | -1): void
  /** One more, or one less, waits for what the job says. */
  await(change: 1 | -1): void
}

/** A rank's half of what it and its job say to each other about worlds and ports; it needs to know nothing of what carries either. */
export class JobClient<S extends JobSeat> implements JobServices {
  readonly process: Process
  /** Told of the way to those who have spawned this rank. */
  onParent: (joined: Joined) => void = () => undefined
  readonly #line: JobLine<S>
  readonly #asked = new Map<number, Subscriber<number>>()
  #nextAsked = 0
  /** Those that have come and those that somebody waits for, by number. */
  readonly #come = new Map<number, Joined>()
  readonly #awaited = new Map<number, Subscriber<Joined>>()
  /** Who hears of a port. */
  readonly #ports = new Map<number, { subscriber: Subscriber<Joined>; isRoot: boolean }>()
  /** What has come of ports that are not known yet. */
  readonly #early = new Map<number, PortNews<S>[]>()
  readonly #tickets = new Map<number, ReplaySubject<string>>()

  constructor(process: Process, line: JobLine<S>) {
    this.process = process
    this.#line = line
  }

  ask(order: Order): Observable<number> {
    return new Observable((subscriber) => {
      const id = this.#nextAsked++
      this.#asked.set(id, subscriber)
      // What lasts a while by itself is no deadlock; who waits for others may be in one.
      const lasts = order.type === 'spawn' || (order.type === 'connect' && order.timeout > 0)
      if (lasts) this.#line.hold(1)
      this.#line.await(1)
      this.#line.tell({ type: 'asked', id, order })
      return () => {
        if (lasts) this.#line.hold(-1)
        this.#line.await(-1)
        if (this.#asked.delete(id)) this.#line.tell({ type: 'withdrawn', id })
      }
    })
  }

  withdraw(key: string): void {
    this.#line.tell({ type: 'withdraw', key })
  }

  join(fabric: number): Observable<Joined> {
    return new Observable((subscriber) => {
      const joined = this.#come.get(fabric)
      if (joined === undefined) {
        this.#awaited.set(fabric, subscriber)
        this.#line.hold(1)
        return () => {
          this.#awaited.delete(fabric)
          this.#line.hold(-1)
        }
      }
      this.#come.delete(fabric)
      subscriber.next(joined)
      subscriber.complete()
      return undefined
    })
  }

  accept(port: number, isRoot: boolean): Observable<Joined> {
    return new Observable((subscriber) => {
      this.#ports.set(port, { subscriber, isRoot })
      this.#line.await(1)
      const early = this.#early.get(port) ?? []
      this.#early.delete(port)
      for (const news of early) this.#hear(port, news)
      return () => {
        this.#line.await(-1)
        if (isRoot) this.#line.tell({ type: 'unlisten', port })
      }
    })
  }

  ticket(port: number): Observable<string> {
    return this.#ticket(port)
  }

  /** What the job says. */
  onMessage(message: FromJob<S>): void {
    switch (message.type) {
      case 'joined':
        return this.#take(message.seat)
      case 'answered':
        return this.#answered(message.id, message.value, message.refusal)
      case 'ticket':
        return this.#ticket(message.port).next(message.ticket)
      case 'unlistened':
        this.#tickets.delete(message.port)
        return this.#hear(message.port, 'closed')
    }
  }

  #ticket(port: number): ReplaySubject<string> {
    const ticket = this.#tickets.get(port) ?? new ReplaySubject<string>(1)
    this.#tickets.set(port, ticket)
    return ticket
  }

  #hear(port: number, news: PortNews<S>): void {
    const listener = this.#ports.get(port)
    if (listener === undefined) {
      this.#early.set(port, [...(this.#early.get(port) ?? []), news])
      return
    }
    const { subscriber, isRoot } = listener
    if (news === 'closed') {
      this.#ports.delete(port)
      subscriber.complete()
    } else if (!subscriber.closed) {
      const joined = this.#line.enter(news)
      if (isRoot) this.#line.tell({ type: 'taken', port })
      subscriber.next(joined)
    }
  }

  #answered(id: number, value: number | undefined, refusal: Refusal | undefined): void {
    const subscriber = this.#asked.get(id)
    this.#asked.delete(id)
    if (refusal !== undefined) subscriber?.error(refused(refusal))
    else {
      subscriber?.next(value!)
      subscriber?.complete()
    }
  }

  #take(seat: S): void {
    if (seat.port !== undefined) return this.#hear(seat.port, seat)
    const joined = this.#line.enter(seat)
    if (seat.isParent) return this.onParent(joined)
    const subscriber = this.#awaited.get(seat.fabric)
    if (subscriber === undefined) this.#come.set(seat.fabric, joined)
    else {
      subscriber.next(joined)
      subscriber.complete()
    }
  }
}
