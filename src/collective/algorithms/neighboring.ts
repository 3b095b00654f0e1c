import { type MonoTypeOperatorFunction, map } from 'rxjs'
import { elementSize, matches } from '../../codec/datatype.js'
import { PROC_NULL } from '../../constants.js'
import { ArgumentError } from '../../errors.js'
import type { Incoming } from '../../progress/incoming.js'
import type { CallOptions } from '../call.js'
import { ABSENT, type Definition, Misfit, NOTHING, type Ranks } from '../definition.js'
import { type Links, NO_SHAPE, type Unit } from '../steps.js'
import { loopsOf, type Neighborhood, othersIn } from '../topology/neighborhood.js'
import { Block, blocksOf, NOBODY, sendBlocks } from './block.js'
import { type Form, Joint } from './collection.js'
import type { Integers } from './counts-displs.js'
import { atOnce } from './eager-and-bulk.js'

interface Neighboring<T> {
  readonly name: string
  readonly checkOptions: (options: CallOptions) => void
  readonly check: (data: T, options: CallOptions) => void
  /** What goes out by each place; one block where all are the same. */
  readonly cut: (data: T, options: CallOptions) => readonly Block[]
  /** How this rank wants what it gets in a round; `undefined` as values. */
  readonly form: (data: T, options: CallOptions) => Form | undefined
}

/** The neighbours of a rank. Throws where its communicator is no topology. */
export function neighborhoodOf(ranks: Ranks, name: string): Neighborhood {
  if (ranks.neighborhood !== undefined) return ranks.neighborhood
  throw new ArgumentError(`${name}: the communicator has no topology, so nobody has neighbours; call it on one of cart() or graph()`)
}

/**
 * What the exchanges with neighbours have in common: a message goes out by each edge and one comes in, all at once. Nobody else is waited
 * for. Messages of two ranks do not overtake each other, so of several edges between them the n-th meets the n-th.
 */
export function neighboringOf<T, R>(ranks: Ranks, { name, checkOptions, check, cut, form }: Neighboring<T>): Definition<T, R> {
  const around = neighborhoodOf(ranks, name)
  const begin = (data: T, options: CallOptions): Parts => {
    const given = data === ABSENT ? [Block.of(ABSENT, ALL)] : cut(data, options)
    return new Parts(given, around, form(data, options))
  }
  return {
    name,
    checkOptions,
    check,
    ahead: !around.mutual,
    neighbors: { sources: othersIn(around.sources, ranks.rank), dests: othersIn(around.dests, ranks.rank) },
    build: (links) => (values) =>
      values.pipe(
        map((data) => begin(data, links.options)),
        exchangeAround(links, around),
        links.settled(),
        map((unit) => unit.result as R | typeof NOTHING)
      )
  }
}

/** No block goes apart from its round. */
export const ALL = Number.POSITIVE_INFINITY

function exchangeAround(links: Links, around: Neighborhood): MonoTypeOperatorFunction<Parts> {
  const { rank } = links.comm
  const { sources, dests, order } = around
  const isAway = (other: number): boolean => other !== rank && other !== PROC_NULL
  const out = links.step<Parts>({
    send: (unit) => {
      for (const [place, to] of dests.entries()) if (isAway(to)) sendBlocks(links, unit, to, [unit.givenTo(place)])
      for (const [dest, source] of loopsOf(around, rank)) unit.arrive(source, unit.givenTo(dest), links)
    }
  })
  const incoming = order
    .filter((place) => isAway(sources[place]!))
    .map((place) =>
      links.step<Parts>({
        from: sources[place]!,
        shape: () => NO_SHAPE,
        place: (unit, message) => unit.place(place, message),
        take: (unit, message) => unit.take(place, message, links)
      })
    )
  return (source) => source.pipe(out, atOnce(links, incoming))
}

/** What a rank gives its neighbours in a round, and then what it gets of them. */
class Parts implements Unit {
  pending = 0
  readonly #given: readonly Block[]
  /** By their place among the sources; none of PROC_NULL. */
  readonly #blocks: (Block | undefined)[]
  readonly #form: Form | undefined
  #missing: number
  #joint: Joint | undefined
  #misfit: Misfit | undefined

  constructor(given: readonly Block[], { sources }: Neighborhood, form: Form | undefined) {
    this.#given = given
    this.#blocks = sources.map(() => undefined)
    this.#missing = sources.filter((source) => source !== PROC_NULL).length
    this.#form = form
    if (form?.counts !== undefined && form.datatype !== undefined) this.#joint = new Joint(form.datatype, form.counts, form)
    else if (this.#missing === 0) this.#join()
  }

  givenTo(place: number): Block {
    return this.#given.length === 1 ? this.#given[0]! : this.#given[place]!
  }

  /** Gives a part its place in the result, before it comes. */
  place(place: number, message: Incoming): void {
    const target = this.#joint?.place(place)
    if (target?.byteLength === message.bytes && matches(message.datatype, this.#joint!.datatype)) message.redirect(target)
  }

  take(place: number, message: Incoming, links: Links): void {
    // What is in place already is nobody's to copy.
    this.arrive(place, message.inPlace ? new Block(message.datatype, message.bytes, true) : blocksOf(message, 1)[0]!, links)
  }

  /** A part is here. */
  arrive(place: number, block: Block, links: Links): void {
    this.#blocks[place] = block
    if (!this.#fits(place, block)) links.disagree(this)
    if (--this.#missing === 0 && !this.#join()) links.disagree(this)
  }

  /** Whether a part is what the result has a place for, as far as that is known. */
  #fits(place: number, { datatype, length }: Block): boolean {
    if (this.#joint === undefined || datatype === NOBODY) return true
    return matches(datatype, this.#joint.datatype) && length === this.#joint.place(place).byteLength
  }

  /** All parts are here: those of a result whose form was not known before find their places. False where they do not go together. */
  #join(): boolean {
    const form = this.#form
    if (form === undefined || this.#joint !== undefined) return true
    let { datatype } = form
    for (const block of this.#blocks) if (block !== undefined && block.datatype !== NOBODY) datatype ??= block.datatype
    if (datatype === undefined) return true
    const counts: number[] = []
    for (const [place, block] of this.#blocks.entries()) {
      counts[place] = form.counts?.[place] ?? 0
      if (block === undefined || block.datatype === NOBODY) continue
      if (!matches(block.datatype, datatype)) return false
      const count = block.length / elementSize(datatype)
      if (form.counts !== undefined && form.counts[place] !== count) return false
      counts[place] = count
    }
    try {
      this.#joint = new Joint(datatype, counts, form)
    } catch (error) {
      this.#misfit = new Misfit(error as Error)
    }
    return true
  }

  get result(): unknown {
    if (this.#misfit !== undefined) return this.#misfit
    const given = this.#given[0]
    const isOver = given?.datatype === NOBODY
    // Nobody around has given anything, nor has this rank: its stream is over, and so are theirs.
    if (isOver && this.#blocks.every((block) => block === undefined || block.datatype === NOBODY)) return NOTHING
    if (this.#form === undefined) return this.#blocks.map((block) => block?.value)
    const joint = this.#joint
    if (joint === undefined) return NOTHING
    for (const [place, block] of this.#blocks.entries()) {
      if (block?.apart) continue
      if (block !== undefined) joint.fill(place, block)
      else if (this.#form.into === undefined) joint.fill(place, nobody)
    }
    return joint.result
  }
}

const nobody = new Block(NOBODY, 0, false)

/** As many counts as there are sources. */
export const equalCounts = (count: number, around: Neighborhood): Integers => around.sources.map(() => count)
