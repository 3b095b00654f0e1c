import { map } from 'rxjs'
import { type BufferLike, datatypeOf, memoryOf, OBJECT } from '../../codec/datatype.js'
import type { Root } from '../../core/communicator-core.js'
import { checkRoot } from '../../diagnostics/arguments.js'
import { fitting } from '../../request/receive-request.js'
import { checkAlgorithm } from '../algorithms/algorithm.js'
import { BcastUnit } from '../algorithms/bcast-unit.js'
import { checkPlace, checkSameOrApart } from '../algorithms/reduction.js'
import { segments } from '../algorithms/segments.js'
import { fromRoot } from '../board/from-root.js'
import type { Definition, PlanOptions, Ranks, StreamOptions } from '../definition.js'
import { checkSendable } from '../given.js'
import { type BinomialTree, binomialTree } from '../topology/binomialTree.js'
import { type Chain, chain } from '../topology/chain.js'
import { type Branch, hostChain, hostTree } from '../topology/hosts.js'

/** Who gives the data, which way it goes, and the stream of rounds. */
export interface BcastOptions extends StreamOptions {
  /** The rank that gives the data; default 0. Over an intercommunicator its own group says `{ local: rank }`. */
  root?: Root
  /**
   * For experts: 'binomial' a tree, data whole from rank to rank; 'chain' a pipeline of pieces. By default small data goes down the tree,
   * and large data too where there are three ranks or less, else down the chain; a method's call on one host goes by shared memory.
   */
  algorithm?: 'binomial' | 'chain'
}

/** @internal */
export function bcastOf<T>(comm: Ranks, { root = 0, algorithm }: PlanOptions): Definition<T, T> {
  const { rank, size, hosts } = comm
  checkRoot(root, size)
  checkAlgorithm(algorithm, { binomial: 0, chain: 0 })
  const tree = hosts === undefined ? fromTree(binomialTree(rank, size, root)) : hostTree(rank, hosts, root)
  const line = hosts === undefined ? fromChain(chain(rank, size, root)) : hostChain(rank, hosts, root)
  const { parent, children } = algorithm === 'chain' ? line : tree
  const cuts = algorithm === 'chain' || (algorithm === undefined && size > FEW)
  return {
    name: 'bcast',
    root,
    algorithm,
    giver: root,
    ahead: true,
    checkOptions: checkPlace,
    stages: algorithm === undefined ? fromRoot<T, T>(comm, { root, blocks: 1, title: `rank ${root}` }) : undefined,
    check: (data, { into }) => {
      checkSendable(data)
      if (into !== undefined) checkOwn(data, into)
    },
    build: (links) => (values) => {
      const packets =
        parent === undefined
          ? values.pipe(map((value) => BcastUnit.of(value, links.options.into, cuts, size - 1)))
          : BcastUnit.from(links, parent)
      return packets.pipe(
        links.toAll(children, (packet, to) => packet.send(links, to)),
        segments(links.aside, line),
        links.settled(),
        map(({ misfit, value }) => misfit ?? (value as T))
      )
    }
  }
}

/** With so few ranks nobody has anything to pass on while more comes. */
const FEW = 3

/** At the root, which may give the data in the place where it wants it. */
function checkOwn(data: unknown, into: BufferLike): void {
  if (datatypeOf(data) === OBJECT) fitting(into, OBJECT, 0, () => 'the root itself')
  const memory = memoryOf(data as BufferLike)
  fitting(into, datatypeOf(data), memory.byteLength, () => 'the root itself')
  checkSameOrApart(memory, memoryOf(into))
}

const fromTree = ({ parent, children }: BinomialTree): Branch => ({ parent, children: children.map((child) => child.rank) })
const fromChain = ({ parent, child }: Chain): Branch => ({ parent, children: child === undefined ? [] : [child] })
