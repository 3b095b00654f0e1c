/** What the compiler promises about messages. Checked by `tsc`, never run. */
import type { Observable } from 'rxjs'
import { type BufferLike, COMM_WORLD as comm, type Message, type Request, Status } from 'rxmpi'
import { expectType } from './equal.js'

interface Reading {
  station: string
  values: number[]
}

export async function receives(): Promise<void> {
  expectType<unknown>()(await comm.recv())
  expectType<unknown>()(await comm.recv({ source: 1, tag: 2 }))
  expectType<Reading>()(await comm.recv<Reading>({ source: 1 }))
  expectType<number>()(await comm.recv<number>())
  expectType<Promise<unknown>>()(comm.recv())

  expectType<Request<unknown>>()(comm.irecv())
  expectType<Request<Reading>>()(comm.irecv<Reading>({ status: new Status() }))
  expectType<Reading>()(await comm.irecv<Reading>().wait())
  expectType<Reading | undefined>()(comm.irecv<Reading>().value)
  expectType<Status | undefined>()(comm.irecv().status)
}

export async function inPlace(): Promise<void> {
  const doubles = new Float64Array(8)
  expectType<Float64Array<ArrayBuffer>>()(await comm.recv({ into: doubles }))
  expectType<Request<Float64Array<ArrayBuffer>>>()(comm.irecv({ into: doubles, source: 1 }))
  expectType<ArrayBuffer>()(await comm.recv({ into: new ArrayBuffer(8) }))
  expectType<DataView<ArrayBuffer>>()(await comm.recv({ into: new DataView(new ArrayBuffer(8)) }))
  expectType<Buffer<ArrayBuffer>>()(await comm.recv({ into: Buffer.alloc(8) }))
  expectType<Float64Array<ArrayBuffer>>()(await comm.sendrecv(doubles, { dest: 1, into: doubles }))
  const some = doubles as BufferLike
  expectType<BufferLike>()(await comm.recv({ into: some }))
  // @ts-expect-error: an array is no buffer
  await comm.recv({ into: [1, 2, 3] })
  // @ts-expect-error: neither is an object
  await comm.recv({ into: {} })
}

export async function sends(): Promise<void> {
  expectType<void>()(await comm.send({ a: 7 }, { dest: 1 }))
  expectType<void>()(await comm.ssend('text', { dest: 1, tag: 3, signal: AbortSignal.timeout(10) }))
  expectType<Request<void>>()(comm.isend(new Float64Array(8), { dest: 1, transfer: true }))
  expectType<Request<void>>()(comm.issend(undefined, { dest: 1 }))
  // @ts-expect-error: a send needs options
  await comm.send(1)
  // @ts-expect-error: and a destination
  await comm.send(1, {})
  // @ts-expect-error: that is a number
  await comm.send(1, { dest: '1' })
  // @ts-expect-error: options are spelled as they are
  await comm.send(1, { dest: 1, tga: 2 })
  // @ts-expect-error: a receive has no destination
  await comm.recv({ dest: 1 })
}

export async function exchanges(): Promise<void> {
  expectType<Reading>()(await comm.sendrecv<number, Reading>(1, { dest: 1, source: 0 }))
  expectType<unknown>()(await comm.sendrecv(1, { dest: 1, sendTag: 2, source: 0, recvTag: 3, status: new Status() }))
  // @ts-expect-error: it has two tags
  await comm.sendrecv(1, { dest: 1, tag: 2 })
}

export async function probes(): Promise<void> {
  expectType<Status>()(await comm.probe())
  expectType<Status | undefined>()(comm.iprobe({ source: 1, tag: 2 }))
  expectType<Message<unknown>>()(await comm.mprobe())
  expectType<Message<Reading>>()(await comm.mprobe<Reading>({ source: 1 }))
  expectType<Message<Reading> | undefined>()(comm.improbe<Reading>())
  expectType<Observable<Message<unknown>>>()(comm.messages())
  expectType<Observable<Message<Reading>>>()(comm.messages<Reading>({ tag: 1 }))

  const message = await comm.mprobe<Reading>()
  expectType<Status>()(message.status)
  expectType<Reading>()(message.data)
  expectType<Reading>()(await message.recv())
  expectType<Request<Reading>>()(message.irecv())
  expectType<Float64Array<ArrayBuffer>>()(await message.recv({ into: new Float64Array(8) }))
  expectType<Request<Float64Array<ArrayBuffer>>>()(message.irecv({ into: new Float64Array(8) }))
  // @ts-expect-error: a probe receives nothing
  await comm.probe({ into: new Float64Array(8) })
  // @ts-expect-error: neither does messages()
  comm.messages({ into: new Float64Array(8) })
}

export function statuses({ source, tag, count, bytes, cancelled }: Status): void {
  expectType<{ source: number; tag: number; count: number; bytes: number; cancelled: boolean }>()({ source, tag, count, bytes, cancelled })
}

export function communicators(): void {
  const { rank, size, name } = comm
  expectType<{ rank: number; size: number; name: string }>()({ rank, size, name })
  // @ts-expect-error: who one is cannot be changed
  comm.rank = 1
}
