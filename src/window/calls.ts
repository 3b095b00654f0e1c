import { ArgumentError, FreedError } from '../errors.js'
import type { Memory } from '../memory/copy.js'
import type { PredefinedName } from '../op/predefined.js'
import { watch, watchInto } from '../request/memory-use.js'
import type { CallRequest } from '../service/call-request.js'
import type { Done } from '../service/done.js'
import type { Service } from '../service/service.js'
import { ACCUMULATE, apply, COMPARE_AND_SWAP, GET, type Operation, PUT } from './apply.js'
import type { Attachments } from './attachments.js'
import type { Changes } from './changes.js'
import { fill, type Given, piece, within } from './given.js'
import type { LockKeeper } from './lock-keeper.js'
import type { Notifications } from './notifications.js'
import type { Part } from './part.js'
import type { Pipeline } from './pipeline.js'
import type { Place } from './place.js'

/** What is asked of a target, or of who answers for it; and what that tells it. */
export const RMA = 'rma'
export const TOLD = 'told'

/** What is asked of a target. */
export type Asked = readonly [
  part: number,
  kind: number,
  offset: number,
  bytes: number,
  form: Operation['form'],
  code: number,
  op: PredefinedName,
  from: number,
  count: number,
  /** Of the last piece: what is told of it, and where all of it has been written; else -1. */
  notify: number | null,
  at: number,
  span: number,
  data?: Uint8Array
]

/** Beside a piece of what is sent, what is said of it: both fit a segment, so that nothing overtakes it. */
const MARGIN = 4 * 1024
/** What is written without an answer in between. */
const SHARE = 2 ** 20
/** Answer of a call that gives nothing: the shortest there is. */
export const WRITTEN = 0
/** Runs of a form that fit a message. */
const RUNS = 128

/** All of an operation in memory that this rank reaches. */
function applyWhole(part: Part, operation: Operation, data: Given | undefined, into: Given | undefined): void {
  const { kind, form, offset, bytes } = operation
  if (form === null && kind === PUT && data!.runs !== undefined) return data!.runs.gather(0, bytes, part.memory!, offset)
  if (form === null && kind === GET && into!.runs !== undefined) return into!.runs.scatter(0, bytes, part.memory!, offset)
  const from = data && piece(data, 0, data.bytes)
  if (into === undefined) return apply(part, operation, 0, from, undefined)
  const there = into.memory ?? new Uint8Array(bytes)
  apply(part, operation, 0, from, {
    buffer: there.buffer,
    byteOffset: there.byteOffset,
    byteLength: kind === COMPARE_AND_SWAP ? there.byteLength : bytes
  })
  if (into.memory === undefined) fill(into, 0, there as Uint8Array)
}

const asBytes = ({ buffer, byteOffset, byteLength }: Memory): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength)

/** What a call does on a part, and what it gives. */
export interface Action<T> {
  readonly part: Part
  readonly operation: Operation
  readonly place: Place
  readonly data?: Given
  readonly into?: Given
  /** That is memory of the program's. */
  readonly isGiven?: boolean
  readonly notify?: number | undefined
  readonly result: () => T
}

/** What the calls of a window need of it. */
export interface CallParts {
  readonly service: Service
  readonly pipelines: readonly Pipeline[]
  readonly keeper: LockKeeper
  readonly changes: Changes
  readonly notifications: Notifications
  readonly attachments: Attachments
}

/** Operations on the parts of a window: this rank's, on its own memory and others', and those of others on this rank's. */
export class Calls {
  /** Why nothing is done on this rank's memory any more. */
  obstacle: Error | undefined
  readonly #service: Service
  readonly #pipelines: readonly Pipeline[]
  readonly #keeper: LockKeeper
  readonly #changes: Changes
  readonly #notifications: Notifications
  readonly #attachments: Attachments
  readonly #piece: number
  readonly #callName: string

