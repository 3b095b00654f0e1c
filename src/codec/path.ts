import { ARRAY, ERROR, MAP, PAIRS, RECORD, SET, SPARSE } from './kinds.js'

/** A thing within what is sent. */
export interface Node {
  readonly original: unknown
  kind: number
  /** What kinds.ts says about the kind. */
  copy: unknown
  /** Where it was first met: in which node, at which key of its copy. */
  readonly parent: Node | undefined
  readonly key: string | number
  readonly level: number
}

const MAX_STEPS = 24

/** Where a value is in what is sent, as a program would say it: `data.items[3].callback`. */
export function pathOf(parent: Node | undefined, key: string | number): string {
  const steps: string[] = []
  let node = parent
  let place = key
  for (; node !== undefined && steps.length < MAX_STEPS; node = node.parent) {
    steps.push(step(node.kind, node.copy, place))
    place = node.key
  }
  return `data${node === undefined ? '' : '…'}${steps.reverse().join('')}`
}

function step(kind: number, copy: unknown, place: string | number): string {
  if (kind === RECORD) return field(place as string)
  const list = copy as unknown[]
  const at = place as number
  switch (kind) {
    case ARRAY:
      return `[${at}]`
    case SPARSE:
      return `[${list[at - 1]}]`
    case PAIRS:
    case ERROR:
      return field(list[at - 1] as string)
    case SET:
      return ` (member ${at} of the Set)`
    case MAP:
      return at % 2 === 0 ? ` (key of entry ${at / 2} of the Map)` : entry(list[at - 1], (at - 1) / 2)
  }
  return ''
}

const field = (name: string): string => (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`)

const entry = (key: unknown, index: number): string =>
  typeof key === 'string' || typeof key === 'number' ? `.get(${JSON.stringify(key)})` : ` (value of entry ${index} of the Map)`
