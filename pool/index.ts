export { type Task, task, type Work } from './function.js'
export type { MapOptions } from './map.js'
export { RankPool } from './rank-pool.js'
