import { randomBytes } from 'node:crypto'
import { debug } from '../../diagnostics/debug.js'
import { RxmpiError, StartupTimeoutError } from '../../errors.js'
import { type ErrorRecord, recordError } from '../../runtime/error-record.js'
import type { DrainSignal, FromRank, ToInput } from '../../runtime/rank-protocol.js'
import { fingerprintOf, makeCertificate } from '../../transport/websocket/certificate.js'
import { Token } from '../../transport/websocket/challenge.js'
import { Mesh } from '../../transport/websocket/mesh.js'
import { libraryHere } from '../../transport/websocket/serve.js'
import { type HostSlots, isLocal } from '../options/hosts.js'
import type { Gone, HostListener } from '../protocol/host.js'
import { type Card, type HostAddress, type HostSetup, LAUNCHER } from '../protocol/host-protocol.js'
import type { FromSite } from '../protocol/site-protocol.js'
import { addressesHere } from './addresses.js'
import type { JobOptions } from './job.js'
import { MachineMemory } from './machine-memory.js'
import { rankSetting } from './rank-setting.js'
import { type ProcessManagerListener, RemoteHost } from './remote-host.js'
import { startHost } from './start-host.js'

export interface ProcessManagerOptions {
  hosts: readonly HostSlots[]
  /** Whether some are on other machines. */
  far: boolean
  tls: boolean
  /** Something else starts the processes: tells it where they report. */
  announce?: (card: Card, ended: (text: string) => void) => Promise<void>
  /** Resolves when that has ended, to the status of a process that was killed, where it knows that. */
  end?: () => Promise<number | undefined>
  /** Whether those write the output of their ranks themselves. */
  ownOutput?: boolean
  /** Whether those that something else starts are all on this machine, and see its files. */
  sharesFiles?: boolean
  /** What everybody knows already. */
  card?: Card | undefined
  port?: number
  /** The command that starts a process on another machine. */
  ssh: readonly string[]
  /** How long a link may be without a connection. */
  reconnectMs: number
  /** How long the hosts have to report. */
  startMs: number
}

/** The ranks of a job in several processes: starts them, and brings them together. */
export class ProcessManager implements ProcessManagerListener {
  readonly hosts: readonly RemoteHost[]
  readonly #options: JobOptions
  readonly #processes: ProcessManagerOptions
  readonly #listener: HostListener
  readonly #mesh: Mesh
  readonly #card: Card
  readonly #addresses: (HostAddress | undefined)[]
  /** What ranks of this machine share. */
  #machine: MachineMemory | undefined
  #late: NodeJS.Timeout | undefined
  #open: number

