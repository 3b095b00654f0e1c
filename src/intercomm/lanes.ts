import { map, type Observable, type OperatorFunction, share, zip } from 'rxjs'
import type { CallOptions } from '../collective/call.js'
import { ABSENT, type Definition, Misfit, NOTHING } from '../collective/definition.js'
import type { Links, OptionsOf, Peers } from '../collective/steps.js'
import { hostsOf } from '../collective/topology/hosts.js'
import { COLLECTIVES, SECOND_LANE } from '../progress/context-ids.js'
import type { WholeCore } from './cores.js'

/** What a rank gets of a round: a result, or nothing, or what it could not receive. */
export type Outcome = unknown | typeof NOTHING | Misfit

/** From the values of the rounds of a rank to what it gets. */
export type Way = OperatorFunction<unknown, Outcome>

/** Which of the two ways a lane is. */
export type Place = typeof COLLECTIVES | typeof SECOND_LANE
export { COLLECTIVES as FIRST_LANE, SECOND_LANE }

/** Some ranks of both groups, numbered in the order of the list. */
export function among(core: WholeCore, ranks: readonly number[]): Peers {
  const { hosts } = core.endpoint.transport
  return {
    rank: ranks.indexOf(core.rank),
    size: ranks.length,
    hosts: hosts && hostsOf(ranks.map((rank) => hosts[core.memberOf(rank)]!)),
    memberOf: (rank) => core.memberOf(ranks[rank]!),
    partyOf: (rank) => ranks[rank]!,
    titleOf: (rank) => core.titleOf(ranks[rank]!),
    get on() {
      return core.on
    }
  }
}

/** A collective of ranks of one communicator, as part of one of an intercommunicator, on a lane of its own. */
export function wayOf(
  links: Links,
  core: WholeCore,
  peers: Peers,
  place: Place,
  { build }: Pick<Definition<never, unknown>, 'build'>,
  algorithm: string | undefined,
  optionsOf: OptionsOf
): Way {
  const lane = links.lane(peers, core.id + place, optionsOf)
  return build(lane, algorithm) as unknown as Way
}

/** Two at the same time; the result is that of the second. */
export function both(first: Way, second: Way, ofFirst: Of = same, ofSecond: Of = same): Way {
  return (source) => {
    const values = source.pipe(share())
    return zip(first(values.pipe(map(ofFirst))), second(values.pipe(map(ofSecond)))).pipe(map(([, result]) => result))
  }
}

type Of = (value: unknown) => unknown
const same: Of = (value) => value

/** A rank that gives nothing. */
export const absent = (): typeof ABSENT => ABSENT

/** What comes of a result, where there is one. */
export function finished(finish: (result: unknown) => unknown): (outcomes: Observable<Outcome>) => Observable<Outcome> {
  return map((outcome) => {
    if (outcome === NOTHING || outcome instanceof Misfit) return outcome
    try {
      return finish(outcome)
    } catch (error) {
      return new Misfit(error as Error)
    }
  })
}

/** A rank that has no use for a place of its own. */
export const plain: OptionsOf = () => NONE

const NONE: CallOptions = Object.freeze({})
