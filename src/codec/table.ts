import { types } from 'node:util'
import { DataCloneError } from '../errors.js'
import { getterOf, platformClass } from './builtin.js'
import { type BufferLike, datatypeOf, lossOf, viewOf } from './datatype.js'
import { fieldsOf, isError } from './errorFields.js'
import {
  ADDRESS,
  ARRAY,
  BIGINT,
  BUFFER,
  DATE,
  ERROR,
  MAP,
  MAX_KEYS,
  MAX_LENGTH,
  MAX_NESTING,
  PAIRS,
  RECORD,
  REFERENCE,
  REGEXP,
  SET,
  SPARSE,
  TEXT
} from './kinds.js'
import { type Node, pathOf } from './path.js'
import { isFaithful, isInteger64, isPlainKey } from './primitive.js'
import { isReferable, toReference } from './reference.js'
import { observableSymbol, refusalOf } from './refusal.js'

/** Below this many nodes a look through the list is quicker than a Map. */
const FEW = 12
/** An array has at least so many holes, and so many to an element, before it travels as a sparse one. */
const SPARSE_HOLES = 1024
const SPARSE_RATIO = 4

/**
 * Lists all that a value holds, each thing once, in order of appearance and without recursion.
 *
 * Every thing is read once, into a copy of its own, since getters and proxies may answer differently the next time and may send something
 * themselves meanwhile. As long as nothing is shared, special or deep, the copies also form a tree: `isTree` says so.
 */
export class Table {
  readonly nodes: Node[] = []
  isTree = true
  hasNegativeZero = false
  private numbers: Map<unknown, number> | undefined
  private readonly readers: number

  /** `readers`: how many ranks will have it; `copy` is that of an object or an array, where the caller has read it already. */
  constructor(value: object | bigint | string, readers: number, copy?: Record<string, unknown> | unknown[]) {
    this.readers = readers
    this.list(value, undefined, '', copy)
    for (let i = 0; i < this.nodes.length; i++) this.expand(this.nodes[i]!)
  }

  /** The nodes as kinds.ts describes them: references take the places where nodes were first met, so that no node holds another. */
  rows(): unknown[] {
    const { nodes } = this
    const rows: unknown[] = new Array(nodes.length + 1)
    const kinds: number[] = []
    rows[0] = kinds
    for (let i = 0; i < nodes.length; i++) {
      const { copy, kind, parent, key } = nodes[i]!
      rows[i + 1] = copy
      kinds.push(kind)
      if (parent !== undefined) (parent.copy as Record<string | number, unknown>)[key] = [i + 1]
    }
    return rows
  }

  /** Sees to all that a node holds. */
  private expand(node: Node): void {
    switch (node.kind) {
      case RECORD:
        this.expandRecord(node)
        return
      case ARRAY:
      case SPARSE:
      case MAP:
      case SET:
      case ERROR:
        this.expandList(node)
    }
  }

  private expandRecord(node: Node): void {
    const record = node.copy as Record<string, unknown>
    const keys = Object.keys(record)
    if (keys.length > MAX_KEYS) refuse(`an object with more than ${MAX_KEYS} keys cannot be sent; send a Map`, node.parent, node.key)
    for (let i = 0; i < keys.length; i++) {
      if (!isPlainKey(keys[i]!)) {
        node.kind = PAIRS
        node.copy = keys.flatMap((key) => [key, record[key]])
        this.isTree = false
        this.expandList(node)
        return
      }
    }
    for (let i = 0; i < keys.length; i++) this.place(node, keys[i]!, record[keys[i]!])
  }

  private expandList(node: Node): void {
    const list = node.copy as unknown[]
    for (let i = 0; i < list.length; i++) this.place(node, i, list[i])
  }

  /** Sees to the value at one place of a node. */
  private place(node: Node, key: string | number, value: unknown): void {
    switch (typeof value) {
      case 'undefined':
      case 'boolean':
        return
      case 'number':
        if (Object.is(value, -0)) this.hasNegativeZero = true
        return
      case 'string':
        if (!isFaithful(value)) this.list(value, node, key)
        return
      case 'bigint':
        if (!isInteger64(value)) this.list(value, node, key)
        return
      case 'object': {
        if (value === null) return
        const number = this.numberOf(value)
        const copy = node.copy as Record<string | number, unknown>
        if (number === 0) {
          copy[key] = this.list(value, node, key).copy
        } else {
          copy[key] = [number]
          this.isTree = false
        }
        return
      }
    }
    refuse(refusalOf(value)!, node, key)
  }

  /** The number, from 1 on, of the node that is `value`'s, or 0. */
  private numberOf(value: object): number {
    const { nodes, numbers } = this
    if (numbers !== undefined) return numbers.get(value) ?? 0
    for (let i = 0; i < nodes.length; i++) if (nodes[i]!.original === value) return i + 1
    if (nodes.length > FEW) this.numbers = new Map(nodes.map(({ original }, i) => [original, i + 1]))
    return 0
  }

