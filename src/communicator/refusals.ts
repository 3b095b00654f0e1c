import type { CommunicatorCore } from '../core/communicator-core.js'
import { ArgumentError } from '../errors.js'
import { RefusedRequest } from '../request/refused-request.js'

/** What a communicator of one group can do and one of two cannot. */
const CALLS = [
  'cart',
  'graph',
  'splitType',
  'createGroup',
  'createIntercomm',
  'window',
  'allocateWindow',
  'open',
  'shrink',
  'spawn',
  'connect'
]

/** Gives these calls to a class, to say that they are none of it: in the form of a promise and in that of a request. */
export function refuseCalls(prototype: { readonly core: CommunicatorCore }): void {
  for (const name of CALLS) {
    const refuse = (core: CommunicatorCore): RefusedRequest<never> =>
      new RefusedRequest<never>(
        core,
        new ArgumentError(`${name}: an intercommunicator is of two groups; call it on a communicator of one, such as merge() gives`)
      )
    const define = (name: string, value: (this: { readonly core: CommunicatorCore }) => unknown): void => {
      Object.defineProperty(prototype, name, { value, configurable: true, writable: true })
    }
    define(`i${name}`, function () {
      return refuse(this.core)
    })
    define(name, function () {
      return refuse(this.core).wait()
    })
  }
}
