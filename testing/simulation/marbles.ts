import { inspect, isDeepStrictEqual } from 'node:util'

/** What happened at a frame, as RxJS's test scheduler records it. */
export interface Recorded {
  readonly frame: number
  readonly notification: { readonly kind: 'N' | 'E' | 'C'; readonly value?: unknown; readonly error?: unknown }
}

/** When a cold or hot observable was subscribed to and left. */
export interface Subscribed {
  readonly subscribedFrame: number
  readonly unsubscribedFrame: number
}

/** Says what differs between what was drawn and what happened; undefined when nothing does. */
export function difference(actual: unknown, expected: unknown): string | undefined {
  if (areRecorded(actual) && areRecorded(expected)) return differenceOfRecorded(actual, expected)
  if (isDeepStrictEqual(actual, expected)) return undefined
  if (areSubscribed(actual) && areSubscribed(expected)) return table(actual.map(drawSubscription), expected.map(drawSubscription))
  return table([show(actual)], [show(expected)])
}

function differenceOfRecorded(actual: readonly Recorded[], expected: readonly Recorded[]): string | undefined {
  const first = Array.from({ length: Math.max(actual.length, expected.length) }).findIndex((_, k) => !same(actual[k], expected[k]))
  if (first < 0) return undefined
  const names = new Names()
  const drawings = [draw(expected, names), draw(actual, names)] as const
  const lines = drawings.includes(undefined) ? [] : [`expected  ${drawings[0]}`, `actual    ${drawings[1]}`]
  const legend = names.legend()
  if (lines.length > 0 && legend.length > 0) lines.push(...legend.map((line, k) => `${k === 0 ? 'where     ' : '          '}${line}`))
  lines.push(`first difference: expected ${tell(expected[first])}, got ${tell(actual[first])}${within(actual[first], expected[first])}`)
  return lines.join('\n')
}

function same(actual: Recorded | undefined, expected: Recorded | undefined): boolean {
  if (actual?.frame !== expected?.frame || actual?.notification.kind !== expected?.notification.kind) return false
  return ['value', 'error'].every((key) => {
    const [one, other] = [actual, expected].map((recorded) => recorded?.notification[key as 'value' | 'error'])
    return isMatcher(other) ? other.asymmetricMatch(one) : isDeepStrictEqual(one, other)
  })
}

/** What test frameworks give for values that are only partly known, such as `expect.any(Number)`. */
const isMatcher = (value: unknown): value is { asymmetricMatch(actual: unknown): boolean } =>
  typeof (value as { asymmetricMatch?: unknown } | undefined)?.asymmetricMatch === 'function'

/** Letters for the values of a diagram; a letter that is a value stands for itself. */
class Names {
  readonly #values = new Map<string, unknown>()

  of(value: unknown): string {
    for (const [name, known] of this.#values) if (isDeepStrictEqual(known, value)) return name
    const own = typeof value === 'string' && /^[a-z0-9]$/i.test(value) && !this.#values.has(value)
    const name = own ? value : ([...LETTERS].find((letter) => !this.#values.has(letter)) ?? '?')
    this.#values.set(name, value)
    return name
  }

  legend(): string[] {
    return [...this.#values].filter(([name, value]) => name !== value).map(([name, value]) => `${name} = ${show(value)}`)
  }
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
/** Longer gaps are written as times. */
const LONG = 20

/** A marble diagram of what was recorded; undefined where marbles cannot draw it. */
export function draw(recorded: readonly Recorded[], names: Names = new Names()): string | undefined {
  let drawing = ''
  let frame = 0
  for (let k = 0; k < recorded.length; ) {
    const { frame: next } = recorded[k]!
    const group = recorded.slice(k).filter((other) => other.frame === next)
    if (!Number.isInteger(next) || next < frame) return undefined
    const gap = next - frame
    drawing += gap > LONG ? `${drawing === '' ? '' : ' '}${gap}ms ` : '-'.repeat(gap)
    const marks = group.map(({ notification: { kind, value, error } }) => {
      if (kind === 'C') return '|'
      if (kind === 'N') return names.of(value)
      if (error !== 'error') names.of(error)
      return '#'
    })
    const text = marks.length === 1 ? marks[0]! : `(${marks.join('')})`
    drawing += text
    frame = next + text.length
    k += group.length
  }
  return drawing === '' ? '-' : drawing
}

function tell(recorded: Recorded | undefined): string {
  if (recorded === undefined) return 'nothing'
  const { kind, value, error } = recorded.notification
  const what = kind === 'C' ? 'the end' : kind === 'N' ? show(value) : `the error ${show(error).replace(/\n[\s\S]*/, ' …')}`
  return `${what} at ${recorded.frame} ms`
}

/** Where in two large values the difference is. */
function within(actual: Recorded | undefined, expected: Recorded | undefined): string {
  if (actual?.frame !== expected?.frame || actual?.notification.kind !== 'N') return ''
  const [path, one, other] = firstDifference(actual.notification.value, expected?.notification.value)
  return path === '' ? '' : ` (differs in ${path}: expected ${show(other)}, got ${show(one)})`
}

function firstDifference(actual: unknown, expected: unknown): [path: string, actual: unknown, expected: unknown] {
  if (isContainer(actual) && isContainer(expected)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const [one, other] = [actual[key], expected[key]]
      if (isDeepStrictEqual(one, other) && key in actual === key in expected) continue
      const [path, ...values] = firstDifference(one, other)
      return [`${Array.isArray(expected) || ArrayBuffer.isView(expected) ? `[${key}]` : `.${key}`}${path}`, ...values]
    }
  }
  return ['', actual, expected]
}

const isContainer = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Error) && Object.keys(value).length > 0

const areRecorded = (value: unknown): value is Recorded[] => Array.isArray(value) && value.every((one) => one?.notification !== undefined)
const areSubscribed = (value: unknown): value is Subscribed[] =>
  Array.isArray(value) && value.every((one) => one?.subscribedFrame !== undefined)

function drawSubscription({ subscribedFrame, unsubscribedFrame }: Subscribed): string {
  const start = `${'-'.repeat(subscribedFrame)}^`
  if (unsubscribedFrame === Number.POSITIVE_INFINITY) return start
  if (unsubscribedFrame === subscribedFrame) return `${'-'.repeat(subscribedFrame)}(^!)`
  return `${start}${'-'.repeat(unsubscribedFrame - subscribedFrame - 1)}!`
}

function table(actual: string[], expected: string[]): string {
  const lines = (label: string, rows: string[]): string[] =>
    (rows.length === 0 ? ['nothing'] : rows).map((row, k) => `${k === 0 ? label.padEnd(8) : '        '}  ${row}`)
  return [...lines('expected', expected), ...lines('actual', actual)].join('\n')
}

/** A value in a line. */
export function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  const text = inspect(value, { depth: 3, compact: true, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 12, maxStringLength: 100 })
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}
