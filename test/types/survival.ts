/** What the compiler promises about surviving a failure. Checked by `tsc`, never run. */
import type { Observable } from 'rxjs'
import { type Communicator, COMM_WORLD as comm, type FailedRank, RankFailedError, type Request } from 'rxmpi'
import { launch } from 'rxmpi/launch'
import { simulate } from 'rxmpi/testing'
import { expectType } from './equal.js'

expectType<Observable<number[]>>()(comm.failed)
expectType<number[]>()(comm.ackFailed())
expectType<void>()(comm.revoke())
expectType<Promise<number>>()(comm.agree(6))
expectType<Promise<boolean>>()(comm.agree(true, { signal: AbortSignal.timeout(5) }))
expectType<Promise<boolean>>()(comm.agree(Math.random() < 1))
expectType<Request<number>>()(comm.iagree(6))
expectType<Promise<Communicator>>()(comm.shrink({ name: 'rest' }))
expectType<Request<Communicator>>()(comm.ishrink())
expectType<FailedRank | undefined>()(new RankFailedError('gone').failed)
expectType<Promise<number[]>>()(launch<number>({ ranks: 2, program: 'a.ts', onFailure: 'continue' }))
simulate(2, {}, ({ fail }) => expectType<void>()(fail(1, 'has failed')))

// @ts-expect-error: a number or a boolean
comm.agree('yes')
// @ts-expect-error: end or continue
launch({ ranks: 2, program: 'a.ts', onFailure: 'ignore' })
