import { availableParallelism, hostname } from 'node:os'
import type { DrainSignal, FromRank } from '../../runtime/rank-protocol.js'
import { mayShareMemory } from '../../runtime/shared-memory-policy.js'
import { Router } from '../../transport/router/router.js'
import { allocateHost, ENDED, FAILED, type HostMemory, hasGone, type Shares } from '../../transport/shared/host-memory.js'
import { mapFile } from '../../transport/shared/mapped-memory.js'
import { fingerprintOf } from '../../transport/websocket/certificate.js'
import { newNonce, Token } from '../../transport/websocket/challenge.js'
import type { Address } from '../../transport/websocket/dial.js'
import { Mesh, type MeshOptions } from '../../transport/websocket/mesh.js'
import type { Attendant, AttendedPart } from '../../window/attendant.js'
import { type Compiled, compile } from '../compile/compile.js'
import { changed } from '../options/environment.js'
import type { Gone, Host, HostListener, Rest } from '../protocol/host.js'
import {
  type Answers,
  Control,
  type FromHost,
  type HostAddress,
  type HostSetup,
  LAUNCHER,
  type Question,
  type Rendezvous,
  type SharedMemory,
  type ToHost
} from '../protocol/host-protocol.js'
import { FabricSites } from './fabric-sites.js'
import { LinkKeeper } from './link-keeper.js'
import { OutputMux } from './output-mux.js'
import { goneBy, ThreadHost } from './thread-host.js'
import { optimiseLate } from './v8-flags.js'

const SETTLE_MS = 2
/** Where a rank has died its launcher ends the others: of the two the death is what matters, and is seen by now. */
const TELL_MS = 300

/** A rank that runs already. */
export interface Seated {
  /** It waits for its memory. */
  readonly mayShare: boolean
  /** Its memory, which is made now if it waits for that. */
  seat(shares: Shares | undefined): HostMemory
  /** Lets a rank go on that waits for its memory. */
  begin(): void
  host(listener: Pick<HostListener, 'message' | 'ended'>): Host
}

