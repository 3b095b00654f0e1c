import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import { through } from '../through.js'
import { branchOf, placeOf } from '../topology/hosts.js'
import { recursiveDoublingOver } from '../topology/recursiveDoubling.js'
import type { Accumulator } from './accumulator.js'
import { doubling } from './allreduce.recursiveDoubling.js'
import { combinedFrom, handedTo, resultFrom } from './combining.js'

/**
 * The ranks of each host reduce to one, these exchange what they have by recursive doubling, and hand the result to the others: it crosses
 * between hosts between one rank of each. In the order of the ranks where every host has ranks that follow on each other.
 *
 * Steps: log₂ h between h hosts, and twice ⌈log₂ n⌉ within a host of n ranks. Source: Karonis et al., IPDPS 2000; Thakur, Rabenseifner,
 * Gropp, IJHPCA 19(1), 2005, §4.5.
 */
export function hierarchicalAllreduce(links: Links): MonoTypeOperatorFunction<Accumulator> {
  const { rank, size, hosts } = links.comm
  const everybody = Array.from({ length: size }, (_, k) => k)
  const { leaders, members } = hosts === undefined ? { leaders: [0], members: everybody } : placeOf(rank, hosts)
  const { parent, children } = branchOf(rank, members)
  return through([
    // The nearest first: its ranks follow on this one's.
    ...[...children].sort((a, b) => a - b).map((child) => combinedFrom(links, child, false)),
    ...(parent === undefined
      ? [doubling(links, recursiveDoublingOver(rank, leaders))]
      : [handedTo(links, parent), resultFrom(links, parent)]),
    ...children.map((child) => handedTo(links, child))
  ])
}
