/**
 * Tasks on ranks: of a job, or of ranks that are started for an ordinary program.
 *
 * @module rxmpi/pool
 */

export { type Task, task, type Work } from './function.js'
export type { MapOptions } from './map.js'
export { RankPool } from './rank-pool.js'
