import { type MonoTypeOperatorFunction, map, type OperatorFunction } from 'rxjs'
import { ABSENT } from '../definition.js'
import type { Links, Unit } from '../steps.js'
import { through } from '../through.js'
import { pairwise } from '../topology/pairwise.js'
import type { Accumulator } from './accumulator.js'
import type { Blocks } from './blocks.js'

/** What a rank has of its block: of the ranks from the first to itself, and of those behind it. */
interface Sides extends Unit {
  /** Its sends are those that the round waits for. */
  readonly data: Accumulator
  readonly below: Accumulator
  readonly above: Accumulator
}

/**
 * Every rank sends every other its block, and combines what comes: from the ranks below from itself down, from those above from the last
 * down, so that it is in the order of the ranks.
 *
 * Steps: p - 1. Bytes: a rank sends n (p - 1) ⁄ p, for any p. Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005, §4.3.
 */
export function pairwiseReduceScatter(
  links: Links,
  blocks: () => Blocks,
  begin: (data: unknown) => Accumulator
): MonoTypeOperatorFunction<Accumulator> {
  const { rank, size } = links.comm
  const block = (data: Accumulator, of: number): unknown => (data.present ? blocks().of(data.value, of) : ABSENT)
  const steps = Array.from({ length: size - 1 }, (_, k): MonoTypeOperatorFunction<Sides> => {
    const { to, from } = pairwise(rank, size, k + 1)
    const side = from < rank ? 'below' : 'above'
    return links.step<Sides>({
      from,
      send: (sides) => sides.data.sendPart(links, to, block(sides.data, to)),
      shape: ({ data }) => data.shape,
      place: (sides, message) => sides[side].pourInto(message, true),
      take: (sides, message) => sides[side].combine(message, true)
    })
  })
  const taken = map((data: Accumulator): Sides => ({ pending: 0, data, below: begin(block(data, rank)), above: begin(ABSENT) }))
  return (source) => source.pipe(taken, through(steps), joined)
}

const joined: OperatorFunction<Sides, Accumulator> = map(({ data, below, above }) => {
  if (above.present) below.fold(above.value, false)
  if (below.present) data.become(below.value)
  return data
})
