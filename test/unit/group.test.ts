import fc from 'fast-check'
import { PROC_NULL } from '../../src/constants.js'
import { GROUP_EMPTY, Group } from '../../src/core/group.js'
import { ArgumentError, RankError } from '../../src/errors.js'

const OWN = 12
/** Ranks 0 … 4 are those of the endpoint from 10 on: a rank is not its endpoint's. */
const group = Group.of([10, 11, 12, 13, 14], OWN)
const listOf = (made: Group): number[] => [...made.members]

describe('a group', () => {
  test('knows its size and this rank', () => {
    expect(group).toMatchObject({ size: 5, rank: 2 })
    expect(Group.of([10, 11], OWN)).toMatchObject({ size: 2, rank: undefined })
    expect(GROUP_EMPTY).toMatchObject({ size: 0, rank: undefined })
  })

  test('includes ranks in the order of the list', () => {
    expect(listOf(group.include([4, 0, 2]))).toEqual([14, 10, 12])
    expect(group.include([4, 0, 2]).rank).toBe(2)
    expect(group.include([4, 0]).rank).toBeUndefined()
    expect(group.include([])).toBe(GROUP_EMPTY)
  })

  test('excludes ranks and keeps the order of the others', () => {
    expect(listOf(group.exclude([3, 0]))).toEqual([11, 12, 14])
    expect(group.exclude([3, 0]).rank).toBe(1)
    expect(listOf(group.exclude([]))).toEqual(listOf(group))
    expect(group.exclude([4, 3, 2, 1, 0])).toBe(GROUP_EMPTY)
  })

  test.each<[Parameters<Group['range']>, number[]]>([
    [
      [0, 4],
      [10, 11, 12, 13, 14]
    ],
    [
      [1, 3],
      [11, 12, 13]
    ],
    [[2, 2], [12]],
    [
      [0, 4, 2],
      [10, 12, 14]
    ],
    [
      [0, 3, 2],
      [10, 12]
    ],
    [
      [1, 5, 3],
      [11, 14]
    ],
    [
      [4, 0, -1],
      [14, 13, 12, 11, 10]
    ],
    [
      [4, 0, -3],
      [14, 11]
    ],
    [
      [3, -2, -3],
      [13, 10]
    ],
    [[1, 1, -7], [11]]
  ])('takes the range %p', (args, members) => {
    expect(listOf(group.range(...args))).toEqual(members)
  })

  test('united with another is followed by what is new in it', () => {
    const other = Group.of([14, 20, 10, 19], OWN)
    expect(listOf(group.union(other))).toEqual([10, 11, 12, 13, 14, 20, 19])
    expect(listOf(other.union(group))).toEqual([14, 20, 10, 19, 11, 12, 13])
    expect(other.union(group).rank).toBe(5)
    expect(GROUP_EMPTY.union(group)).toMatchObject({ size: 5, rank: 2 })
  })

  test('intersected with another and less another keeps its own order', () => {
    const other = Group.of([14, 20, 10], OWN)
    expect(listOf(group.intersection(other))).toEqual([10, 14])
    expect(listOf(other.intersection(group))).toEqual([14, 10])
    expect(listOf(group.difference(other))).toEqual([11, 12, 13])
    expect(listOf(other.difference(group))).toEqual([20])
    expect(group.difference(group)).toBe(GROUP_EMPTY)
    expect(group.intersection(GROUP_EMPTY)).toBe(GROUP_EMPTY)
  })

  test('translates ranks to those of another', () => {
    const other = Group.of([14, 20, 10], OWN)
    expect(group.translateRanks([0, 1, 4, PROC_NULL, 0], other)).toEqual([2, undefined, 0, PROC_NULL, 2])
    expect(other.translateRanks([2, 1, 0], group)).toEqual([0, undefined, 4])
    expect(group.translateRanks([0], GROUP_EMPTY)).toEqual([undefined])
    expect(GROUP_EMPTY.translateRanks([PROC_NULL], group)).toEqual([PROC_NULL])
  })

  test('compares members, then their order', () => {
    expect(group.compare(group)).toBe('identical')
    expect(group.compare(group.include([0, 1, 2, 3, 4]))).toBe('identical')
    expect(group.compare(group.range(4, 0, -1))).toBe('similar')
    expect(group.compare(group.exclude([0]))).toBe('unequal')
    expect(group.compare(Group.of([10, 11, 12, 13, 15], OWN))).toBe('unequal')
    expect(GROUP_EMPTY.compare(Group.of([], OWN))).toBe('identical')
  })
})

