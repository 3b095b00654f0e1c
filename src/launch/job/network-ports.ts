import { randomBytes, randomInt } from 'node:crypto'
import type { Ports } from '../../job/ports.js'
import type { Refusal } from '../../progress/job-services.js'
import { KILLED, UNREACHABLE } from '../../transport/shared/host-memory.js'
import { fingerprintOf } from '../../transport/websocket/certificate.js'
import { Token } from '../../transport/websocket/challenge.js'
import type { Certificate } from '../../transport/websocket/connection.js'
import { GONE } from '../../transport/websocket/failure-detector.js'
import type { HostLink } from '../../transport/websocket/host-link.js'
import { Mesh } from '../../transport/websocket/mesh.js'
import { Control } from '../protocol/host-protocol.js'
import type { FromSite, ToSite } from '../protocol/site-protocol.js'
import type { Joins, LinkSetting } from './joins.js'
import { MOST_BYTES, type Place, placesFrom, typed } from './strangers.js'
import { type Ticket, writeTicket } from './ticket.js'

/** What a job says to the one to whose port it connects. */
type ToListener =
  /** Where its ranks are: the process of each, and what that knows it by. */
  { type: 'connect'; ranks: readonly Place[] } | { type: 'news'; news: FromSite }

/** And what it hears. */
type FromListener =
  | { type: 'refused'; refusal: Refusal }
  /** For one of its processes. */
  | { type: 'site'; site: number; message: ToSite }
  /** All is told. */
  | { type: 'joined'; fabric: number }

/** The number of those who listen; who connects takes any that is larger. */
const LISTENER = 0
const NUMBERS = 2 ** 29
/** How long those who listen may take to be reached, where nobody says. */
const REACH_MS = 5000
/** How long what is under way may take to be out when a job ends. */
const END_MS = 1500

/**
 * The ports of a job that ranks of other jobs can connect to, by ticket. The handshake is that of links between hosts, with the secret of
 * the port: both sides prove that they know it, and nothing is decoded before. What joins the ranks has a token of its own, so whoever is
 * let in can reach the ranks that listen, and nothing else of the job.
 */
export class NetworkPorts {
  readonly #links: LinkSetting
  readonly #joins: Joins
  readonly #ports: Ports
  readonly #isOpen: boolean
  readonly #meshes = new Set<Mesh>()
  readonly #dialled = new Set<Mesh>()
  readonly #open = new Set<number>()
  /** The ports that are open, and those that are shut and have links. */
  readonly #doors = new Map<number, { readonly mesh: Mesh; readonly known: Set<number> }>()

  /** `isOpen`: other machines may come in clear text. */
  constructor(links: LinkSetting, joins: Joins, ports: Ports, isOpen: boolean) {
    this.#links = links
    this.#joins = joins
    this.#ports = ports
    this.#isOpen = isOpen
    joins.isOpen = () => this.#open.size + this.#dialled.size > 0
  }

