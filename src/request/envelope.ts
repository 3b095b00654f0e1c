import { ANY_SOURCE, ANY_TAG } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkOptions, checkReceiveTag, checkSignal, checkSource } from '../diagnostics/arguments.js'
import { captureCallSite } from '../diagnostics/call-site.js'
import type { AnyNames } from '../diagnostics/option-names.js'
import { RankFailedError } from '../errors.js'
import type { Incoming } from '../progress/incoming.js'
import { contentOf, unreceived } from '../progress/unreceived.js'
import { abortError } from './cancellation.js'
import type { From } from './options.js'
import { checkStatus, type Status } from './status.js'

/** Whom and what a receive is for, in ranks of the endpoint. */
export interface Envelope {
  readonly peer: number
  readonly tag: number
  readonly status?: Status | undefined
}

export function describeEnvelope(comm: CommunicatorCore, { peer, tag }: Envelope): string {
  const from = peer === ANY_SOURCE ? 'any rank' : `rank ${comm.rankOf(peer)}`
  return `${from}, ${tag === ANY_TAG ? 'any tag' : `tag ${tag}`}`
}

/** What a rank that is no more has sent, and what a receive from it did not ask for, may be why it waits. */
export function withUnreceived(comm: CommunicatorCore, { peer, tag }: Envelope, error: Error): Error {
  const gone = comm.named(error)
  if (peer < 0 || !(gone instanceof RankFailedError) || gone.failed?.rank !== comm.rankOf(peer)) return error
  const sent = Array.from(unreceived(comm.endpoint, peer), ({ message, where }) => `${contentOf(message)}, ${where}`)
  if (sent.length === 0) return error
  const shown = [...new Set(sent)].slice(0, SHOWN)
  const more = sent.length > SHOWN ? '; …' : ''
  const waits = tag === ANY_TAG ? `any tag${comm.on}` : `tag ${tag}${comm.on}`
  return new RankFailedError(
    `${gone.message}; this call waits for ${waits}, ` +
      `and rank ${comm.rankOf(peer)} has sent what nobody has received: ${shown.join('; ')}${more}`,
    { failed: gone.failed }
  )
}

const SHOWN = 8

export const anything: Envelope = { peer: ANY_SOURCE, tag: ANY_TAG }

/** Checks whom and what a receive is for, and puts it in the endpoint's ranks. */
export function envelopeOf(comm: CommunicatorCore, from: Omit<From, 'into'> | undefined, names: AnyNames): Envelope {
  comm.checkAlive()
  if (from === undefined) return anything
  checkOptions(from, names, '{ source: 0 }')
  const { source = ANY_SOURCE, tag = ANY_TAG, status, signal } = from
  checkSource(source, comm.size)
  checkReceiveTag(tag)
  if (status !== undefined) checkStatus(status)
  if (signal !== undefined) {
    checkSignal(signal)
    if (signal.aborted) throw abortError(signal)
  }
  return { peer: source >= 0 ? comm.memberOf(source) : source, tag, status }
}

/** The same for a call that throws what is wrong. */
export function envelopeNow(comm: CommunicatorCore, from: Omit<From, 'into'> | undefined, names: AnyNames): Envelope {
  try {
    return envelopeOf(comm, from, names)
  } catch (error) {
    throw comm.inContext(error, captureCallSite())
  }
}

/** Puts what a message is in the communicator's ranks. */
export function fillStatus(status: Status, comm: CommunicatorCore, message: Incoming, recordBytes = 0): Status {
  return status.set(comm.rankOf(message.source), message.tag, message.datatype, message.bytes, message.shape, recordBytes)
}