describe('what is no rank of the group', () => {
  test.each<[string, () => unknown, string]>([
    ['include', () => group.include([0, 5]), 'ranks[1]: 5 is no rank of this group; expected an integer from 0 to 4'],
    ['include', () => group.include([-1]), 'ranks[0]: -1 is no rank'],
    ['include', () => group.include([1.5]), 'ranks[0]: 1.5 is no rank'],
    ['include', () => group.include([PROC_NULL]), 'is no rank'],
    ['include', () => group.include(['1' as never]), "ranks[0]: '1' is no rank"],
    ['include', () => group.include([3, 1, 3]), 'ranks[2]: 3 is named twice, before as ranks[0]; name each rank once'],
    ['include', () => GROUP_EMPTY.include([0]), 'ranks[0]: 0 is no rank of this group; it has none'],
    ['exclude', () => group.exclude([7]), 'ranks[0]: 7 is no rank'],
    ['exclude', () => group.exclude([0, 0]), 'ranks[1]: 0 is named twice'],
    ['range', () => group.range(-1, 3), 'first: -1 is no rank'],
    ['range', () => group.range(0, 5), 'last: 5 is no rank'],
    ['range', () => group.range(0, 1e15), 'last: 1000000000000000 is no rank'],
    ['range', () => group.range(0, Number.NaN), 'last: NaN is no rank'],
    ['range', () => group.range(0, 2.5), 'last: 2.5 is no rank'],
    ['range', () => group.range(4, -1, -1), 'last: -1 is no rank'],
    ['range', () => GROUP_EMPTY.range(0, 0), 'first: 0 is no rank of this group; it has none'],
    ['translateRanks', () => group.translateRanks([0, 5], group), 'ranks[1]: 5 is no rank'],
    ['translateRanks', () => group.translateRanks([-1], group), 'ranks[0]: -1 is no rank']
  ])('is refused by %s', (_, call, message) => {
    expect(call).toThrow(RankError)
    expect(call).toThrow(message)
  })

  test.each<[string, () => unknown, string]>([
    ['include', () => group.include(1 as never), 'ranks: expected an array of ranks, got 1'],
    ['exclude', () => group.exclude(undefined as never), 'ranks: expected an array of ranks, got undefined'],
    ['range', () => group.range(0, 3, 0), 'step: expected an integer that is not 0, got 0'],
    ['range', () => group.range(0, 3, 0.5), 'step: expected an integer that is not 0, got 0.5'],
    ['range', () => group.range(3, 1), 'step: steps of 1 do not lead from 3 to 1; give one of -1'],
    ['range', () => group.range(1, 3, -2), 'step: steps of -2 do not lead from 1 to 3; give one of 2'],
    ['translateRanks', () => group.translateRanks(1 as never, group), 'ranks: expected an array of ranks, got 1'],
    ['translateRanks', () => group.translateRanks([1], {} as never), 'other: expected a Group such as comm.group, got {}'],
    ['union', () => group.union([0] as never), 'other: expected a Group such as comm.group, got [ 0 ]'],
    ['intersection', () => group.intersection(null as never), 'got null'],
    ['difference', () => group.difference(undefined as never), 'got undefined'],
    ['compare', () => group.compare('world' as never), "got 'world'"]
  ])('nor does %s take what is no list, step or group', (_, call, message) => {
    expect(call).toThrow(ArgumentError)
    expect(call).toThrow(message)
  })
})

describe('the algebra of groups', () => {
  const members = fc.uniqueArray(fc.nat({ max: 15 }), { maxLength: 16 })
  const groups = members.map((list) => Group.of(list, 3))
  const set = (made: Group): number[] => listOf(made).sort((a, b) => a - b)
  const same = (a: Group, b: Group) => expect(a.compare(b)).toBe('identical')

  test('union, intersection and difference are those of sets, without repetition', () => {
    fc.assert(
      fc.property(groups, groups, (a, b) => {
        const [inA, inB] = [new Set(a.members), new Set(b.members)]
        const all = Array.from({ length: 16 }, (_, k) => k)
        expect(set(a.union(b))).toEqual(all.filter((k) => inA.has(k) || inB.has(k)))
        expect(set(a.intersection(b))).toEqual(all.filter((k) => inA.has(k) && inB.has(k)))
        expect(set(a.difference(b))).toEqual(all.filter((k) => inA.has(k) && !inB.has(k)))
      })
    )
  })

  test('they keep the order of the first', () => {
    fc.assert(
      fc.property(groups, groups, (a, b) => {
        same(a.union(b), Group.of([...a.members, ...b.difference(a).members], 3))
        same(a.intersection(b).union(a.difference(b)).intersection(a), a.intersection(b).union(a.difference(b)))
        for (const part of [a.intersection(b), a.difference(b)]) {
          same(
            part,
            a.include(
              part
                .translateRanks([...part.members.keys()], a)
                .map(Number)
                .sort((x, y) => x - y)
            )
          )
        }
      })
    )
  })

  test('they are associative, and absorb', () => {
    fc.assert(
      fc.property(groups, groups, groups, (a, b, c) => {
        same(a.union(b).union(c), a.union(b.union(c)))
        same(a.intersection(b).intersection(c), a.intersection(b.intersection(c)))
        same(a.difference(b).difference(c), a.difference(b.union(c)))
        same(a.union(a.intersection(b)), a)
        same(a.intersection(a.union(b)), a)
        same(a.union(GROUP_EMPTY), a)
        same(GROUP_EMPTY.union(a), a)
      })
    )
  })

  test('what is included translates back to the ranks that were named; what is excluded is the rest', () => {
    const chosen = groups.chain((a) => fc.tuple(fc.constant(a), fc.shuffledSubarray([...a.members.keys()])))
    fc.assert(
      fc.property(chosen, ([a, ranks]) => {
        const part = a.include(ranks)
        expect(part.translateRanks([...ranks.keys()], a)).toEqual(ranks)
        expect(a.translateRanks(ranks, part)).toEqual([...ranks.keys()])
        same(a.exclude(ranks), a.difference(part))
        expect(part.rank).toBe(part.members.includes(3) ? part.members.indexOf(3) : undefined)
      })
    )
  })

  test('compare tells equal lists from equal sets', () => {
    fc.assert(
      fc.property(groups, fc.oneof(groups, fc.constant(undefined)), (a, other) => {
        const b = other ?? Group.of([...a.members].reverse(), 5)
        const lists = JSON.stringify(a.members) === JSON.stringify(b.members)
        const sets = JSON.stringify(set(a)) === JSON.stringify(set(b))
        expect(a.compare(b)).toBe(lists ? 'identical' : sets ? 'similar' : 'unequal')
        expect(b.compare(a)).toBe(a.compare(b))
      })
    )
  })
})
