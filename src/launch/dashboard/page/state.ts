import { addLanes, type Lanes } from '../model/lanes.js'
import type { Picture } from '../model/picture.js'
import { addRates, NO_RATES, type Rates } from '../model/rates.js'
import { type WaitGraph, waitGraph } from '../model/waits.js'
import type { News } from './events.js'

/** All that the page shows, and what it has seen so far. */
export interface State {
  readonly picture: Picture | undefined
  readonly rates: Rates
  readonly lanes: Lanes
  readonly graph: WaitGraph
  /** The launcher cannot be heard. */
  readonly lost: boolean
}

export const NOTHING: State = {
  picture: undefined,
  rates: NO_RATES,
  lanes: new Map(),
  graph: { waits: [], cycles: [], holders: [] },
  lost: false
}

export function next(state: State, news: News): State {
  if (news === 'lost') return { ...state, lost: true }
  const { picture } = news
  return {
    picture,
    rates: picture.status === undefined ? addRates(state.rates, picture) : state.rates,
    lanes: addLanes(state.lanes, picture),
    graph: waitGraph(picture),
    lost: false
  }
}

/** What the user has chosen. */
export interface Choice {
  /** The process whose messages are shown. */
  readonly rank: number | undefined
  /** Ranks of this state only. */
  readonly only: string | undefined
}
