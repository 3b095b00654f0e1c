import { type BufferLike, valueOn } from '../codec/datatype.js'
import { PROC_NULL } from '../constants.js'
import { checkTag } from '../diagnostics/arguments.js'
import type { AnyNames } from '../diagnostics/option-names.js'
import { ArgumentError, CountError, DatatypeError } from '../errors.js'
import { checkCount } from '../layout/check.js'
import type { Layout } from '../layout/layout.js'
import { Records } from '../layout/records.js'
import type { AnyOp } from '../op/op.js'
import type { Target } from '../request/options.js'
import type { Request } from '../request/request.js'
import type { CallRequest } from '../service/call-request.js'
import { ACCUMULATE, COMPARE_AND_SWAP, GET, GET_ACCUMULATE, PUT } from './apply.js'
import type { Calls } from './calls.js'
import type { Epochs } from './epochs.js'
import { givenBy } from './given.js'
import { BYTES, elementOf, elements, elementValue, opAnd, operationOf, opOn, placeFor } from './operands.js'
import { GET_AND_PUT, GET_FROM, PUT_TO, type WindowAt, type WindowFrom, type WindowTo } from './options.js'
import type { Part } from './part.js'
import type { PendingRequests } from './pending-requests.js'
import { atomicType, checkMatch, laidOver, type Place, rowIn } from './place.js'
import type { Targets } from './targets.js'

type GetAndPut = WindowTo & { into?: Target }

/**
 * The calls that move data, as requests, with all checks: what `AtOnce` does not do. `Window` documents each. MPI 4.1 §12.3: communication
 * calls.
 */
export class Communication {
  readonly #requests: PendingRequests
  readonly #targets: Targets
  readonly #epochs: Epochs
  readonly #calls: Calls

  constructor(requests: PendingRequests, targets: Targets, epochs: Epochs, calls: Calls) {
    this.#requests = requests
    this.#targets = targets
    this.#epochs = epochs
    this.#calls = calls
  }

