import { map, type Observable, throwError } from 'rxjs'
import type { CommunicatorCore } from '../core/communicator-core.js'
import { checkOptions, checkSignal } from '../diagnostics/arguments.js'
import { captureCallSite, recordCallSite } from '../diagnostics/call-site.js'
import type { OptionNames } from '../diagnostics/option-names.js'
import { abortError } from '../request/cancellation.js'
import type { Request } from '../request/request.js'
import type { DeriveOptions } from './communicator.js'
import { checkName, Derivation, expecting, type Setting } from './communicator-create.js'
import type { IntercommOptions } from './intercomm-create.js'
import type { CloseOptions, MergeOptions } from './intercommunicator.js'
import { CONNECT } from './port.js'
import { SPAWN } from './spawn.js'
import type { AnyEdges, CartOptions, OwnEdges } from './topology-create.js'

export const DERIVE: OptionNames<DeriveOptions> = { name: true, signal: true }

/** Of the ways to make one that take other options. */
const NAMES = {
  cart: { ...DERIVE, dims: true, periodic: true, reorder: true } satisfies OptionNames<CartOptions>,
  graph: { ...DERIVE, sources: true, dests: true, weights: true, edges: true, reorder: true } satisfies OptionNames<OwnEdges & AnyEdges>,
  createIntercomm: { ...DERIVE, bridge: true, remoteLeader: true, localLeader: true, tag: true } satisfies OptionNames<IntercommOptions>,
  merge: { ...DERIVE, high: true } satisfies OptionNames<MergeOptions>,
  close: { signal: true } satisfies OptionNames<CloseOptions>,
  spawn: SPAWN,
  connect: CONNECT
}

/** The communicators that are made of one, by all its ranks together. */
export class Makings {
  readonly #parent: { readonly core: CommunicatorCore; readonly name: string }
  /** How many there were, by how. */
  readonly #named = new Map<string, number>()

  constructor(parent: { readonly core: CommunicatorCore; readonly name: string }) {
    this.#parent = parent
  }

  /** `begin` throws what is wrong with the call; what it gives is given the name. */
  make<C>(how: string, options: DeriveOptions, begin: (setting: Setting) => Observable<(name: string) => C>): Request<C> {
    const { core, name: parent } = this.#parent
    const site = recordCallSite()
    try {
      core.checkAlive()
      checkOptions(options, NAMES[how as keyof typeof NAMES] ?? DERIVE, "{ name: 'workers' }")
      const { name, signal } = options
      checkName(name)
      const begun = begin({ options: { signal }, site })
      if (signal !== undefined) checkSignal(signal)
      if (signal?.aborted) throw abortError(signal)
      const count = (this.#named.get(how) ?? 0) + 1
      this.#named.set(how, count)
      const made = begun.pipe(map((make) => make(name ?? `${parent}.${how}(${count})`)))
      return new Derivation(core, site, expecting(core, made))
    } catch (error) {
      return new Derivation<C>(
        core,
        captureCallSite(),
        throwError(() => error)
      )
    }
  }
}
