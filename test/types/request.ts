/** What the compiler promises about requests. Checked by `tsc`, never run. */
import { firstValueFrom, forkJoin, map, type Observable, race } from 'rxjs'
import { COMM_WORLD as comm, type PartitionedSend, Request } from 'rxmpi'
import { expectType } from './equal.js'

const text = comm.irecv<string>()
const doubles = comm.irecv({ into: new Float64Array(8) })
const sent = comm.isend('a', { dest: 1 })
type Sent = Awaited<ReturnType<typeof sent.wait>>
const many: Request<number>[] = []

export async function lists(): Promise<void> {
  expectType<[string, Float64Array<ArrayBuffer>, Sent]>()(await Request.waitAll([text, doubles, sent]))
  expectType<number[]>()(await Request.waitAll(many))
  expectType<[]>()(await Request.waitAll([]))
  const tuple = [text, sent] as const
  expectType<[string, Sent]>()(await Request.waitAll(tuple))
  // @ts-expect-error: it has two
  ;(await Request.waitAll([text, sent]))[2]

  expectType<[index: number, value: number]>()(await Request.waitAny(many))
  expectType<[index: number, value: string | Float64Array<ArrayBuffer>]>()(await Request.waitAny([text, doubles]))
  expectType<[index: number, value: number][]>()(await Request.waitSome(many))
  expectType<[index: number, value: string | Sent][]>()(await Request.waitSome([text, sent]))

  expectType<boolean>()(Request.testAll([text, doubles]))
  expectType<[index: number, value: number] | undefined>()(Request.testAny(many))
  expectType<[index: number, value: string | Sent] | undefined>()(Request.testAny([text, sent]))
  expectType<[index: number, value: number][]>()(Request.testSome(many))
  expectType<[index: number, value: string | Sent][]>()(Request.testSome([text, sent]))

  // @ts-expect-error: promises are no requests
  Request.waitAll([text.wait()])
  // @ts-expect-error: a request alone is no list
  Request.waitAny(text)
}

export async function observables(): Promise<void> {
  expectType<string>()(await firstValueFrom(text))
  expectType<string>()(await text.wait())
  expectType<boolean>()(text.cancel())
  expectType<Observable<number>>()(text.pipe(map((value) => value.length)))
  expectType<Observable<[string, Sent]>>()(forkJoin([text, sent]))
  expectType<Observable<string | Sent>>()(race(text, sent))
  const any: Request<unknown> = text
  expectType<Request<unknown>>()(any)
  // @ts-expect-error: a request of something is not one of something else
  const wrong: Request<number> = text
  expectType<Request<number>>()(wrong)
}

export function made(): void {
  // @ts-expect-error: only a communicator makes one
  new Request()
  // @ts-expect-error: a request is no promise
  text.then()
  // @ts-expect-error: its value is read only
  text.value = 'b'
}

export function partitioned(): void {
  const doubles = comm.precvInit({ source: 0, into: new Float64Array(8), partitions: 4 })
  expectType<Float64Array<ArrayBuffer>>()(doubles.part(0))
  expectType<Observable<number>>()(doubles.arrivals)
  expectType<Request<Float64Array<ArrayBuffer>>>()(doubles.start())
  expectType<Uint8Array>()(comm.precvInit({ source: 0, into: new ArrayBuffer(8), partitions: 4 }).part(0))
  const out: PartitionedSend = comm.psendInit(new Float64Array(8), { dest: 1, partitions: 4 })
  out.ready({ from: 0, to: 2 })
  out.ready([2, 3])
  // @ts-expect-error: who sends is named
  comm.precvInit({ into: new Float64Array(8), partitions: 4 })
  // @ts-expect-error: and how it is cut
  comm.psendInit(new Float64Array(8), { dest: 1 })
}
