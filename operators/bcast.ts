import { map } from 'rxjs'
import { type BufferLike, datatypeOf, memoryOf, OBJECT } from '../src/codec/datatype.js'
import { checkAlgorithm } from '../src/collective/algorithms/algorithm.js'
import { BcastUnit } from '../src/collective/algorithms/bcast-unit.js'
import { checkSameOrApart } from '../src/collective/algorithms/reduction.js'
import { segments } from '../src/collective/algorithms/segments.js'
import type { Definition, StreamOptions } from '../src/collective/definition.js'
import { checkSendable } from '../src/collective/given.js'
import { type CollectiveOperator, operator } from '../src/collective/operator.js'
import { type BinomialTree, binomialTree } from '../src/collective/topology/binomialTree.js'
import { type Chain, chain } from '../src/collective/topology/chain.js'
import { type Branch, hostChain, hostTree } from '../src/collective/topology/hosts.js'
import type { Collectives } from '../src/communicator/collectives.js'
import type { Communicator } from '../src/communicator/communicator.js'
import { checkInto, checkRoot } from '../src/diagnostics/arguments.js'
import { fitting } from '../src/request/receive-request.js'

export interface BcastOptions extends StreamOptions {
  /** The rank that gives the data; default 0. */
  root?: number
  /**
   * For experts: 'binomial' a tree, data whole from rank to rank; 'chain' a pipeline of pieces. By default small data goes down the tree, and large data too where
   * there are three ranks or less, else down the chain.
   */
  algorithm?: 'binomial' | 'chain'
}

/**
 * Sends every value of the root's source to all ranks, in order. The others' values are ignored: `EMPTY` is their natural source.
 *
 *     rank 0 (root)   source a--b--|     out a--b--|
 *     rank 1          source (ignored)   out -a--b----|
 *     rank 2          source (ignored)   out -a--b----|
 *
 * Shape: T at the root → T everywhere, the root's own object at the root. Algorithm: a binomial tree, ⌈log₂ p⌉ steps; every rank but the root receives n bytes, the root
 * sends n ⌈log₂ p⌉. On more than 3 ranks arrays above 32 KiB follow in pieces down a chain of the ranks: p - 2 pieces more than one rank would take, and each
 * sends n once. On several hosts tree and chain go host by host, so that n bytes come to each once.
 * Source: Thakur, Rabenseifner, Gropp, IJHPCA 19(1), 2005; MPI 4.1 §6.4.
 * Streams: as long as the root's; the root may be `window` rounds ahead of the slowest.
 * Errors: RankError, ArgumentError at the call; DataCloneError for a value that cannot be sent; CollectiveMismatchError, RemoteError,
 * RankFailedError, DeadlockError, AbortError. MPI: MPI_Bcast, MPI_Ibcast; mpi4py: comm.bcast, comm.Bcast.
 *
 * @example
 * ```ts
 * import { COMM_WORLD as comm } from 'rxmpi'
 * import * as mpi from 'rxmpi/operators'
 * import { EMPTY, of } from 'rxjs'
 *
 * const settings = comm.rank === 0 ? of({ step: 0.1 }, { step: 0.05 }) : EMPTY
 * settings.pipe(mpi.bcast(comm)).subscribe(({ step }) => console.log(step)) // [0] 0.1 [0] 0.05 [1] 0.1 [1] 0.05
 * ```
 */
export function bcast<T>(comm: Communicator, options: BcastOptions = {}): CollectiveOperator<T, T> {
  return operator(comm, () => bcastOf<T>(comm, options), options)
}

/** @internal */
export function bcastOf<T>(comm: Collectives, options: BcastOptions & { into?: BufferLike }): Definition<T, T> {
  const { root = 0, into, algorithm } = options
  const { rank, size, hosts } = comm
  checkRoot(root, size)
  checkAlgorithm(algorithm, { binomial: 0, chain: 0 })
  if (into !== undefined) checkInto(into)
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
    check: (data) => {
      checkSendable(data)
      if (into !== undefined) checkPlace(data, into)
    },
    build: (links) => (values) => {
      const packets =
        parent === undefined ? values.pipe(map((value) => BcastUnit.of(value, into, cuts, size - 1))) : BcastUnit.from(links, parent, into)
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
function checkPlace(data: unknown, into: BufferLike): void {
  if (datatypeOf(data) === OBJECT) fitting(into, OBJECT, 0, () => 'the root itself')
  const memory = memoryOf(data as BufferLike)
  fitting(into, datatypeOf(data), memory.byteLength, () => 'the root itself')
  checkSameOrApart(memory, memoryOf(into))
}

const fromTree = ({ parent, children }: BinomialTree): Branch => ({ parent, children: children.map((child) => child.rank) })
const fromChain = ({ parent, child }: Chain): Branch => ({ parent, children: child === undefined ? [] : [child] })
