import { invalidParameter } from './invalid-parameter.js'
import { localConcurrency } from './local-concurrency.js'
import { requestLifeCycle } from './request-life-cycle.js'
import { resourceLeak } from './resource-leak.js'

export const programs = [...invalidParameter, ...resourceLeak, ...requestLifeCycle, ...localConcurrency]
