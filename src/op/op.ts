import { checkOptions, shown } from '../diagnostics/arguments.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { ArgumentError } from '../errors.js'
import type { Arithmetic, Bitwise, Located, Logical, Reduced, TypedArray } from './operand.js'
import { Predefined, type PredefinedName } from './predefined.js'
import { foldWith } from './user.js'

export { isTypedArray } from './kind.js'
export type { Arithmetic, Bitwise, FloatingArray, IntegerArray, Located, Logical, Operand, Reduced, TypedArray } from './operand.js'

/** How the reductions make one of two values; associative. MPI: MPI_Op, MPI 4.1 §6.9. */
export interface Op<T> {
  /** What errors call it, and what the ranks must agree on. */
  readonly name: string
  /** Whether the ranks' values may be combined in another order than theirs. */
  readonly commutative: boolean
  /** Of two values, `a` from the lower ranks, one; of two runs of typed arrays one of the same length, for which `b` may be used. */
  combine(a: T, b: T): T
}

/** An op that MPI defines; it is an `Op` of everything it takes. */
export interface PredefinedOp<in Operand> {
  /** As in the program: 'SUM'. */
  readonly name: string
  /** Whether the ranks' values may be combined in another order than theirs; all may but REPLACE and NO_OP. */
  readonly commutative: boolean
  /** Of two values, `a` from the lower ranks, one; arrays element by element, into a new one. DatatypeError for others. */
  combine<T extends Operand>(a: T, b: T): Reduced<T>
}

/** `a + b`. MPI: MPI_SUM. */
export const SUM: PredefinedOp<Arithmetic> = new Predefined('SUM')
/** `a * b`. MPI: MPI_PROD. */
export const PROD: PredefinedOp<Arithmetic> = new Predefined('PROD')
/** The larger; NaN wins, and 0 over -0. MPI: MPI_MAX. */
export const MAX: PredefinedOp<Arithmetic> = new Predefined('MAX')
/** The smaller; NaN wins, and -0 over 0. MPI: MPI_MIN. */
export const MIN: PredefinedOp<Arithmetic> = new Predefined('MIN')
/** Whether both are true; of numbers 0 or 1, where 0 and NaN are false. MPI: MPI_LAND. */
export const LAND: PredefinedOp<Logical> = new Predefined('LAND')
/** Whether one is true or both; of numbers 0 or 1, where 0 and NaN are false. MPI: MPI_LOR. */
export const LOR: PredefinedOp<Logical> = new Predefined('LOR')
/** Whether just one is true; of numbers 0 or 1, where 0 and NaN are false. MPI: MPI_LXOR. */
export const LXOR: PredefinedOp<Logical> = new Predefined('LXOR')
/** `a & b`, on numbers of 32 bits. MPI: MPI_BAND. */
export const BAND: PredefinedOp<Bitwise> = new Predefined('BAND', { ofBits: true })
/** `a | b`, on numbers of 32 bits. MPI: MPI_BOR. */
export const BOR: PredefinedOp<Bitwise> = new Predefined('BOR', { ofBits: true })
/** `a ^ b`, on numbers of 32 bits. MPI: MPI_BXOR. */
export const BXOR: PredefinedOp<Bitwise> = new Predefined('BXOR', { ofBits: true })
/**
 * Of pairs `[value, location]` the one with the largest value; NaN wins, equal ones give the lowest location. MPI: MPI_MAXLOC,
 * MPI 4.1 §6.9.4.
 */
export const MAXLOC: PredefinedOp<Located> = new Predefined('MAXLOC')
/**
 * Of pairs `[value, location]` the one with the smallest value; NaN wins, equal ones give the lowest location. MPI: MPI_MINLOC,
 * MPI 4.1 §6.9.4.
 */
export const MINLOC: PredefinedOp<Located> = new Predefined('MINLOC')
/** The last rank's. MPI: MPI_REPLACE. */
export const REPLACE: PredefinedOp<Arithmetic> = new Predefined('REPLACE', { commutative: false })
/** The first rank's. MPI: MPI_NO_OP. */
export const NO_OP: PredefinedOp<Arithmetic> = new Predefined('NO_OP', { commutative: false })

