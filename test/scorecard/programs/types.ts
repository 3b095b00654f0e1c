import type { Communicator } from '../../../src/communicator/communicator.js'
import type { Window } from '../../../src/window/window.js'

/** What is made of a communicator, in short. */
export type Comm = Communicator
export type Cart = NonNullable<Awaited<ReturnType<Communicator['cart']>>>
export type Graph = Awaited<ReturnType<Communicator['graph']>>
export type FileOf = Awaited<ReturnType<Communicator['open']>>
export type Win = Window<Float64Array>
export type Halo = ReturnType<Cart['halo']>
export type Taken = NonNullable<ReturnType<typeof Communicator.prototype.improbe<number>>>
