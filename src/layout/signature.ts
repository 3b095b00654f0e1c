import { elementSize, RECORDS } from '../codec/datatype.js'
import { type Code, typeOf } from './basic.js'

/** So many elements of a basic type in a row. */
type Part = readonly [code: Code, count: number]

/**
 * The basic types of what a layout picks, in its order: the shortest list that says it all when repeated. So a thousand records have the
 * signature of one, and a record of nothing but doubles that of a `Float64Array`. MPI 4.1 §5.1: type signature.
 */
export class Signature {
  /** Neighbours differ; of elements of one type, one of it. */
  readonly root: readonly Part[]
  readonly times: number
  #hash: number | undefined

  constructor(root: readonly Part[], times: number) {
    this.root = root
    this.times = times
  }

  static of(code: Code): Signature {
    return new Signature([[code, 1]], 1)
  }

  repeat(count: number): Signature {
    return count === 1 ? this : new Signature(this.root, this.times * count)
  }

  /** All of them, one behind the other. */
  static join(signatures: readonly Signature[]): Signature {
    const some = signatures.filter(({ times, root }) => times > 0 && root.length > 0)
    const [first] = some
    if (first === undefined) return new Signature(signatures[0]?.root ?? [], 0)
    if (some.every(({ root }) => same(root, first.root))) {
      return new Signature(
        first.root,
        some.reduce((sum, { times }) => sum + times, 0)
      )
    }
    return shortest(some.flatMap(({ root, times }) => expanded(root, times)))
  }

  /** Elements of a basic type in the root. */
  get rootElements(): number {
    return this.root.reduce((sum, [, count]) => sum + count, 0)
  }

  get bytes(): number {
    return this.times * this.rootBytes
  }

  get elements(): number {
    return this.times * this.rootElements
  }

  get rootBytes(): number {
    return this.root.reduce((sum, [code, count]) => sum + count * elementSize(code), 0)
  }

  /** Elements of basic types that are whole in so many bytes of it. */
  elementsIn(bytes: number): number {
    const roots = Math.floor(bytes / this.rootBytes)
    let left = bytes - roots * this.rootBytes
    let elements = roots * this.rootElements
    for (const [code, count] of this.root) {
      const whole = Math.min(count, Math.floor(left / elementSize(code)))
      elements += whole
      left -= whole * elementSize(code)
      if (whole < count) break
    }
    return elements
  }

  /** Whether all elements are of one basic type. */
  get isHomogeneous(): boolean {
    return this.root.length <= 1
  }

  /** The code on the wire. */
  get datatype(): Code {
    const [only] = this.root
    return this.root.length === 1 ? only![0] : RECORDS
  }

  /** 32 bits that say which root it is; 0 where the datatype says it. */
  get hash(): number {
    if (this.isHomogeneous) return 0
    this.#hash ??= hashOf(this.rootText)
    return this.#hash
  }

  /** 'u32 4*f64 u8' */
  get rootText(): string {
    return this.root.map(([code, count]) => (count === 1 ? typeOf(code) : `${count}*${typeOf(code)}`)).join(' ')
  }

  /** '12*f64', '10*(u32 4*f64 u8)' */
  toString(): string {
    const [only] = this.root
    if (this.root.length === 0) return ''
    if (this.root.length === 1) return `${this.times}*${typeOf(only![0])}`
    return `${this.times}*(${this.rootText})`
  }
}

const heard = new Map<number, Signature>()

/** Remembers what records of this rank are made of, so that a status can say how many have come. */
export function recognise(signature: Signature): void {
  if (!signature.isHomogeneous) heard.set(signature.hash, signature)
}

/** The signature with that hash, if this rank has made anything of it. */
export const recognised = (hash: number): Signature | undefined => heard.get(hash)

const same = (a: readonly Part[], b: readonly Part[]): boolean =>
  a === b || (a.length === b.length && a.every((part, k) => equal(part, b[k]!)))

function expanded(root: readonly Part[], times: number): Part[] {
  if (root.length === 1) return [[root[0]![0], times]]
  return Array.from({ length: times }, () => root).flat()
}

/**
 * The shortest list that gives this one when repeated. Where repeating joins the last part with the first, the list looks otherwise within
 * than at its ends: so it is looked at from its second part on, round to the first.
 */
function shortest(list: readonly Part[]): Signature {
  const parts = joined(list)
  const [first, last] = [parts[0]!, parts.at(-1)!]
  if (parts.length === 1) return new Signature([[first[0], 1]], first[1])
  const isRound = first[0] === last[0]
  const round: Part[] = isRound ? [...parts.slice(1, -1), [first[0], last[1] + first[1]]] : parts
  const period = periodOf(round)
  const times = round.length / period
  if (times === 1) return new Signature(parts, 1)
  const root = round.slice(0, period)
  if (isRound) {
    const [code, count] = root.pop()!
    root.unshift(first)
    root.push([code, count - first[1]])
  }
  return new Signature(root, times)
}

function joined(list: readonly Part[]): Part[] {
  const parts: Part[] = []
  for (const part of list) {
    const last = parts.at(-1)
    if (last !== undefined && last[0] === part[0]) parts[parts.length - 1] = [last[0], last[1] + part[1]]
    else parts.push(part)
  }
  return parts
}

/** The length of the shortest beginning that the list consists of. Knuth, Morris, Pratt, SIAM J. Comput. 6(2), 1977. */
function periodOf(list: readonly Part[]): number {
  const borders = [0]
  for (let k = 1, border = 0; k < list.length; k++) {
    while (border > 0 && !equal(list[k]!, list[border]!)) border = borders[border - 1]!
    if (equal(list[k]!, list[border]!)) border++
    borders.push(border)
  }
  const period = list.length - borders.at(-1)!
  return list.length % period === 0 ? period : list.length
}

const equal = (a: Part, b: Part): boolean => a[0] === b[0] && a[1] === b[1]

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let k = 0; k < text.length; k++) hash = Math.imul(hash ^ text.charCodeAt(k), 0x01000193)
  return hash | 0
}
