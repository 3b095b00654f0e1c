import { type BufferLike, datatypeOf, elementSize, NUMBER, nameOf, OBJECT } from '../codec/datatype.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { locate } from '../diagnostics/call-site.js'
import type { Board } from '../transport/board.js'

/** What all ranks must say alike when they call a collective. */
export interface Signature {
  readonly name: string
  readonly root?: number | undefined
  /** The op's name. */
  readonly op?: string | undefined
  readonly algorithm?: string | undefined
  readonly ragged: Ragged
  /** Rounds that a rank may be ahead of the others. */
  readonly window: number
  /** All of it in one number. */
  readonly hash: number
}

export function signatureOf({ name, root, op, algorithm }: Named, { ragged = 'error', window = WINDOW }: Streamed = {}): Signature {
  const said = { name, root, op, algorithm, ragged, window }
  return { ...said, hash: hashOf(said) }
}

type Named = Pick<Signature, 'name' | 'root' | 'op' | 'algorithm'>

/** What a call says beside its data: not part of what ranks must say alike. */
export interface CallOptions {
  /** A buffer that receives the result in place. */
  readonly into?: BufferLike | undefined
  readonly counts?: Integers | undefined
  readonly displs?: Integers | undefined
  readonly sendCounts?: Integers | undefined
  readonly sendDispls?: Integers | undefined
  readonly recvCounts?: Integers | undefined
  readonly recvDispls?: Integers | undefined
}

/** Counts or displacements, one a rank: an array, or a typed array of integers. */
export type Integers = ArrayLike<number>

/** Of a call that says nothing beside its data. */
export const NO_OPTIONS = Object.freeze({})

/** What concerns a call, of all that a program has given: it stays as it was at the call. */
export function optionsOf(given: CallOptions): CallOptions {
  if (given === NO_OPTIONS) return given
  const { into, counts, displs, sendCounts, sendDispls, recvCounts, recvDispls } = given
  return { into, counts, displs, sendCounts, sendDispls, recvCounts, recvDispls }
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
  /** Of a persistent call that of its present start, as its options. */
  site: CallSite | undefined
  options: CallOptions
  /** Of the signature, and whether it is a method's: travels with every message. */
  readonly hash: number
  /** It is persistent: started again and again, in any order. */
  readonly isKept: boolean
  /** Which has a board of its own, as soon as there is one. */
  board: Board | undefined
  /** Where it was called, or made. */
  readonly #made: CallSite | undefined
  /** How often it was subscribed to: the n-th subscription meets the n-th of the other ranks. */
  subscriptions = 0
  /** The data of the round that was begun last, for the report of a mismatch. */
  datatype = OBJECT
  count = 0

  constructor(sequence: number, signature: Signature, form: Form, site: CallSite | undefined, options: CallOptions, isKept = false) {
    this.sequence = sequence
    this.signature = signature
    this.site = site
    this.#made = site
    this.options = options
    this.hash = (signature.hash & ~FORM) | form
    this.isKept = isKept
  }

  /** What messages of the next subscription are marked with. */
  nextTag(): number {
    const subscription = this.subscriptions++
    if (subscription === 0) return this.sequence & (MANY_CALLS - 1)
    return AGAIN | ((subscription & (MANY_SUBSCRIPTIONS - 1)) << CALL_BITS) | (this.sequence & (MANY_CALLS_AGAIN - 1))
  }

  /** Whether the subscription with that tag has been made; of those that share it the one is meant that is the nearest. */
  hasBegun(tag: number): boolean {
    if ((tag & AGAIN) === 0) return this.subscriptions > 0
    const ahead = ((tag >> CALL_BITS) - this.subscriptions) & (MANY_SUBSCRIPTIONS - 1)
    return ahead >= MANY_SUBSCRIPTIONS / 2
  }

  /** It is over, and is remembered for a while: that must not keep the program's memory, nor the line of a start what was started. */
  letGo(): void {
    this.site = this.#made
    const { options } = this
    if (options.into !== undefined) (options as { into: BufferLike | undefined }).into = undefined
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
    const { name, op, root, algorithm, ragged, window } = this.signature
    const details = [
      this.datatype === OBJECT ? undefined : `${nameOf(this.datatype)}${this.datatype === NUMBER ? '' : `(${this.count})`}`,
      op,
      root === undefined ? undefined : `root ${root}`,
      ...listed(this.options),
      algorithm && `algorithm ${algorithm}`,
      ragged === 'error' ? undefined : `ragged ${ragged}`,
      window === WINDOW ? undefined : `window ${window}`
    ]
    return `${name}(${details.filter((detail) => detail !== undefined).join(', ')})`
  }
}

/** Marks messages that go a way of their own beside the others of the subscription. */
export const ASIDE = 2 ** 30
/** Marks those of a further subscription of an operator. */
const AGAIN = 2 ** 29
/** How many calls may be under way at the same time, how many of those that are subscribed to again, and how many subscriptions of one. */
const MANY_CALLS = AGAIN
const CALL_BITS = 15
const MANY_CALLS_AGAIN = 2 ** CALL_BITS
const MANY_SUBSCRIPTIONS = 2 ** (29 - CALL_BITS)

/** The place of a call among those whose further subscriptions have the same tags. */
export const placeOf = (sequenceOrTag: number): number => sequenceOrTag & (MANY_CALLS_AGAIN - 1)

/** The tag of the subscription of that call which is farthest from the one with this tag. */
export const oppositeOf = (tag: number): number => ((tag & AGAIN) === 0 ? tag : tag ^ ((MANY_SUBSCRIPTIONS / 2) << CALL_BITS))

/** The calls that a tag may be of are so far from each other, and this is the first of them. */
export const cycleOf = (tag: number): number => ((tag & AGAIN) === 0 ? MANY_CALLS : MANY_CALLS_AGAIN)

/** In a hash, in which form the collective was called: as an operator, */
export const STREAM = 0
/** as a method, on one value, */
export const SINGLE = 1
/** or on one so large that it goes by another algorithm than usual. */
export const LARGE_SINGLE = 3
const FORM = 3

export type Form = typeof STREAM | typeof SINGLE | typeof LARGE_SINGLE

/** Whether a message with that hash is of a method's call. */
export const isSingle = (hash: number): boolean => (hash & SINGLE) !== 0

/** Whether two ranks have called the same, be it the method or the operator. */
export function isSame(one: number, other: number): boolean {
  const difference = one ^ other
  return (difference & ~FORM) === 0 && (difference === 0 || (one & other & SINGLE) === 0)
}

function listed({ counts, sendCounts, recvCounts }: CallOptions): string[] {
  return Object.entries({ counts, sendCounts, recvCounts }).flatMap(([name, given]) => {
    if (given === undefined) return []
    const more = given.length > SHOWN ? ', …' : ''
    return `${name} [${Array.prototype.slice.call(given, 0, SHOWN).join(', ')}${more}]`
  })
}

const SHOWN = 16

function hashOf({ name, root = -1, op = '', algorithm = '', ragged, window }: Omit<Signature, 'hash'>): number {
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
