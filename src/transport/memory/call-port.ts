import type { Fabric } from './fabric.js'
import type { FabricPort } from './fabric-port.js'
import { Call, Lane, type Parcel } from './lane.js'
import type { LinkModel } from './options.js'

/** Both ends of a way for calls, which are no segments of a rank's. */
export class CallPort implements FabricPort {
  readonly incoming: Lane[] = []
  readonly kept: Parcel[] = []
  readonly attached = true
  readonly #fabric: Fabric
  readonly #lane: Lane

  constructor(fabric: Fabric, model: Required<LinkModel>) {
    this.#fabric = fabric
    this.#lane = new Lane({ from: 0, to: 0, sender: this, receiver: this }, model, Number.POSITIVE_INFINITY)
  }

  readonly call = (action: () => void): void => this.#fabric.send(this.#lane, new Call(action), 0)

  deliver({ load }: Parcel): void {
    if (load instanceof Call) load.run()
  }

  again(): void {}

  turn(): boolean {
    return false
  }
}
