import { concatMap, map } from 'rxjs'
import { ArgumentError } from '../errors.js'
import { copyRun, type Memory } from '../memory/copy.js'
import { watch, watchInto } from '../request/memory-use.js'
import type { Target } from '../request/options.js'
import type { Request } from '../request/request.js'
import { Status } from '../request/status.js'
import type { CallRequest } from '../service/call-request.js'
import { called } from '../service/called.js'
import type { Done } from '../service/done.js'
import { type Extent, interleaves, readTogether, type TwoPhase, writeTogether } from './collective-io.js'
import type { Consistency } from './consistency.js'
import { planRead, planWrite, type ReadPlan } from './data-plan.js'
import type { FileParts } from './file-core.js'
import type { FileRequests } from './file-requests.js'
import { hostLeadersOf } from './host-leaders.js'
import { type FilePlace, PLACE, READ, type ReadOptions } from './options.js'
import { type Pointers, type Said, type Say, sayOf } from './pointers.js'
import { readRuns, writeRuns } from './runs-io.js'
import type { CollectiveCalls } from './together.js'
import type { Run, View } from './view.js'

/** Shorter pieces are quicker handed to another rank than written. */
const SHORT_PIECE = 256

/** The calls that read and write, independent and collective. `File` documents each. MPI 4.1 §14.4: data access. */
export class DataAccess {
  readonly #parts: FileParts
  readonly #requests: FileRequests
  readonly #pointers: Pointers
  readonly #together: CollectiveCalls
  readonly #consistency: Consistency

  constructor(parts: FileParts, requests: FileRequests, pointers: Pointers, together: CollectiveCalls, consistency: Consistency) {
    this.#parts = parts
    this.#requests = requests
    this.#pointers = pointers
    this.#together = together
    this.#consistency = consistency
  }

