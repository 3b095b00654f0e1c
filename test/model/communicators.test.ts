import { asyncScheduler, from } from 'rxjs'
import * as mpi from '../../operators/index.js'
import { Communicator } from '../../src/communicator/communicator.js'
import { CONTEXTS } from '../../src/progress/context-ids.js'
import { integer, random } from '../../testing/compliance/random.js'
import { explore, type SimulateHelpers, simulate } from '../../testing/index.js'
import { children, clean, communicators, type Letters, type Plan, plan, type Step, showPlan, smallest } from './communicator-programs.js'
import { below } from './stream-programs.js'

/** How many random plans; RXMPI_MODEL_SEED=… runs one again. */
const CASES = Number(process.env.RXMPI_MODEL_CASES ?? 300)
const ONLY = process.env.RXMPI_MODEL_SEED

/** One rank: does what the plan says in any order that MPI allows, and gives each communicator back when it is done with it. */
class Member {
  readonly #rank: number
  readonly #plan: Plan
  readonly #next: () => number
  readonly #complain: (text: string) => void
  readonly #members: Map<string, readonly number[]>
  /** Communicators that it has. */
  readonly #own = new Map<string, Communicator>()
  /** What is still to be done on each, and how much of it is under way. */
  readonly #steps = new Map<string, Step[]>()
  readonly #sending = new Map<string, Letters[]>()
  readonly #receiving = new Map<string, Letters[]>()
  readonly #pending = new Map<string, number>()
  readonly #counts = new Map<Letters, number>()
  #isScheduled = false

  constructor(world: Communicator, plan: Plan, complain: (text: string) => void) {
    this.#rank = world.rank
    this.#plan = plan
    this.#next = random(plan.seed * 64 + world.rank + 1)
    this.#complain = complain
    this.#members = communicators(plan)
    this.#have('world', world)
    this.#have(`self ${world.rank}`, new Communicator(world.core.endpoint, CONTEXTS, 'self', [world.rank]))
    this.#wake()
  }

  /** What it has not done. */
  get left(): string[] {
    return [...this.#own.keys()]
      .filter((name) => !isGiven(name) || !this.#isDone(name))
      .map((name) => `rank ${this.#rank} is not done with ${name}`)
  }

  #have(name: string, comm: Communicator): void {
    const { steps, letters } = this.#plan
    const members = this.#members.get(name)!
    if (comm.rank !== members.indexOf(this.#rank) || comm.size !== members.length) {
      this.#complain(`rank ${this.#rank} is ${comm.rank} of ${comm.size} in ${name} of ${members}`)
    }
    this.#own.set(name, comm)
    this.#pending.set(name, 0)
    this.#steps.set(
      name,
      steps.filter(({ on }) => on === name)
    )
    this.#sending.set(
      name,
      letters.filter(({ on, from }) => on === name && from === this.#rank)
    )
    this.#receiving.set(
      name,
      letters.filter(({ on, to }) => on === name && to === this.#rank)
    )
  }

  #isDone(name: string): boolean {
    return this.#pending.get(name) === 0 && [this.#steps, this.#sending, this.#receiving].every((todo) => todo.get(name)!.length === 0)
  }

