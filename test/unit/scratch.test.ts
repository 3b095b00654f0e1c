import { giveScratch, takeScratch } from '../../src/memory/scratch.js'

const MIB = 2 ** 20

describe('memory for a while', () => {
  it('is the memory that was given back, where that is long enough', () => {
    const buffer = takeScratch(8 * MIB)
    giveScratch(buffer)
    const longer = takeScratch(9 * MIB)
    expect(longer).not.toBe(buffer)
    expect(longer.byteLength).toBeGreaterThanOrEqual(9 * MIB)
    expect(takeScratch(7 * MIB)).toBe(buffer)
  })

  it('is never that of two at the same time', () => {
    giveScratch(takeScratch(MIB))
    expect(takeScratch(MIB)).not.toBe(takeScratch(MIB))
  })

  it('is kept up to 64 MiB, what was used last before what was used earlier', () => {
    const small = takeScratch(3 * MIB)
    const large = takeScratch(62 * MIB)
    const huge = takeScratch(65 * MIB)
    for (const buffer of [small, large, huge]) giveScratch(buffer)
    expect(takeScratch(3 * MIB)).toBe(large)
    expect(takeScratch(3 * MIB)).not.toBe(small)
    expect(takeScratch(65 * MIB)).not.toBe(huge)
  })
})
