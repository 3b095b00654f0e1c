import { JobClient } from '../../../src/job/job-client.js'
import type { FromJob, JobSeat, ToJob } from '../../../src/job/messages.js'
import type { Endpoint } from '../../../src/progress/endpoint.js'
import type { Joined } from '../../../src/progress/job-services.js'
import type { NetworkTraffic } from '../traffic.js'
import type { SimulatedFabric } from './fabric.js'

/** How a process came to be no more. */
export interface Death {
  readonly reason: string | undefined
  /** Of one that fails: how many of so many parcels under way on a link still arrive. One that ends well has none. */
  readonly keep: ((parcels: number) => number) | undefined
}

/** One end of what joins a process with others. */
export interface End {
  readonly endpoint: Endpoint
  readonly traffic: NetworkTraffic
}

/** What a process needs of its job. */
export interface ProcessJob {
  /** A way between it and the job, which takes a message's time. */
  callWay(): (action: () => void) => void
  hear(process: SimulatedProcess, message: ToJob): void
  enter(process: SimulatedProcess, fabric: number): Joined
}

/** A rank of some world of a simulated job, known by one numbering. */
export class SimulatedProcess {
  readonly number: number
  readonly title: string
  readonly client: JobClient<JobSeat>
  readonly #job: ProcessJob
  /** What it is joined by, or will be, that of its world first; not what is closed. */
  readonly #fabrics = new Set<SimulatedFabric>()
  readonly #ends = new Map<SimulatedFabric, End>()
  #death: Death | undefined
  #toJob: ((action: () => void) => void) | undefined
  #fromJob: ((action: () => void) => void) | undefined

  constructor(number: number, title: string, job: ProcessJob) {
    this.number = number
    this.title = title
    this.#job = job
    this.client = new JobClient<JobSeat>(number, {
      tell: (message) => this.tell(() => job.hear(this, message)),
      enter: ({ fabric }) => job.enter(this, fabric),
      // Nothing but virtual time can pass, and all of it does.
      hold: () => undefined,
      await: () => undefined
    })
  }

  get death(): Death | undefined {
    return this.#death
  }

  get ends(): Iterable<End> {
    return this.#ends.values()
  }

  /** It will have an end of a fabric. */
  join(fabric: SimulatedFabric): void {
    this.#fabrics.add(fabric)
  }

  /** It has. */
  enter(fabric: SimulatedFabric, end: End): void {
    this.#ends.set(fabric, end)
  }

  leave(fabric: SimulatedFabric): void {
    this.#fabrics.delete(fabric)
    this.#ends.delete(fabric)
  }

  /** Has the job do something, once it has heard of it. */
  tell(action: () => void): void {
    if (this.#death !== undefined) return
    this.#toJob ??= this.#job.callWay()
    this.#toJob(action)
  }

  /** What the job says to it. */
  post(message: FromJob<JobSeat>): void {
    this.#fromJob ??= this.#job.callWay()
    this.#fromJob(() => {
      if (this.#death === undefined) this.client.onMessage(message)
    })
  }

  /** It is no more: nothing that it does from now on has any effect. `heard`: when the job hears of it. */
  die(death: Death, heard: () => void): void {
    if (this.#death !== undefined) return
    this.tell(heard)
    this.#death = death
    for (const fabric of this.#fabrics) fabric.lose(this.number, death)
  }
}
