import type { CallSite } from '../diagnostics/call-site.js'
import { receives, sends } from '../diagnostics/channels.js'
import type { Endpoint } from './endpoint.js'

/**
 * Who is told of every message as numbers: what rxmpi itself notes of a run. A subscriber of a diagnostics channel gets an object for each,
 * which costs as much as half of sending it.
 */
export interface MessageObserver {
  /** Wants to know when messages are sent: to read the clock costs a tenth of a message. */
  readonly timesSends: boolean
  /** `to` is a number of the endpoint's fabric; `time` is that of `MessageEvent`, and 0 where nobody wants it. */
  sent(
    endpoint: Endpoint,
    context: number,
    to: number,
    bytes: number,
    site: CallSite | undefined,
    tag: number,
    datatype: number,
    time: number
  ): void
  /** `waited` is less than nothing where no call of the program has waited for it. */
  received(
    endpoint: Endpoint,
    context: number,
    time: number,
    waited: number,
    site: CallSite | undefined,
    from: number,
    tag: number,
    datatype: number,
    bytes: number
  ): void
}

/** Those of this thread. They stay. */
export const observers: MessageObserver[] = []
let timesSends = false

export function observeMessages(observer: MessageObserver): void {
  observers.push(observer)
  timesSends ||= observer.timesSends
}

/** Whether anybody is told of sends. */
export const tellsSends = (): boolean => observers.length > 0 || sends.hasSubscribers

/** Whether anybody is told of receives. */
export const tellsReceives = (): boolean => observers.length > 0 || receives.hasSubscribers

/** Node has a getter for the global, which takes a quarter of what reading the clock does. */
const clock = performance
/** What the clock shows, in milliseconds. */
export const now = (): number => clock.now()

/** The same for a send, where it matters. */
export const sendTime = (): number => (timesSends || sends.hasSubscribers ? now() : 0)
