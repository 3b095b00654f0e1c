import { concatMap, firstValueFrom, Observable, type ReplaySubject, tap } from 'rxjs'
import { checkObject, checkRoot, shown } from '../diagnostics/arguments.js'
import { checkNames, type OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError } from '../errors.js'
import { type ConnectOrder, isTicket, type Joined, type ListenOrder, type Process } from '../progress/job-services.js'
import type { Communicator, DeriveOptions } from './communicator.js'
import type { Setting } from './communicator-create.js'
import type { Intercommunicator } from './intercommunicator.js'
import { askJob, awaited, jobOf } from './job-call.js'

/** What `listen` may be told. */
export interface ListenOptions {
  /** The rank that speaks for this group; the same on all ranks, default 0. Where it unsubscribes, the port is closed for all. */
  root?: number
  /** How many may wait while another is let in; default 16. Who comes when there are as many gets a PortError. Read at the root. */
  queue?: number
  /** Who may connect: 'job' (the default) groups of this job, by name; 'network' those of other jobs as well, by `port.ticket`. */
  scope?: 'job' | 'network'
}

/** What `connect` may be told. */
export interface ConnectOptions extends DeriveOptions {
  /** The rank that speaks for this group; the same on all ranks, default 0. */
  root?: number
  /** How long to wait for somebody to listen, in milliseconds; by default not at all. Read at the root. */
  timeout?: number
}

const LISTEN: OptionNames<ListenOptions> = { root: true, queue: true, scope: true }
export const CONNECT: OptionNames<ConnectOptions> = { name: true, signal: true, root: true, timeout: true }

const QUEUE = 16
const MAX_TIMEOUT = 2 ** 31 - 1

/** Where others connect to a communicator; `comm.listen` makes one. It opens with the subscription, and emits who connects. */
export class Port extends Observable<Intercommunicator> {
  /** By which it is known in the job. */
  readonly name: string
  /**
   * What ranks of another job need to connect, once the port is open: where it is, and a secret of this port alone, which ends with it.
   * Of a port with `scope: 'network'`; else a PortError.
   */
  get ticket(): Promise<string> {
    this.#ticket ??= firstValueFrom(this.#tickets)
    return this.#ticket
  }

  readonly #tickets: Observable<string>
  #ticket: Promise<string> | undefined

  /** @internal */
  constructor(name: string, accepted: Observable<Intercommunicator>, ticket: Observable<string>) {
    super((subscriber) => accepted.subscribe(subscriber))
    this.name = name
    this.#tickets = ticket
  }
}

/** Throws what is wrong with a call of `listen`. */
export function checkListen(comm: Communicator, name: string, options: ListenOptions): void {
  comm.core.checkAlive()
  checkObject(options, '{ queue: 16 }')
  checkNames(options, LISTEN)
  checkPortName(name)
  const { root = 0, queue = QUEUE, scope = 'job' } = options
  if (scope !== 'job' && scope !== 'network') throw new ArgumentError(`scope: expected 'job' or 'network', got ${shown(scope)}`)
  checkRoot(root, comm.core.size)
  if (!Number.isInteger(queue) || queue < 0) throw new ArgumentError(`queue: expected an integer from 0 on, got ${shown(queue)}`)
  jobOf(comm)
}

/** Opens a port, once all ranks have subscribed, and emits this rank's end of what joins it with each who connects. */
export function listening(
  comm: Communicator,
  name: string,
  options: ListenOptions,
  setting: Setting,
  ticket: ReplaySubject<string>
): Observable<Joined> {
  const { root = 0, queue = QUEUE, scope = 'job' } = options
  const what = `in listen for somebody to connect to port '${name}'`
  const orderFor = (processes: readonly Process[], key: string): ListenOrder => ({ type: 'listen', key, name, queue, scope, processes })
  return askJob(comm, { how: 'listen', root, alike: alikeOf(name, root), what, orderFor }, setting).pipe(
    tap((port) => {
      if (scope === 'network') jobOf(comm).ticket(port).subscribe(ticket)
    }),
    concatMap((port) => awaited(comm, jobOf(comm).accept(port, comm.core.rank === root), what, setting))
  )
}

/** Connects to a port, once all ranks have called. */
export function connecting(comm: Communicator, name: string, options: ConnectOptions, setting: Setting): Observable<Joined> {
  const { root = 0, timeout = 0 } = options
  checkRoot(root, comm.core.size)
  checkPortName(name)
  const job = jobOf(comm)
  const orderFor = (processes: readonly Process[], key: string): ConnectOrder => {
    if (!(timeout >= 0 && timeout <= MAX_TIMEOUT)) {
      throw new ArgumentError(`timeout: expected milliseconds from 0 to ${MAX_TIMEOUT}, got ${shown(timeout)}`)
    }
    return { type: 'connect', key, name, timeout, processes }
  }
  const what = `in connect for ${shownPort(name)}`
  return askJob(comm, { how: 'connect', root, alike: alikeOf(name, root), what, orderFor }, setting).pipe(
    concatMap((fabric) => job.join(fabric))
  )
}

const alikeOf = (name: string, root: number): string => `${shownPort(name)} and root: ${root}`

/** A ticket holds a secret: its end, which is none, tells it from others. */
const shownPort = (name: string): string => (isTicket(name) ? `the ticket …${name.slice(-8)}` : `port '${name}'`)

function checkPortName(name: unknown): void {
  if (typeof name !== 'string' || name === '') throw new ArgumentError(`port: expected a name such as 'viewer', got ${shown(name)}`)
}
