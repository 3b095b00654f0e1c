import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { ArgumentError } from '../../errors.js'

/** A host and how many ranks it takes. */
export interface HostSlots {
  name: string
  slots: number
}

/** `a:4,b:4`; a host without a number takes `slots`. The same name twice is two hosts. */
export function parseHosts(text: string, defaultSlots = 1): HostSlots[] {
  return text.split(',').map((entry) => {
    const match = /^(\[[\da-fA-F:.]+\]|[\w.@-]+)(?::(\d{1,6}))?$/.exec(entry.trim())
    const slots = match?.[2] === undefined ? defaultSlots : Number(match[2])
    if (match === null || slots < 1)
      throw new ArgumentError(`the host '${entry}' is not understood: expected NAME or NAME:RANKS, as in a:4,b:4`)
    return { name: match[1]!.replace(/^\[|\]$/g, ''), slots }
  })
}

/** A file with a host a line: `name`, `name:4` or `name slots=4`; `#` begins a comment. */
export function readHostfile(path: string, defaultSlots = 1): HostSlots[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ArgumentError(`the host file '${path}' cannot be read: ${(cause as Error).message}`, { cause })
  }
  const hosts = text.split('\n').flatMap((line, index) => {
    const entry = line.replace(/#.*/, '').trim()
    if (entry === '') return []
    const match = /^(\S+?)(?::(\d{1,6}))?(?:\s+slots\s*=\s*(\d{1,6}))?(?:\s+max[-_]slots\s*=\s*\d+)?$/.exec(entry)
    const slots = Number(match?.[2] ?? match?.[3] ?? defaultSlots)
    if (match === null || slots < 1 || (match[2] !== undefined && match[3] !== undefined))
      throw new ArgumentError(
        `line ${index + 1} of the host file '${path}' is not understood: '${entry}'; expected NAME, NAME:RANKS or NAME slots=RANKS`
      )
    return [{ name: match[1]!, slots }]
  })
  if (hosts.length === 0) throw new ArgumentError(`the host file '${path}' names no host`)
  return hosts
}

/** How many ranks go to each host: in order, each as many as it takes. */
export function fill(hosts: readonly HostSlots[], ranks: number | undefined): HostSlots[] {
  const room = hosts.reduce((sum, { slots }) => sum + slots, 0)
  const wanted = ranks ?? room
  if (wanted > room)
    throw new ArgumentError(`ranks was ${wanted}: the hosts take ${room} (${hosts.map(({ name, slots }) => `${name}:${slots}`).join(',')})`)
  let left = wanted
  const filled: HostSlots[] = []
  for (const { name, slots } of hosts) {
    const taken = Math.min(slots, left)
    if (taken > 0) filled.push({ name, slots: taken })
    left -= taken
  }
  return filled
}

export const isLocal = (name: string): boolean => ['localhost', '127.0.0.1', '::1', hostname()].includes(name)