  read(options: ReadOptions = {}): Request<unknown> {
    const status = options?.status ?? new Status()
    return this.#requests.independent<unknown>(READ, options, status, (request) => {
      this.#requests.checkReads()
      const plan = this.#aside(planRead(this.#pointers.view, options), options.into, request, 'file.read')
      this.#counted(plan, options, request, (count) => {
        this.#pointers.place(options, count, request, (start) => {
          const view = this.#pointers.view
          this.#allocated(plan, view, start, count, request, (memory, length) => {
            const runs = view.runs(start, length)
            this.#consistency.guarded(request, (done: Done<number>) =>
              readRuns(this.#parts.access, runs, memory, () => request.settled, done)
            )((error, bytes) => {
              if (error !== null) request.settle(error)
              else request.settle(null, plan.finish(memory, bytes, status))
            })
          })
        })
      })
    })
  }

  write(data: Target, options: FilePlace = {}): Request<void> {
    return this.#requests.independent<void>(PLACE, options, undefined, (request) => {
      this.#requests.checkWrites()
      const plan = planWrite(this.#pointers.view, data, options)
      watch(this.#parts.caller.core, request, plan.memory, 'file.write')
      this.#pointers.place(options, plan.count, request, (start) => {
        const runs = this.#pointers.view.runs(start, plan.count)
        this.#consistency.guarded(request, (done: Done<number>) =>
          writeRuns(this.#parts.access, runs, plan.memory, () => request.settled, done)
        )((error) => request.settle(error))
      })
    })
  }

  readAll(options: ReadOptions = {}): Request<unknown> {
    const name = options?.shared === true ? 'readAll({ shared })' : 'readAll'
    const status = options?.status ?? new Status()
    return this.#requests.collective<unknown, Said>(READ, name, options, status, (request) => {
      this.#requests.checkReads()
      const view = this.#pointers.view
      const plan = this.#aside(planRead(view, options), options.into, request, `file.${name}`)
      const from = options.at ?? (options.shared === true ? 0 : this.#pointers.position)
      const count = plan.count ?? Math.max(0, view.elementsIn(this.#parts.access.sizeNow) - from)
      return {
        say: this.#pointers.say(options, count),
        act: (all: readonly Said[]) => {
          const says = all.map(sayOf)
          return this.#pointers.locate(says, options, view, request.site).pipe(
            concatMap(({ start, extents }) =>
              called<{ memory: Memory; length: number }>((done) =>
                this.#allocated(plan, view, start, count, request, (memory, length) => done(null, { memory, length }), done)
              ).pipe(
                concatMap(({ memory, length }) => {
                  const runs = view.runs(start, length)
                  const together = this.#plan(name, runs, memory, extents, request)
                  if (this.#isTwoPhase('read', says, extents)) {
                    return readTogether({ ...together, aggregators: this.#aggregators }).pipe(map((bytes) => ({ memory, bytes })))
                  }
                  const read = called<number>((done) =>
                    this.#consistency.guarded(request, (next: Done<number>) =>
                      readRuns(this.#parts.access, runs, memory, () => false, next)
                    )(done)
                  )
                  return this.#together.outcome(`${together.name} (end)`, read, request.site).pipe(map((bytes) => ({ memory, bytes })))
                })
              )
            ),
            map(({ memory, bytes }) => plan.finish(memory, bytes, status))
          )
        }
      }
    })
  }

  writeAll(data: Target, options: FilePlace = {}): Request<void> {
    const name = options?.shared === true ? 'writeAll({ shared })' : 'writeAll'
    return this.#requests.collective(PLACE, name, options, undefined, (request) => {
      this.#requests.checkWrites()
      const view = this.#pointers.view
      const { memory, count } = planWrite(view, data, options)
      watch(this.#parts.caller.core, request, memory, `file.${name}`)
      return {
        say: this.#pointers.say(options, count),
        act: (all: readonly Said[]) => {
          const says = all.map(sayOf)
          return this.#pointers.locate(says, options, view, request.site).pipe(
            concatMap(({ start, extents }) => {
              const runs = view.runs(start, count)
              const plan = this.#plan(name, runs, memory, extents, request)
              if (this.#isTwoPhase('write', says, extents)) return writeTogether({ ...plan, aggregators: this.#aggregators })
              const write = called<number>((done) =>
                this.#consistency.guarded(request, (next: Done<number>) => writeRuns(this.#parts.access, runs, memory, () => false, next))(
                  done
                )
              )
              return this.#together.outcome(`${plan.name} (end)`, write, request.site).pipe(map(() => undefined))
            })
          )
        }
      }
    })
  }

  get #aggregators(): number[] {
    return this.#parts.isThrough ? [this.#parts.leader] : hostLeadersOf(this.#parts.caller.core)
  }

  /** What this rank has in a call of all, but for who does it for all. */
  #plan(
    name: string,
    runs: readonly Run[],
    memory: Memory,
    extents: readonly Extent[],
    { site }: Pick<CallRequest<unknown>, 'site'>
  ): Omit<TwoPhase, 'aggregators'> {
    const { worker: caller, access } = this.#parts
    return { name: `file.${name}`, caller, access, runs, memory, extents, site }
  }

  #isTwoPhase(how: 'read' | 'write', says: readonly Say[], extents: readonly Extent[]): boolean {
    const { buffering, isThrough } = this.#parts
    if (this.#consistency.isAtomic || buffering === 'never') return false
    if (buffering === 'always') return true
    if (!interleaves(extents)) return false
    // Within one host the cache of the system brings pieces together, and what counts is the number of calls: a read needs few.
    if (isThrough || hostLeadersOf(this.#parts.caller.core).length > 1) return true
    return how === 'write' && says.some(({ pieceBytes }) => pieceBytes < SHORT_PIECE)
  }

  /** How many elements are asked for; without `count` and `into` all to the end. */
  #counted(plan: ReadPlan, { at, shared }: ReadOptions, request: CallRequest<unknown>, then: (count: number) => void): void {
    if (plan.count !== undefined) return then(plan.count)
    if (shared === true) throw new ArgumentError('count: a read at the common pointer says how much: give count, or into')
    const view = this.#pointers.view
    const rest = (size: number): number => Math.max(0, view.elementsIn(size) - (at ?? this.#pointers.position))
    if (!this.#parts.isThrough) return then(rest(this.#parts.access.sizeNow))
    this.#parts.access.stat((error, stat) => {
      if (error !== null) request.settle(error)
      else if (!request.settled) then(rest(stat.size))
    })
  }

  /** The memory to read into: of its own no more than the file has. */
  #allocated(
    plan: ReadPlan,
    view: View,
    start: number,
    count: number,
    request: CallRequest<never> | CallRequest<unknown>,
    then: (memory: Memory, count: number) => void,
    fail: (error: Error, nothing: never) => void = (error) => (request as CallRequest<unknown>).settle(error)
  ): void {
    const { memory } = plan
    if (memory !== undefined) return then({ ...slice(memory, count * view.size) }, count)
    const allocate = (size: number): void => {
      const there = Math.max(0, Math.min(count, view.elementsIn(size) - start))
      const buffer = new ArrayBuffer(there * view.size)
      then({ buffer, byteOffset: 0, byteLength: buffer.byteLength }, there)
    }
    if (!this.#parts.isThrough) return allocate(this.#parts.access.sizeNow)
    this.#parts.access.stat((error, stat) => (error === null ? allocate(stat.size) : fail(error, undefined as never)))
  }

  /** Where memory is checked, it reads to memory of its own first, so that what the program does to `into` meanwhile shows. */
  #aside(plan: ReadPlan, into: Target | undefined, request: CallRequest<never> | CallRequest<unknown>, name: string): ReadPlan {
    if (into === undefined || !this.#parts.caller.core.endpoint.memoryInUse.isChecked) return plan
    watchInto(this.#parts.caller.core, request, into, name)
    const finish: ReadPlan['finish'] = (memory, bytes, status) => {
      if (!request.leaveMemoryOrFail()) return undefined
      if (plan.memory === undefined) return plan.finish(memory, bytes, status)
      copyRun(memory, 0, plan.memory, 0, bytes)
      return plan.finish(plan.memory, bytes, status)
    }
    return { ...plan, finish, memory: plan.memory && new Uint8Array(plan.memory.byteLength) }
  }
}

const slice = ({ buffer, byteOffset }: Memory, byteLength: number): Memory => ({ buffer, byteOffset, byteLength })
