import { NUMBER, OBJECT } from '../codec/datatype.js'
import { encodeObject } from '../codec/object.js'
import { ANY_SOURCE, ANY_TAG } from '../constants.js'
import { copy } from '../memory/copy.js'
import { bytesOfNumber } from '../memory/scratch.js'
import type { Endpoint } from './endpoint.js'
import type { Incoming, Taker } from './incoming.js'
import { Outgoing, type Owner } from './send-queue.js'

/** What ranks say to each other on their own account: small objects that go ahead of all data, and that nobody waits for. */

/** Says something to a rank of the endpoint. */
export function sendControl(endpoint: Endpoint, member: number, context: number, saying: unknown, tag = 0, call = 0, shape = 0): void {
  if (endpoint.whyGone(member) !== undefined) return
  if (typeof saying === 'number') sendBytes(endpoint, member, context, NUMBER, bytesOfNumber(saying), undefined, tag, call, shape)
  else sendBytes(endpoint, member, context, OBJECT, encodeObject(saying), undefined, tag, call, shape)
}

/** The same, and bytes that go along as they are: the shape says how long what is said is. */
export function sendControlWith(endpoint: Endpoint, member: number, context: number, saying: unknown, along: Uint8Array, tag = 0): void {
  if (endpoint.whyGone(member) !== undefined) return
  const said = encodeObject(saying)
  sendBytes(endpoint, member, context, OBJECT, said, along, tag, 0, said.length)
}

function sendBytes(
  endpoint: Endpoint,
  member: number,
  context: number,
  datatype: number,
  said: Uint8Array,
  along: Uint8Array | undefined,
  tag: number,
  call: number,
  shape: number
): void {
  const link = endpoint.link(member)
  if (link.sayNow(context, tag, datatype, said, along, call, shape)) return
  const message = new Outgoing(context, tag, datatype, joined(said, along), false, undefined, unattended)
  message.call = call
  message.shape = shape
  link.sendAhead(message)
}

/** One behind the other, in memory of their own. */
function joined(said: Uint8Array, along: Uint8Array | undefined): Uint8Array {
  const bytes = new Uint8Array(said.length + (along?.length ?? 0))
  copy(said, 0, bytes, 0, said.length)
  if (along !== undefined) copy(along, 0, bytes, said.length, along.length)
  return bytes
}

/** Takes every message of a context, at once, from those on that have come already. */
export function onControl(endpoint: Endpoint, context: number, hear: (message: Incoming) => void): void {
  const listener = new Listener(hear)
  const found = endpoint.context(context)
  found.listener = () => listener
  while (endpoint.receiveNow(found, listener)) {}
}

/** Takes messages of that kind, each at once. */
export class Listener implements Taker {
  order = 0
  gone = true
  readonly peer = ANY_SOURCE
  readonly tag = ANY_TAG
  readonly site = undefined
  readonly partOf = null
  readonly #hear: (message: Incoming) => void

  constructor(hear: (message: Incoming) => void) {
    this.#hear = hear
  }

  accept(message: Incoming): boolean {
    if (message.target === undefined) message.allocate()
    return true
  }

  finish(message: Incoming): void {
    this.#hear(message)
  }

  fail(): void {}
  giveUp(): void {}
  describe(): string {
    return 'for what ranks say'
  }
}

/** Of a message that its sender does not wait for. */
const unattended: Owner = {
  unattended: true,
  site: undefined,
  partOf: null,
  done: () => undefined,
  fail: () => undefined,
  giveUp: () => undefined,
  describe: () => 'with a word for a rank'
}
