import type { Observable, ObservableInput } from 'rxjs'
import type { Communicator } from '../src/communicator/communicator.js'
import {
  checked,
  checkInflow,
  checkOptions,
  checkOutflow,
  checkWriter,
  exchangeStreams,
  INFLOW,
  type InflowOptions,
  type OptionNames,
  OUTFLOW,
  type OutflowOptions,
  recordCallSite
} from '../src/stream/internal.js'
import { hashOf, type Key } from './hash.js'

/** Which rank a key belongs to, and how far the streams may be ahead. */
export interface PartitionToOptions extends InflowOptions, OutflowOptions {
  /** Tells streams between the same ranks apart, 0 … TAG_UB; default 0. */
  tag?: number
  /** Which rank a key belongs to; default by a hash of it, the same on every rank and in every run. */
  partitioner?: (key: Key, size: number) => number
  /** Aborting it fails the stream: with an AbortError here, with a RemoteError at the other end. */
  signal?: AbortSignal
}

const OPTIONS: OptionNames<PartitionToOptions> = { ...INFLOW, ...OUTFLOW, tag: true, partitioner: true, signal: true }

/**
 * A shuffle: each value of every rank's source goes to the rank that its key belongs to, and is emitted there. All ranks of the
 * communicator call it. Here a, c and e are keys of rank 0:
 *
 *     rank 0   source   a--b--c--|
 *     rank 0   out      --a--e--c--|
 *     rank 1   source   d--e--f--|
 *     rank 1   out      --d--b--f--|
 *
 * Every pair of ranks has a stream with credit of its own, so memory is bounded whatever the keys: a source that can wait (`pull`, or an
 * iterable given to this function itself) does as soon as any rank is out of credit; others do as `overflow` says. Values of one rank with
 * one key keep their order.
 *
 * Shape: T → T. Completes when the sources of all ranks have completed. An error of one rank is everybody's: RemoteError on the others.
 * Cost: one message a value, also for those that stay; p² streams. Errors: TagError, ArgumentError when the operator is made; those of
 * `sendTo` and `receiveFrom`. It is MapReduce's shuffle (Dean, Ghemawat, OSDI 2004) and MPI_Alltoallv's streaming sibling.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { from, reduce } from 'rxjs'
 *
 * const words = [['to', 'be', 'or'], ['not', 'to', 'be']][comm.rank]
 * from(words).pipe(
 *   mpi.partitionTo(comm, (word) => word, { partitioner: (word) => (word === 'to' ? 0 : 1) }),
 *   reduce((count, word) => `${count} ${word}`, 'words:')
 * ).subscribe((all) => console.log(all.length)) // [0] 12 [1] 19
 * ```
 */
export function partitionTo<T>(
  comm: Communicator,
  key: (value: T) => Key,
  options: PartitionToOptions = {}
): (source: ObservableInput<T>) => Observable<T> {
  const { tag = 0, partitioner = (of, size) => hashOf(of) % size, signal } = options
  const { prefetch, outflow } = checked(comm.core, () => {
    checkOptions(options, OPTIONS, '{ tag: 0 }')
    checkWriter(comm.core, { ...options, dest: 0 })
    return { prefetch: checkInflow(options), outflow: checkOutflow(options) }
  })
  const ranks = Array.from({ length: comm.size }, (_, rank) => rank)
  const settings = { dests: ranks, sources: ranks, tag, outflow, prefetch, signal }
  return exchangeStreams<T, T, T>(comm.channels, settings, recordCallSite(), ({ subscriber, send, stop }) => {
    let [listening, open] = [comm.size, comm.size]
    return {
      next(value) {
        const rank = partitioner(key(value), comm.size)
        if (ranks[rank] === undefined) throw new RangeError(`partitioner: ${rank} is no rank of ${comm.size}`)
        send(rank, value)
      },
      receive: (_, value) => subscriber.next(value),
      received() {
        if (--open === 0) subscriber.complete()
      },
      // A rank that has left wants nothing more; the others still do.
      left() {
        if (--listening === 0) stop()
      }
    }
  })
}
