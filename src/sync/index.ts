/**
 * What ranks share to be in step: counters, mutexes, semaphores and conditions; work that is done in turns.
 *
 * @module rxmpi/sync
 */

export type { BigCounterType, CounterType } from './cell.js'
export { Condition, type ConditionOptions, type Predicate } from './condition.js'
export { Counter, type CounterOptions, type TicketOptions } from './counter.js'
export type { CreateOptions } from './create.js'
export type { Held } from './held.js'
export type { Lockable } from './lockable.js'
export { locked } from './locked.js'
export { Mutex, type MutexOptions } from './mutex.js'
export { Semaphore, type SemaphoreOptions } from './semaphore.js'
export { sequential } from './sequential.js'
export type { SyncCallOptions, SyncObject } from './sync-object.js'
