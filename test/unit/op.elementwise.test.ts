import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { datatypeOf, nameOf, valueOn } from '../../src/codec/datatype.js'
import { Elementwise } from '../../src/op/elementwise.js'
import { isFloating } from '../../src/op/kind.js'
import { type ElementwiseName, type Loop, plainLoop } from '../../src/op/loops.js'
import { SUM, type TypedArray } from '../../src/op/op.js'
import { amount } from '../reliability/amount.js'

const HALF = 12
const samples = [
  new Int8Array(1),
  new Uint8Array(1),
  new Uint8ClampedArray(1),
  new Int16Array(1),
  new Uint16Array(1),
  new Int32Array(1),
  new Uint32Array(1),
  new Float32Array(1),
  new Float64Array(1),
  new BigInt64Array(1),
  new BigUint64Array(1),
  Buffer.alloc(1)
]
// Node has half-precision numbers from version 24 on.
const datatypes = [...samples.map(datatypeOf), ...('Float16Array' in globalThis ? [HALF] : [])]
const ofBits: ElementwiseName[] = ['BAND', 'BOR', 'BXOR']
const ops: ElementwiseName[] = ['SUM', 'PROD', 'MAX', 'MIN', 'LAND', 'LOR', 'LXOR', ...ofBits]
const pairs = datatypes.flatMap((datatype) =>
  ops.filter((op) => !(isFloating(datatype) && ofBits.includes(op))).map((op) => [op, nameOf(datatype), datatype] as const)
)

/** Bytes at random: all bit patterns of numbers, with more zeros, infinities, smallest and largest ones than chance would give. */
const chance = Buffer.alloc(2 ** 19)
let state = 1
for (let at = 0; at < chance.length; at += 4) {
  state = (Math.imul(state, 1664525) + 1013904223) | 0
  chance.writeInt32BE(state, at)
}
const words = [0n, 1n << 63n, 0x7ff0n << 48n, 0xfff0n << 48n, 0x7f80_0000_ff80_0000n, 0x7ff8n << 48n, 0x8000_0000_7fff_ffffn, 1n]
for (let at = 0; at < chance.length; at += 8) if (chance[at]! > 0xc0) chance.writeBigUint64LE(words[chance[at]! & 7]!, at)

interface Layout {
  length: number
  offsets: [into: number, a: number, b: number]
  shared: [into: boolean, a: boolean, b: boolean]
  target: 'into' | 'a' | 'b'
  /** Where in the bytes of chance the arrays' begin. */
  seed: number
}

const layout = fc.record<Layout>({
  length: fc.oneof(fc.nat({ max: 70 }), fc.integer({ min: 240, max: 1100 })),
  offsets: fc.tuple(fc.nat({ max: 17 }), fc.nat({ max: 17 }), fc.nat({ max: 17 })),
  shared: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
  target: fc.constantFrom('into', 'a', 'b'),
  seed: fc.nat({ max: 10_000 })
})

/** Arrays as a layout has them, each with other elements before and behind. */
function arrays(datatype: number, { length, offsets, shared, target, seed }: Layout): Record<'into' | 'a' | 'b', TypedArray> {
  const size = (valueOn(datatype, new ArrayBuffer(8), 0, 8) as TypedArray).BYTES_PER_ELEMENT
  const make = (k: number): TypedArray => {
    const bytes = (offsets[k]! + length + 20) * size
    const buffer = (shared[k] ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)) as ArrayBuffer
    new Uint8Array(buffer).set(chance.subarray((seed + k * 1000) * 8).subarray(0, bytes))
    return valueOn(datatype, buffer, offsets[k]! * size, length * size) as TypedArray
  }
  const made = { into: make(0), a: make(1), b: make(2) }
  return { ...made, into: made[target] }
}

const bytesOf = ({ buffer }: TypedArray): Uint8Array => new Uint8Array(buffer)

