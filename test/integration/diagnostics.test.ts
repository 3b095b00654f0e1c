import { lines, program, rxmpi } from './command.js'

/** What a channel says on each rank, as lines of JSON with the rank in front. */
const listener = (channel: string): string => `
  import { subscribe } from 'node:diagnostics_channel'
  import { COMM_WORLD as comm, SUM } from 'rxmpi'
  const told: any[] = []
  subscribe('${channel}', (event) => told.push(event))`

const events = (stdout: string): { by: number; event: Record<string, unknown> }[] =>
  lines(stdout).map((line) => {
    const [, rank, json] = /^\[(\d+)\] (.*)$/.exec(line)!
    return { by: Number(rank), event: JSON.parse(json!) }
  })

describe('diagnostics channels', () => {
  it.each([
    ['a small one', 'new Float64Array(2)', 'Float64Array', 16],
    ['an object', "'text'", 'object', 5],
    ['one that waits for its receive', 'new Int32Array(100_000)', 'Int32Array', 400_000]
  ])('tell of a message, once where it is sent and once where it is received: %s', async (_, data, datatype, bytes) => {
    const path = program(`${listener('rxmpi:send')}
      subscribe('rxmpi:receive', (event) => told.push(event))
      const half = (await comm.split(comm.rank % 2, -comm.rank, { name: 'half' }))!
      told.length = 0
      if (half.rank === 0) await half.send(${data}, { dest: 1, tag: 3 })
      else await half.recv({ source: 0, tag: 3 })
      for (const event of told) if (event.kind === 'message') console.log(JSON.stringify(event))`)
    const { stdout } = await rxmpi(['run', '-n', '4', '--timeout', '30', path])
    const said = events(stdout)
    const through = expect.stringMatching(/^world:\d+:(2>0|3>1):3$/)
    const time = expect.any(Number)
    const common = { tag: 3, communicator: 'half', kind: 'message', datatype, bytes, path: through, time }
    for (const by of [2, 3]) expect(said.filter((one) => one.by === by)).toEqual([{ by, event: { rank: 0, peer: 1, ...common } }])
    const received = { rank: 1, peer: 0, ...common, waited: expect.any(Number) }
    for (const by of [0, 1]) expect(said.filter((one) => one.by === by)).toEqual([{ by, event: received }])
  })

  it('say of the messages of a collective and of a stream what they are', async () => {
    const path = program(`${listener('rxmpi:send')}
      import { from, lastValueFrom } from 'rxjs'
      import { receiveFrom, sendTo } from 'rxmpi/operators'
      await comm.scan(1)
      if (comm.rank === 0) await lastValueFrom(from([1, 2]).pipe(sendTo(comm, { dest: 1 })), { defaultValue: null })
      else await lastValueFrom(receiveFrom(comm, { source: 0 }))
      console.log(JSON.stringify({ kinds: [...new Set(told.map(({ kind }) => kind))] }))`)
    const { stdout, stderr } = await rxmpi(['run', '-n', '2', '--timeout', '30', path])
    expect(stderr).toBe('')
    const { kinds } = events(stdout).find(({ by }) => by === 0)!.event
    expect(kinds).toEqual(expect.arrayContaining(['collective', 'stream']))
    expect(kinds).not.toContain('message')
  })

  it('tell of a collective when it begins and when it ends, well or not', async () => {
    const path = program(`${listener('rxmpi:collective')}
      await comm.allreduce(1, SUM)
      if (comm.rank === 0) {
        await comm.barrier({ signal: AbortSignal.timeout(1) }).catch(() => undefined)
        console.log(JSON.stringify({ told: told.map(({ duration, ...event }) => ({ ...event, timed: duration >= 0, time: undefined, site: undefined })) }))
      }`)
    const { stdout } = await rxmpi(['run', '-n', '2', '--timeout', '30', path])
    const common = { rank: 0, communicator: 'world' }
    expect(events(stdout)[0]!.event.told).toEqual([
      { phase: 'begin', ...common, name: 'allreduce', sequence: 0, timed: false },
      { phase: 'end', ...common, name: 'allreduce', sequence: 0, ok: true, timed: true },
      { phase: 'begin', ...common, name: 'barrier', sequence: 1, timed: false },
      { phase: 'end', ...common, name: 'barrier', sequence: 1, ok: false, timed: true }
    ])
  })

  it('tell a rank that another has failed, and not of one that ends well', async () => {
    const path = program(`${listener('rxmpi:failure')}
      if (comm.rank === 1) process.exit(3)
      if (comm.rank === 0) {
        await comm.recv({ source: 1 }).catch(() => undefined)
        await comm.recv({ source: 2 }).catch(() => undefined)
        for (const event of told) console.log(JSON.stringify(event))
      }`)
    const { stdout } = await rxmpi(['run', '-n', '3', '--on-failure', 'continue', '--timeout', '30', path])
    expect(events(stdout).map(({ event }) => event)).toEqual([{ rank: 0, failed: 1, reason: expect.stringContaining('has failed') }])
  })

  it('tell a rank that is alone in its process of its links', async () => {
    const path = program(`${listener('rxmpi:link')}
      await comm.sendrecv(1, { dest: 1 - comm.rank, source: 1 - comm.rank })
      for (const event of told) console.log(JSON.stringify(event))`)
    const { stdout } = await rxmpi(['run', '-n', '2', '--placement', 'process', '--timeout', '30', path], {
      env: { RXMPI_SHARED_MEMORY: '0' }
    })
    expect(events(stdout)).toEqual(
      expect.arrayContaining([
        { by: 0, event: { state: 'made', host: 0, peer: 1 } },
        { by: 1, event: { state: 'made', host: 1, peer: 0 } }
      ])
    )
  })
})