  /** Lets ranks of other jobs connect to a port; resolves to the ticket. */
  async open(port: number): Promise<string> {
    this.#open.add(port)
    const { certificate, reconnectMs, startMs, addresses } = this.#links
    const secret = randomBytes(32)
    const id = randomBytes(8).toString('hex')
    const known = new Set<number>()
    // A link that there is may need another connection, though the port is shut.
    const expects = (other: number): boolean => this.#open.has(port) || known.has(other)
    const mesh = new Mesh({ self: LISTENER, size: 1, token: new Token(secret, id), reconnectMs, startMs, expects })
    this.#meshes.add(mesh)
    this.#doors.set(port, { mesh, known })
    mesh.onLink = (link) => {
      known.add(link.other)
      this.#hear(port, link, id)
    }
    // In clear text nobody gets in but from this machine.
    const isFar = certificate !== undefined || this.#isOpen
    const number = await mesh.listen(isFar ? '0.0.0.0' : '127.0.0.1', 0, certificate)
    // It may have been shut meanwhile.
    if (!this.#meshes.has(mesh)) mesh.close()
    return writeTicket({
      id,
      secret: secret.toString('base64url'),
      addresses: isFar ? addresses() : ['127.0.0.1'],
      port: number,
      tls: certificate && fingerprintOf(certificate.cert)
    })
  }

  /** Nobody is let in any more. What is joined stays so. */
  shut(port: number): void {
    this.#open.delete(port)
    this.#leave(port)
  }

  /** A port that is shut listens for those that it has let in, until the last of them is gone. */
  #leave(port: number, gone?: number): void {
    const door = this.#doors.get(port)
    if (door === undefined) return
    const { mesh, known } = door
    if (gone !== undefined) known.delete(gone)
    if (this.#open.has(port) || known.size > 0) return
    this.#doors.delete(port)
    this.#meshes.delete(mesh)
    mesh.close()
  }

  /**
   * Connects ranks of this job to a port of another; `own`: makes what this one listens with, where that port is encrypted. Resolves to how
   * to want it no more.
   */
  async connect(
    { id, secret, addresses, port, tls }: Ticket,
    processes: readonly number[],
    timeout: number,
    own: () => Promise<Certificate>,
    answer: (value: number | undefined, refusal?: Refusal) => void
  ): Promise<(refusal?: Refusal) => void> {
    const { reconnectMs } = this.#links
    const token = new Token(Buffer.from(secret, 'base64url'), id)
    const self = 1 + randomInt(NUMBERS)
    const mesh = new Mesh({ self, size: 1, token, reconnectMs, startMs: Math.max(timeout, REACH_MS), expects: () => false })
    // From here on somebody may be heard of.
    this.#dialled.add(mesh)
    const certificate = tls === undefined ? undefined : await own()
    const link = mesh.link(LISTENER)
    const { sites, ranks } = this.#joins.placesOf(processes)
    let fabric: number | undefined
    let isJoined = false
    let isOver = false
    const end = (): void => {
      isOver = true
      this.#dialled.delete(mesh)
      mesh.close()
    }
    const refuse = (refusal: Refusal): void => {
      if (isOver) return
      end()
      if (fabric !== undefined) this.#joins.drop(fabric)
      answer(undefined, refusal)
    }
    const control = new Control<ToListener, FromListener>(
      link,
      (said) => {
        const message = typed<FromListener>(said, 'refused', 'site', 'joined')
        if (message.type === 'refused') refuse(refusalFrom(message.refusal))
        else if (message.type === 'site') {
          fabric ??= this.#joins.adopt(processes, sites, (news) => control.send({ type: 'news', news }), certificate)
          this.#joins.forward(fabric, message.site, message.message)
        } else if (fabric !== undefined && !isJoined) {
          isJoined = true
          for (const process of processes) this.#joins.seat(fabric, process, { crowded: false, isParent: false })
          answer(fabric)
        }
      },
      (reason, error) => {
        if (isJoined) this.#joins.loseOthers(fabric!, reason === GONE ? KILLED : UNREACHABLE)
        else refuse({ name: 'PortError', message: `nobody lets this group in by that ticket: ${error?.message ?? reason}` })
      },
      MOST_BYTES
    )
    control.send({ type: 'connect', ranks })
    link.connectTo(addresses.map((host) => ({ host, port, tls })))
    return (refusal = { name: 'PortError', message: 'it is not wanted any more' }) => {
      if (!isJoined) refuse(refusal)
    }
  }

  /** Resolves when what ranks of this job have sent to others has come there, or cannot. */
  async finish(): Promise<void> {
    const start = performance.now()
    const links = (): HostLink[] => [...this.#meshes, ...this.#dialled].flatMap((mesh) => [...mesh.links])
    const isUnderWay = (): boolean => this.#joins.owesOthers || links().some((link) => !link.closed && !link.settled)
    while (isUnderWay() && performance.now() - start < END_MS) await new Promise((resolve) => setTimeout(resolve, 5))
    await this.#joins.close()
  }

  close(): void {
    for (const mesh of [...this.#meshes, ...this.#dialled]) mesh.close()
  }

  /** Somebody has come with a good proof. */
  #hear(port: number, link: HostLink, id: string): void {
    let fabric: number | undefined
    let hasAsked = false
    let drop = (): void => undefined
    const control = new Control<FromListener, ToListener>(
      link,
      (said) => {
        const message = typed<ToListener>(said, ...(hasAsked ? (['news'] as const) : (['connect'] as const)))
        if (message.type === 'news') return fabric === undefined ? undefined : this.#joins.hear(fabric, message.news)
        hasAsked = true
        const ranks = placesFrom(message.ranks)
        const others = {
          ranks,
          nameOf: (rank: number) => `${id}.${link.other}.${rank}`,
          tell: (site: number, order: ToSite) => control.send({ type: 'site', site, message: order })
        }
        drop = this.#ports.connectStranger(port, {
          join: (first) => {
            try {
              fabric = this.#joins.make(first, [], others)
            } catch (error) {
              // Of so many ranks as there is no memory for.
              control.send({ type: 'refused', refusal: { name: 'PortError', message: `the groups cannot be joined: ${error}` } })
              return undefined
            }
            return fabric
          },
          admit: (fabric) => control.send({ type: 'joined', fabric }),
          refuse: (refusal) => control.send({ type: 'refused', refusal })
        })
      },
      (reason) => {
        drop()
        this.#leave(port, link.other)
        if (fabric !== undefined) this.#joins.loseOthers(fabric, reason === GONE ? KILLED : UNREACHABLE)
      },
      MOST_BYTES
    )
  }
}

/** Why the other job lets nobody in, in words that are its own. */
function refusalFrom(said: unknown): Refusal {
  const { name, message } = (said ?? {}) as Partial<Refusal>
  return { name: name === 'RankError' ? name : 'PortError', message: `${message}`.slice(0, 1000) }
}
