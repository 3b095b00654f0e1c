import { withArticle } from '../codec/article.js'
import { datatypeOf, nameOf, valueOn } from '../codec/datatype.js'
import { shown } from '../diagnostics/arguments.js'
import { DatatypeError } from '../errors.js'
import { copyAll } from '../memory/copy.js'
import { Elementwise, isSameMemory } from './elementwise.js'
import { isFloating, type Kind, kindOf } from './kind.js'
import type { ElementwiseName } from './loops.js'
import type { Reduced, TypedArray } from './operand.js'
import { type Scalars, scalars } from './scalars.js'

export type PredefinedName = keyof typeof scalars

/** An op that MPI defines. */
export class Predefined<Operand> {
  readonly name: PredefinedName
  readonly commutative: boolean
  readonly #scalars: Scalars
  /** What it takes. */
  readonly #kinds: readonly NonNullable<Kind>[]
  readonly #ofBits: boolean
  /** By the type of elements. */
  readonly #elementwise: Elementwise[] = []

  constructor(name: PredefinedName, { commutative = true, ofBits = false } = {}) {
    this.name = name
    this.commutative = commutative
    this.#scalars = scalars[name]
    const kinds = Object.keys(this.#scalars) as NonNullable<Kind>[]
    this.#kinds = this.#scalars.number ? [...kinds, 'array'] : kinds
    this.#ofBits = ofBits
    Object.freeze(this)
  }

  /** Needs no `this`, so that it can be handed on. */
  readonly combine = <T extends Operand>(a: T, b: T): Reduced<T> => {
    // The way of a stream of numbers.
    if (typeof a === 'number' && typeof b === 'number' && this.#scalars.number) return this.#scalars.number(a, b) as Reduced<T>
    return this.#combine(a, b) as Reduced<T>
  }

  #combine(a: unknown, b: unknown): unknown {
    this.check(a, 'a')
    this.check(b, 'b')
    const kind = kindOf(a)
    if (kind !== kindOf(b)) throw unequal(this.name, a, b)
    if (kind === 'array') return this.#combineArrays(a as TypedArray, b as TypedArray)
    const combine = this.#scalars[kind!] as (a: unknown, b: unknown) => unknown
    return combine(a, b)
  }

  #combineArrays(a: TypedArray, b: TypedArray): TypedArray {
    const datatype = datatypeOf(a)
    if (datatype !== datatypeOf(b) || a.length !== b.length) throw unequal(this.name, a, b)
    const into = valueOn(datatype, new ArrayBuffer(a.byteLength)) as TypedArray
    this.fold(into, a, b)
    return into
  }

  /** `into[i] = a[i] op b[i]`; `into` may be the memory of `a` or of `b`. */
  fold(into: TypedArray, a: TypedArray, b: TypedArray): void {
    if (this.name === 'NO_OP') assign(into, a)
    else if (this.name === 'REPLACE') assign(into, b)
    else this.on(into).fold(into, a, b)
  }

  /** This op on elements of that type. */
  on(array: TypedArray): Elementwise {
    const datatype = datatypeOf(array)
    this.#elementwise[datatype] ??= new Elementwise(this.name as ElementwiseName, datatype)
    return this.#elementwise[datatype]
  }

  /** Throws a DatatypeError for what this op does not take. */
  check(data: unknown, argument: string): void {
    const kind = kindOf(data)
    if (kind === undefined || !this.#kinds.includes(kind)) {
      const kinds = this.#kinds.map((taken) => named[taken]).join(', ')
      throw new DatatypeError(`${argument}: ${this.name} works on ${kinds}, got ${shown(data)}; for anything else make an op with createOp`)
    }
    if (kind === 'array' && this.#ofBits && isFloating(datatypeOf(data))) {
      throw new DatatypeError(
        `${argument}: ${this.name} works on the bits of integers, got ${withArticle(nameOf(datatypeOf(data)))}; ` +
          'to mean its bits give a Uint8Array on its memory'
      )
    }
  }
}

function assign(into: TypedArray, from: TypedArray): void {
  if (!isSameMemory(into, from)) copyAll(from, into)
}

const named: Record<NonNullable<Kind>, string> = {
  number: 'numbers',
  bigint: 'bigints',
  boolean: 'booleans',
  located: 'pairs [value, location]',
  array: 'typed arrays'
}

const unequal = (op: string, a: unknown, b: unknown): DatatypeError =>
  new DatatypeError(`a, b: ${op} works on two of the same kind and length, got ${shown(a)} and ${shown(b)}`)
