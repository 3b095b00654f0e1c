import { withArticle } from '../codec/article.js'
import { type BufferLike, datatypeOf, elementSize, matches, memoryOf, nameOf, RECORDS, valueOn } from '../codec/datatype.js'
import type { CommunicatorCore, Root } from '../core/communicator-core.js'
import { shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite } from '../diagnostics/call-site.js'
import { AliasError, ArgumentError, CountError, DatatypeError } from '../errors.js'
import { BYTE } from '../layout/basic.js'
import { asDataView, isForRecords, packedOp } from '../layout/fieldwise.js'
import { Pickable } from '../layout/picked.js'
import { Records } from '../layout/records.js'
import { checkThere, packPicked, unpackPicked, View } from '../layout/view.js'
import { block, type Form, overlapEachOther, shift } from '../memory/form.js'
import type { AnyOp } from '../op/op.js'
import { watchInto } from '../request/memory-use.js'
import type { Target } from '../request/options.js'
import { checkTarget } from '../request/receive-request.js'
import { Request, type ToldAs } from '../request/request.js'
import { asideOf } from './aside.js'
import type { Caller, Make } from './definition.js'
import { isPiecemeal, packedOf } from './packed-value.js'
import { call, type MethodOptions, toldAs } from './request.js'

/**
 * Collectives over memory in pieces. What is given is packed before the call, what it results in is unpacked after it: between them goes
 * what goes of typed arrays. So the algorithms, which cut and join, know nothing of pieces.
 */

/** Memory that is not contiguous as the data of a collective: a view, records, or an array of such, one for each rank. */
// biome-ignore lint/suspicious/noExplicitAny: records of whatever fields, a view of whatever memory
export type Views = View<any> | Records<any> | readonly (View<any> | Records<any>)[]

/** Where the methods of a communicator put a result; the operators have none, for they give each round its own. */
export interface Into {
  /**
   * A buffer, a view or records that receive the result in place, or an array of `size` of these; the call resolves to it. Default a new
   * value.
   */
  into?: Target | readonly Target[] | undefined
}

/** What a call is told that has to do with elements. */
interface Options extends Into {
  root?: Root | undefined
  counts?: ArrayLike<number> | undefined
  displs?: ArrayLike<number> | undefined
  sendCounts?: ArrayLike<number> | undefined
  sendDispls?: ArrayLike<number> | undefined
  recvCounts?: ArrayLike<number> | undefined
  recvDispls?: ArrayLike<number> | undefined
}

interface Kind {
  /** Data and result may be in one place. */
  readonly inPlace?: boolean
  /** What `counts` and `displs` count the items of. */
  readonly counted?: 'data' | 'into' | 'both'
  /** What only the root has a use for. */
  readonly atRoot?: 'data' | 'into'
  /** It has a part for each neighbour. */
  readonly isAround?: boolean
  /** It joins runs of any length, so `into` is one. */
  readonly joins?: boolean
}

const kinds: Record<string, Kind> = {
  bcast: { inPlace: true, atRoot: 'data' },
  scatter: { atRoot: 'data' },
  scatterv: { counted: 'data', atRoot: 'data' },
  gather: { atRoot: 'into' },
  gatherv: { counted: 'into', atRoot: 'into' },
  allgatherv: { counted: 'into' },
  reduce: { inPlace: true, atRoot: 'into' },
  allreduce: { inPlace: true },
  scan: { inPlace: true },
  exscan: { inPlace: true },
  reduceScatter: { inPlace: true, counted: 'data' },
  alltoallv: { counted: 'both' },
  neighborAllgather: { isAround: true },
  neighborAllgatherv: { isAround: true, counted: 'into', joins: true },
  neighborAlltoall: { isAround: true },
  neighborAlltoallv: { isAround: true, counted: 'both', joins: true }
}

/** Whether a rank gives something to a collective, and whether it gets something. */
export function sharesOf(name: string, isRoot: boolean): { gives: boolean; gets: boolean } {
  const { atRoot } = kinds[name] ?? {}
  return { gives: isRoot || atRoot !== 'data', gets: isRoot || atRoot !== 'into' }
}

// biome-ignore lint/suspicious/noExplicitAny: records of whatever fields
type AnyRecords = Records<any>

