import fc from 'fast-check'
import { type Claim, LockQueue } from '../../src/service/lock-queue.js'

interface Named extends Claim {
  readonly name: string
}

/** What is granted, in order: 'a', and 'b after 3' where rank 3 has failed. */
function queue(): { locks: LockQueue<Named>; granted: string[]; claim: (name: string, rank?: number, shared?: boolean) => Named } {
  const granted: string[] = []
  const claim = (name: string, rank = 0, shared = false): Named => ({
    name,
    rank,
    shared,
    grant: (abandoned) => granted.push(abandoned === undefined ? name : `${name} after ${abandoned}`)
  })
  return { locks: new LockQueue<Named>(), granted, claim }
}

describe('lock queue', () => {
  test('first come, first served', () => {
    const { locks, granted, claim } = queue()
    const [a, b, c] = [claim('a'), claim('b'), claim('c')]
    for (const one of [a, b, c]) locks.add(one)
    expect(granted).toEqual(['a'])
    locks.remove(a)
    expect(granted).toEqual(['a', 'b'])
    locks.remove(b)
    expect(granted).toEqual(['a', 'b', 'c'])
    expect(locks.remove(b)).toBe(false)
  })

  test('shared ones together, but not past one who waits alone', () => {
    const { locks, granted, claim } = queue()
    const [r1, r2, w, r3] = [claim('r1', 0, true), claim('r2', 1, true), claim('w', 2), claim('r3', 3, true)]
    for (const one of [r1, r2, w, r3]) locks.add(one)
    expect(granted).toEqual(['r1', 'r2'])
    locks.remove(r1)
    expect(granted).toEqual(['r1', 'r2'])
    locks.remove(r2)
    expect(granted).toEqual(['r1', 'r2', 'w'])
    locks.remove(w)
    expect(granted).toEqual(['r1', 'r2', 'w', 'r3'])
  })

  test('a waiter that is taken out lets those behind it pass', () => {
    const { locks, granted, claim } = queue()
    const [r1, w, r2] = [claim('r1', 0, true), claim('w', 1), claim('r2', 2, true)]
    for (const one of [r1, w, r2]) locks.add(one)
    expect(locks.remove(w)).toBe(true)
    expect(granted).toEqual(['r1', 'r2'])
  })

  test('an attempt does not wait, nor overtakes', () => {
    const { locks, granted, claim } = queue()
    const [r1, w] = [claim('r1', 0, true), claim('w', 1)]
    expect(locks.try(r1)).toBe(true)
    expect(locks.try(w)).toBe(false)
    locks.add(w)
    expect(locks.try(claim('r2', 2, true))).toBe(false)
    locks.remove(r1)
    expect(granted).toEqual(['r1', 'w'])
  })

  test('the next one hears who has failed, and the one behind does not', () => {
    const { locks, granted, claim } = queue()
    const [a, b, c, d] = [claim('a', 0), claim('b', 1), claim('c', 2), claim('d', 3)]
    for (const one of [a, b, c, d]) locks.add(one)
    locks.lose(2)
    expect(granted).toEqual(['a'])
    locks.lose(0)
    expect(granted).toEqual(['a', 'b after 0'])
    locks.remove(b)
    expect(granted).toEqual(['a', 'b after 0', 'd'])
  })

  test('who comes later hears of it as well', () => {
    const { locks, granted, claim } = queue()
    locks.add(claim('a', 4))
    locks.lose(4)
    locks.add(claim('b'))
    expect(granted).toEqual(['a', 'b after 4'])
  })

  test('as many at a time as there are places', () => {
    const granted: string[] = []
    const claim = (name: string, rank: number): Named => ({
      name,
      rank,
      shared: false,
      grant: (abandoned) => granted.push(`${name} ${abandoned ?? ''}`.trim())
    })
    const locks = new LockQueue<Named>(2)
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name, rank) => claim(name, rank))
    for (const one of [a!, b!, c!, d!, e!]) locks.add(one)
    expect(granted).toEqual(['a', 'b'])
    // Given back by another rank than those that have them: the oldest.
    expect(locks.give(9, 1, true)).toBe(true)
    expect(granted).toEqual(['a', 'b', 'c'])
    locks.lose(1)
    expect(granted).toEqual(['a', 'b', 'c', 'd 1'])
    expect(locks.give(2, 3, true)).toBe(false)
    // More than are held: there is one more from now on.
    expect(locks.give(2, 3, false)).toBe(true)
    expect(granted).toEqual(['a', 'b', 'c', 'd 1', 'e'])
    expect(locks.holders.size).toBe(1)
    for (const name of ['f', 'g']) locks.add(claim(name, 7))
    expect(locks.holders.size).toBe(3)
  })

  test('one that is given back within its grant lets the next one in', () => {
    const locks = new LockQueue<Claim>()
    const granted: number[] = []
    const claims = Array.from({ length: 3 }, (_, rank): Claim => {
      const claim: Claim = {
        rank,
        shared: false,
        grant: () => {
          granted.push(rank)
          locks.remove(claim)
        }
      }
      return claim
    })
    for (const claim of claims) locks.add(claim)
    expect(granted).toEqual([0, 1, 2])
    expect(locks.holders.size).toBe(0)
  })

  test('one alone or several that share, in order, and nobody waits who could have it', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), rank: fc.nat(4), shared: fc.boolean() }),
      fc.record({ kind: fc.constant('remove' as const), at: fc.nat(30) }),
      fc.record({ kind: fc.constant('lose' as const), rank: fc.nat(4) })
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { locks, claim } = queue()
        const claims: Named[] = []
        for (const each of steps) {
          if (each.kind === 'add') {
            const one = claim(`${claims.length}`, each.rank, each.shared)
            claims.push(one)
            locks.add(one)
          } else if (each.kind === 'lose') locks.lose(each.rank)
          else if (claims.length > 0) locks.remove(claims[each.at % claims.length]!)
          const holders = [...locks.holders]
          const [next] = locks.waiters
          expect(holders.length <= 1 || holders.every(({ shared }) => shared)).toBe(true)
          if (next !== undefined) {
            expect(holders.length).toBeGreaterThan(0)
            expect(next.shared && holders.every(({ shared }) => shared)).toBe(false)
          }
        }
      })
    )
  })
})
