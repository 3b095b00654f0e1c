import type { Program } from '../program.js'
import { bufferingHazard } from './buffering-hazard.js'
import { callOrdering } from './call-ordering.js'
import { globalConcurrency } from './global-concurrency.js'
import { invalidParameter } from './invalid-parameter.js'
import { localConcurrency } from './local-concurrency.js'
import { messageRace } from './message-race.js'
import { parameterMatching } from './parameter-matching.js'
import { requestLifeCycle } from './request-life-cycle.js'
import { resourceLeak } from './resource-leak.js'

/** All programs of the score card, by class. */
export const programs: readonly Program[] = [
  ...invalidParameter,
  ...resourceLeak,
  ...requestLifeCycle,
  ...localConcurrency,
  ...parameterMatching,
  ...messageRace,
  ...callOrdering,
  ...globalConcurrency,
  ...bufferingHazard
]
