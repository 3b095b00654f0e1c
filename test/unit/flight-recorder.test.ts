import { ENTRIES, FlightRecorder, LOG_BYTES, QUEUED, RECEIVED, readLog, SENT } from '../../src/diagnostics/flight-recorder.js'
import { logLines } from '../../src/launch/job/log-lines.js'
import { CONTEXTS, FIRST_ID } from '../../src/progress/context-ids.js'

const recorder = (): { memory: SharedArrayBuffer; log: FlightRecorder } => {
  const memory = new SharedArrayBuffer(LOG_BYTES)
  return { memory, log: new FlightRecorder(memory) }
}

describe('the log of a rank', () => {
  it('is in memory that others read: the last entries, from the oldest, however many there were', () => {
    const { memory, log } = recorder()
    expect(readLog(memory, 5)).toMatchObject({ count: 0, entries: [] })
    for (let k = 0; k < ENTRIES + 10; k++) log.note(SENT, 1, 0, k, 8)
    const { count, entries } = readLog(memory, 3)
    expect(count).toBe(ENTRIES + 10)
    expect(entries.map(({ tag }) => tag)).toEqual([7, 8, 9].map((k) => ENTRIES + k))
    expect(readLog(memory, 1e9).entries.map(({ tag }) => tag)).toEqual(Array.from({ length: ENTRIES }, (_, k) => k + 10))
  })

  it('has the time of the last look at the clock: at the first entry, each 64th and where somebody says that it is stale', () => {
    const { memory, log } = recorder()
    const clock = jest.spyOn(performance, 'now')
    for (let k = 0; k < 64; k++) log.note(SENT, 1, 0, k, 8)
    expect(clock).toHaveBeenCalledTimes(1)
    log.isStale = true
    log.note(SENT, 1, 0, 64, 8)
    log.note(SENT, 1, 0, 65, 8)
    expect(clock).toHaveBeenCalledTimes(2)
    clock.mockRestore()
    const [first, , third] = [0, 1, 2].map((k) => readLog(memory, 3).entries[k]!.time)
    expect(third).toBeGreaterThanOrEqual(first!)
    expect(Math.abs(third! - Date.now())).toBeLessThan(60_000)
  })

  it('is told in words', () => {
    const { memory, log } = recorder()
    log.name(0, 'world')
    log.name(FIRST_ID, `a name of more than ${'x'.repeat(40)}`)
    log.note(SENT, 1, 0, 7, 8)
    log.note(QUEUED, 2, FIRST_ID, 7, 1)
    log.note(RECEIVED, 1, 1, 99, 24)
    log.note(RECEIVED, 1, 2, 0, 5)
    log.note(RECEIVED, 1, 4 * CONTEXTS + 3, 0, 5)
    expect(logLines(3, readLog(memory, 5)).map((line) => line.replace(/\d\d:\d\d:\d\d\.\d{3}/, 'T'))).toEqual([
      'rank 3, all that it has done:',
      "  T sends 8 bytes to rank 1, tag 7 on 'world'",
      "  T queues 1 byte to rank 2, tag 7 on 'a name of more than xxxxxxxxxxxxxxxxxxxxxxxx'",
      "  T receives 24 bytes from rank 1, of a collective on 'world'",
      "  T receives 5 bytes from rank 1, rxmpi's own on 'world'",
      '  T receives 5 bytes from rank 1, of a stream'
    ])
    expect(logLines(0, undefined)).toEqual(['rank 0: what it has done last went with its process'])
  })

  it('has a number for each name of a collective, and the last for all that are too many', () => {
    const { memory, log } = recorder()
    for (let k = 0; k < 70; k++) log.noteCall(SENT, 0, `call${k}`, k)
    const { calls, entries } = readLog(memory, 70)
    expect([0, 62].map((k) => calls[entries[k]!.tag])).toEqual(['call0', 'call62'])
    expect(calls[entries[69]!.tag]).toBe('another collective')
  })
})