const all = { SUM, PROD, MAX, MIN, LAND, LOR, LXOR, BAND, BOR, BXOR, MAXLOC, MINLOC, REPLACE, NO_OP }

/** An op that MPI defines, by its name. @internal */
export const predefined = (name: PredefinedName): Predefined<unknown> => all[name] as Predefined<unknown>

/** Whether it is one that MPI defines. @internal */
export const isPredefined = (op: unknown): op is Predefined<unknown> => op instanceof Predefined

/** What `createOp` may be told of a function. */
export interface OpOptions {
  /** The default, false, combines in the order of the ranks; true leaves the order to the collective. */
  commutative?: boolean
  /** What errors call it, and what the ranks must agree on; by default the function's own name. */
  name?: string
}

const OP: OptionNames<OpOptions> = { commutative: true, name: true }

/**
 * An op of the program's own, for values of any kind. `combine` must be associative: `(a op b) op c` and `a op (b op c)` are the same.
 *
 * Shape: on values it gets two whole ones and returns a third, or one of them. On typed arrays it gets two runs of equal length, which may
 * be pieces of what the ranks gave; it returns such a run and may write it into the second; it keeps neither.
 * Errors: ArgumentError when `combine` is no function. What `combine` throws reaches its own rank as it is and the others as RemoteError;
 * a run of another kind or length is a DatatypeError. MPI: MPI_Op_create, MPI 4.1 §6.9.5; mpi4py: MPI.Op.Create.
 *
 * @example
 * ```ts
 * import { of } from 'rxjs'
 * import { COMM_WORLD as comm, createOp } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 *
 * const merge = createOp((a: string[], b: string[]) => [...a, ...b])
 * of([`rank ${comm.rank}`])
 *   .pipe(mpi.reduce(comm, merge))
 *   .subscribe((ranks) => console.log(ranks)) // [0] [ 'rank 0', 'rank 1' ]
 * ```
 */
export function createOp<T>(combine: (a: T, b: T) => T, options: OpOptions = {}): Op<T> {
  if (typeof combine !== 'function') throw new ArgumentError(`combine: expected a function (a, b) => c, got ${shown(combine)}`)
  checkOptions(options, OP, '{ commutative: true }')
  const { commutative = false, name = combine.name || 'op' } = options
  if (typeof commutative !== 'boolean') throw new ArgumentError(`commutative: expected true or false, got ${shown(commutative)}`)
  if (typeof name !== 'string') throw new ArgumentError(`name: expected a string, got ${shown(name)}`)
  return Object.freeze({ name, commutative, combine })
}

/** Throws an ArgumentError unless it is an op. @internal */
export function checkOp(op: unknown): asserts op is AnyOp {
  const { name, commutative, combine } = Object(op) as Record<keyof AnyOp, unknown>
  if (typeof name === 'string' && typeof commutative === 'boolean' && typeof combine === 'function') return
  throw new ArgumentError(`op: expected SUM, another op of rxmpi or what createOp returns, got ${shown(op)}`)
}

/** Any op, whatever it takes. */
export interface AnyOp {
  /** What errors call it, and what the ranks must agree on. */
  readonly name: string
  /** Whether the ranks' values may be combined in another order than theirs. */
  readonly commutative: boolean
  /** Of two values, `a` from the lower ranks, one. */
  combine(a: never, b: never): unknown
}

/** Throws a DatatypeError for data that the op does not take; an op that the program has made takes any. @internal */
export function checkOperand(op: AnyOp, data: unknown): void {
  if (op instanceof Predefined) op.check(data, 'data')
}

/** Whether it may change the values that it combines: an op that the program has made. @internal */
export const mayChange = (op: AnyOp): boolean => !(op instanceof Predefined)

/**
 * `into[i] = a[i] op b[i]`, where `a` is from the lower ranks. All three are of one kind and length. `into` may be the very memory of `a`
 * or `b`, but not overlap either otherwise; any of them may be on a SharedArrayBuffer. @internal
 */
export function foldArrays(op: AnyOp, into: TypedArray, a: TypedArray, b: TypedArray): void {
  if (op instanceof Predefined) op.fold(into, a, b)
  else foldWith(op as Op<TypedArray>, into, a, b)
}
