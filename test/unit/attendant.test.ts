import fc from 'fast-check'
import { OBJECT } from '../../src/codec/datatype.js'
import { decodeObject, encodeObject } from '../../src/codec/object.js'
import { ANSWERED, CREDIT, contextOf, HEADER, idOf, kindOf, START, shapeOf, tagOf, totalOf, writeHeader } from '../../src/progress/frame.js'
import { ENVELOPE_BYTES } from '../../src/progress/send-queue.js'
import { ATTENDED } from '../../src/service/service.js'
import { apply, GET_ACCUMULATE, type Operation } from '../../src/window/apply.js'
import { Attendant } from '../../src/window/attendant.js'
import { Control, controlBytes, MANAGED } from '../../src/window/control.js'
import { Part, sayOf } from '../../src/window/part.js'

/** The main thread of a host between two ranks of others and a rank of its own, whose part of a window has one number. */

const CONTEXT = 1026
const MEMBERS = [7, 3, 5]
const TARGET = 1
const CALL_ID = 9

const slotOn = (bytes: Uint8Array) => ({
  bytes,
  words: new Int32Array(bytes.buffer),
  doubles: new Float64Array(bytes.buffer),
  at: 0,
  length: bytes.length
})

/** What is said, and the bytes that go along with it. */
function bytesOf(call: readonly unknown[]): { said: Uint8Array; all: Uint8Array } {
  const along = call.at(-1)
  const isWith = along instanceof Uint8Array
  const said = encodeObject(isWith ? call.slice(0, -1) : call).slice()
  return { said, all: isWith ? Buffer.concat([said, along]) : said }
}

function segment(call: readonly unknown[], tag = ATTENDED, context = CONTEXT): Uint8Array {
  const { said, all } = bytesOf(call)
  const bytes = new Uint8Array((HEADER + all.length + 7) & ~7)
  const shape = all.length > said.length ? said.length : 0
  writeHeader(slotOn(bytes), START, OBJECT, 0, context, tag, 0, all.length, 0, shape)
  bytes.set(all, HEADER)
  return bytes.subarray(0, HEADER + all.length)
}

/** Replaces the number, and asks for the one before. */
const replace = (value: number, notify: number | null = null, memory = 0) => [
  ...[CALL_ID, 'rma', memory, GET_ACCUMULATE, 0, 4, null, 5, 'REPLACE', 0, 4, notify, 0, 1],
  new Uint8Array(Int32Array.of(value).buffer)
]

interface Bench {
  readonly attendant: Attendant
  readonly control: Control
  readonly part: Part
  readonly memory: Int32Array
  readonly answers: { readonly source: number; readonly dest: number; readonly segment: Uint8Array }[]
  /** What is left of a call of a rank for the target. */
  ask(origin: number, call: readonly unknown[], tag?: number, context?: number): Uint8Array | null | undefined
}

function bench(): Bench {
  const memory = new Int32Array(new SharedArrayBuffer(4))
  const say = sayOf(memory)
  const shared = new SharedArrayBuffer(controlBytes(MEMBERS.length))
  const control = new Control(shared, TARGET, MEMBERS.length, () => false)
  const part = new Part(TARGET, say)
  part.own(memory)
  part.reach(control)
  const answers: Bench['answers'][number][] = []
  const attendant = new Attendant(
    (source, dest, segment) => answers.push({ source, dest, segment }),
    () => false
  )
  attendant.add(MEMBERS[TARGET], CONTEXT, { say, rank: TARGET, members: MEMBERS }, [memory.buffer as SharedArrayBuffer, shared])
  const ask: Bench['ask'] = (origin, said, tag, context) => {
    // As it stands in a frame: anywhere.
    const bytes = segment(said, tag, context)
    const frame = new Uint8Array(bytes.length + 11)
    frame.set(bytes, 3)
    return attendant.attend(MEMBERS[origin], MEMBERS[TARGET], frame, 3, bytes.length)
  }
  return { attendant, control, part, memory, answers, ask }
}

const answered = ({ segment }: Bench['answers'][number]): [unknown, unknown, number] => {
  const said = shapeOf(slotOn(segment.slice(0, HEADER)))
  const [id, failure] = decodeObject(segment, HEADER, said) as [number, unknown]
  return [id, failure, new Int32Array(segment.slice(HEADER + said).buffer)[0]]
}

test('a call is done, and answered in the name of the rank, with the credit that it took', () => {
  const { memory, answers, ask } = bench()
  expect(ask(0, replace(4))).toBeNull()
  expect(memory[0]).toBe(4)
  expect(answers).toHaveLength(1)
  const [{ source, dest, segment: back }] = answers
  expect([source, dest]).toEqual([MEMBERS[TARGET], MEMBERS[0]])
  const header = slotOn(back.slice(0, HEADER))
  expect([kindOf(header), contextOf(header), totalOf(header)]).toEqual([ANSWERED, CONTEXT, back.length - HEADER])
  expect(idOf(header)).toBe(ENVELOPE_BYTES + bytesOf(replace(4)).all.length)
  expect(answered(answers[0])).toEqual([-CALL_ID, null, 0])
})