  private list(value: object | bigint | string, parent: Node | undefined, key: string | number, copy?: unknown): Node {
    const level = parent === undefined ? 0 : parent.level + 1
    const node: Node = { original: value, kind: RECORD, copy, parent, key, level }
    if (typeof value === 'object') this.describe(node, value)
    else describePrimitive(node, value)
    if (level >= MAX_NESTING || (node.kind !== RECORD && node.kind !== ARRAY)) this.isTree = false
    this.nodes.push(node)
    this.numbers?.set(value, this.nodes.length)
    return node
  }

  /** By what a thing is and not by `instanceof`, for it may come from another realm. */
  private describe(node: Node, value: object): void {
    const prototype = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) describeRecord(node, value)
    else if (Array.isArray(value)) describeArray(node, value)
    else describeSpecial(node, value, this.readers)
  }
}

function describePrimitive(node: Node, value: bigint | string): void {
  node.kind = typeof value === 'bigint' ? BIGINT : TEXT
  node.copy = typeof value === 'bigint' ? value.toString(16) : Uint8Array.from(Buffer.from(value))
}

/** An object of which the own enumerable fields are sent. */
function describeRecord(node: Node, value: object): void {
  const symbol = observableSymbol()
  if (symbol !== undefined && symbol in value) refuse(refusalOf(value)!, node.parent, node.key)
  node.copy ??= { ...value }
}

function describeArray(node: Node, value: readonly unknown[]): void {
  const { length } = value
  node.kind = ARRAY
  if (node.copy !== undefined) return
  const copy: unknown[] = []
  node.copy = copy
  let holes = 0
  for (let i = 0; i < length; i++) {
    const element = value[i]
    if (element === undefined && !(i in value)) {
      holes++
      if (holes > SPARSE_HOLES && holes > SPARSE_RATIO * (i - holes)) {
        node.kind = SPARSE
        node.copy = sparse(value, copy)
        return
      }
    }
    copy.push(element)
  }
  if (length > MAX_LENGTH) {
    refuse(`an array of more than ${MAX_LENGTH} elements cannot be sent; send a typed array, or parts`, node.parent, node.key)
  }
}

/** Length, index, value, index, value …; the first elements have been read already. */
function sparse(array: readonly unknown[], first: readonly unknown[]): unknown[] {
  const indices = Object.keys(array).filter((key) => String(Number(key) >>> 0) === key && Number(key) < array.length)
  const read = (index: number): unknown => (index < first.length ? first[index] : array[index])
  return [array.length, ...indices.flatMap((index) => [Number(index), read(Number(index))])]
}

const sourceOf = getterOf<string>(RegExp.prototype, 'source')
const flagsOf = getterOf<string>(RegExp.prototype, 'flags')
const addressOf = getterOf<string>(URL.prototype, 'href')

function describeSpecial(node: Node, value: object, readers: number): void {
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    describeBuffer(node, value as BufferLike)
  } else if (types.isMap(value)) {
    node.kind = MAP
    const entries: unknown[] = []
    Map.prototype.forEach.call(value, (held, key) => entries.push(key, held))
    node.copy = entries
  } else if (types.isSet(value)) {
    node.kind = SET
    const members: unknown[] = []
    Set.prototype.forEach.call(value, (member) => members.push(member))
    node.copy = members
  } else if (types.isDate(value)) {
    node.kind = DATE
    node.copy = Date.prototype.getTime.call(value)
  } else if (types.isRegExp(value)) {
    node.kind = REGEXP
    node.copy = [sourceOf.call(value), flagsOf.call(value)]
  } else if (isReferable(value)) {
    node.kind = REFERENCE
    node.copy = [...value[toReference](readers)]
  } else if (isError(value)) {
    node.kind = ERROR
    node.copy = fieldsOf(value)
  } else if (isAddress(value)) {
    node.kind = ADDRESS
    node.copy = addressOf.call(value)
  } else {
    const refusal = refusalOf(value)
    if (refusal !== undefined) refuse(refusal, node.parent, node.key)
    describeRecord(node, value)
  }
}

/** Where it is none of ours but of one of our classes, it has no address to tell. */
function isAddress(value: object): boolean {
  if (platformClass(value) !== 'URL') return false
  try {
    addressOf.call(value)
    return true
  } catch {
    return false
  }
}

function describeBuffer(node: Node, value: BufferLike): void {
  const loss = lossOf(value)
  if (loss === 'detached') refuse('a detached buffer cannot be sent; send it before it is transferred', node.parent, node.key)
  if (loss !== undefined) {
    refuse('a view that is out of bounds cannot be sent; send it before its buffer is resized', node.parent, node.key)
  }
  node.copy = viewOf(value)
  node.kind = BUFFER + datatypeOf(value)
}

/** `parent` and `key` are where it was met. */
function refuse(why: string, parent: Node | undefined, key: string | number): never {
  throw new DataCloneError(`${pathOf(parent, key)}: ${why}`)
}
