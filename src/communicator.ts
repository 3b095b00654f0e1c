import { PointToPoint } from './point-to-point.js'

/** Contexts of a communicator, from its id on: messages, collectives, what collectives say beside their data, channels. */
export const CONTEXTS = 4
export const COLLECTIVES = 1
export const CONTROL = 2
export const CHANNELS = 3

/** A group of ranks and contexts of its own for their messages. MPI: MPI_Comm, MPI 4.1 §7; point to point: §3. */
export class Communicator extends PointToPoint {}
