/**
 * Communicators and what they exchange: ranks, messages, collectives, requests, groups, files, windows, ops, constants and errors.
 * `COMM_WORLD` is where a program begins.
 *
 * @module rxmpi
 */

// Communicators and what they exchange

export type { BufferLike } from './codec/datatype.js'
export type { Integers } from './collective/algorithms/counts-displs.js'
export type { Ragged } from './collective/call.js'
export type { StreamOptions } from './collective/definition.js'
export type { Divided } from './collective/definitions/reduceScatter.js'
export type { HaloArray } from './collective/halo/arrays.js'
export type { Box } from './collective/halo/geometry.js'
export type { Halo } from './collective/halo/halo.js'
export type { HaloOptions } from './collective/halo/options.js'
export type { Neighbors, Weights } from './collective/topology/neighborhood.js'
export type { Into, Views } from './collective/views.js'
export type { Signalled } from './communicator/collectives.js'
export {
  type AnyCommunicator,
  type Cartesian,
  Communicator,
  type CreateGroupOptions,
  type DeriveOptions,
  type Graph
} from './communicator/communicator.js'
export { computeDims } from './communicator/compute-dims.js'
export type { AgreeOptions, ShrinkOptions } from './communicator/fault-tolerance.js'
export type { IntercommOptions } from './communicator/intercomm-create.js'
export type { CloseOptions, Intercommunicator, MergeOptions } from './communicator/intercommunicator.js'
export type { Kept } from './communicator/persistent-calls.js'
export type { ConnectOptions, ListenOptions, Port } from './communicator/port.js'
export type { SpawnOptions, SpawnPart } from './communicator/spawn.js'
export type { AnyEdges, CartOptions, GraphOptions, OwnEdges } from './communicator/topology-create.js'
export type { Root } from './core/communicator-core.js'
export { GROUP_EMPTY, Group } from './core/group.js'
export type { File } from './file/file.js'
export type { FileMode } from './file/modes.js'
export type { OpenOptions } from './file/open.js'
export type { FileCallOptions, FilePlace, ReadOptions, SeekFrom } from './file/options.js'
export type { FileType, FileView } from './file/view.js'
export { type ArrayType, allocate } from './layout/allocate.js'
export { Message } from './request/message.js'
export type { Exchange, From, Target, To } from './request/options.js'
export type { PartitionRange } from './request/partitioned/cut.js'
export type { PartitionedFrom, PartitionedReceive, PartOf } from './request/partitioned/receive.js'
export type { PartitionedSend, PartitionedTo } from './request/partitioned/send.js'
export { Persistent, type StartOf } from './request/persistent.js'
export { Request, type Requests, type SourceOptions, type ValueOf } from './request/request.js'
export { Status } from './request/status.js'
export type { Channel, ChannelOptions } from './stream/channel.js'
export type { InflowOptions, OutflowOptions } from './stream/options.js'
export type { Change } from './window/changes.js'
export type { AllocateWindowOptions, WindowOptions } from './window/create.js'
export type { Notification } from './window/notifications.js'
export type { ElementOf, LockOptions, Remote, WindowAt, WindowCallOptions, WindowFrom, WindowTo } from './window/options.js'
export type { PartKind } from './window/part.js'
export type { Window } from './window/window.js'
export type { WindowLock } from './window/window-lock.js'
export { COMM_PARENT, COMM_SELF, COMM_WORLD } from './world.js'

// Ops

export {
  type AnyOp,
  type Arithmetic,
  BAND,
  type Bitwise,
  BOR,
  BXOR,
  createOp,
  type FloatingArray,
  type IntegerArray,
  LAND,
  LOR,
  type Located,
  type Logical,
  LXOR,
  MAX,
  MAXLOC,
  MIN,
  MINLOC,
  NO_OP,
  type Op,
  type Operand,
  type OpOptions,
  PROD,
  type PredefinedOp,
  REPLACE,
  type Reduced,
  SUM,
  type TypedArray
} from './op/op.js'

// Constants

export * from './constants.js'

// Errors

export * from './errors.js'

// The machine

export { processorName, wtime } from './diagnostics/machine.js'

import { runtime } from './world.js'

// From here on a rank that was spawned has started.
runtime.begin()
