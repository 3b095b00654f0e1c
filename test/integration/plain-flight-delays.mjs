/**
 * What examples/flight-delays.ts computes, in the plainest way: one pass in one thread, and sums of whole numbers that are exact.
 * Prints the result as JSON. A program of its own, for jest cannot load hyparquet, which is an ES module.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

const BLOCK = 250_000
const path = join(createRequire(import.meta.url).resolve('vega-datasets'), '../../data/flights-3m.parquet')
const file = await asyncBufferFromFile(path)

const groups = new Map()
for (let rowStart = 0; ; rowStart += BLOCK) {
  const flights = await parquetReadObjects({ file, compressors, columns: ['date', 'delay', 'origin'], rowStart, rowEnd: rowStart + BLOCK })
  for (const { date, delay, origin } of flights) {
    const hour = date.getUTCHours()
    for (const key of ['all', hour, origin, `${origin} ${hour}`]) count(key, Number(delay))
  }
  if (flights.length < BLOCK) break
}
console.log(JSON.stringify(Object.fromEntries([...groups].map(([key, group]) => [key, finish(group)]))))

function count(key, delay) {
  let group = groups.get(key)
  if (group === undefined) {
    group = { count: 0, sum: 0, squares: 0, min: delay, max: delay, histogram: new Array(50).fill(0) }
    groups.set(key, group)
  }
  group.count += 1
  group.sum += delay
  group.squares += delay * delay
  group.min = Math.min(group.min, delay)
  group.max = Math.max(group.max, delay)
  group.histogram[delay < -60 ? 0 : delay >= 180 ? 49 : Math.floor(delay / 5) + 13] += 1
}

function finish({ count, sum, squares, min, max, histogram }) {
  const [n, s, q] = [count, sum, squares].map(BigInt)
  const variance = count > 1 ? Number(n * q - s * s) / Number(n * (n - 1n)) : null
  return { count, mean: sum / count, variance, min, max, histogram }
}
