/**
 * Viewers of a running job, in a browser or in Node: streams that its ranks publish, and streams that they subscribe to.
 * `rxmpi/client/standalone` is the same with all that it takes of RxJS, in one file.
 *
 * @module rxmpi/client
 */

import { RankFailedError } from '../src/errors.js'
import { PROOF, PROTOCOL } from '../src/viewers/wire.js'
import { DialledJob, type Job } from './job.js'
import { type Dial, OUT_OF_REACH } from './line.js'

export type { Overflow } from '../src/stream/overflow-policy.js'
export type { Job, ViewOptions, WriteOptions } from './job.js'

/** Of a browser's, as far as it is used. */
interface Socket {
  binaryType: string
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
  send(bytes: Uint8Array): void
  close(): void
}

/** The refusal of a handshake and a port where nobody listens look the same to a page. */
const NOT_LET_IN =
  'the job does not let this page in, or cannot be reached: is the ticket the one that it has given, is it still running, and do its certificate and address suit this page?'

const dial: Dial = ({ url, proof }, { opened, frame, closed }) => {
  const WebSocket = Reflect.get(globalThis, 'WebSocket') as new (url: string, protocols: string[]) => Socket
  const socket = new WebSocket(url, [PROTOCOL, `${PROOF}${proof}`])
  let wasOpen = false
  socket.binaryType = 'arraybuffer'
  socket.onopen = () => {
    wasOpen = true
    opened()
  }
  socket.onmessage = ({ data }) => frame(new Uint8Array(data as ArrayBuffer))
  socket.onclose = () => closed(new RankFailedError(wasOpen ? OUT_OF_REACH : NOT_LET_IN))
  return { send: (bytes) => socket.send(bytes), close: () => socket.close() }
}

/**
 * A running job, seen from a program that is no rank of it, in a browser or in Node: what it publishes by `mpi.publish`, and what it
 * hears by `mpi.subscribeTo`. The ticket is what the job's `viewers.ticket()` has given. The connection is made when it is first needed,
 * one for all streams, and ends when nobody needs it.
 *
 *     the job   temperature   --a--b--c--|
 *     here      stream        ---a--b--c--|
 *
 * Shape: a ticket → a job, whose streams are Observables. Cost: nothing here; one connection, which all streams share.
 * Errors: ArgumentError for what is no ticket; all others come by the streams.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import { connect } from 'rxmpi/client'
 * import * as mpi from 'rxmpi/operators'
 * import { lastValueFrom, of } from 'rxjs'
 *
 * using viewers = await mpi.viewers(comm)
 * of(Float64Array.of(18.5, 21)).pipe(mpi.publish(comm, 'temperature')).subscribe()
 * if (viewers) { // Elsewhere one would paste the ticket.
 *   using job = connect(viewers.ticket())
 *   console.log((await lastValueFrom(job.stream<Float64Array>('temperature')))[1]) // [0] 21
 * }
 * ```
 */
export function connect(ticket: string): Job {
  return new DialledJob(dial, ticket)
}
