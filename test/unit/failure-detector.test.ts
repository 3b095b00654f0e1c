import { DuplicateRankError, StartupTimeoutError } from '../../src/errors.js'
import { Refusal } from '../../src/transport/websocket/dial.js'
import { FailureDetector, GONE } from '../../src/transport/websocket/failure-detector.js'

const system = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code })

/** A detector, and its clock. */
function world(watched = false): { detector: FailureDetector; pass: (ms: number) => void } {
  let time = 1000
  const detector = new FailureDetector({ reconnectMs: 30_000, startMs: 60_000, watched, now: () => time })
  return {
    detector,
    pass: (ms) => {
      time += ms
    }
  }
}

describe('a failure detector', () => {
  test('suspects who says nothing for two seconds', () => {
    const { detector, pass } = world()
    detector.up()
    pass(1999)
    expect(detector.suspicion).toBeUndefined()
    pass(1)
    expect(detector.suspicion).toBe('nothing was heard for 2 s')
    detector.heard()
    expect(detector.suspicion).toBeUndefined()
  })

  test('asks for a heartbeat when nothing was sent for half of one', () => {
    const { detector, pass } = world()
    detector.spoke()
    pass(124)
    expect(detector.heartbeatDue).toBe(false)
    pass(1)
    expect(detector.heartbeatDue).toBe(true)
  })

  test('gives up who does not come within the time for the start, by an error with a name', () => {
    const { detector, pass } = world()
    detector.wanted()
    pass(59_999)
    expect(detector.overdue('there:1')).toBeUndefined()
    pass(1)
    const failure = detector.overdue('there:1')!
    expect(failure.reason).toBe('could not be reached for 60 s: was never connected')
    expect(failure.error).toBeInstanceOf(StartupTimeoutError)
    expect(failure.error!.message).toBe('there:1 could not be reached for 60 s: was never connected')
  })

  test('gives up who has been there within the time for a new connection, which counts from the first loss', () => {
    const { detector, pass } = world()
    detector.wanted()
    detector.up()
    pass(100_000)
    expect(detector.overdue('')).toBeUndefined()
    detector.down('cut')
    pass(20_000)
    expect(detector.unconnected(system('EHOSTUNREACH'))).toBeUndefined()
    detector.wanted()
    pass(9999)
    expect(detector.overdue('')).toBeUndefined()
    pass(1)
    expect(detector.overdue('')).toEqual({ reason: 'could not be reached for 30 s: connect EHOSTUNREACH', error: undefined })
  })

  test('does not count the time with a connection as time without, though another is asked for', () => {
    const { detector, pass } = world()
    detector.up()
    detector.wanted()
    pass(40_000)
    detector.down('cut')
    expect(detector.overdue('')).toBeUndefined()
    pass(29_999)
    expect(detector.overdue('')).toBeUndefined()
    pass(1)
    expect(detector.overdue('')).toBeDefined()
  })

  test('knows of a link that was made in another thread that it was made', () => {
    const { detector, pass } = world()
    detector.resume()
    detector.wanted()
    pass(30_000)
    expect(detector.overdue('')).toEqual({ reason: 'could not be reached for 30 s: was never connected', error: undefined })
  })

  test('does not blame the other end for a time when this process itself was not running', () => {
    const { detector, pass } = world()
    detector.up()
    pass(5000)
    detector.excuse()
    expect(detector.suspicion).toBeUndefined()
    detector.down('cut')
    pass(50_000)
    detector.excuse()
    expect(detector.overdue('')).toBeUndefined()
    pass(30_000)
    expect(detector.overdue('')).toBeDefined()
  })

  test.each([new Refusal('no'), new DuplicateRankError('another one')])('gives up at once after %p', (error) => {
    expect(world().detector.unconnected(error)).toEqual({ reason: error.message, error })
    expect(world(true).detector.unconnected(error)).toEqual({ reason: error.message, error })
  })

  test('takes a closed port for the end of who has listened there, and not of who may not do so yet', () => {
    const { detector } = world()
    detector.wanted()
    expect(detector.unconnected(system('ECONNREFUSED'))).toBeUndefined()
    detector.up()
    detector.down('cut')
    expect(detector.unconnected(system('EHOSTUNREACH'))).toBeUndefined()
    expect(detector.unconnected(system('ECONNREFUSED'))).toEqual({ reason: GONE })
  })

  test('gives up a watched end only when the system has said for long enough that it is not there', () => {
    const { detector, pass } = world(true)
    detector.up()
    detector.down('cut')
    pass(29_999)
    expect(detector.unconnected(system('ECONNREFUSED'))).toBeUndefined()
    pass(1)
    // A handshake without an answer: somebody is there, and busy.
    expect(detector.unconnected(new Error('no answer within 5000 ms'))).toBeUndefined()
    pass(29_999)
    expect(detector.unconnected(system('ECONNREFUSED'))).toBeUndefined()
    pass(1)
    expect(detector.unconnected(system('ECONNREFUSED'))).toEqual({ reason: 'could not be reached for 30 s: connect ECONNREFUSED' })
  })
})
