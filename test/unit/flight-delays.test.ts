import { BINS, binOf, HIGHEST, LATE, LOWEST, lateShare, lowerEdge } from '../../examples/flight-delays/bins.js'
import { cityNames } from '../../examples/flight-delays/cities.js'
import { add, emptyStatistics, merge, type Statistics, summary } from '../../examples/flight-delays/statistics.js'
import { HOURS, mergeTallies, noFlights, tally } from '../../examples/flight-delays/tally.js'
import { totalOf } from '../../examples/flight-delays/total.js'

const statisticsOf = (numbers: number[]): Statistics => {
  const statistics = emptyStatistics(1)
  for (const x of numbers) add(statistics, 0, x)
  return statistics
}

const digits = (actual: number, expected: number) => expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * Math.abs(expected))

/** Large beside its spread: a variance in floating point from sums of squares has no right digit left. */
const offset = Array.from({ length: 1000 }, (_, i) => 1e6 + ((i * 7919) % 101))

describe('the statistics of the flight delays', () => {
  test('of a few numbers are the textbook’s', () => {
    const { count, mean, variance, min, max } = summary(statisticsOf([2, 4, 4, 4, 5, 5, 7, 9]), 0)
    expect([count, mean, min, max]).toEqual([8, 5, 2, 9])
    digits(variance, 32 / 7)
  })

  test('keep their digits where the numbers are large beside their spread', () => {
    const mean = offset.reduce((sum, x) => sum + (x - 1e6), 0) / offset.length
    const variance = offset.reduce((sum, x) => sum + (x - 1e6 - mean) ** 2, 0) / (offset.length - 1)
    const result = summary(statisticsOf(offset), 0)
    digits(result.mean, 1e6 + mean)
    digits(result.variance, variance)
  })

  test.each([0, 1, 13, 500, 999, 1000])('are the same when two parts are merged, cut at %d', (cut) => {
    const numbers = Array.from({ length: 1000 }, (_, i) => ((i * 7919) % 361) - 120)
    const merged = statisticsOf(numbers.slice(0, cut))
    merge(merged, 0, statisticsOf(numbers.slice(cut)), 0)
    expect(summary(merged, 0)).toEqual(summary(statisticsOf(numbers), 0))
  })

  test('of one number have no variance, and of none no extremes', () => {
    expect(summary(statisticsOf([3]), 0).variance).toBeNaN()
    const nothing = emptyStatistics(1)
    merge(nothing, 0, emptyStatistics(1), 0)
    expect(summary(nothing, 0)).toMatchObject({ count: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY })
  })
})

describe('the bins', () => {
  test('hold their lower edge, and what is beyond goes to the outermost', () => {
    expect([-1116, LOWEST - 1, LOWEST, LOWEST + 4, LOWEST + 5].map(binOf)).toEqual([0, 0, 1, 1, 2])
    expect([HIGHEST - 1, HIGHEST, 1688].map(binOf)).toEqual([BINS - 2, BINS - 1, BINS - 1])
    for (let bin = 1; bin < BINS; bin++) expect(binOf(lowerEdge(bin))).toBe(bin)
  })

  test('tell the share of late flights exactly', () => {
    const { histogram } = summary(statisticsOf([LATE - 1, LATE, 0, 600]), 0)
    expect(lateShare(histogram)).toBe(0.5)
  })
})

describe('the totals', () => {
  const flights = (names: string[], delays: number[]) => ({
    names,
    delays: Int32Array.from(delays),
    hours: Uint8Array.from(delays, (_, i) => i % HOURS),
    airports: Uint32Array.from(delays, (_, i) => i % names.length)
  })
  const tallies = [
    tally(flights(['ORD', 'LAX'], [3, -5, 8, 120])),
    tally(flights(['LAX', 'YAK', 'ORD'], [11, 13, 17, 7, 11])),
    tally(flights(['YAK'], [-100, 2]))
  ]
  const merged = (order: number[]) => totalOf(order.map((run) => structuredClone(tallies[run])).reduce(mergeTallies, noFlights))

  test('have the same bits in whatever order the tallies are merged', () => {
    const expected = merged([0, 1, 2])
    for (const order of [
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0]
    ])
      expect(merged(order)).toEqual(expected)
  })

  test('bring together what different row groups call by different indices', () => {
    const { all, airports } = merged([0, 1, 2])
    expect(all.count).toBe(11)
    expect(airports.map(({ name, count }) => [name, count])).toEqual([
      ['LAX', 4],
      ['YAK', 4],
      ['ORD', 3]
    ])
  })
})

test('cities may have commas in them when the field is quoted', () => {
  const cities = cityNames('iata,name,city,state\nORD,Chicago O\'Hare,Chicago,IL\nXYZ,"One, Two","Here, There",ZZ\n')
  expect(cities.get('ORD')).toBe('Chicago')
  expect(cities.get('XYZ')).toBe('Here, There')
})
