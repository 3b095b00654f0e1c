import { captureCallSite } from '../diagnostics/call-site.js'
import { inContext } from '../diagnostics/error-context.js'
import { RxmpiError } from '../errors.js'

/** What these calls throw is told where the program has made them: they belong to no rank and no communicator. */
export function here<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof RxmpiError && error.callSite !== undefined) throw error
    throw inContext(error, {}, captureCallSite())
  }
}