  constructor(options: JobOptions, processes: ProcessManagerOptions, listener: HostListener) {
    this.#options = options
    this.#processes = processes
    this.#listener = listener
    const { hosts, reconnectMs, startMs } = processes
    this.#card = processes.card ?? {
      job: randomBytes(8).toString('hex'),
      token: randomBytes(32).toString('base64url'),
      addresses: [],
      port: 0
    }
    const token = new Token(Buffer.from(this.#card.token, 'base64url'), this.#card.job)
    this.#mesh = new Mesh({ self: LAUNCHER, size: options.ranks, token, reconnectMs, startMs, expects: (host) => host < hosts.length })
    let first = 0
    this.hosts = hosts.map(({ name, slots }, number) => {
      const ranks = Array.from({ length: slots }, (_, k) => first + k)
      first += slots
      return new RemoteHost(
        {
          number,
          name: processes.announce === undefined ? `host ${name}` : name,
          // Where all are on this machine, more of them can be started beside.
          machine: processes.announce === undefined ? name : processes.far ? undefined : 'localhost',
          ranks,
          end: processes.end,
          sharesFiles: processes.announce === undefined ? isLocal(name) : (processes.sharesFiles ?? false)
        },
        this.#mesh.link(number),
        this
      )
    })
    this.#open = hosts.length
    this.#addresses = hosts.map(() => undefined)
    this.#start().catch((error: Error) => this.broken(`rxmpi: ${named(error)}`, recordError(error)))
  }

  listening(host: RemoteHost, address: HostAddress): void {
    this.#addresses[host.number] = address
    debug('%s listens at %s:%d', host.name, address.host, address.port)
    const addresses = this.#addresses.filter((known) => known !== undefined)
    if (addresses.length < this.hosts.length) return
    clearTimeout(this.#late)
    for (const each of this.hosts) each.tell({ type: 'addresses', addresses })
  }

  reached(host: RemoteHost, isThere: boolean): void {
    this.#machine?.answer(host.number, isThere)
  }

  wanted(host: RemoteHost, other: number): void {
    this.hosts[other]?.tell({ type: 'dial', host: host.number })
  }

  message(rank: number, message: FromRank): void {
    this.#listener.message(rank, message)
  }

  asked(message: ToInput): void {
    this.#listener.asked(message)
  }

  ended(rank: number, status: number, fatal: string | undefined): void {
    this.#listener.ended(rank, status, fatal)
  }

  drained(rank: number, how: Gone): void {
    this.#listener.drained(rank, how)
  }

  site(news: FromSite): void {
    this.#listener.site?.(news)
  }

  signalled(signal: DrainSignal): void {
    this.#listener.signalled(signal)
  }

  broken(text: string, error?: ErrorRecord): void {
    this.#listener.broken(text, error)
  }

  lost(host: RemoteHost, failure: { status: number; text: string; how: Gone }): void {
    debug('%s is lost: %s', host.name, failure.text)
    this.#machine?.answer(host.number, false)
    // The time to come and the time to reach it are over at once, and either may be seen first.
    if (host.neverCame) this.#giveUp()
    this.#listener.lost(host, failure)
  }

  closed(): void {
    if (--this.#open > 0) return
    clearTimeout(this.#late)
    this.#mesh.close()
  }

  async #start(): Promise<void> {
    const { reconnectMs, startMs, far, tls, ssh } = this.#processes
    const { why, isBroken } = libraryHere()
    if (why !== undefined) debug("links between hosts are served over Node's sockets: %s", why)
    if (isBroken === true) this.#options.stderr.write(`rxmpi: links between hosts are served over Node's sockets: ${why}\n`)
    const certificate = tls ? await makeCertificate() : undefined
    const { announce, port: wanted = 0 } = this.#processes
    const port = await this.#mesh.listen(far ? '0.0.0.0' : '127.0.0.1', wanted, certificate)
    debug('waiting for %d hosts at port %d', this.hosts.length, port)
    const tlsPrint = certificate && fingerprintOf(certificate.cert)
    const card: Card = { ...this.#card, addresses: far ? addressesHere() : ['127.0.0.1'], port, tls: tlsPrint }
    const hostOf = this.hosts.flatMap(({ number, ranks }) => ranks.map(() => number))
    const near = this.hosts.filter(({ number }) => (announce === undefined ? isLocal(this.#processes.hosts[number]!.name) : !far))
    this.#machine = MachineMemory.among(near, hostOf.length, this.#options.env)
    for (const host of this.hosts) {
      if (announce === undefined) {
        const { name } = this.#processes.hosts[host.number]!
        const bySsh = !isLocal(name)
        host.process = startHost(name, { ...card, host: host.number, size: hostOf.length, bySsh, reconnectMs, startMs }, ssh)
      }
    }
    const hostNames = announce === undefined ? this.#processes.hosts.map(({ name }) => name) : undefined
    const setUp = (shares = false): void => {
      for (const host of this.hosts) {
        const setup = this.#setup(host, shares && near.includes(host), shares && near.length === this.hosts.length)
        host.tell({ type: 'setup', setup: { ...setup, hosts: hostOf, hostNames, certificate } })
      }
    }
    if (this.#machine === undefined) setUp()
    else void this.#machine.reached.then(setUp)
    await announce?.(card, (text) => this.#startEnded(text))
    // What a launcher has its processes do before it lets them go on has a limit of its own.
    if (this.#open > 0 && this.#addresses.includes(undefined)) this.#late = setTimeout(() => this.#giveUp(), startMs)
  }

  /** `shares`: it shares memory with others of its machine; `all`: so do all. */
  #setup({ number }: RemoteHost, shares: boolean, all: boolean): Omit<HostSetup, 'hosts' | 'hostNames'> {
    const { prefix, ranks, world, partOf } = this.#options
    const { args, env, envChanges } = partOf?.(this.hosts[number]!.ranks[0]!) ?? this.#options
    const foreign = this.#processes.announce !== undefined
    // What another launcher has started may be a program that runs on its main thread already.
    const resident = !foreign && this.hosts.every((host) => host.ranks.length === 1)
    const nameOf = (host: number): string => this.#processes.hosts[host]!.name
    const name = nameOf(number)
    const here = this.hosts.filter(
      (host) => nameOf(host.number) === name || (isLocal(name) && isLocal(nameOf(host.number))) || (foreign && !this.#processes.far)
    )
    return {
      args,
      // A rank that is alone in its process is its own router, and where all share memory there is nothing to route.
      threads: here.reduce((sum, { ranks }) => sum + ranks.length + (resident || all ? 0 : 1), 0),
      resident,
      shares,
      env: isLocal(name) ? { all: { ...env } } : { changes: envChanges },
      cwd: foreign ? undefined : process.cwd(),
      output: this.#processes.ownOutput ? { prefix: prefix && ranks > 1 } : 'launcher',
      setting: rankSetting(this.#options),
      world
    }
  }

  #giveUp(): void {
    const error = new StartupTimeoutError(
      `not all processes have come within ${this.#processes.startMs / 1000} s; missing: ${this.#missing()}`
    )
    this.broken(`rxmpi: ${named(error)}`, recordError(error))
  }

  /** What starts the processes has ended: nobody comes any more, and of those that have come each is looked after. */
  #startEnded(text: string): void {
    if (this.#addresses.includes(undefined)) this.broken(`rxmpi: ${text}, and not all processes have come; missing: ${this.#missing()}`)
  }

  #missing(): string {
    const silent = this.hosts.filter(({ number }) => this.#addresses[number] === undefined)
    // Where memory is to be shared, those that have come wait for the others before they listen.
    const absent = silent.filter(({ number }) => this.#machine?.hasCome(number) !== true)
    const missing = absent.length > 0 ? absent : silent
    if (this.#processes.announce !== undefined) return missing.map(({ ranks }) => `rank ${ranks[0]}`).join(', ')
    return missing.map(({ name, ranks }) => `${name} (rank${ranks.length === 1 ? '' : 's'} ${ranks.join(', ')})`).join('; ')
  }
}

const named = (error: Error): string => (error instanceof RxmpiError ? `${error.name}: ${error.message}` : error.message)