  constructor({ service, pipelines, keeper, changes, notifications, attachments }: CallParts) {
    this.#service = service
    this.#callName = `call on ${service.what}`
    this.#pipelines = pipelines
    this.#keeper = keeper
    this.#changes = changes
    this.#notifications = notifications
    this.#attachments = attachments
    this.#piece = Math.max(16, (service.core.endpoint.transport.maxSegment - MARGIN) & ~15)
    service.serve(RMA, (rank, asked, reply) =>
      this.#serve(rank, asked as Asked, (error, value) => {
        reply(error, value)
        attachments.own.get(0)!.control?.handle(rank)
      })
    )
    service.attend(RMA)
    service.lend(RMA)
    service.serve(TOLD, (rank, [notify, at, span, changes]) =>
      this.#heard(rank, notify as number | null, at as number, span as number, changes as boolean)
    )
  }

  /** Does an operation: at once where it can be, else by asking the target. */
  act<T>(request: CallRequest<T>, given: Action<T>): void {
    const isAside = given.isGiven === true && this.#service.core.endpoint.memoryInUse.isChecked
    const action = isAside ? this.#aside(request, given) : given
    const { part, operation, place, data, into, notify, result } = action
    const { rank, control } = part
    const changes = operation.kind !== GET
    const act = (): void => {
      if (request.settled) return
      if (operation.bytes === 0) {
        if (notify !== undefined) this.#notifications.tell(rank, notify, place.at, 0)
        return request.settle(null, result())
      }
      if (control === undefined || !this.#pipelines[rank]!.isIdle || !control.enter()) {
        return this.#ask(request, action)
      }
      try {
        applyWhole(part, operation, data, into)
      } finally {
        control.leave()
      }
      if (changes && control.isWatched) this.#changes.tell(rank, place.at, place.at + place.span)
      if (notify !== undefined) this.#notifications.tell(rank, notify, place.at, place.span)
      request.settle(null, result())
    }
    if (data !== undefined) watch(this.#service.core, request, data.runs ?? data.memory!, this.#callName)
    if (notify === undefined) act()
    else this.#notifications.room(rank, request.site, act, (error) => request.fail(error))
  }

  /** It receives to memory of its own first, so that what the program does to `into` meanwhile shows. */
  #aside<T>(request: CallRequest<T>, action: Action<T>): Action<T> {
    const into = action.into!
    const { bytes } = action.operation
    watchInto(this.#service.core, request, into.runs ?? new Uint8Array(into.memory!.buffer, into.memory!.byteOffset, bytes), this.#callName)
    const memory = new Uint8Array(bytes)
    return {
      ...action,
      into: { ...into, bytes, memory, runs: undefined },
      result: () => {
        if (request.leaveMemoryOrFail()) fill(into, 0, memory)
        return action.result()
      }
    }
  }

  #ask<T>(request: CallRequest<T>, { part, operation, place, data, into, notify, result }: Action<T>): void {
    const { rank } = part
    const pipeline = this.#pipelines[rank]!
    const { kind, offset, bytes, form, code, op } = operation
    const isSwap = kind === COMPARE_AND_SWAP
    const id = this.#attachments.idOf(part)
    const step = this.#piece
    // Of what is only written the last piece of each share is answered: what refuses one refuses all that follow.
    const share = into === undefined ? step * Math.max(1, Math.floor(SHARE / step)) : step
    const isLong = form !== null && form.offsets.length > RUNS
    const describe = (): string => `in a call on ${this.#service.what} for rank ${rank}'s part`
    let left = Math.ceil(bytes / share)
    const say = (from: number, count: number): Asked => {
      const there: [] | [Uint8Array] = data === undefined ? [] : [asBytes(piece(data, from, isSwap ? data.bytes : count))]
      const [at, span] = from + count === bytes ? [place.at, place.span] : [-1, 0]
      return [id, kind, offset, bytes, form, code, op, from, count, notify ?? null, at, span, ...there]
    }
    const take = (from: number, answer: Uint8Array | number | undefined): void => {
      if (into === undefined || request.settled || !(answer instanceof Uint8Array)) return
      try {
        fill(into, from, answer)
      } catch (cause) {
        request.settle(new ArgumentError('into: its buffer was transferred away while the call was under way', { cause }))
      }
    }
    for (let first = 0; first < bytes; first += share) {
      const end = Math.min(bytes, first + share)
      const ask = (next: Done<unknown>): void => {
        let asked: Asked
        let from = first
        try {
          for (; end - from > step; from += step) this.#service.tell(rank, RMA, say(from, step))
          asked = say(from, end - from)
        } catch (cause) {
          request.settle(new ArgumentError('data: its buffer was transferred away while the call was under way', { cause }))
          return next(null, undefined)
        }
        const done: Done<Uint8Array | number> = (error, answer) => {
          if (error !== null) request.settle(error)
          else take(from, answer)
          if (--left === 0 && !request.settled) request.settle(null, result())
          next(null, undefined)
        }
        this.#service.ask(rank, RMA, asked, request.site, done, describe)
      }
      pipeline.push(ask, end - first, isLong)
    }
  }

  /** This rank's memory was written to. */
  #heard(rank: number, notify: number | null, at: number, span: number, changes: boolean): void {
    if (changes && this.#changes.isWatched) this.#changes.note(rank, at, at + span)
    if (notify !== null) this.#notifications.deliver({ source: rank, tag: notify, at, count: span })
  }

  /** Does for another rank what it has asked. */
  #serve(
    rank: number,
    [id, kind, offset, bytes, form, code, op, from, count, notify, at, span, data]: Asked,
    reply: (error: Error | null, value: unknown) => void
  ): void {
    const part = this.#attachments.own.get(id)
    if (part === undefined)
      return reply(new FreedError(`target: that memory was detached from ${this.#service.what} on this rank`), undefined)
    const operation: Operation = { kind, offset, bytes, form, code, op }
    let given = data
    let isDone = false
    this.#keeper.admit(rank, () => {
      isDone = true
      if (this.obstacle !== undefined) return reply(this.obstacle, undefined)
      let there: Uint8Array | number = WRITTEN
      try {
        if (kind === GET && form === null && rank !== this.#service.core.rank) there = asBytes(within(part.memory!, offset + from, count))
        else {
          if (kind !== PUT && kind !== ACCUMULATE) there = new Uint8Array(count)
          apply(part, operation, from, given, there === WRITTEN ? undefined : (there as Uint8Array))
        }
      } catch (cause) {
        return reply(
          new FreedError(`target: the memory of this rank's part of ${this.#service.what} was transferred away`, { cause }),
          undefined
        )
      }
      if (at >= 0) this.#heard(rank, notify, at, span, kind !== GET && id === 0)
      reply(null, there)
    })
    // It was lent, and waits for a lock.
    if (!isDone) given = data?.slice()
  }
}
