import { ProtocolError } from '../errors.js'
import { withArticle } from './article.js'
import { elementSize, isKnown, isScalar, nameOf, valueOn } from './datatype.js'
import { emptyError, isErrorClass, setField } from './errorFields.js'
import { ADDRESS, ARRAY, BIGINT, BUFFER, DATE, ERROR, MAP, PAIRS, RECORD, REFERENCE, REGEXP, SET, SPARSE, TEXT } from './kinds.js'
import { references } from './reference.js'

const LAST_INDEX = 2 ** 32 - 2
const HEXADECIMAL = /^-?[0-9a-f]+$/

/** The value that a table describes: first every node's thing, then what each holds, so that cycles need no care. */
export function restore(table: unknown): unknown {
  const kinds = list(list(table)[0]) as number[]
  const nodes = table as unknown[]
  if (kinds.length === 0 || nodes.length !== kinds.length + 1) throw malformed('another number of kinds than of nodes')
  const things: unknown[] = []
  for (let i = 0; i < kinds.length; i++) things.push(empty(kinds[i]!, nodes[i + 1]))
  for (let i = 0; i < kinds.length; i++) fill(kinds[i]!, nodes[i + 1], things[i], things)
  return things[0]
}

/** The thing of a node, without what it holds. Those that hold nothing are then complete. */
function empty(kind: number, node: unknown): unknown {
  switch (kind) {
    case RECORD:
      if (typeof node !== 'object' || node === null || Array.isArray(node) || node instanceof Uint8Array)
        throw malformed('a record that is no map')
      return node
    case PAIRS:
      list(node)
      return {}
    case ARRAY:
      return list(node)
    case SPARSE:
      return sparse(list(node)[0])
    case MAP:
      list(node)
      return new Map()
    case SET:
      list(node)
      return new Set()
    case DATE:
      if (typeof node !== 'number') throw malformed('a date that is no number')
      return new Date(node)
    case REGEXP: {
      const [source, flags] = list(node)
      if (typeof source !== 'string' || typeof flags !== 'string') throw malformed('a regular expression that is no text')
      return new RegExp(source, flags)
    }
    case ERROR: {
      const [name] = list(node)
      if (!isErrorClass(name)) throw malformed('an error without a class')
      return emptyError(name)
    }
    case REFERENCE: {
      const [home, id] = list(node)
      if (!isIndex(home) || !isIdentifier(id)) throw malformed('a reference that is no two numbers')
      return references.revive?.(home, id)
    }
    case BIGINT:
      if (typeof node !== 'string' || !HEXADECIMAL.test(node)) throw malformed('a bigint that is no hexadecimal number')
      return node.startsWith('-') ? -BigInt(`0x${node.slice(1)}`) : BigInt(`0x${node}`)
    case ADDRESS:
      return new URL(text(node))
    case TEXT:
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets(node))
  }
  return buffer(typeof kind === 'number' ? kind - BUFFER : Number.NaN, octets(node))
}

/** An array that takes memory for what it holds and not for its length: written to far out, it goes over to a dictionary. */
function sparse(length: unknown): unknown[] {
  if (!isIndex(length) && length !== LAST_INDEX + 1) throw malformed('an array without a length')
  const array: unknown[] = []
  array[LAST_INDEX] = undefined
  array.length = length as number
  return array
}

function buffer(code: number, node: Uint8Array): unknown {
  if (isScalar(code) || !isKnown(code)) throw malformed(`kind ${code + BUFFER}, which this runtime does not have`)
  if (node.length % elementSize(code) !== 0) throw malformed(`${withArticle(nameOf(code))} of ${node.length} bytes`)
  const copy = new ArrayBuffer(node.length)
  new Uint8Array(copy).set(node)
  return valueOn(code, copy)
}

function fill(kind: number, node: unknown, thing: unknown, things: readonly unknown[]): void {
  switch (kind) {
    case RECORD: {
      const record = thing as Record<string, unknown>
      for (const key in record) {
        const value = record[key]
        if (typeof value === 'object' && value !== null) record[key] = held(value, things)
      }
      return
    }
    case ARRAY: {
      const array = thing as unknown[]
      for (let i = 0; i < array.length; i++) {
        const value = array[i]
        if (typeof value === 'object' && value !== null) array[i] = held(value, things)
      }
      return
    }
    case PAIRS:
      for (const [key, value] of pairs(node, 0, things)) {
        Object.defineProperty(thing, text(key), { value, enumerable: true, writable: true, configurable: true })
      }
      return
    case SPARSE:
      for (const [index, value] of pairs(node, 1, things)) {
        if (!isIndex(index) || index >= (thing as unknown[]).length) throw malformed('an element outside its array')
        ;(thing as unknown[])[index] = value
      }
      return
    case MAP:
      for (const [key, value] of pairs(node, 0, things)) (thing as Map<unknown, unknown>).set(key, value)
      return
    case SET:
      for (const member of node as unknown[]) (thing as Set<unknown>).add(held(member, things))
      return
    case ERROR: {
      let hidden = Number((node as unknown[])[1])
      for (const [field, value] of pairs(node, 2, things)) setField(thing as Error, text(field), value, --hidden < 0)
    }
  }
}

/** The values of a node from `first` on, two by two. */
function* pairs(node: unknown, first: number, things: readonly unknown[]): Generator<[unknown, unknown]> {
  const values = node as unknown[]
  if ((values.length - first) % 2 !== 0) throw malformed('a key without a value')
  for (let i = first; i < values.length; i += 2) yield [held(values[i], things), held(values[i + 1], things)]
}

/** What is at a place of a node: a primitive, or a reference to another node. */
function held(value: unknown, things: readonly unknown[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (!Array.isArray(value) || value.length !== 1) throw malformed('a node within a node')
  const number = value[0]
  if (!Number.isInteger(number) || number < 1 || number > things.length) throw malformed('a reference to no node')
  return things[number - 1]
}

function list(node: unknown): unknown[] {
  if (!Array.isArray(node)) throw malformed('a node that is no array')
  return node
}

function octets(node: unknown): Uint8Array {
  if (!(node instanceof Uint8Array)) throw malformed('a node that is no byte string')
  return node
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw malformed('a key that is no text')
  return value
}

/** What a rank has given to what it lends. */
const isIdentifier = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isIndex = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LAST_INDEX

const malformed = (what: string): ProtocolError => new ProtocolError(`malformed object message: ${what}`)