  put(data: Target, at: WindowTo): Request<void> {
    return this.#begin<void>(PUT_TO, at, undefined, (request, part) => {
      const given = givenBy(data, 'data')
      const place = placeFor(part, at, given, 'data')
      this.#calls.act(request, {
        part,
        operation: operationOf(PUT, place),
        place,
        data: given,
        notify: at.notify,
        result: () => undefined
      })
    })
  }

  /** `local`: this rank's part, which shows what kind of array is wanted. */
  get(from: WindowFrom, local: unknown): Request<unknown> {
    return this.#begin<unknown>(GET_FROM, from, undefined, (request, part) => {
      const { count, into, layout, at = 0 } = from
      if (count === undefined && into === undefined && layout === undefined) {
        throw new ArgumentError('count: how much is read? Give count, into or a layout')
      }
      if (count !== undefined) checkCount(count, 'count')
      let given = into === undefined ? undefined : givenBy(into, 'into')
      let place: Place
      if (layout !== undefined) place = laidOver(part, at, layout, count ?? 1)
      else {
        const fits = given === undefined ? 0 : Math.floor(given.bytes / part.unit.signature.bytes)
        if (given !== undefined && count !== undefined && count > fits) {
          throw new CountError(`count: ${count} elements do not fit into, which has room for ${fits}`)
        }
        place = rowIn(part, at, count ?? fits)
      }
      if (given !== undefined && count === undefined) checkMatch(part, place, given.signature, 'into')
      else if (given !== undefined && place.signature !== undefined && place.signature.rootText !== given.signature.rootText) {
        throw new DatatypeError(`into: ${given.signature} do not match what is meant of the part of rank ${part.rank}, ${place.signature}`)
      }
      const result = into ?? resultFor(part, place, layout, local)
      given ??= givenBy(result, 'into')
      this.#calls.act(request, {
        part,
        operation: operationOf(GET, place),
        place,
        into: given,
        isGiven: into !== undefined,
        result: () => result
      })
    })
  }

  accumulate(data: Target, op: AnyOp | WindowTo | undefined, at: WindowTo | undefined): Request<void> {
    const [how, where] = opAnd(op, at)
    return this.#begin<void>(PUT_TO, where, undefined, (request, part) => {
      const { given, place, code, name } = combined(part, where, data, how)
      this.#calls.act(request, {
        part,
        operation: { ...operationOf(ACCUMULATE, place), code, op: name },
        place,
        data: given,
        notify: where.notify,
        result: () => undefined
      })
    })
  }

  getAccumulate(data: Target, op: AnyOp | GetAndPut | undefined, at: GetAndPut | undefined): Request<unknown> {
    const [how, where] = opAnd(op, at)
    return this.#begin<unknown>(GET_AND_PUT, where, undefined, (request, part) => {
      const { given, place, code, name } = combined(part, where, data, how)
      const { into } = where
      const result = into ?? (valueOn(code, new ArrayBuffer(given.bytes)) as BufferLike)
      const target = givenBy(result, 'into')
      if (into !== undefined) {
        if (target.signature.rootText !== given.signature.rootText && given.bytes > 0) {
          throw new DatatypeError(`into: ${target.signature} do not match data, ${given.signature}`)
        }
        if (target.bytes < given.bytes) {
          throw new CountError(`into: it has room for ${target.signature.elements} elements, data has ${given.signature.elements}`)
        }
      }
      const operation = { ...operationOf(GET_ACCUMULATE, place), code, op: name }
      const isGiven = into !== undefined
      this.#calls.act(request, { part, operation, place, data: given, into: target, isGiven, notify: where.notify, result: () => result })
    })
  }

  fetchAndOp(value: unknown, op: AnyOp | WindowTo | undefined, at: WindowTo | undefined): Request<unknown> {
    const [how, where] = opAnd(op, at)
    return this.#begin<unknown>(PUT_TO, where, undefined, (request, part) => {
      const place = elementOf(part, where)
      const { code } = part
      const name = opOn(how, code)
      const data = elements(part, 1)
      if (name !== 'NO_OP') data[0] = elementValue(part, value, 'value')
      const into = elements(part, 1)
      const operation = { ...operationOf(GET_ACCUMULATE, place), code, op: name }
      const given = givenBy(data, 'value')
      this.#calls.act(request, {
        part,
        operation,
        place,
        data: given,
        into: givenBy(into, 'into'),
        notify: where.notify,
        result: () => into[0]
      })
    })
  }

  compareAndSwap(expected: unknown, value: unknown, at: WindowTo): Request<unknown> {
    return this.#begin<unknown>(PUT_TO, at, undefined, (request, part) => {
      const { code } = part
      if (!part.isInteger) {
        throw new DatatypeError(`target: compareAndSwap works on integers, the part of rank ${part.rank} has floating-point numbers`)
      }
      const data = elements(part, 2)
      data[0] = elementValue(part, expected, 'expected')
      data[1] = elementValue(part, value, 'value')
      const place = elementOf(part, at)
      const given = givenBy(data, 'value')
      const into = elements(part, 1)
      this.#calls.act(request, {
        part,
        operation: { ...operationOf(COMPARE_AND_SWAP, place), code },
        place,
        data: given,
        into: givenBy(into, 'into'),
        notify: at.notify,
        result: () => into[0]
      })
    })
  }

  /** A call on a part: checks what all have in common, and tells what is wrong where it was made. */
  #begin<T>(names: AnyNames, at: WindowAt, nothing: T, run: (request: CallRequest<T>, part: Part) => void): CallRequest<T> {
    return this.#requests.begin<T>(names, at, (request) => {
      const { target, notify } = at as WindowTo
      if (target === PROC_NULL) return request.settle(null, nothing)
      if (notify !== undefined) checkTag(notify, 'notify')
      const part = this.#targets.partOf(target)
      this.#epochs.call(part.rank)
      run(request, part)
    })
  }
}

/** What is read, as an array of the part's kind. */
function resultFor(part: Part, { signature, span, bytes }: Place, layout: Layout | undefined, local: unknown): Target {
  if (
    part.isRecords &&
    layout === undefined &&
    local instanceof Records &&
    local.unit.signature.rootText === part.unit.signature.rootText
  ) {
    return local.struct.allocate(span) as Target
  }
  const code = signature?.isHomogeneous === true && signature.root.length > 0 ? signature.datatype : BYTES
  return valueOn(code, new ArrayBuffer(bytes)) as BufferLike
}

/** What is combined with what is at the target, where, as which type and by which op. */
function combined(part: Part, where: WindowTo | GetAndPut, data: Target, how: Parameters<typeof opOn>[0]) {
  const given = givenBy(data, 'data')
  const place = placeFor(part, where, given, 'data')
  const code = atomicType(part, place, given.signature)
  return { given, place, code, name: opOn(how, code) }
}
