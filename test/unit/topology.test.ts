import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { computeDims } from '../../src/communicator/compute-dims.js'

describe('computeDims', () => {
  const { free, fixed } = JSON.parse(readFileSync(join(__dirname, 'compute-dims.json'), 'utf8')) as {
    free: Record<string, number[][]>
    fixed: [size: number, dims: number[], expected: number[]][]
  }

  it('is what Open MPI gives', () => {
    const ours = Object.keys(free).map((size) => [size, [1, 2, 3, 4].map((count) => computeDims(Number(size), count))])
    expect(Object.fromEntries(ours)).toEqual(free)
    for (const [size, dims, expected] of fixed) expect([size, dims, computeDims(size, dims)]).toEqual([size, dims, expected])
  })

  it('has room for all ranks, and does not increase', () => {
    for (let size = 1; size <= 300; size++)
      for (let count = 1; count <= 5; count++) {
        const dims = computeDims(size, count)
        expect(dims.reduce((a, b) => a * b, 1)).toBe(size)
        expect([...dims].sort((a, b) => b - a)).toEqual(dims)
      }
  })

  it('takes a single place in no dimension', () => {
    expect(computeDims(1, 0)).toEqual([])
    expect(computeDims(1, [])).toEqual([])
  })

  it.each<[number, number | number[], string]>([
    [7, [2, 0], 'CountError'],
    [8, [2, 2], 'CountError'],
    [2, 0, 'CountError'],
    [0, 2, 'ArgumentError'],
    [4, -1, 'ArgumentError'],
    [4, [1.5], 'ArgumentError'],
    [4, '2' as never, 'ArgumentError']
  ])('refuses %p ranks in %p', (size, dims, name) => {
    expect(() => computeDims(size, dims)).toThrow(expect.objectContaining({ name, message: expect.stringMatching(/^(dims|size): /) }))
  })
})
