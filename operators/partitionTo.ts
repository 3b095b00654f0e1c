import { Observable, type ObservableInput, Subscriber } from 'rxjs'
import type { Communicator } from '../src/communicator/communicator.js'
import {
  abortError,
  all,
  checked,
  checkInflow,
  checkOutflow,
  checkWriter,
  type InflowOptions,
  type OutflowOptions,
  OverflowPolicy,
  onAbort,
  presentDemand,
  pull,
  recordCallSite,
  under
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

/**
 * A shuffle: each value of every rank's source goes to the rank that its key belongs to, and is emitted there. All ranks of the
 * communicator call it. Here a, c and e are
 * keys of rank 0:
 *
 *     rank 0   source   a--b--c--|
 *     rank 0   out      --a--e--c--|
 *     rank 1   source   d--e--f--|
 *     rank 1   out      --d--b--f--|
 *
 * Every pair of ranks has a stream with credit of its own, so memory is bounded whatever the keys: a source that can wait (`pull`, or an
 * iterable given to
 * this function itself) does as soon as any rank is out of credit; others do as `overflow` says. Values of one rank with one key keep their
 * order.
 *
 * Shape: T → T. Completes when the sources of all ranks have completed. An error of one rank is everybody's: RemoteError on the others.
 * Cost: one message a value, also for those that stay; p² streams. Errors: TagError, ArgumentError when the operator is made; those of
 * `sendTo` and `receiveFrom`.
 * It is MapReduce's shuffle (Dean, Ghemawat, OSDI 2004) and MPI_Alltoallv's streaming sibling.
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
  const { window, outflow } = checked(comm.core, () => {
    checkWriter(comm.core, { ...options, dest: 0 })
    return { window: checkInflow(options), outflow: checkOutflow(options) }
  })
  const site = recordCallSite()
  const members = Array.from({ length: comm.size }, (_, rank) => comm.core.memberOf(rank))
  const outs = members.map((member) => comm.channels.writes(member, tag, site))
  const ins = members.map((member) => comm.channels.reads(member, tag, site))
  return (source) =>
    new Observable((subscriber) => {
      const writers = outs.map((line) => comm.channels.writer(line))
      const readers = ins.map((line) => comm.channels.reader<T>(line))
      const valves = writers.map((writer) => new OverflowPolicy(writer, comm.core, outflow.overflow, outflow.highWaterMark, undefined))
      const fail = (error: unknown): void => {
        const told = comm.core.inContext(error, site)
        for (const writer of writers) writer.error(told)
        subscriber.error(told)
      }
      let listening = writers.length
      const inner = new Subscriber<T>({
        next(value: T) {
          try {
            const rank = partitioner(key(value), comm.size)
            const valve = valves[rank]
            if (valve === undefined) throw new RangeError(`partitioner: ${rank} is no rank of ${comm.size}`)
            valve.next(value)
          } catch (error) {
            fail(error)
          }
        },
        error: fail,
        complete() {
          for (const writer of writers) writer.complete()
        }
      })
      const events = {
        // A rank that has left wants nothing more; the others still do.
        cancelled: () => {
          if (--listening === 0) inner.unsubscribe()
        },
        failed: fail,
        finished: () => undefined
      }
      for (const writer of writers) writer.start(events, site)
      if (signal?.aborted) return fail(abortError(signal))
      if (signal !== undefined) subscriber.add(onAbort(signal, fail))
      const outer = presentDemand()
      let open = readers.length
      for (const reader of readers) subscriber.add(() => reader.cancel())
      for (const reader of readers) {
        if (subscriber.closed) break
        const received = {
          next: (value: T) => subscriber.next(value),
          error: fail,
          complete: () => {
            if (--open === 0) subscriber.complete()
          }
        }
        reader.start(received, window, outer, site)
      }
      subscriber.add(inner)
      subscriber.add(() => {
        for (const writer of writers) writer.complete()
      })
      const room = all(writers.map(({ gate }) => gate))
      if (!subscriber.closed) under(room, () => pull(source).subscribe(inner))
    })
}