/** Where the memory of two arrays differs, their surroundings too. There are many NaNs: one is as good as another. */
function difference(found: TypedArray, wanted: TypedArray): string | undefined {
  if (Buffer.compare(bytesOf(found), bytesOf(wanted)) === 0) return undefined
  const whole = ({ buffer, BYTES_PER_ELEMENT: size }: TypedArray): ArrayLike<unknown> =>
    valueOn(datatypeOf(found), buffer as ArrayBuffer, 0, buffer.byteLength - (buffer.byteLength % size)) as TypedArray
  const [left, right] = [whole(found), whole(wanted)]
  for (let i = 0; i < left.length; i++) if (!Object.is(left[i], right[i])) return `${String(left[i])} is not ${String(right[i])} at ${i}`
  return undefined
}

function expectSame(subject: Elementwise, plain: Loop, datatype: number, how: 'fold' | 'loop' | 'kernel', given: Layout): void {
  const found = arrays(datatype, given)
  const wanted = arrays(datatype, given)
  const done = subject[how](found.into, found.a, found.b)
  if (how === 'kernel') expect(done).toBe(datatype !== HALF)
  if (done === false) return
  plain(wanted.into, wanted.a, wanted.b)
  for (const name of ['into', 'a', 'b'] as const) expect(difference(found[name], wanted[name])).toBeUndefined()
}

describe.each(pairs)('%s of %s', (op, _, datatype) => {
  const subject = new Elementwise(op, datatype)
  const plain = plainLoop(op, datatype)

  test.each(['loop', 'kernel', 'fold'] as const)('by %s gives the bits of the plain loop, and touches nothing else', (how) => {
    fc.assert(
      fc.property(layout, (given) => expectSame(subject, plain, datatype, how, given)),
      { numRuns: amount(12, 400) }
    )
  })

  test('of several blocks and a bit', () => {
    const { BYTES_PER_ELEMENT: size } = valueOn(datatype, new ArrayBuffer(8), 0, 8) as TypedArray
    const length = (2 * 65_536) / size + 1
    const given: Layout = { length, offsets: [1, 0, 3], shared: [false, true, false], target: 'b', seed: 7 }
    expectSame(subject, plain, datatype, 'kernel', given)
  })
})

test('sums are plain sums of floating-point numbers, one of each rank', () => {
  const [a, b, into] = [new Float64Array(1000).fill(0.1), new Float64Array(1000).fill(0.2), new Float64Array(1000)]
  new Elementwise('SUM', datatypeOf(into)).kernel(into, a, b)
  expect(new Set(into)).toEqual(new Set([0.1 + 0.2]))
})

test.each([['--disallow-code-generation-from-strings'], ['--jitless']])('works under node %s', (flag) => {
  const program = `import('rxmpi').then(({ SUM, MAX }) => {
    const ones = new Float32Array(1000).fill(1)
    console.log(SUM.combine(ones, ones)[999], MAX.combine(ones, ones)[999], SUM.combine(Int8Array.of(127), Int8Array.of(1))[0])
  })`
  const stdout = execFileSync(process.execPath, [flag, '--input-type=module', '--eval', program], { encoding: 'utf8' })
  expect(stdout).toBe('2 1 -128\n')
})

test('kernels are compiled when an array of some length needs one, not before', () => {
  const program = `
    const { Module } = WebAssembly
    let compiled = 0
    WebAssembly.Module = function (code) { compiled++; return new Module(code) }
    const { MAX } = await import('rxmpi')
    const counts = [compiled]
    for (const length of [0, 255, 256, 1000]) {
      MAX.combine(new Float64Array(length), new Float64Array(length))
      counts.push(compiled)
    }
    console.log(counts.join())`
  const stdout = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  expect(stdout).toBe('0,0,0,1,1\n')
})

test('an op folds arrays of different types one after the other', () => {
  for (const array of [Float64Array.of(1), Int8Array.of(1), Float64Array.of(1)]) expect(SUM.combine(array, array)[0]).toBe(2)
})
