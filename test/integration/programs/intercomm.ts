import { COMM_WORLD as comm, SUM } from 'rxmpi'

// Odd ranks and even ones: neither group lies on one host.
const side = comm.rank % 2
const half = (await comm.split(side))!
using inter = await half.createIntercomm({ bridge: comm, remoteLeader: 1 - side })
const own = Float64Array.from({ length: 20_000 }, (_, k) => comm.rank + k)
const sum = await inter.allreduce(own, SUM)
const rows = await inter.allgather(own, { into: new Float64Array(20_000 * inter.remoteSize) })
const table = await inter.bcast(inter.rank === 1 && side === 0 ? own : undefined, { root: side === 0 ? { local: 1 } : 1 })
const parts = await inter.gather(comm.rank, { root: side === 0 ? 0 : { local: 0 } })
const merged = await inter.merge()
console.log(JSON.stringify([sum[1], rows[rows.length - 1], table?.[2] ?? null, parts ?? null, merged.rank]))
merged.free()
half.free()
