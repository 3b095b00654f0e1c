/** What the compiler promises about layouts, views and records. Checked by `tsc`, never run. */
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import { contiguous, fieldwise, pack, type Records, struct, unpack, type Vector, type View, vector, view } from 'rxmpi/layout'
import { expectType } from './equal.js'

export async function views(): Promise<void> {
  const doubles = new Float64Array(8)
  const column = view(doubles, vector(4, 1, 2))
  expectType<Vector>()(vector(4, 1, 2))
  expectType<View<Float64Array<ArrayBuffer>>>()(column)
  expectType<Float64Array<ArrayBuffer>>()(column.memory)
  expectType<Float64Array<ArrayBuffer>>()(column.pack())
  expectType<View<Float64Array<ArrayBuffer>>>()(await comm.recv({ into: column }))
  expectType<View<Float64Array<ArrayBuffer>>>()(await comm.sendrecv(column, { dest: 1, into: column }))
  expectType<View<Float64Array<ArrayBuffer>>>()(await comm.allreduce(column, SUM, { into: column }))
  expectType<View<Float64Array<ArrayBuffer>>>()(await comm.alltoall(column, { into: column }))
  expectType<number>()(unpack(pack([doubles, column]), [column], { format: 'external32' }))
  // @ts-expect-error: an array of numbers is no memory
  view([1, 2, 3])
  // @ts-expect-error: there is no such type
  contiguous(3, 'f65')
}

export async function records(): Promise<void> {
  const Inner = struct({ x: 'i64' })
  const Particle = struct({ id: 'u32', mass: 'f64', at: ['f64', 3], inner: Inner, inners: [Inner, 2] })
  const particles = Particle.allocate(3)
  expectType<number>()(Particle.fields.at.offset)
  const { mass, at, inner, inners } = particles.get(1)
  expectType<number>()(mass)
  expectType<Float64Array>()(at)
  expectType<bigint>()(inner.x)
  expectType<bigint>()(inners[0]!.x)
  particles.set(1, { mass: 1, at: [1, 2], inner: { x: 3n } })
  const received = await comm.recv({ into: particles })
  expectType<number>()(received.get(0).mass)
  const totals = await comm.allreduce(particles, fieldwise({ mass: SUM }), { into: particles })
  expectType<number>()(totals.get(0).id)
  // biome-ignore lint/suspicious/noExplicitAny: records of whatever fields
  const some: Records<any> = particles
  void some
  // @ts-expect-error: there is no such field
  Particle.field('weight')
  // @ts-expect-error: nor here
  particles.set(1, { weight: 1 })
  // @ts-expect-error: that is a bigint
  particles.set(1, { inner: { x: 3 } })
  // @ts-expect-error: there is no such type
  struct({ a: 'double' })
}
