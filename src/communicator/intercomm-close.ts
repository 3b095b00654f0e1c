import { concatMap, Observable } from 'rxjs'
import { alltoallOf } from '../collective/definitions/alltoall.js'
import { barrierOf } from '../collective/definitions/barrier.js'
import { call } from '../collective/request.js'
import { ANY_SOURCE } from '../constants.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { CallSite } from '../diagnostics/call-site.js'
import type { Setting } from './communicator-create.js'
import type { Whole } from './intercomm-derive.js'

/**
 * An intercommunicator is closed when all its ranks have called, and all that they have sent each other is received. A word goes straight
 * from each rank to each of the other group, behind all that it has sent there: who has those words knows what is still to be received.
 */
export function closing(core: CommunicatorCore, whole: Whole, setting: Setting): Observable<void> {
  const words = new Array<number>(core.size).fill(0)
  const options = { ...setting.options, algorithm: 'pairwise' }
  return call<unknown, unknown>(whole, alltoallOf, words, options, undefined, setting.site).pipe(
    concatMap(() => received(core, whole, setting.site)),
    concatMap(() => call<void, void>(whole, barrierOf<void>, undefined, setting.options, undefined, setting.site))
  )
}

/** Emits when no message of this communicator waits here to be received. */
function received(core: CommunicatorCore, { calls }: Whole, site: CallSite | undefined): Observable<void> {
  return new Observable((subscriber) => {
    const { context, endpoint } = core
    const waiting = {
      peer: ANY_SOURCE,
      waits: true,
      site,
      fail: (error: Error) => subscriber.error(error),
      giveUp: (makeError: (site: CallSite | undefined) => Promise<Error>) => void makeError(site).then((error) => subscriber.error(error)),
      describe: () => `in close${core.on} for this rank to receive ${context.matching.kept} messages`
    }
    calls.unsaid.add(waiting)
    endpoint.transport.hold()
    const settle = (): void => {
      if (calls.unsaid.delete(waiting)) endpoint.transport.release()
    }
    subscriber.add(settle)
    subscriber.add(
      endpoint.whenReceived(core.id, () => {
        settle()
        subscriber.next()
        subscriber.complete()
      })
    )
  })
}
