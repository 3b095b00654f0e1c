import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { firstValueFrom, lastValueFrom, type Observable } from 'rxjs'
import { filter, take, toArray } from 'rxjs/operators'
import { decode } from '../../client/codec.js'
import { connect } from '../../client/node.js'
import { RankFailedError } from '../../src/errors.js'
import { CREDIT, countFrame, NEXT, Parts, SUBSCRIBE } from '../../src/viewers/wire.js'
import { type RawViewer, rawViewer } from '../viewer.js'
import { ended, program, type Running, start } from './command.js'

/** A job that publishes until a viewer stops it, and prints its tickets. */
const source = `
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { EMPTY, interval, lastValueFrom, map, share, takeUntil } from 'rxjs'

const viewers = await mpi.viewers(comm)
if (viewers) console.log(JSON.stringify({ read: viewers.ticket(), write: viewers.ticket({ rights: 'write' }) }))
const stop$ = mpi.subscribeTo(comm, 'stop').pipe(share())
const every = (ms: number) => (comm.rank === 0 ? interval(ms).pipe(takeUntil(stop$)) : EMPTY)
const megabyte = new Float64Array(2 ** 17)
every(1).pipe(map((n) => megabyte.fill(n)), mpi.publish(comm, 'megabytes')).subscribe()
every(1).pipe(mpi.bcast(comm), map((n) => n + comm.rank), mpi.gather(comm), mpi.publish(comm, 'ranks', { overflow: 'buffer' })).subscribe()
every(10).pipe(map(() => ({ viewers: viewers!.count, bytes: process.memoryUsage().arrayBuffers })), mpi.publish(comm, 'state')).subscribe()
mpi.subscribeTo(comm, 'fail').subscribe(() => process.exit(3))
mpi.subscribeTo(comm, 'setpoint').pipe(mpi.bcast(comm), mpi.gather(comm), mpi.publish(comm, 'echo', { overflow: 'buffer', history: 0 })).subscribe()
if (comm.rank === 0) stop$.subscribe(() => setImmediate(() => viewers!.close()))
`

interface Tickets {
  read: string
  write: string
}

async function startJob(): Promise<{ job: Running; tickets: Tickets }> {
  const job = start(['run', '-n', '2', '--no-prefix', '--timeout', '60', program(source)])
  const [line] = (await once(createInterface(job.stdout), 'line')) as [string]
  return { job, tickets: JSON.parse(line) as Tickets }
}

const values = (raw: RawViewer): number[] => {
  const parts = new Parts()
  const whole = raw.frames.filter(([kind]) => kind === NEXT).flatMap((frame) => parts.add(frame) ?? [])
  return whole.map((payload) => (decode(payload) as Float64Array)[0]!)
}
const until = <T>(source$: Observable<T>, is: (value: T) => boolean): Promise<T> => firstValueFrom(source$.pipe(filter(is)))

it('a job is looked at by many, each at its own pace, spoken to, and ended', async () => {
  const { job, tickets } = await startJob()
  const rest = ended(job)
  const look = connect(tickets.read)
  const state$ = look.stream<{ viewers: number; bytes: number }>('state')

  // One stops reading, one takes a value when it is asked to, one is killed within a value.
  const stuck = (await rawViewer(tickets.read)) as RawViewer
  stuck.socket.pause()
  stuck.send(countFrame(SUBSCRIBE, 1, 1_000_000, 'megabytes'))
  const slow = (await rawViewer(tickets.read)) as RawViewer
  slow.send(countFrame(SUBSCRIBE, 1, 1, 'megabytes'))
  const killed = (await rawViewer(tickets.read)) as RawViewer
  killed.send(countFrame(SUBSCRIBE, 1, 1_000_000, 'megabytes'))
  await killed.frame(([kind]) => kind === NEXT)
  killed.socket.resetAndDestroy()

  // Meanwhile nobody else waits: of what is all needed nothing is lost.
  const rows = await lastValueFrom(look.stream<number[]>('ranks', { prefetch: 64 }).pipe(take(300), toArray()))
  for (const [k, [zero, one]] of rows.entries()) expect([zero, one]).toEqual([rows[0]![0]! + k, rows[0]![0]! + k + 1])
  const large = await lastValueFrom(look.stream<Float64Array>('megabytes').pipe(take(20), toArray()))
  expect(large.filter((array) => array.length !== 2 ** 17 || array.some((value) => value !== array[0]))).toEqual([])
  // What waits for the one that does not read is bounded, by some values and not by the hundreds that have come since; garbage may be more.
  await until(state$, ({ viewers, bytes }) => viewers === 3 && bytes < 100 * 2 ** 20)

  // The slow one gets the first, and then what is the latest.
  slow.send(countFrame(CREDIT, 1, 1))
  while (values(slow).length < 2) await once(slow.socket, 'data')
  const [first, second] = values(slow)
  expect(second! - first!).toBeGreaterThan(100)

  // What one says every rank hears.
  const speak = connect(tickets.write)
  const echo = firstValueFrom(speak.stream<number[]>('echo'))
  speak.publish<number>('setpoint').next(21)
  expect(await echo).toEqual([21, 21])

  // The end is everybody's.
  const ends = ['ranks', 'state', 'echo'].map((name) => lastValueFrom(look.stream(name), { defaultValue: undefined }))
  speak.publish('stop').next(true)
  await Promise.all(ends)
  expect(await rest).toMatchObject({ status: 0, stderr: '' })
  await expect(firstValueFrom(look.stream('state'))).rejects.toThrow(RankFailedError)
})

it('a job that fails or is killed is told as such', async () => {
  const jobs = await Promise.all([startJob(), startJob()])
  const [failed, killed] = await Promise.all(
    jobs.map(async ({ job, tickets }, k) => {
      const look = connect(tickets.write)
      const state$ = look.stream('state')
      const end = lastValueFrom(state$).catch((error: Error) => error)
      await firstValueFrom(look.stream('ranks'))
      if (k === 0) look.publish('fail').next(true)
      else job.kill('SIGKILL')
      return end
    })
  )
  expect([failed, killed]).toEqual([expect.any(RankFailedError), expect.any(RankFailedError)])
  expect((failed as Error).message).toBe('the job has failed')
  expect((killed as Error).message).toBe('the connection to the job is lost: the job is no more, or cannot be reached')
})
