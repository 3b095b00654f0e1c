import { integer, random } from '../../testing/compliance/random.js'
import { below } from './stream-programs.js'

/**
 * What the members of a communicator do together, in this order. Communicators are named by how they were made: 'world', 'self 2' (that of
 * rank 2), 'world/5:1', which is that of colour 1 of step 5. Ranks are those of the world.
 */
export interface Step {
  readonly id: number
  readonly on: string
  readonly kind: 'dup' | 'split' | 'create' | 'splitType' | 'allreduce' | 'bcast' | 'barrier'
  /** By rank; `undefined` is no member. */
  readonly colors?: readonly (number | undefined)[]
  readonly keys?: readonly number[]
  readonly group?: readonly number[]
}

/** Messages from a rank to another, or values of a stream. */
export interface Letters {
  readonly on: string
  readonly from: number
  readonly to: number
  readonly count: number
  readonly stream: boolean
}

export interface Plan {
  readonly seed: number
  readonly size: number
  readonly latency: number
  readonly jitter: number
  readonly hosts: readonly number[]
  /** A rank does something after each up to so many milliseconds. */
  readonly slowest: number
  readonly steps: readonly Step[]
  readonly letters: readonly Letters[]
}

export const DERIVING = new Set(['dup', 'split', 'create', 'splitType'])

/** The members of each communicator of a plan, in its order. Steps and letters of those that there are not are left out. */
export function communicators({ size, hosts, steps }: Pick<Plan, 'size' | 'hosts' | 'steps'>): Map<string, readonly number[]> {
  const made = new Map<string, readonly number[]>([['world', below(size)]])
  for (const rank of below(size)) made.set(`self ${rank}`, [rank])
  for (const step of steps) {
    const parent = made.get(step.on)
    if (parent === undefined) continue
    for (const [color, members] of children(step, parent, hosts)) made.set(`${step.on}/${step.id}:${color}`, members)
  }
  return made
}

/** The new communicators that a step makes, by colour. */
export function children(
  { kind, colors, keys, group }: Step,
  parent: readonly number[],
  hosts: readonly number[]
): Map<number, readonly number[]> {
  const made = new Map<number, number[]>()
  if (kind === 'dup') return new Map([[0, parent]])
  if (kind === 'create') {
    const members = group!.filter((rank) => parent.includes(rank))
    return members.length > 0 ? new Map([[0, members]]) : made
  }
  if (!DERIVING.has(kind)) return made
  for (const rank of parent) {
    const color = kind === 'split' ? colors![rank] : hosts[rank]
    if (color !== undefined) made.set(color, [...(made.get(color) ?? []), rank])
  }
  const key = (rank: number): number => keys?.[rank] ?? 0
  for (const members of made.values()) members.sort((a, b) => key(a) - key(b) || parent.indexOf(a) - parent.indexOf(b))
  return made
}

/** The plan of a seed. */
export function plan(seed: number): Plan {
  const next = random(seed)
  for (let k = 0; k < 3; k++) next()
  const upTo = (most: number): number => integer(next, 0, most)
  const oneOf = <T>(...items: readonly T[]): T => items[upTo(items.length - 1)]!
  const size = oneOf(1, 2, 2, 3, 3, 4, 5, 8)
  const hosts = below(size).map(() => upTo(oneOf(0, 1)))
  const steps: Step[] = []
  const many = integer(next, 1, oneOf(4, 12, 30))
  for (let id = 0; id < many; id++) {
    const made = [...communicators({ size, hosts, steps }).keys()].filter((name) => name.split('/').length < 5)
    const on = oneOf('world', 'world', `self ${upTo(size - 1)}`, oneOf(...made))
    const shuffled = below(size).sort(() => next() - 0.5)
    steps.push({
      id,
      on,
      kind: oneOf('dup', 'dup', 'dup', 'split', 'split', 'create', 'splitType', 'allreduce', 'bcast', 'barrier'),
      colors: below(size).map(() => oneOf(0, 0, 1, 2, undefined)),
      keys: below(size).map(() => integer(next, -1, 1)),
      group: shuffled.slice(0, integer(next, 1, size))
    })
  }
  const letters: Letters[] = []
  const chatty = oneOf(0.2, 0.6, 1)
  for (const [on, members] of communicators({ size, hosts, steps })) {
    for (const from of members) {
      for (const to of members) {
        if (next() < chatty / members.length) letters.push({ on, from, to, count: integer(next, 1, 4), stream: next() < 0.15 })
      }
    }
  }
  return { seed, size, latency: oneOf(0, 1, 3), jitter: oneOf(0, 0, 5), hosts, slowest: oneOf(0, 1, 5), steps, letters }
}

