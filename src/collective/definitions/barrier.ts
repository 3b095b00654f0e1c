import { type MonoTypeOperatorFunction, map } from 'rxjs'
import { OBJECT } from '../../codec/datatype.js'
import { NOTHING_WRITTEN } from '../board/posts.js'
import { ABSENT, type Definition, NOTHING } from '../definition.js'
import type { Links, Unit } from '../steps.js'
import { through } from '../through.js'
import { dissemination, type Exchange } from '../topology/dissemination.js'
import { branchOf, placeOf } from '../topology/hosts.js'

/** @internal */
export function barrierOf<T>(): Definition<T, T> {
  return {
    name: 'barrier',
    posts: { takes: () => true, write: () => NOTHING_WRITTEN, read: (_board, _sequence, value) => value },
    build: (links) => (values) => {
      return values.pipe(
        map((value) => ({ pending: 0, value })),
        through(meeting(links)),
        links.settled(),
        map(({ value }: Round<T>) => (value === ABSENT ? NOTHING : value))
      )
    }
  }
}

interface Round<T> extends Unit {
  readonly value: T | typeof ABSENT
}

/** Between hosts one rank of each speaks for the others. */
function meeting<U extends Unit>(links: Links): MonoTypeOperatorFunction<U>[] {
  const { rank, size, hosts } = links.comm
  const tell = (unit: U, to: number): void => links.send(unit, to, OBJECT, nothing)
  const exchange = ({ to, from }: Exchange) => links.step<U>({ from, send: (unit) => tell(unit, to) })
  if (hosts === undefined) return dissemination(rank, size).map(exchange)
  const { leaders, members } = placeOf(rank, hosts)
  const { parent, children } = branchOf(rank, members)
  const others = dissemination(leaders.indexOf(rank), leaders.length).map(({ to, from }) => ({ to: leaders[to]!, from: leaders[from]! }))
  return [
    ...children.map((from) => links.step<U>({ from })),
    ...(parent === undefined ? others.map(exchange) : [exchange({ to: parent, from: parent })]),
    links.toAll(children, tell)
  ]
}

const nothing = new Uint8Array(0)
