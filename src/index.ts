// Communicators and what they exchange

export type { Channel, ChannelOptions } from './channel/channel.js'
export type { BufferLike } from './codec/datatype.js'
export { Communicator } from './communicator.js'
export { GROUP_EMPTY, Group } from './group.js'
export { Message } from './message.js'
export type { Exchange, From, To } from './options.js'
export { Request } from './request.js'
export { Status } from './status.js'
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
} from './op.js'

// Constants

export * from './constants.js'

// Errors

export * from './errors.js'

// The machine

export { processorName, wtime } from './machine.js'
