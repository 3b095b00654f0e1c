import { type BufferLike, datatypeOf, elementSize, NUMBER, nameOf, OBJECT } from '../codec/datatype.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { locate } from '../diagnostics/call-site.js'

/** What all ranks must say alike when they call a collective. */
export interface Signature {
  readonly name: string
  readonly root?: number | undefined
  /** The op's name. */
  readonly op?: string | undefined
  readonly algorithm?: string | undefined
  readonly counts?: Counts | undefined
  readonly ragged: Ragged
  /** Rounds that a rank may be ahead of the others. */
  readonly window: number
}

export function signatureOf(
  { name, root, op, counts, algorithm }: Named,
  { ragged = 'error', window = WINDOW }: Streamed = {},
  suited?: string
): Signature {
  return { name, root, op, counts, algorithm: algorithm ?? suited, ragged, window }
}

type Named = Pick<Signature, 'name' | 'root' | 'op' | 'counts' | 'algorithm'>

/** Of a collective on runs of different lengths; not part of what ranks must say alike. */
export interface Counts {
  readonly counts?: ArrayLike<number> | undefined
  readonly sendCounts?: ArrayLike<number> | undefined
  readonly recvCounts?: ArrayLike<number> | undefined
}

interface Streamed {
  ragged?: Ragged
  window?: number
}

/** What happens when the ranks' streams end after different numbers of values. */
export type Ragged = 'error' | 'truncate' | 'rest'

export const WINDOW = 64

/** One call of a collective on this rank. A collective is known by the order of the calls on its communicator. */
export class Call {
  readonly sequence: number
  readonly signature: Signature
  readonly site: CallSite | undefined
  /** Of the signature: travels with every message. */
  readonly hash: number
  /** How often it was subscribed to: the n-th subscription meets the n-th of the other ranks. */
  subscriptions = 0
  /** The data of the round that was begun last, for the report of a mismatch. */
  datatype = OBJECT
  count = 0

  constructor(sequence: number, signature: Signature, site: CallSite | undefined) {
    this.sequence = sequence
    this.signature = signature
    this.site = site
    this.hash = hashOf(signature)
  }

  /** What messages of the next subscription are marked with. */
  nextTag(): number {
    return ((this.subscriptions++ & MANY_SUBSCRIPTIONS) << 24) | (this.sequence & MANY_CALLS)
  }

  /** Keeps what kind of data the round is on, and how much: not the data, which may be large. */
  note(data: unknown): void {
    this.datatype = typeof data === 'number' ? NUMBER : datatypeOf(data)
    this.count = this.datatype === OBJECT || this.datatype === NUMBER ? 0 : (data as BufferLike).byteLength / elementSize(this.datatype)
  }

  /** 'reduce(Float64Array(3), SUM, root 0) at pi.ts:4:12' */
  describe(): string {
    const where = locate(this.site)
    return where === undefined ? this.title : `${this.title} at ${where}`
  }

  /** The same without its line. */
  get title(): string {
    const { name, op, root, counts, algorithm, ragged, window } = this.signature
    const details = [
      this.datatype === OBJECT ? undefined : `${nameOf(this.datatype)}${this.datatype === NUMBER ? '' : `(${this.count})`}`,
      op,
      root === undefined ? undefined : `root ${root}`,
      ...listed(counts),
      algorithm && `algorithm ${algorithm}`,
      ragged === 'error' ? undefined : `ragged ${ragged}`,
      window === WINDOW ? undefined : `window ${window}`
    ]
    return `${name}(${details.filter((detail) => detail !== undefined).join(', ')})`
  }
}

/** The distance between calls, and between subscriptions of a call, that may be under way at the same time. */
const MANY_CALLS = 2 ** 24 - 1
const MANY_SUBSCRIPTIONS = 63
/** Marks messages that go a way of their own beside the others of the subscription. */
export const ASIDE = 2 ** 30

export const sequenceOf = (tag: number): number => tag & MANY_CALLS
export const subscriptionOf = (tag: number): number => (tag >> 24) & MANY_SUBSCRIPTIONS

function listed({ counts, sendCounts, recvCounts }: Counts = {}): string[] {
  return Object.entries({ counts, sendCounts, recvCounts }).flatMap(([name, given]) => {
    if (given === undefined) return []
    const more = given.length > SHOWN ? ', …' : ''
    return `${name} [${Array.prototype.slice.call(given, 0, SHOWN).join(', ')}${more}]`
  })
}

const SHOWN = 16

function hashOf({ name, root = -1, op = '', algorithm = '', ragged, window }: Signature): number {
  let hash = mix(hashOfText(name), root)
  if (op !== '') hash = mix(hash, hashOfText(op))
  if (algorithm !== '') hash = mix(hash, hashOfText(algorithm))
  if (ragged !== 'error') hash = mix(hash, hashOfText(ragged))
  return window === WINDOW ? hash : mix(hash, window)
}

const known = new Map<string, number>()

function hashOfText(text: string): number {
  let hash = known.get(text)
  if (hash === undefined) {
    hash = 0
    for (let k = 0; k < text.length; k++) hash = mix(hash, text.charCodeAt(k))
    known.set(text, hash)
  }
  return hash
}

/** Source: the finalizer of MurmurHash3. */
function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