/** Calls a collective on what views pick, or as it is where there is none. */
export function callOverViews(
  comm: Caller,
  name: string,
  make: Make<never, unknown>,
  data: unknown,
  options: Omit<MethodOptions, 'into'> & Into,
  op?: AnyOp
): Request<unknown> {
  const over = make as Make<unknown, unknown>
  const into: unknown = (options as Options | undefined)?.into
  const isPlain = !isPiecemeal(data) && !(into instanceof Pickable) && !Array.isArray(into)
  if (isPlain) {
    const aside = sharesOf(name, comm.core.isRoot(options?.root)).gets ? asideOf(comm.core, data, into) : undefined
    if (aside === undefined) return call(comm, over, data, options as MethodOptions, op)
    const request = new UnpackingRequest(comm.core, captureCallSite(), name).writes([into as Target])
    return request.after(call(comm, over, data, { ...(options as MethodOptions), into: aside.scratch }, op), aside.finish)
  }
  let packed: Packed
  try {
    packed = pack(comm.core, name, data, options as Options, op)
  } catch (error) {
    return new UnpackingRequest(comm.core, captureCallSite()).refuse(error)
  }
  return new UnpackingRequest(comm.core, undefined, name)
    .writes(packed.writes)
    .after(call(comm, over, packed.data, packed.options as MethodOptions, packed.op), packed.finish)
}

export interface Packed {
  readonly data: unknown
  readonly options: Options
  readonly op: AnyOp | undefined
  /** Puts a result where it belongs, and says what the call resolves to. */
  readonly finish: (result: unknown) => unknown
  /** What that writes to. */
  readonly writes: readonly Target[]
}

export function pack(core: CommunicatorCore, name: string, given: unknown, options: Options, op: AnyOp | undefined): Packed {
  const { size: ranks, neighborhood } = core
  const { inPlace = false, counted, atRoot, isAround = false, joins = false } = kinds[name] ?? {}
  const size = isAround ? (neighborhood?.sources.length ?? 0) : ranks
  const isRoot = core.isRoot(options.root)
  const data = atRoot === 'data' && !isRoot ? undefined : given
  const into = atRoot === 'into' && !isRoot ? undefined : options.into
  for (const [place, part] of partsOf(data).entries()) if (part instanceof Pickable) checkThere(part, placeIn('data', data, place))
  checkInto(into, size, isAround ? 'sources' : 'ranks')
  if (joins && Array.isArray(into)) throw new ArgumentError(`into: ${name} joins what comes; give one buffer, view or records`)
  if (into !== undefined) checkApart(data, into, inPlace)

  const records = op === undefined ? undefined : recordsIn(data)
  if (records !== undefined && isForRecords(op!)) return packRecords(name, records, into, options, op!, size)
  if (op !== undefined) checkElements(data, op)

  options = { ...options, into }
  if (counted === 'data' || counted === 'both')
    scale(options, data, counted === 'both' ? ['sendCounts', 'sendDispls'] : ['counts', 'displs'])
  if (counted === 'into' || counted === 'both')
    scale(options, into, counted === 'both' ? ['recvCounts', 'recvDispls'] : ['counts', 'displs'])
  const own = Array.isArray(data) ? data.map(packedOf) : packedOf(data)
  if (into === undefined || ArrayBuffer.isView(into) || !(into instanceof Pickable || Array.isArray(into))) {
    return { data: own, options, op, writes: [], finish: (result) => (result === own && data instanceof Pickable ? data : result) }
  }
  const writes = partsOf(into) as Target[]
  const isPlaced = options.displs !== undefined || options.recvDispls !== undefined
  if (((isPlaced && counted !== 'data') || isAround) && into instanceof Pickable) {
    // What is between the runs, and the part of no neighbour, stays as it is.
    const scratch = packPicked(into)
    options.into = scratch
    return { data: own, options, op, writes, finish: (result) => (result === undefined ? undefined : settle(into, scratch, size)) }
  }
  delete options.into
  const isOwn = name === 'bcast' && data === into && isRoot
  return {
    data: own,
    options,
    op,
    writes: isOwn ? [] : writes,
    finish: (result) => (result === undefined ? undefined : isOwn ? into : settle(into, result, size))
  }
}

const partsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

const placeIn = (name: string, value: unknown, place: number): string => (Array.isArray(value) ? `${name}[${place}]` : name)

function checkInto(into: Options['into'], size: number, whose: string): void {
  if (into === undefined) return
  if (Array.isArray(into) && into.length !== size) {
    throw new CountError(`into: an array of ${into.length} for ${size} ${whose}; give one for each`)
  }
  for (const part of partsOf(into)) checkTarget(part as Target)
}

