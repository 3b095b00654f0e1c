// Communicators and what they exchange

export type { BufferLike } from './codec/datatype.js'
export { Communicator } from './communicator/communicator.js'
export { GROUP_EMPTY, Group } from './communicator/group.js'
export { Message } from './request/message.js'
export type { Exchange, From, To } from './request/options.js'
export { Request } from './request/request.js'
export { Status } from './request/status.js'
export type { Channel, ChannelOptions } from './stream/channel.js'
export { COMM_SELF, COMM_WORLD } from './world.js'

// Ops

export {
  type Arithmetic,
  BAND,
  type Bitwise,
  BOR,
  BXOR,
  createOp,
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
