/** Any number of ranks in one thread, in virtual time: npm test */
import { test } from 'node:test'
import { simulate } from 'rxmpi/testing'
import { total } from './total.ts'

test('a rank gets the sum of all when the last of their values has reached it', () => {
  simulate(2, { latency: 1 }, ({ ranks, cold, expectObservable }) => {
    const sources = ['a----b|', '--a--b|']
    const sums = ranks((comm) => cold(sources[comm.rank], { a: comm.rank + 1, b: 10 }).pipe(total(comm)))
    expectObservable(sums[0]).toBe('---a--b|', { a: 3, b: 20 })
    expectObservable(sums[1]).toBe('--a---b|', { a: 3, b: 20 })
  })
})
