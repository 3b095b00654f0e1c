import { giveBack, RowMemory } from '../../src/trace/row-memory.js'
import { ROW, ROWS } from '../../src/trace/rows.js'

describe('the memory of rows', () => {
  it('is used again once it was given back, and not before', () => {
    const memory = new RowMemory()
    const first = memory.take()
    const second = memory.take()
    expect(first).toHaveLength(ROW * ROWS)
    expect(second.buffer).not.toBe(first.buffer)
    // Some of it is handed on.
    giveBack(first.subarray(0, ROW))
    const third = memory.take()
    expect(third.buffer).toBe(first.buffer)
    expect(third).toHaveLength(ROW * ROWS)
    expect([first.buffer, second.buffer]).not.toContain(memory.take().buffer)
  })

  it('is kept in no greater number than takers are behind by in a run that goes well', () => {
    const memory = new RowMemory()
    const taken = Array.from({ length: 20 }, () => memory.take())
    for (const rows of taken) giveBack(rows)
    const again = new Set(Array.from({ length: 20 }, () => memory.take().buffer))
    expect(taken.filter(({ buffer }) => again.has(buffer))).toHaveLength(16)
  })
})
