import { nameOf } from '../codec/datatype.js'
import { isBigint, isFloating } from './kind.js'
import type { TypedArray } from './operand.js'
import { type Scalars, scalars } from './scalars.js'

/** The ops of single elements, by which loops over two arrays are made. */

export type Loop = (into: TypedArray, a: TypedArray, b: TypedArray) => void
/** Where the result goes: to memory of its own, or over one of the operands. */
export type Target = 'into' | 'a' | 'b'
type Expression = (x: string, y: string) => string

const ofAny = {
  SUM: (x, y) => `${x} + ${y}`,
  PROD: (x, y) => `${x} * ${y}`,
  MAX: (x, y) => `Math.max(${x}, ${y})`,
  MIN: (x, y) => `Math.min(${x}, ${y})`,
  LAND: (x, y) => `${x} && ${y} ? 1 : 0`,
  LOR: (x, y) => `${x} || ${y} ? 1 : 0`,
  LXOR: (x, y) => `!${x} === !${y} ? 0 : 1`,
  BAND: (x, y) => `${x} & ${y}`,
  BOR: (x, y) => `${x} | ${y}`,
  BXOR: (x, y) => `${x} ^ ${y}`
} satisfies Record<string, Expression>

export type ElementwiseName = keyof typeof ofAny

/** The product of two integers of 32 bits does not fit a double, which would wrap to the wrong ones. */
const ofIntegers: Partial<Record<ElementwiseName, Expression>> = { PROD: (x, y) => `Math.imul(${x}, ${y})` }

const ofBigints: Partial<Record<ElementwiseName, Expression>> = {
  MAX: (x, y) => `${x} > ${y} ? ${x} : ${y}`,
  MIN: (x, y) => `${x} < ${y} ? ${x} : ${y}`,
  LAND: (x, y) => `${x} && ${y} ? 1n : 0n`,
  LOR: (x, y) => `${x} || ${y} ? 1n : 0n`,
  LXOR: (x, y) => `!${x} === !${y} ? 0n : 1n`
}

/**
 * A function of its own for each op, type of elements and target. V8 compiles a loop for the types that this very loop has met: one that
 * has met five is slower by a factor of five. Sixteen steps at once are faster than one by a factor of three; with more, V8 takes so long
 * to compile them that a program's first large reduction is late.
 */
export function compileLoop(op: ElementwiseName, datatype: number, target: Target): Loop {
  const expression = expressionOf(op, datatype)
  const step = (index: string): string => `${target}[${index}] = ${expression(`a[${index}]`, `b[${index}]`)};`
  const steps = Array.from({ length: STEPS }, (_, k) => step(`i + ${k}`))
  const code = `return function ${op}_${nameOf(datatype)}(into, a, b) {
    const { length } = into
    let i = 0
    for (; i <= length - ${STEPS}; i += ${STEPS}) { ${steps.join(' ')} }
    for (; i < length; i++) { ${step('i')} }
  }`
  try {
    return new Function(code)()
  } catch (error) {
    // Where the program was started with --disallow-code-generation-from-strings.
    if (error instanceof EvalError) return plainLoop(op, datatype)
    throw error
  }
}

const STEPS = 16

function expressionOf(op: ElementwiseName, datatype: number): Expression {
  if (isBigint(datatype)) return ofBigints[op] ?? ofAny[op]
  return (isFloating(datatype) ? undefined : ofIntegers[op]) ?? ofAny[op]
}

/** The same by the op on values, one element after the other: what the other ways must agree with, bit for bit. */
export function plainLoop(op: ElementwiseName, datatype: number): Loop {
  const combine = valueOp(op, datatype) as (x: unknown, y: unknown) => unknown
  return (into, a, b) => {
    const elements: Record<number, unknown> = into
    for (let i = 0; i < into.length; i++) elements[i] = combine(a[i], b[i])
  }
}

function valueOp(op: ElementwiseName, datatype: number): Scalars[keyof Scalars] {
  if (op === 'PROD' && !isBigint(datatype) && !isFloating(datatype)) return Math.imul
  return isBigint(datatype) ? scalars[op].bigint : scalars[op].number
}