test('of a call that notifies the rank is told, with what that takes of the credit', () => {
  const { answers, ask } = bench()
  const told = ask(0, replace(4, 17))!
  const header = slotOn(told.slice(0, HEADER))
  expect([kindOf(header), tagOf(header), contextOf(header), totalOf(header)]).toEqual([START, 0, CONTEXT, told.length - HEADER])
  expect(decodeObject(told, HEADER)).toEqual([0, 'told', 17, 0, 1, false])
  const back = slotOn(answers[0].segment.slice(0, HEADER))
  expect(idOf(back) + totalOf(header)).toBe(bytesOf(replace(4, 17)).all.length)
})

test('of a call that changes what the rank watches it is told', () => {
  const { control, ask } = bench()
  control.isWatched = true
  expect(decodeObject(ask(0, replace(4))!, HEADER)).toEqual([0, 'told', null, 0, 1, true])
})

test.each<[string, (bench: Bench) => Uint8Array | null | undefined]>([
  ['another context', ({ ask }) => ask(0, replace(4), ATTENDED, CONTEXT + 8)],
  ['another kind of message', ({ ask }) => ask(0, replace(4), 0)],
  ['other memory', ({ ask }) => ask(0, replace(4, null, 1))],
  ['another question', ({ ask }) => ask(0, [CALL_ID, 'lock', 1, false])],
  [
    'a part that was freed',
    ({ ask, control }) => {
      control.free()
      return ask(0, replace(4))
    }
  ],
  [
    'a part that is not known any more',
    ({ ask, attendant }) => {
      attendant.remove(MEMBERS[TARGET], CONTEXT)
      return ask(0, replace(4))
    }
  ],
  [
    'the part of a rank that has ended',
    ({ ask, attendant }) => {
      attendant.lose(MEMBERS[TARGET])
      return ask(0, replace(4))
    }
  ],
  [
    'what is only the first of several segments',
    ({ attendant }) => {
      const bytes = segment(replace(4))
      return attendant.attend(MEMBERS[0], MEMBERS[TARGET], bytes, 0, bytes.length - 8)
    }
  ]
])('%s is left to the rank', (_, ask) => {
  const at = bench()
  expect(ask(at)).toBeUndefined()
  expect(at.memory[0]).toBe(0)
  expect(at.answers).toEqual([])
})

test('the calls of a rank keep their order, and nobody but the holder comes in under a lock', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(0, 2).map((origin) => ({ what: 'ask' as const, origin })) },
    { weight: 2, arbitrary: fc.constant({ what: 'serve' as const, origin: 0 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, 2, 3).map((origin) => ({ what: 'lock' as const, origin })) }
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const { control, part, memory, answers, ask } = bench()
      const waiting: { origin: number; value: number }[] = []
      const done: { origin: number; value: number }[] = []
      let [holder, value] = [3, 0]
      const mayDo = (origin: number): boolean => holder === 3 || holder === origin
      for (const { what, origin } of steps) {
        if (what === 'lock') {
          holder = origin
          control.state = holder === 3 ? 0 : MANAGED | (holder + 1)
        } else if (what === 'ask') {
          const call = { origin, value: ++value }
          const count = answers.length
          const left = ask(origin, replace(call.value))
          expect(answers.length - count).toBe(left === null ? 1 : 0)
          if (left === undefined) waiting.push(call)
          else {
            expect(mayDo(origin)).toBe(true)
            done.push(call)
          }
          // What need not wait is done at once.
          if (mayDo(origin) && waiting.every((other) => other.origin !== origin)) expect(left).toBeNull()
        } else {
          // The rank does the first that may be done.
          const place = waiting.findIndex((call) => mayDo(call.origin))
          if (place < 0) continue
          const [call] = waiting.splice(place, 1)
          const operation: Operation = { kind: GET_ACCUMULATE, offset: 0, bytes: 4, form: null, code: 5, op: 'REPLACE' }
          apply(part, operation, 0, Int32Array.of(call.value), new Int32Array(1))
          control.handle(call.origin)
          done.push(call)
        }
        expect(memory[0]).toBe(done.at(-1)?.value ?? 0)
      }
      for (const origin of [0, 2]) {
        const values = done.filter((call) => call.origin === origin).map((call) => call.value)
        expect(values).toEqual([...values].sort((a, b) => a - b))
      }
    })
  )
})

test('of a call that nobody waits for nothing goes back but its credit', () => {
  const { memory, answers, ask } = bench()
  const [, ...rest] = replace(4)
  expect(ask(0, [0, ...rest])).toBeNull()
  expect(memory[0]).toBe(4)
  const header = slotOn(answers[0].segment)
  expect([answers.length, kindOf(header), totalOf(header)]).toEqual([1, CREDIT, ENVELOPE_BYTES + bytesOf([0, ...rest]).all.length])
})