/** Writes what has come to where it belongs. */
function settle(into: Target | readonly Target[], result: unknown, size: number): unknown {
  if (!Array.isArray(into)) {
    const parts = Array.isArray(result) ? result.map(bufferOf) : [bufferOf(result)]
    put(into as Target, parts.length === 1 ? parts[0]! : joined(parts))
    return into
  }
  // Of no neighbour comes nothing.
  const parts = Array.isArray(result) ? result.map((part) => part && bufferOf(part)) : equalParts(bufferOf(result), size)
  for (const [k, part] of parts.entries()) if (part !== undefined) put(into[k]!, part)
  return into
}

function bufferOf(value: unknown): BufferLike {
  if (datatypeOf(value) !== 0) return value as BufferLike
  throw new DatatypeError(`into: a view cannot hold ${shown(value)}; give typed arrays or views, or no into`)
}

function put(into: Target, part: BufferLike): void {
  if (into instanceof Pickable) return unpackPicked(into, part)
  const [given, wanted] = [datatypeOf(part), datatypeOf(into)]
  if (!matches(given, wanted))
    throw new DatatypeError(`into: ${withArticle(nameOf(wanted))} cannot hold ${withArticle(nameOf(given))}; give a buffer of its kind`)
  const [from, to] = [memoryOf(part), memoryOf(into as BufferLike)]
  if (from.byteLength > to.byteLength) {
    throw new CountError(`into: ${from.byteLength} bytes are received, the buffer has only ${to.byteLength}; give a larger one`)
  }
  new Uint8Array(to.buffer, to.byteOffset, from.byteLength).set(new Uint8Array(from.buffer, from.byteOffset, from.byteLength))
}

function joined(parts: readonly BufferLike[]): BufferLike {
  const bytes = Buffer.concat(parts.map((part) => memoryOf(part) as Uint8Array))
  return valueOn(datatypeOf(parts[0]), new Uint8Array(bytes).buffer)
}

function equalParts(whole: BufferLike, size: number): BufferLike[] {
  const { buffer, byteOffset, byteLength } = memoryOf(whole)
  const share = byteLength / size
  return Array.from({ length: size }, (_, k) => valueOn(datatypeOf(whole), buffer as ArrayBuffer, byteOffset + k * share, share))
}

/** Counts of items become counts of elements. */
function scale(options: Options, counted: unknown, names: readonly (keyof Options)[]): void {
  if (!(counted instanceof Pickable)) return
  const { runs, items, datatype } = counted.picked
  const elements = items === 0 ? 1 : runs.byteLength / items / elementSize(datatype)
  for (const name of names) {
    const list = options[name] as ArrayLike<number> | undefined
    if (list !== undefined) Object.assign(options, { [name]: Array.from(list, (count) => count * elements) })
  }
}

/** Throws where an element of `into` is one of another part of it, or one of the data, but for the whole of it. */
function checkApart(data: unknown, into: Target | readonly Target[], inPlace: boolean): void {
  const targets = partsOf(into) as Target[]
  const given = partsOf(data).filter((part) => part instanceof Pickable || datatypeOf(part) !== 0) as Target[]
  for (const [k, target] of targets.entries()) {
    for (let other = 0; other < k; other++)
      if (meet(target, targets[other]!)) throw new AliasError(`into[${k}]: elements of it are those of into[${other}], too`)
    for (const part of given) {
      if ((inPlace && isSame(part, target)) || !meet(part, target)) continue
      const advice = inPlace ? 'give the data itself, or memory apart from it' : 'give memory apart from it'
      throw new AliasError(`${placeIn('into', into, k)}: elements of it are those of the data, too; ${advice}`)
    }
  }
}

/** Where a target's elements are in its buffer. */
function placesOf(target: Target): { buffer: ArrayBufferLike; form: Form } {
  if (target instanceof Pickable) {
    const { runs } = target.picked
    return { buffer: runs.buffer, form: shift(runs.form, runs.byteOffset) }
  }
  const { buffer, byteOffset, byteLength } = memoryOf(target)
  return { buffer, form: shift(block(byteLength), byteOffset) }
}

function meet(a: Target, b: Target): boolean {
  const [one, other] = [placesOf(a), placesOf(b)]
  return one.buffer === other.buffer && overlapEachOther(one.form, other.form)
}

