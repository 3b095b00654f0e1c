import fc from 'fast-check'
import { AliasError } from '../../src/errors.js'
import { vector, view } from '../../src/layout/index.js'
import { MemoryInUse, MemoryUse } from '../../src/progress/memory-in-use.js'
import { simulate } from '../../testing/index.js'

test('two receives under way into overlapping memory are an AliasError, with both lines', () => {
  simulate(2, {}, ({ comms: [zero, one], flush }) => {
    const memory = new Float64Array(8)
    const first = zero!.irecv({ source: 1, into: memory.subarray(0, 5) })
    const second = zero!.irecv({ source: 1, into: memory.subarray(4) })
    const line = 'test/unit/memory-in-use\\.test\\.ts:\\d+:\\d+'
    expect(second.test()).toBe(true)
    expect(errorOf(second)).toBeInstanceOf(AliasError)
    expect(errorOf(second)!.message).toMatch(
      new RegExp(
        `^into: another recv that is under way receives into the same memory, called at ${line}; .* \\(rank 0 of 'world' at ${line}\\)$`
      )
    )
    one!.isend(Float64Array.of(1, 2), { dest: 0 })
    flush()
    expect(first.status!.count).toBe(2)
  })
})

test('it is found where a message is there already', () => {
  simulate(2, {}, ({ comms: [zero, one], flush }) => {
    const into = new Float64Array(1)
    const first = zero!.irecv({ source: 1, tag: 1, into })
    one!.isend(Float64Array.of(2), { dest: 0, tag: 2 })
    flush()
    expect(errorOf(zero!.irecv({ source: 1, tag: 2, into }))).toBeInstanceOf(AliasError)
    expect(first.cancel()).toBe(true)
    const again = zero!.irecv({ source: 1, tag: 2, into })
    flush()
    expect(again.value).toBe(into)
  })
})

test('what is apart, or is not under way any more, may be received into', () => {
  simulate(2, {}, ({ comms: [zero, one], flush }) => {
    const memory = new Float64Array(4)
    const columns = [0, 1].map((offset) => view(memory, vector(2, 1, 2), { offset }))
    const requests = columns.map((into) => zero!.irecv({ source: 1, into }))
    expect(errorOf(zero!.irecv({ source: 1, into: memory.subarray(3) }))).toBeInstanceOf(AliasError)
    for (const k of [1, 2]) one!.isend(Float64Array.of(k, k), { dest: 0 })
    flush()
    expect(requests.map(errorOf)).toEqual([undefined, undefined])
    expect([...memory]).toEqual([1, 2, 1, 2])
    const last = zero!.irecv({ source: 1, into: memory })
    one!.isend(Float64Array.of(7), { dest: 0 })
    flush()
    expect(last.value).toBe(memory)
  })
})

test('a receive into what a send under way reads, and such a send, are AliasErrors', () => {
  simulate(2, {}, ({ comms: [zero, one], flush }) => {
    const memory = new Float64Array(2 ** 17)
    const sent = zero!.isend(memory, { dest: 1 })
    expect(errorOf(zero!.irecv({ source: 1, into: memory.subarray(5, 6) }))?.message).toMatch(
      /^into: another send that is under way sends from/
    )
    const both = zero!.isend(memory, { dest: 1 })
    const received = [one!.irecv(), one!.irecv()]
    flush()
    expect([sent, both, ...received].every((request) => request.test() && !request.failed)).toBe(true)
    const waiting = zero!.irecv({ source: 1, into: memory })
    expect(errorOf(zero!.isend(memory, { dest: 1 }))?.message).toMatch(/^data: another recv that is under way receives into/)
    one!.isend(memory.slice(), { dest: 0 })
    flush()
    expect(waiting.value).toBe(memory)
  })
})

test('uses that begin and end in any order conflict as those of a list do', () => {
  const buffers = [new ArrayBuffer(64), new ArrayBuffer(64)]
  const use = fc.record({ buffer: fc.constantFrom(...buffers), byteOffset: fc.nat(32), byteLength: fc.nat(16) })
  const steps = fc.array(fc.oneof(fc.tuple(use, fc.boolean()), fc.nat(20)), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (all) => {
      const memory = new MemoryInUse()
      const model: MemoryUse[] = []
      for (const step of all) {
        if (typeof step === 'number') {
          const [gone] = model.splice(step % (model.length || 1), 1)
          if (gone !== undefined) memory.end(gone)
          continue
        }
        const next = MemoryUse.ofRow(step[0], { name: 'into', isWritten: step[1], isStill: false, operation: 'recv' }, undefined)
        const meets = model.filter(
          (other) =>
            other.buffer === next.buffer &&
            (other.purpose.isWritten || next.purpose.isWritten) &&
            Math.max(other.start, next.start) < Math.min(other.end, next.end)
        )
        const found = memory.conflict(next)
        expect(found === undefined ? meets.length : meets.includes(found)).toBe(found === undefined ? 0 : true)
        memory.begin(next)
        model.push(next)
      }
    })
  )
})

function errorOf(request: { subscribe(observer: object): unknown }): Error | undefined {
  let error: Error | undefined
  request.subscribe({ error: (failure: Error) => (error = failure) })
  return error
}
