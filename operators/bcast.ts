import { map } from 'rxjs'
import { checkInto, checkRoot } from '../src/arguments.js'
import type { BufferLike } from '../src/codec/datatype.js'
import { checkSendable } from '../src/collective/given.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import type { Collective, StreamOptions } from '../src/collective/spec.js'
import type { Collectives } from '../src/collectives.js'
import type { Communicator } from '../src/communicator.js'
import { type BinomialTree, binomialTree } from '../src/topology/binomialTree.js'
import { type Chain, chain } from '../src/topology/chain.js'
import { checkAlgorithm } from './algorithms/algorithm.js'
import { Packet } from './algorithms/packet.js'
import { pieces, type Way } from './algorithms/pieces.js'

export interface BcastOptions extends StreamOptions {
  /** The rank that gives the data; default 0. */
  root?: number
  /** For experts: 'binomial' a tree for all, 'chain' a pipeline for all. By default small data goes down the tree and large data down the chain. */
  algorithm?: 'binomial' | 'chain'
}

export function bcast<T>(comm: Communicator, options: BcastOptions = {}): CollectiveOperator<T, T> {
  return operator(comm, () => bcastOf<T>(comm, options), options)
}

/** @internal */
export function bcastOf<T>(comm: Collectives, options: BcastOptions & { into?: BufferLike }): Collective<T, T> {
  const { root = 0, into, algorithm } = options
  const { rank, size } = comm
  checkRoot(root, size)
  checkAlgorithm(algorithm, { binomial: 0, chain: 0 })
  if (into !== undefined) checkInto(into)
  const tree = fromTree(binomialTree(rank, size, root))
  const line = fromChain(chain(rank, size, root))
  const { parent, children } = algorithm === 'chain' ? line : tree
  return {
    name: 'bcast',
    root,
    algorithm,
    giver: root,
    ahead: true,
    check: checkSendable,
    build: (links) => (values) => {
      const packets = parent === undefined ? values.pipe(map((value) => Packet.of(value, into))) : Packet.from(links, parent, into)
      return packets.pipe(
        links.toAll(children, (packet, to) => packet.send(links, to)),
        pieces(links.aside, algorithm === 'binomial' ? tree : line),
        links.settled(),
        map(({ misfit, value }) => misfit ?? (value as T))
      )
    }
  }
}

const fromTree = ({ parent, children }: BinomialTree): Way => ({ parent, children: children.map((child) => child.rank) })
const fromChain = ({ parent, child }: Chain): Way => ({ parent, children: child === undefined ? [] : [child] })