function isSame(a: Target, b: Target): boolean {
  if (a === b) return true
  const [one, other] = [placesOf(a), placesOf(b)]
  return one.buffer === other.buffer && JSON.stringify(plain(one.form)) === JSON.stringify(plain(other.form))
}

const plain = ({ loops, offsets, lengths }: Form) => [loops, Array.from(offsets), Array.from(lengths)]

/** The records that are data, where they are whole. */
function recordsIn(data: unknown): AnyRecords | undefined {
  if (data instanceof Records) return data
  if (data instanceof View && data.memory instanceof Records && data.picked.recordBytes > 0) {
    return data.memory.struct.unpacked(asBytes(packPicked(data)))
  }
  return undefined
}

/** An op that rxmpi defines works on elements of one type. */
function checkElements(data: unknown, op: AnyOp): void {
  const picked = partsOf(data).find((part) => part instanceof Pickable && part.picked.datatype === RECORDS) as Pickable | undefined
  if (picked === undefined) return
  throw new DatatypeError(
    `data: ${op.name} works on elements of one type, and not on ${picked.picked.signature}; give records and an op of fieldwise or createOp`
  )
}

const asBytes = (buffer: BufferLike): BufferLike => {
  const { buffer: memory, byteOffset, byteLength } = memoryOf(buffer)
  return new Uint8Array(memory, byteOffset, byteLength)
}

/** A reduction by an op on records: its values are what travels of them, which no algorithm cuts. */
function packRecords(
  name: string,
  records: AnyRecords,
  into: Options['into'],
  { counts, into: _, ...options }: Options,
  op: AnyOp,
  size: number
): Packed {
  const { struct, length } = records
  if (Array.isArray(into)) throw new ArgumentError('into: a reduction has one result; give one buffer, view or records')
  let data: unknown = asDataView(records)
  if (name === 'reduceScatter') {
    const shares = counts === undefined ? new Array<number>(size).fill(length / size) : Array.from(counts)
    if (shares.length !== size || !shares.every(Number.isInteger) || shares.reduce((a, b) => a + b, 0) !== length) {
      throw new CountError(`${counts === undefined ? 'data' : 'counts'}: ${length} records cannot be divided among ${size} ranks like that`)
    }
    let at = 0
    data = shares.map((share) => {
      at += share
      return asDataView(records.subarray(at - share, at))
    })
  }
  const finish = (result: unknown): unknown => {
    if (result === undefined) return undefined
    if (into === undefined) return struct.unpacked(result as DataView)
    const { datatype } = records.picked
    const { buffer, byteOffset, byteLength } = result as DataView
    const whole = new Uint8Array(buffer, byteOffset, byteLength).slice().buffer
    put(into as Target, valueOn(datatype === RECORDS ? BYTE : datatype, whole))
    return into
  }
  return { data, options, op: packedOp(op, struct), finish, writes: into === undefined ? [] : [into as Target] }
}

/** Waits for a collective on what was packed, and unpacks what it results in. */
export class UnpackingRequest extends Request<unknown> {
  readonly status = undefined
  readonly #core: CommunicatorCore
  readonly #name: string | undefined

  /** `name`: what was called; absent where nothing was. */
  constructor(core: CommunicatorCore, site: CallSite | undefined, name?: string) {
    super(site)
    this.#core = core
    this.#name = name
  }

  protected override toldAs(): ToldAs {
    return toldAs(this.#core, this.#name)
  }

  /** Where memory is checked: what it writes to when it is done, and not before. */
  writes(targets: readonly Target[]): this {
    if (targets.length === 0 || !this.#core.endpoint.memoryInUse.isChecked) return this
    this.callIsHere()
    for (const target of targets) watchInto(this.#core, this, target, this.#name ?? '')
    return this
  }

  after(request: Request<unknown>, finish: (result: unknown) => unknown): this {
    request.look()
    this.callIsHere()
    request.onSettled(() => {
      const { failure } = request
      if (failure !== undefined) return this.fail(failure)
      try {
        if (request.value === undefined) this.leaveMemory()
        else if (!this.leaveMemoryOrFail()) return
        this.complete(finish(request.value))
      } catch (thrown) {
        this.fail(thrown as Error)
      }
    })
    return this
  }

  protected poll(): void {
    this.#core.poll()
  }

  protected inContext(error: Error, site: CallSite | undefined): Error {
    return this.#core.inContext(error, site)
  }
}
