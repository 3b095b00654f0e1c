import { catchError, concatMap, finalize, map, Observable, of, throwError } from 'rxjs'
import type { Caller } from '../collective/definition.js'
import { CommunicatorCore } from '../core/communicator-core.js'
import type { Group } from '../core/group.js'
import { checkOptions, checkSignal, shown } from '../diagnostics/arguments.js'
import { type CallSite, captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import type { AnyNames, OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError, CollectiveMismatchError, CountError, RxmpiError } from '../errors.js'
import { type ArrayType, allocated, checkType, type SharedType } from '../layout/allocate.js'
import { checkCount } from '../layout/check.js'
import type { Viewed } from '../layout/view.js'
import { counting, sharedBuffer } from '../memory/shared-buffer.js'
import type { TypedArray } from '../op/op.js'
import { CONTROL, IDS_EXHAUSTED } from '../progress/context-ids.js'
import { abandonOn, abortError } from '../request/cancellation.js'
import type { Request } from '../request/request.js'
import { CallRequest } from '../service/call-request.js'
import { settled } from '../service/called.js'
import { agreed, gather, OwnCaller } from '../service/rounds.js'
import { Service } from '../service/service.js'
import type { ReachableMemory } from '../transport/transport.js'
import { Control, controlBytes } from './control.js'
import { Part, type PartSay, sayOf } from './part.js'
import { Waits } from './waits.js'
import { Window } from './window.js'

/** How a window is made. */
export interface WindowOptions {
  /** The window's; by default after the communicator: 'world.window(1)'. */
  name?: string
  /** Aborting it fails the call with an AbortError here and a RemoteError on the other ranks. */
  signal?: AbortSignal
}

/** How a window's memory is made. */
export interface AllocateWindowOptions extends WindowOptions {
  /** Whether the parts of a host lie one behind the other, in the order of the ranks; all ranks give the same. Default no. */
  contiguous?: boolean
}

const WINDOW: OptionNames<WindowOptions> = { name: true, signal: true }
const ALLOCATED: OptionNames<AllocateWindowOptions> = { ...WINDOW, contiguous: true }

/** A communicator, as a window that is made of it knows it. */
export interface WindowMaker extends Caller {
  readonly name: string
  readonly group: Group
}

/** What a rank says when a window is made. */
interface Say {
  /** What its contexts begin with: rank 0 gives them. */
  readonly ids: readonly (number | null)[] | null
  readonly part: PartSay
  /** What must be alike: which call, and of what. */
  readonly how: string
}

/** Communicators that a window has: for what its ranks do together, and for what they ask of each other. */
const CONTEXT_SETS = 2

const made = new WeakMap<CommunicatorCore, number>()

/** Makes a window of memory that there is. `comm.window` documents it. */
export function makeWindow<A>(comm: WindowMaker, memory: Viewed | undefined, options: WindowOptions = {}): Request<Window<A>> {
  return begin<A>(comm, options, WINDOW, () => ({ part: sayOf(memory), memory, how: 'window', type: undefined }))
}

/** Makes a window of new memory. `comm.allocateWindow` documents it. */
export function allocateWindow<A extends TypedArray>(
  comm: WindowMaker,
  type: ArrayType<A>,
  length: number,
  options: AllocateWindowOptions = {}
): Request<Window<A>> {
  return begin<A>(comm, options, ALLOCATED, () => {
    checkType<A>(type)
    checkCount(length, 'length')
    const { contiguous = false } = options
    if (typeof contiguous !== 'boolean') throw new ArgumentError(`contiguous: expected true or false, got ${shown(contiguous)}`)
    const make: SharedType<TypedArray> = type
    if (contiguous) {
      const part = { ...sayOf(new make(new SharedArrayBuffer(0)) as unknown as Viewed), length }
      return { part, memory: undefined, how: `allocateWindow(${make.name}, …, { contiguous: true })`, type: make }
    }
    const bytes = length * type.BYTES_PER_ELEMENT
    const reachable = comm.core.endpoint.transport.allocate?.([bytes, controlBytes(comm.core.size)])
    if (reachable !== undefined) {
      const memory = new make(reachable.memory[0]!) as unknown as Viewed
      const part: PartSay = { ...sayOf(memory), kind: 'shared', place: reachable.place }
      return { part, memory, how: 'allocateWindow', type: undefined, reachable }
    }
    const memory = allocated(() => new make(sharedBuffer(bytes))) as unknown as Viewed
    return { part: sayOf(memory), memory, how: 'allocateWindow', type: undefined }
  })
}

interface Prepared {
  readonly part: PartSay
  readonly memory: Viewed | undefined
  readonly how: string
  /** Of parts that lie one behind the other. */
  readonly type: SharedType<TypedArray> | undefined
  /** What this rank's memory is, where other processes reach it. */
  readonly reachable?: ReachableMemory
}

function begin<A>(comm: WindowMaker, options: WindowOptions, names: AnyNames, prepare: () => Prepared): Request<Window<A>> {
  const site = recordCallSite()
  const { core } = comm
  try {
    core.checkAlive()
    checkOptions(options, names, "{ name: 'table' }")
    const { name, signal } = options
    if (name !== undefined && typeof name !== 'string') throw new ArgumentError(`name: expected a string, got ${shown(name)}`)
    if (signal !== undefined) checkSignal(signal)
    const prepared = prepare()
    if (signal?.aborted) throw abortError(signal)
    const count = (made.get(core) ?? 0) + 1
    made.set(core, count)
    const request = new CallRequest<Window<A>>(core, site)
    request.holds(core.endpoint.transport)
    const making = make(comm, prepared, name ?? `${comm.name}.window(${count})`, site, signal)
    const subscription = making.subscribe({
      next: (window) => request.settle(null, window as Window<A>),
      error: (error) => request.settle(error)
    })
    if (signal !== undefined) abandonOn(signal, request, (error) => request.fail(error))
    request.onSettled(() => subscription.unsubscribe())
    return request
  } catch (error) {
    return new CallRequest<Window<A>>(core, captureCallSite()).refuse(error)
  }
}

function make(
  comm: WindowMaker,
  prepared: Prepared,
  name: string,
  site: CallSite | undefined,
  signal: AbortSignal | undefined
): Observable<Window<unknown>> {
  const { core } = comm
  const { endpoint, rank } = core
  const expected = endpoint.expectCommunicator()
  const say: Say = {
    ids: rank === 0 ? Array.from({ length: CONTEXT_SETS }, () => endpoint.ids.next()) : null,
    part: prepared.part,
    how: prepared.how
  }
  return gather(comm, prepared.type === undefined ? 'window' : 'allocateWindow', say, site, { signal }).pipe(
    // When its ranks know its contexts, or will never.
    finalize(expected),
    concatMap((says) => {
      checkAlike(says)
      const [calls, work] = says[0]!.ids!.map((id) => coreOf(core, id, name)) as [CommunicatorCore, CommunicatorCore]
      const caller = new OwnCaller(calls)
      const service = new Service(work, 'window')
      const waits = new Waits(work)
      const parts = says.map(({ part }, of) => new Part(of, part))
      let isMade = false
      const joining = laidOut(work, waits, prepared, parts, site).pipe(
        concatMap((whole) => joined(work, waits, prepared, parts, site).pipe(map(() => whole)))
      )
      return (isAttended(work, parts) ? attended(caller, work, parts, prepared, joining, site) : joining).pipe(
        map((whole) => {
          isMade = true
          return new Window({
            caller,
            service,
            waits,
            parts,
            whole,
            name,
            group: comm.group,
            parent: core,
            site,
            release: prepared.reachable?.close
          })
        }),
        (source) =>
          new Observable<Window<unknown>>((subscriber) => {
            subscriber.add(() => {
              if (isMade) return
              prepared.reachable?.close()
              endpoint.transport.unattend?.(work.id + CONTROL)
              service.close()
              calls.release()
            })
            subscriber.add(source.subscribe(subscriber))
          })
      )
    })
  )
}

function coreOf({ endpoint, members }: CommunicatorCore, id: number | null, name: string): CommunicatorCore {
  if (id === null) throw new RxmpiError(`window: ${IDS_EXHAUSTED}`)
  const core = new CommunicatorCore(endpoint, id, name, members)
  core.join()
  return core
}

function checkAlike(says: readonly Say[]): void {
  const contiguous = says.some(({ how }) => how.includes('contiguous'))
  const other = contiguous ? says.findIndex(({ how }) => how !== says[0]!.how) : -1
  if (other < 0) return
  const lines = says.map(({ how }, rank) => `  rank ${rank}: ${how}`)
  throw new CollectiveMismatchError(
    `allocateWindow: parts that lie one behind the other are of one type, and all ranks ask for them:\n${lines.join('\n')}\nall ranks must give the same`
  )
}

/** The ranks of this host, in order. */
function ranksHere({ members, rank, endpoint }: CommunicatorCore): number[] {
  const { hosts } = endpoint.transport
  const host = hosts?.[members[rank]!]
  return [...members.keys()].filter((other) => hosts === undefined || hosts[members[other]!] === host)
}

/**
 * This rank's own memory is there; with `contiguous` the first rank of each host makes it for all. Gives the parts as one, where they
 * are.
 */
function laidOut(
  core: CommunicatorCore,
  waits: Waits,
  { type, memory }: Prepared,
  parts: readonly Part[],
  site: CallSite | undefined
): Observable<Viewed | undefined> {
  const own = parts[core.rank]!
  if (type === undefined) {
    own.own(memory)
    return of(undefined)
  }
  const here = ranksHere(core)
  const [first] = here as [number]
  const starts = new Map<number, number>()
  let total = 0
  for (const rank of here) {
    starts.set(rank, total)
    parts[rank]!.begins(total * type.BYTES_PER_ELEMENT)
    total += parts[rank]!.length
  }
  const lay = (buffer: SharedArrayBuffer): Viewed | undefined => {
    own.own(new type(buffer, starts.get(core.rank)! * type.BYTES_PER_ELEMENT, own.length) as unknown as Viewed)
    return here.length === core.size ? (new type(buffer) as unknown as Viewed) : undefined
  }
  const id = core.id + 1
  if (core.rank === first) {
    let buffer: SharedArrayBuffer
    try {
      buffer = allocated(() => sharedBuffer(total * type.BYTES_PER_ELEMENT))
    } catch (error) {
      for (const rank of here) if (rank !== first) core.endpoint.transport.share!(core.memberOf(rank), id, [])
      return throwError(() => error)
    }
    for (const rank of here) if (rank !== first) core.endpoint.transport.share!(core.memberOf(rank), id, [buffer])
    return of(lay(buffer))
  }
  return come(core, waits, first, id, site).pipe(
    map(([buffer]) => {
      if (buffer === undefined) throw new CountError(`length: there was no memory for ${total} elements on rank ${first}; give fewer`)
      return lay(counting(buffer))
    })
  )
}

/** Those of a host let each other have the parts that can be shared. */
function joined(
  core: CommunicatorCore,
  waits: Waits,
  { reachable }: Prepared,
  parts: readonly Part[],
  site: CallSite | undefined
): Observable<void> {
  const { endpoint, rank } = core
  const { transport } = endpoint
  const hasEnded = (other: number): boolean => other < core.size && transport.hasEnded?.(core.memberOf(other)) === true
  const reach = (part: Part, memory: ArrayBufferLike): void => {
    if (transport.isVirtual !== true) part.reach(new Control(memory, rank, core.size, hasEnded))
  }
  const others = ranksHere(core).filter((other) => other !== rank)
  const own = parts[rank]!
  if (reachable !== undefined) reach(own, reachable.memory[1]!)
  else if (own.kind === 'shared') {
    const control = new SharedArrayBuffer(controlBytes(core.size))
    for (const other of others) transport.share!(core.memberOf(other), core.id, [own.memory!.buffer as SharedArrayBuffer, control])
    reach(own, control)
  }
  for (const part of parts) {
    if (part === own || part.place === undefined) continue
    // What is out of reach, on another machine, is acted on by messages.
    const memory = transport.reach?.(part.place)
    if (memory === undefined) continue
    part.lies(memory[0]!)
    reach(part, memory[1]!)
  }
  let all: Observable<unknown> = of(undefined)
  for (const other of others) {
    const part = parts[other]!
    if (part.kind !== 'shared' || part.place !== undefined) continue
    all = all.pipe(
      concatMap(() => come(core, waits, other, core.id, site)),
      map(([buffer, control]) => {
        part.lies(buffer!)
        reach(part, control!)
      })
    )
  }
  return all.pipe(map(() => undefined))
}

/** Whether main threads may do calls of other hosts: all ranks say the same. */
const isAttended = ({ members, endpoint: { transport } }: CommunicatorCore, parts: readonly Part[]): boolean =>
  transport.isVirtual !== true &&
  transport.hosts !== undefined &&
  members.some((member) => transport.hosts![member] !== transport.hosts![members[0]!]) &&
  parts.some(({ kind }) => kind === 'shared')

/**
 * The main thread of this host knows the part that it is to do the calls of other hosts on. Nobody asks for one before all know: what the
 * rank has been asked before that would be overtaken. They agree on that by the window's own communicator, for in the order of the calls on
 * the one it is made of there is but the first round.
 */
function attended<T>(
  caller: OwnCaller,
  core: CommunicatorCore,
  parts: readonly Part[],
  { part: say }: Prepared,
  joining: Observable<T>,
  site: CallSite | undefined
): Observable<T> {
  const { members, rank, endpoint } = core
  const known = new Observable<void>((subscriber) => {
    const { memory, control } = parts[rank]!
    const done = (): void => {
      subscriber.next()
      subscriber.complete()
    }
    if (control === undefined || endpoint.transport.attend === undefined) return done()
    const about = { say: { ...say, offset: memory!.byteOffset }, rank, members: [...members] }
    endpoint.transport.attend(core.id + CONTROL, about, [memory!.buffer as SharedArrayBuffer, control.memory as SharedArrayBuffer], done)
  })
  return settled(joining.pipe(concatMap((value) => known.pipe(map(() => value))))).pipe(
    concatMap(({ error, value }) =>
      agreed(caller, 'window', error, site).pipe(
        catchError((others) => throwError(() => error ?? others)),
        map(() => value as T)
      )
    )
  )
}

/** Memory that another rank of this host lets this one have. */
function come(
  core: CommunicatorCore,
  waits: Waits,
  rank: number,
  id: number,
  site: CallSite | undefined
): Observable<readonly SharedArrayBuffer[]> {
  return new Observable((subscriber) => {
    const gone = core.inVain(core.memberOf(rank))
    if (gone !== undefined) return subscriber.error(gone)
    const end = waits.add(
      rank,
      site,
      () => `in window for the memory of rank ${rank}`,
      (error) => subscriber.error(error)
    )
    const stop = core.endpoint.takeShared(core.memberOf(rank), id, (memory) => {
      end()
      subscriber.next(memory)
      subscriber.complete()
    })
    return () => {
      stop()
      end()
    }
  })
}