  #wake(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    asyncScheduler.schedule(
      () => {
        this.#isScheduled = false
        this.#act()
      },
      integer(this.#next, 0, this.#plan.slowest)
    )
  }

  #act(): void {
    const actions: (() => void)[] = []
    for (const [name, comm] of this.#own) {
      const [step] = this.#steps.get(name)!
      if (step !== undefined) actions.push(() => this.#step(name, comm, step))
      for (const letters of this.#sending.get(name)!) actions.push(() => this.#send(name, comm, letters))
      for (const letters of this.#receiving.get(name)!) actions.push(() => this.#receive(name, comm, letters))
      if (!isGiven(name) && this.#isDone(name)) {
        actions.push(() => {
          comm.free()
          this.#own.delete(name)
        })
      }
    }
    if (actions.length === 0) return
    actions[integer(this.#next, 0, actions.length - 1)]!()
    this.#wake()
  }

  #step(name: string, comm: Communicator, step: Step): void {
    this.#steps.get(name)!.shift()
    const { id, kind, colors, keys, group } = step
    const members = this.#members.get(name)!
    if (kind === 'barrier') return this.#watch(name, `barrier ${id}`, comm.ibarrier(), () => undefined)
    if (kind === 'allreduce') {
      const sum = members.reduce((all, rank) => all + 1000 * id + rank, 0)
      return this.#watch(name, `allreduce ${id}`, comm.iallreduce(1000 * id + this.#rank), (got) =>
        this.#check(`allreduce ${id} on ${name}`, got, sum)
      )
    }
    if (kind === 'bcast') {
      const root = id % members.length
      const word = (rank: number): string => `${name} ${id} ${rank}`
      return this.#watch(name, `bcast ${id}`, comm.ibcast(word(this.#rank), { root }), (got) =>
        this.#check(`bcast ${id} on ${name}`, got, word(members[root]!))
      )
    }
    const made = [...children(step, members, this.#plan.hosts)].find(([, ranks]) => ranks.includes(this.#rank))
    const request = {
      dup: () => comm.idup(),
      split: () => comm.isplit(colors![this.#rank], keys![this.#rank]),
      create: () => comm.icreate(comm.group.include(group!.filter((rank) => members.includes(rank)).map((rank) => members.indexOf(rank)))),
      splitType: () => comm.isplitType('host', keys![this.#rank])
    }[kind]()
    this.#watch<Communicator | undefined>(name, `${kind} ${id}`, request, (child) => {
      if ((child === undefined) !== (made === undefined))
        this.#complain(`rank ${this.#rank} got ${child?.name} from ${kind} ${id} on ${name}`)
      else if (child !== undefined) this.#have(`${name}/${id}:${made![0]}`, child)
    })
  }

  #send(name: string, comm: Communicator, letters: Letters): void {
    const { to, count, stream } = letters
    const dest = this.#members.get(name)!.indexOf(to)
    if (stream) {
      this.#remove(this.#sending, name, letters)
      const values = from(below(count).map((number) => textOf(letters, number)))
      return this.#watch(name, `stream to rank ${to}`, values.pipe(mpi.sendTo(comm, { dest })), () => undefined)
    }
    const number = this.#count(letters, () => this.#remove(this.#sending, name, letters))
    this.#watch(name, `send to rank ${to}`, comm.isend(textOf(letters, number), { dest }), () => undefined)
  }

  #receive(name: string, comm: Communicator, letters: Letters): void {
    const { from: sender, count, stream } = letters
    const source = this.#members.get(name)!.indexOf(sender)
    if (stream) {
      this.#remove(this.#receiving, name, letters)
      let got = 0
      const received = mpi.receiveFrom(comm, { source })
      return this.#watch(
        name,
        `stream of rank ${sender}`,
        received,
        (text) => this.#check(`a stream on ${name}`, text, textOf(letters, got++)),
        () => this.#check(`the length of a stream on ${name}`, got, count)
      )
    }
    // A rank that sends to itself counts twice.
    const key = sender === this.#rank ? this.#mirror(letters) : letters
    const number = this.#count(key, () => this.#remove(this.#receiving, name, letters))
    this.#watch(name, `receive from rank ${sender}`, comm.irecv({ source }), (text) =>
      this.#check(`a message on ${name}`, text, textOf(letters, number))
    )
  }

  readonly #mirrors = new Map<Letters, Letters>()

  #mirror(letters: Letters): Letters {
    const mirror = this.#mirrors.get(letters) ?? { ...letters }
    this.#mirrors.set(letters, mirror)
    return mirror
  }

  #count(letters: Letters, last: () => void): number {
    const number = this.#counts.get(letters) ?? 0
    this.#counts.set(letters, number + 1)
    if (number + 1 === letters.count) last()
    return number
  }

  #remove(todo: Map<string, Letters[]>, name: string, letters: Letters): void {
    todo.set(
      name,
      todo.get(name)!.filter((other) => other !== letters)
    )
  }

  #watch<T>(
    name: string,
    what: string,
    work: { subscribe(observer: { next: (value: T) => void; error: (error: Error) => void; complete: () => void }): unknown },
    got: (value: T) => void,
    ended?: () => void
  ): void {
    this.#pending.set(name, this.#pending.get(name)! + 1)
    const over = (): void => {
      this.#pending.set(name, this.#pending.get(name)! - 1)
      this.#wake()
    }
    work.subscribe({
      next: got,
      error: (error) => {
        this.#complain(`rank ${this.#rank}: ${what} on ${name}: ${error}`)
        over()
      },
      complete: () => {
        ended?.()
        over()
      }
    })
  }

  #check(what: string, got: unknown, expected: unknown): void {
    if (got !== expected) this.#complain(`rank ${this.#rank} got ${got} instead of ${expected} as ${what}`)
  }
}

/** It cannot be freed. */
const isGiven = (name: string): boolean => !name.includes('/')

const textOf = ({ on, from, to }: Letters, number: number): string => `${on}, ${from} to ${to}, ${number}`

class Fault extends Error {}

const program =
  (plan: Plan) =>
  ({ comms, flush }: SimulateHelpers): void => {
    const complaints: string[] = []
    const members = comms.map((comm) => new Member(comm, plan, (text) => complaints.push(text)))
    flush()
    const left = members.flatMap((member) => member.left)
    const text = [...complaints, ...left]
    if (text.length > 0) throw new Fault(text.slice(0, 8).join('\n'))
  }

const modelOf = ({ latency, jitter, hosts, size }: Plan) => ({ latency, jitter, hosts: hosts.slice(0, size) })

/** What goes wrong with a plan. */
function fault(plan: Plan): string | undefined {
  try {
    simulate(plan.size, { ...modelOf(plan), seed: plan.seed }, program(plan))
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
  return undefined
}

const kindOf = (text: string): string =>
  text
    .split('\n')[0]!
    .replace(/(world|self \d)\S*|\d+/g, '#')
    .slice(0, 60)

function faults(seeds: readonly number[]): string {
  const kinds = new Map<string, { count: number; text: string }>()
  for (const seed of seeds) {
    const whole = clean(plan(seed))
    const text = fault(whole)
    if (text === undefined) continue
    const kind = kindOf(text)
    const known = kinds.get(kind)
    if (known !== undefined) known.count++
    else {
      const small = smallest(whole, (candidate) => fault(candidate) !== undefined)
      kinds.set(kind, { count: 1, text: `RXMPI_MODEL_SEED=${seed}, at its smallest ${showPlan(small)}\n  → ${fault(small)}` })
    }
  }
  return [...kinds].map(([kind, { count, text }]) => `${count} of ${seeds.length} times: ${kind}\n${text}`).join('\n\n')
}

describe('communicators that are made, used and freed in any order', () => {
  it('lose no message and mix none up', () => {
    const text = faults(ONLY === undefined ? below(CASES) : [Number(ONLY)])
    if (text !== '') throw new Error(text)
  }, 600_000)

  const small = below(400)
    .map((seed) => clean(plan(seed)))
    .filter(({ size, steps }) => size < 4 && steps.length < 6)
    .slice(0, 8)

  it.each(small)('lose none under many arrival orders, by the plan of seed $seed', (plan) => {
    explore({ ...modelOf(plan), seeds: 20, size: plan.size }, program(plan))
  })
})