/** Simpler plans. */
export function* simplerPlans(plan: Plan): Generator<Plan> {
  if (plan.size > 1) yield { ...plan, size: plan.size - 1 }
  for (const part of [plan.steps.length >> 1, plan.steps.length >> 2]) {
    if (part < 2) continue
    for (let at = 0; at < plan.steps.length; at += part) yield { ...plan, steps: plan.steps.filter((_, k) => k < at || k >= at + part) }
  }
  for (const step of plan.steps) yield { ...plan, steps: plan.steps.filter((other) => other !== step) }
  yield { ...plan, letters: [] }
  for (const letters of plan.letters) yield { ...plan, letters: plan.letters.filter((other) => other !== letters) }
  if (plan.jitter > 0) yield { ...plan, jitter: 0 }
  if (plan.latency !== 1) yield { ...plan, latency: 1 }
  if (plan.slowest > 0) yield { ...plan, slowest: 0 }
  for (const step of plan.steps) {
    if (DERIVING.has(step.kind) && step.kind !== 'dup')
      yield { ...plan, steps: plan.steps.map((other) => (other === step ? { ...step, kind: 'dup' } : other)) }
  }
  for (const one of plan.letters) {
    if (one.count > 1) yield { ...plan, letters: plan.letters.map((other) => (other === one ? { ...one, count: 1 } : other)) }
    if (one.stream) yield { ...plan, letters: plan.letters.map((other) => (other === one ? { ...one, stream: false } : other)) }
  }
}

/** Without what there is not. */
export function clean(plan: Plan): Plan {
  const made = communicators(plan)
  return {
    ...plan,
    steps: plan.steps.filter(({ on }) => made.has(on)),
    letters: plan.letters.filter(({ on, from, to }) => made.get(on)?.includes(from) && made.get(on)!.includes(to))
  }
}

export function smallest(plan: Plan, fails: (plan: Plan) => boolean, most = 600): Plan {
  let best = clean(plan)
  let tries = 0
  for (let found = true; found; ) {
    found = false
    for (const candidate of simplerPlans(best)) {
      if (tries++ > most) return best
      const cleaned = clean(candidate)
      if (!fails(cleaned)) continue
      best = cleaned
      found = true
      break
    }
  }
  return best
}

export function showPlan(plan: Plan): string {
  const { size, latency, jitter, hosts, slowest } = plan
  const lines = plan.steps.map(({ id, on, kind, colors, keys, group }) => {
    const how =
      kind === 'split'
        ? ` by ${colors!.slice(0, size).map((color) => color ?? '-')}, keys ${keys!.slice(0, size)}`
        : kind === 'create'
          ? ` of ${group}`
          : ''
    return `  step ${id}: ${kind} on ${on}${how}`
  })
  const letters = plan.letters.map(
    ({ on, from, to, count, stream }) => `  ${count} ${stream ? 'values' : 'messages'} from rank ${from} to ${to} on ${on}`
  )
  return [
    `${size} ranks on hosts ${hosts.slice(0, size)}, latency ${latency}, jitter ${jitter}, pauses up to ${slowest} ms`,
    ...lines,
    ...letters
  ].join('\n')
}
