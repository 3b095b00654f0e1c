import { communicatorOf } from '../progress/context-ids.js'
import type { Endpoint } from '../progress/endpoint.js'
import { kindOf } from '../progress/message-event.js'
import type { TraceChunk } from './rows.js'

/** Of what rxmpi says itself, which is left out. */
export const CONTROL = -1

/** Numbers of the routes that messages go, and what of them was not handed on yet. */
export class Routes {
  /** By the context, then by the peer and the datatype. */
  readonly #known = new Map<Endpoint, Map<number, Map<number, number>>>()
  readonly #fabrics = new Map<Endpoint, number>()
  #count = 0
  #newFabrics: TraceChunk['fabrics'][number][] = []
  #newRoutes: TraceChunk['routes'][number][] = []
  /** The last message's: most go where the one before went. */
  #endpoint: Endpoint | undefined
  #context = 0
  #peer = 0
  #datatype = 0
  #number = CONTROL

  of(endpoint: Endpoint, context: number, peer: number, datatype: number): number {
    if (context === this.#context && peer === this.#peer && datatype === this.#datatype && endpoint === this.#endpoint) return this.#number
    this.#endpoint = endpoint
    this.#context = context
    this.#peer = peer
    this.#datatype = datatype
    this.#number = this.#find(endpoint, context, peer, datatype)
    return this.#number
  }

  takeNew(): Pick<TraceChunk, 'fabrics' | 'routes'> {
    const fresh = { fabrics: this.#newFabrics, routes: this.#newRoutes }
    this.#newFabrics = []
    this.#newRoutes = []
    return fresh
  }

  #find(endpoint: Endpoint, context: number, peer: number, datatype: number): number {
    const routes = this.#routesOf(endpoint, context)
    const key = peer * DATATYPES + datatype
    let number = routes.get(key)
    if (number === undefined) {
      number = this.#add(endpoint, context, peer, datatype)
      routes.set(key, number)
    }
    return number
  }

  #routesOf(endpoint: Endpoint, context: number): Map<number, number> {
    let contexts = this.#known.get(endpoint)
    if (contexts === undefined) {
      contexts = new Map()
      this.#known.set(endpoint, contexts)
    }
    let routes = contexts.get(context)
    if (routes === undefined) {
      routes = new Map()
      contexts.set(context, routes)
    }
    return routes
  }

  #add(endpoint: Endpoint, context: number, peer: number, datatype: number): number {
    const id = communicatorOf(context)
    if (kindOf(id, context - id) === 'control') return CONTROL
    const communicator = endpoint.registry.communicator(id)?.name
    this.#newRoutes.push({ fabric: this.#fabricOf(endpoint), context, peer, datatype, communicator })
    return this.#count++
  }

  #fabricOf(endpoint: Endpoint): number {
    let number = this.#fabrics.get(endpoint)
    if (number === undefined) {
      number = this.#fabrics.size
      this.#fabrics.set(endpoint, number)
      this.#newFabrics.push({ name: endpoint.fabric, rank: endpoint.transport.rank, processes: endpoint.processes })
    }
    return number
  }
}

/** More than there are. */
const DATATYPES = 256
