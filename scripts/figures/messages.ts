import { concat, concatMap, EMPTY, forkJoin, map, merge, type Observable, of, take, timer, toArray } from 'rxjs'
import { type Communicator, PROC_NULL, SUM } from 'rxmpi'
import { type Figure, letter } from './figure.js'
import { type Message, record } from './record.js'
import { spaceTime } from './space-time.js'

const asText = ({ data }: Message): string => {
  if (data === undefined) return ''
  if (ArrayBuffer.isView(data)) return [...(data as Float64Array)].join(' ')
  return String(data)
}
const step = (time: number): string => (time === 0 ? 'start' : `step ${time}`)

const ring = (comm: Communicator): Observable<unknown> => {
  const [left, right] = [(comm.rank - 1 + comm.size) % comm.size, (comm.rank + 1) % comm.size]
  const received = comm.irecv<number[]>({ source: left })
  if (comm.rank === 0) return concat(comm.isend([0], { dest: right }), received)
  return received.pipe(concatMap((path) => comm.isend([...path, comm.rank], { dest: right })))
}

export const messageFigures: Figure[] = [
  {
    name: 'message',
    alt: 'A message in time: rank 0 sends "hello" at 0 ms, and rank 1 receives it at 1 ms. Rank 1 then sends "thanks", which arrives at 2 ms.',
    draw(alt) {
      const { messages } = record(2, (comm) =>
        comm.rank === 0
          ? concat(comm.isend('hello', { dest: 1 }), comm.irecv({ source: 1 }))
          : comm.irecv({ source: 0 }).pipe(concatMap(() => comm.isend('thanks', { dest: 0 })))
      )
      return spaceTime({ size: 2, messages, alt, label: asText, scale: 190 })
    }
  },
  {
    name: 'ring',
    alt: 'A token goes round a ring of four ranks: from 0 to 1, 2, 3 and back to 0, one step each. It carries the list of those who had it.',
    draw: (alt) =>
      spaceTime({ size: 4, messages: record(4, ring).messages, alt, label: ({ data }) => (data as number[]).join(','), tick: step })
  },
  {
    name: 'shift',
    alt: 'Four ranks in a line: each sends its value to the rank on its right, all in one step. Rank 3 has no rank on its right, and rank 0 receives nothing.',
    draw(alt) {
      const { messages, emitted } = record(4, (comm) => {
        const right = comm.rank < comm.size - 1 ? comm.rank + 1 : PROC_NULL
        const left = comm.rank > 0 ? comm.rank - 1 : PROC_NULL
        return forkJoin([comm.irecv<string>({ source: left }), comm.isend(letter(comm.rank), { dest: right })])
      })
      const got = emitted.map((values) => (values[0]!.value as unknown[])[0] ?? 'nothing')
      return spaceTime({ size: 4, messages, alt, label: asText, tick: step, end: (rank) => `gets ${got[rank]}`, endWidth: 90 })
    }
  },
  {
    name: 'task-farm',
    alt: 'A task farm: rank 0 gives a task to each of ranks 1 and 2. Rank 2 is quick and answers first, so it gets the third task; rank 1 is slow.',
    draw(alt) {
      const work = (comm: Communicator): Observable<unknown> =>
        comm.messages<string>({ source: 0 }).pipe(
          concatMap(({ data }) => timer(comm.rank === 1 ? 4 : 1).pipe(concatMap(() => comm.isend(`${data}!`, { dest: 0 })))),
          take(comm.rank === 1 ? 1 : 2)
        )
      const farm = (comm: Communicator): Observable<unknown> =>
        merge(
          comm.isend('A', { dest: 1 }),
          comm.isend('B', { dest: 2 }),
          comm.messages().pipe(
            take(3),
            concatMap(({ data, status }) => (data === 'B!' ? comm.isend('C', { dest: status.source }) : EMPTY))
          )
        )
      const { messages } = record(3, (comm) => (comm.rank === 0 ? farm(comm) : work(comm)))
      return spaceTime({ size: 3, messages, alt, label: asText, scale: 78 })
    }
  },
  {
    name: 'bcast-tree',
    alt: 'Broadcast to eight ranks along a binomial tree: rank 0 sends to 4, 2 and 1; rank 4 passes it on to 6 and 5, rank 2 to 3, and rank 6 to 7.',
    draw: (alt) =>
      spaceTime({ size: 8, messages: record(8, (comm) => comm.ibcast(comm.rank === 0 ? 'a' : undefined)).messages, alt, tick: step })
  },
  {
    name: 'reduce-tree',
    alt: 'Reduce of eight ranks along a binomial tree, in three steps: each odd rank sends to the one before it, then 2 and 6 to 0 and 4, then 4 to 0.',
    draw: (alt) =>
      spaceTime({ size: 8, messages: record(8, (comm) => comm.ireduce(comm.rank + 1)).messages, alt, label: asText, tick: step })
  },
  {
    name: 'allreduce-doubling',
    alt: 'Allreduce of four ranks by recursive doubling, in two steps: neighbours exchange what they have, then ranks that are two apart exchange the sums.',
    draw: (alt) =>
      spaceTime({ size: 4, messages: record(4, (comm) => comm.iallreduce(comm.rank + 1)).messages, alt, label: asText, tick: step })
  },
  {
    name: 'allreduce-ring',
    alt: 'Allreduce of four ranks around a ring, in six steps. In every step each rank sends a quarter of the array to the rank on its right.',
    draw: (alt) =>
      spaceTime({
        size: 4,
        messages: record(4, (comm) => comm.iallreduce(Float64Array.of(1, 2, 3, 4), SUM, { algorithm: 'ring' })).messages,
        alt,
        label: asText,
        tick: step,
        scale: 110
      })
  },
  ...[
    {
      name: 'arrival-1',
      slow: 2,
      alt: 'One order of arrival: the value of rank 1 is at rank 0 after 1 ms, that of rank 2 after 2 ms. The list is a, b.'
    },
    {
      name: 'arrival-2',
      slow: 1,
      alt: 'The other order: the value of rank 2 is at rank 0 first, after 1 ms, that of rank 1 after 2 ms. The list is b, a.'
    }
  ].map(({ name, slow, alt }) => ({
    name,
    alt,
    draw() {
      const { messages, emitted } = record(
        3,
        (comm): Observable<unknown> =>
          comm.rank === 0
            ? comm.messages<string>().pipe(
                take(2),
                map(({ data }) => data),
                toArray()
              )
            : comm.isend(letter(comm.rank - 1), { dest: 0 }),
        { link: (from) => ({ latency: from === slow ? 2 : 1 }) }
      )
      const list = String(emitted[0]![0]!.value).replace(',', ', ')
      return spaceTime({ size: 3, messages, alt, label: asText, end: (rank) => (rank === 0 ? `[${list}]` : ''), endWidth: 60 })
    }
  })),
  {
    name: 'pipeline',
    alt: 'The running sum of three ranks with a latency of 2 ms: rank 0 sends 1 to rank 1, which adds 1 and sends 2 to rank 2. The next value follows 7 ms later.',
    draw(alt) {
      const { messages } = record(
        3,
        (comm) =>
          concat(of(1), timer(7).pipe(concatMap(() => of(10)))).pipe(
            concatMap((value) =>
              (comm.rank === 0 ? of(0) : comm.irecv<number>({ source: comm.rank - 1 })).pipe(
                concatMap((sum) => (comm.rank === comm.size - 1 ? of(0) : comm.isend(sum + value, { dest: comm.rank + 1 })))
              )
            )
          ),
        { latency: 2 }
      )
      return spaceTime({ size: 3, messages, alt, label: asText, scale: 52 })
    }
  }
]
