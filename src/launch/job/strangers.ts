import { ProtocolError } from '../../errors.js'
import type { Address } from '../../transport/websocket/dial.js'
import type { FabricPlan, FromSite, ToSite } from '../protocol/site-protocol.js'

/**
 * What another job says: whoever has a ticket may say anything, so all of it is looked at before it is used. What is wrong is a
 * ProtocolError, which ends the link and nothing else.
 */

/** Where a rank of another job is: in which of its processes, numbered as they come, and what that knows it by. */
export interface Place {
  readonly site: number
  readonly local: number
}

/** What a message of another job may say at most, in bytes. */
export const MOST_BYTES = 2 ** 22
/** Ranks of a group that connects. */
const MOST_RANKS = 2 ** 12

/** 32 bytes, in base64url. */
const TOKEN = /^[\w-]{43}$/
/** Reasons why a rank has gone are a word each. */
const REASONS = 2 ** 20

const isEnd = (how: unknown): boolean => how === 'ended' || isIndex(how, REASONS)

const wrong = (what: string): ProtocolError => new ProtocolError(`another job has sent ${what}`)

export const isIndex = (value: unknown, end = Number.MAX_SAFE_INTEGER): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < end

/** A message, of one of those types. */
export function typed<T extends { type: string }>(message: unknown, ...types: readonly T['type'][]): T {
  if (typeof message !== 'object' || message === null || !types.includes((message as T).type)) throw wrong('a message of an unknown type')
  return message as T
}

export function placesFrom(ranks: unknown): readonly Place[] {
  if (!Array.isArray(ranks) || ranks.length < 1 || ranks.length > MOST_RANKS) throw wrong('a list of ranks that is none')
  let sites = 0
  return ranks.map((rank: Partial<Place> | null) => {
    const { site, local } = rank ?? {}
    if (!isIndex(site, sites + 1) || !isIndex(local)) throw wrong('a rank whose place is none')
    sites = Math.max(sites, site + 1)
    return { site, local }
  })
}

/** What one of its processes says, as far as its form goes. */
export function newsFrom(said: unknown): FromSite {
  const news = typed<FromSite>(said, 'listening', 'drained')
  if (news.type === 'listening') checkAddresses(news.addresses)
  else if (!isIndex(news.rank) || !isEnd(news.how)) throw wrong('an end of a rank that is none')
  return news
}

/** What it has one of this job's processes do: no rank takes a place on its word. `own`: the ranks that connect, and the first of them. */
export function orderFrom(said: unknown, own: { first: number | undefined; size: number }): ToSite {
  const order = typed<ToSite>(said, 'plan', 'addresses', 'gone', 'close')
  if (order.type === 'plan') checkPlan(order.plan, own.size)
  if (order.type === 'gone' && !(isIndex(order.rank, own.first ?? 0) && isEnd(order.how))) throw wrong('an end of a rank that is none')
  if (order.type === 'addresses') {
    if (!Array.isArray(order.addresses)) throw wrong('addresses that are none')
    for (const addresses of order.addresses) checkAddresses(addresses)
  }
  return order
}

/** Those who listen come first, then `size` ranks that connect; which of these are where is not for the other job to say. */
function checkPlan(plan: Partial<FabricPlan> | undefined, size: number): void {
  const { first, processes, gone, links } = plan ?? {}
  if (!isIndex(first, MOST_RANKS) || first === 0 || processes?.length !== first + size) throw wrong('a plan for other ranks')
  if (!Array.isArray(gone) || !gone.every((rank) => isIndex(rank, first))) throw wrong('a plan with ranks that are no more and are none')
  const { here, hosts, token, name, isEncrypted } = links ?? {}
  const isLinked =
    isIndex(here, MOST_RANKS) &&
    Array.isArray(hosts) &&
    hosts.length === first + size &&
    hosts.every((host) => isIndex(host, MOST_RANKS)) &&
    TOKEN.test(String(token)) &&
    typeof name === 'string' &&
    typeof isEncrypted === 'boolean'
  if (!isLinked) throw wrong('a plan without links')
}

function checkAddresses(addresses: unknown): void {
  const isAddress = (one: Partial<Address> | null): boolean =>
    typeof one?.host === 'string' && isIndex(one.port, 2 ** 16) && ['string', 'undefined'].includes(typeof one.tls)
  if (!Array.isArray(addresses) || addresses.length > MOST_RANKS || !addresses.every(isAddress)) throw wrong('addresses that are none')
}