/** A host's side of a job: its ranks as threads, the router that joins them to those of other hosts, and the launcher's orders. */
export class HostProxy {
  readonly #rendezvous: Rendezvous
  readonly #mesh: Mesh
  readonly #control: Control<FromHost, ToHost>
  readonly #exit: (status: number, reason?: string) => void
  readonly #wanted = new Set<number>()
  #addresses: readonly HostAddress[] | undefined
  #ranks: Host | undefined
  readonly #seated: Seated | undefined
  /** One of these: the router of several ranks, or what looks after the links of a single one. */
  #router: Router | undefined
  #keeper: LinkKeeper | undefined
  /** Who answers for ranks that compute: loaded when one has something to be asked for. */
  #attendant: Promise<Attendant> | undefined
  /** What joins ranks here with others than those of their world. */
  readonly #sites = new FabricSites(
    {
      bell: (rank) => this.#ranks!.bell?.(rank),
      post: (rank, message, transfer) => this.#ranks!.post(rank, message, transfer),
      address: () => this.#mesh.link(LAUNCHER).localAddress ?? '127.0.0.1',
      crowded: () => this.#crowded
    },
    (news) => this.#control.send({ type: 'site', news })
  )
  #memory: HostMemory | undefined
  /** What processes of this machine may share. */
  #shares: Shares | undefined
  #crowded = false
  /** The launcher has said that the job is over, and how. */
  #isClosing = false
  readonly #links: MeshOptions
  #compiled: Compiled | undefined
  #outlets: { 1: OutputMux; 2: OutputMux } | undefined
  #tls: string | undefined
  readonly #ended = new Map<number, Gone>()

  constructor(rendezvous: Rendezvous, exit: (status: number, reason?: string) => void, seated?: Seated) {
    this.#seated = seated
    const { host, size, token, job, reconnectMs, startMs, port, addresses, bySsh, tls } = rendezvous
    this.#rendezvous = rendezvous
    this.#exit = exit
    this.#links = {
      self: host,
      size,
      token: new Token(Buffer.from(token, 'base64url'), job),
      reconnectMs,
      startMs,
      instance: newNonce(),
      expects: (other) => other > host
    }
    this.#mesh = new Mesh(this.#links)
    this.#mesh.onWanted = (other) => this.#want(other)
    const launcher = this.#mesh.link(LAUNCHER)
    this.#control = new Control(
      launcher,
      (message) => this.#obey(message),
      (reason, error) => {
        // A launcher that has been heard may be gone before all here is closed.
        if (!this.#isClosing) exit(1, error === undefined ? `the launcher ${reason}` : `${error.name}: ${error.message}`)
      }
    )
    const [seenBySsh] = (bySsh ? process.env.SSH_CONNECTION : undefined)?.split(' ') ?? []
    launcher.connectTo((seenBySsh === undefined ? addresses : [seenBySsh]).map((address) => ({ host: address, port, tls })))
  }

  /** Whoever has started this process wants it to end: that is the launcher's to decide, unless that knows better already. */
  signalled(signal: DrainSignal): void {
    setTimeout(() => this.#control.send({ type: 'signalled', signal }), TELL_MS)
  }

  #obey(message: ToHost): void {
    switch (message.type) {
      case 'reach':
        this.#control.send({ type: 'reached', isThere: this.#reach(message.shared) })
        break
      case 'setup':
        void this.#start(message.setup)
        break
      case 'addresses':
        this.#addresses = message.addresses
        for (const other of this.#wanted) this.#want(other)
        break
      case 'dial':
        this.#want(message.host)
        break
      case 'load':
        void this.#load(message)
        break
      case 'rank':
        this.#ranks!.post(message.rank, message.message)
        break
      case 'written':
        this.#ranks!.written(message.rank, message.bytes)
        break
      case 'input':
        this.#ranks!.input(message.message)
        break
      case 'gone': {
        const ended = message.how === 'ended'
        const gone = { rank: message.rank, state: ended ? ENDED : FAILED, reason: ended ? 0 : (message.how as number) } as const
        this.#router?.gone(gone.rank, gone.state, gone.reason)
        this.#keeper?.gone(gone)
        break
      }
      case 'site':
        this.#sites.obey(message.message)
        break
      case 'ask':
        void this.#answer(message.question).then((answer) => this.#control.send({ type: 'answer', id: message.id, answer }))
        break
      case 'terminate':
        this.#ranks!.terminate()
        break
      case 'close':
        this.#isClosing = true
        void this.#close(message.status)
        break
    }
  }

  #reach({ file, ranks }: SharedMemory): boolean {
    if (this.#seated?.mayShare === false || !mayShareMemory(process.env)) return false
    const address = mapFile(file)
    if (address !== undefined) this.#shares = { address, ranks }
    return address !== undefined
  }

  async #start(setup: HostSetup): Promise<void> {
    const { hosts, hostNames, resident, threads, certificate, args, env, cwd, output, setting, world } = setup
    if (cwd !== undefined) process.chdir(cwd)
    const { host } = this.#rendezvous
    this.#tls = certificate && fingerprintOf(certificate.cert)
    const crowded = threads > availableParallelism()
    // A rank that runs already is in a process of the program's own.
    if (this.#seated === undefined) optimiseLate(threads)
    const shares = setup.shares ? this.#shares : undefined
    // What others write to a rank's own memory does not come by the main thread.
    const others = { host, hosts, names: hostNames, attended: !resident && shares === undefined }
    const memory = this.#seated?.seat(shares) ?? allocateHost(hosts.length, others, shares)
    this.#memory = memory
    this.#crowded = crowded
    const control = this.#control
    const drained = (rank: number): void => control.send({ type: 'drained', rank, how: this.#ended.get(rank)! })
    const address = this.#mesh.link(LAUNCHER).localAddress ?? '127.0.0.1'
    if (resident) {
      this.#keeper = new LinkKeeper({
        memory,
        crowded,
        pulse: this.#mesh,
        links: this.#links,
        post: (order) => this.#ranks!.post(hosts.indexOf(host), { type: 'link', order }),
        wanted: (other) => this.#want(other),
        drained
      })
    } else {
      this.#router = new Router(memory, this.#mesh, crowded)
      this.#router.onDrained = drained
    }
    const listener: Pick<HostListener, 'message' | 'asked' | 'ended'> = {
      message: (rank, message) => {
        if (message.type === 'link') return this.#keeper!.onNews(message.news)
        if (message.type === 'line') return this.#sites.line(rank, message)
        if (message.type === 'attend') return void this.#attend(rank, message)
        if (message.type === 'unattend') return void this.#attendant?.then((attendant) => attendant.remove(rank, message.context))
        if (message.type === 'output' && output !== 'launcher') return this.#write(rank, message, output.prefix)
        try {
          control.send({ type: 'rank', rank, message })
        } catch (error) {
          control.send({
            type: 'ended',
            rank,
            status: 1,
            fatal: `what rank ${rank} exports cannot be handed to launch(): ${(error as Error).message}`
          })
        }
      },
      asked: (message) => control.send({ type: 'asked', message }),
      ended: (rank, status, fatal) => {
        this.#ended.set(rank, goneBy(status, fatal))
        void this.#attendant?.then((attendant) => attendant.lose(rank))
        for (const outlet of Object.values(this.#outlets ?? {})) outlet.finish(rank)
        control.send({ type: 'ended', rank, status, fatal })
        this.#router?.ended(rank)
        this.#keeper?.ended(rank)
        this.#sites.ended(rank, this.#ended.get(rank)!)
      }
    }
    const all = env.all ?? changed(process.env, env.changes ?? {})
    const { size, job, token, reconnectMs } = this.#rendezvous
    const link = resident ? { host, size, job, token, instance: this.#links.instance!, reconnectMs, address, certificate } : undefined
    this.#ranks =
      this.#seated?.host(listener) ??
      new ThreadHost({ memory, crowded, args, env: all, setting: { ...setting, link }, world }, listener as HostListener)
    const [port, data] = await Promise.all([this.#mesh.listen(address, 0, certificate), this.#keeper?.listen(address, 0, certificate)])
    control.send({ type: 'listening', address: { host: address, port, data }, process: `process ${process.pid} on ${hostname()}` })
    // Not before: of a process that ends while nobody knows where it listens, nobody could tell that it has ended.
    this.#seated?.begin()
  }

  async #attend(rank: number, { context, about, memory }: Extract<FromRank, { type: 'attend' }>): Promise<void> {
    this.#attendant ??= this.#loadAttendant()
    const attendant = await this.#attendant
    if (this.#ended.has(rank)) return
    attendant.add(rank, context, about as AttendedPart, memory)
    this.#ranks!.post(rank, { type: 'attended', context })
  }

  async #loadAttendant(): Promise<Attendant> {
    const [router, memory] = [this.#router!, this.#memory!]
    const { Attendant } = await import('../../window/attendant.js')
    const attendant = new Attendant(
      (source, dest, segment) => router.answer(source, dest, segment),
      (rank) => hasGone(memory, rank)
    )
    router.attend = attendant.attend
    return attendant
  }

  #write(rank: number, { fd, chunk, bytes }: Extract<FromRank, { type: 'output' }>, prefix: boolean): void {
    this.#outlets ??= { 1: new OutputMux(process.stdout, { prefix, raw: false }), 2: new OutputMux(process.stderr, { prefix, raw: false }) }
    this.#outlets[fd].write(rank, chunk, () => this.#ranks!.written(rank, bytes))
  }

  async #close(status: number): Promise<void> {
    this.#compiled?.remove()
    this.#router?.close()
    this.#keeper?.close()
    await this.#sites.close()
    await Promise.all(Object.values(this.#outlets ?? {}).map((outlet) => outlet.drained({ reportFollows: false })))
    this.#mesh.close()
    this.#exit(status)
  }

  async #load({ url, path }: { url: string | undefined; path: string }): Promise<void> {
    try {
      if (url === undefined) this.#compiled = await compile(path)
      this.#ranks!.load({ url: url ?? this.#compiled!.url, path })
    } catch (error) {
      this.#control.send({ type: 'broken', text: (error as Error).message })
    }
  }

  #answer(question: Question): Promise<Answers[keyof Answers]> {
    switch (question.what) {
      case 'rest':
        return this.#rest()
      case 'traffic':
        return Promise.resolve(this.#ranks?.traffic() ?? 0).then((own) => own + this.#sites.traffic)
      case 'stack':
        return this.#ranks?.stackOf(question.rank) ?? Promise.resolve(undefined)
      case 'log':
        return Promise.resolve(this.#ranks?.log(question.rank, question.last))
    }
  }

  /** While its ranks are at rest something may be on its way to another host still: nobody would say when it has come. */
  async #rest(): Promise<Rest | undefined> {
    for (;;) {
      const rest = await this.#ranks!.rest()
      if (rest === undefined) return undefined
      const look = this.#router === undefined ? await this.#keeper!.look() : { settled: this.#router.atRest, ...this.#router.counts }
      const since = await this.#ranks!.rest()
      if (since === undefined || since.states.some((state, k) => state !== rest.states[k])) return undefined
      const between = this.#sites.rest
      if (look.settled && between !== undefined) {
        return { ...rest, sent: look.sent + between.sent, received: look.received + between.received }
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    }
  }

  /** A link with another host is wanted: the one with the smaller number listens. */
  #want(other: number): void {
    if (other > this.#rendezvous.host) this.#control.send({ type: 'wanted', host: other })
    else if (this.#addresses === undefined) this.#wanted.add(other)
    else {
      const { host, port, data } = this.#addresses[other]!
      const at = (which: number): Address => ({ host, port: which, tls: this.#tls })
      this.#mesh.link(other).connectTo([at(port)])
      if (data !== undefined) this.#keeper?.dial(other, data.map(at))
    }
  }
}
