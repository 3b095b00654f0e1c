import { map } from 'rxjs'
import { OBJECT } from '../src/codec/datatype.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import { through } from '../src/collective/through.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import { dissemination } from '../src/topology/dissemination.js'

export function barrier<T>(comm: Communicator, options: StreamOptions = {}): CollectiveOperator<T, T> {
  return operator(comm, () => barrierOf<T>(comm), options)
}

/** @internal */
export function barrierOf<T>(comm: Collectives): Collective<T, T> {
  return {
    name: 'barrier',
    build: (links) => (values) => {
      const steps = dissemination(comm.rank, comm.size).map(({ to, from }) =>
        links.step<Round<T>>({ from, send: (round) => links.send(round, to, OBJECT, nothing) })
      )
      return values.pipe(
        map((value) => ({ pending: 0, value })),
        through(steps),
        links.settled(),
        map(({ value }: Round<T>) => value)
      )
    }
  }
}

interface Round<T> {
  pending: number
  readonly value: T
}

const nothing = new Uint8Array(0)
