import { of } from 'rxjs'
import { bcast } from '../../operators/bcast.js'
import { simulate } from '../../testing/simulate.js'

describe('what a simulated test says of calls that wait for ever', () => {
  it('a signal that has not fired is no way out, for nothing comes from outside', () => {
    expect(() => simulate(2, {}, ({ comms: [zero] }) => void zero!.irecv({ source: 1, signal: new AbortController().signal }))).toThrow(
      /rank 0 waits in recv for rank 1, any tag, at .*simulate\.reports\.test\.ts:\d+:\d+/
    )
  })

  it('one call is told once for each rank that it waits for', () => {
    expect(() => simulate(3, {}, ({ comms: [zero] }) => void zero!.ibcast(5))).toThrow(
      /: nothing is under way.*\n {2}rank 0 waits in bcast\(number, root 0\) for rank 2 to take part.*\n {2}rank 0 waits in bcast\(number, root 0\) for rank 1 to take part.*\n {2}rank 1 never received 5 from rank 0, in a collective/
    )
  })

  it('a stream that others take no part in', () => {
    expect(() => simulate(2, {}, ({ comms: [zero] }) => void of(1).pipe(bcast(zero!)).subscribe())).toThrow(
      /rank 0 waits in bcast\(number, root 0\) for rank 1 to take part/
    )
  })

  it('the communicator, where there are several, and what lies in it', () => {
    expect(() =>
      simulate(2, {}, ({ ranks, flush }) => {
        const duplicates = ranks((comm) => comm.idup())
        flush()
        const [zero, one] = duplicates.map(({ value }) => value!)
        zero!.isend('x', { dest: 1, tag: 7 })
        one!.irecv({ source: 0, tag: 8 })
      })
    ).toThrow(
      /rank 1 waits in recv on 'world\.dup\(1\)' for rank 0, tag 8.*\n {2}rank 1 never received 'x' from rank 0, tag 7 on 'world\.dup\(1\)', sent at/
    )
  })
})
