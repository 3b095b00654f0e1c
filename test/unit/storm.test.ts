import { range, type Subscription } from 'rxjs'
import { receiveFrom, sendTo } from '../../operators/index.js'
import { integer, random } from '../../testing/compliance/random.js'
import { simulate } from '../../testing/index.js'

/** What is left behind, a request that waits or a message that nobody has received, fails a simulated test. */
describe('a storm leaves nothing behind', () => {
  it('of 20,000 receives, cancelled at random before, while and after their messages come', () => {
    const next = random(24)
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush, traffic }) => {
      const posted = Array.from({ length: 20_000 }, () => {
        const tag = integer(next, 0, 9)
        return { tag, receive: one!.irecv<number>({ source: 0, tag }) }
      })
      let cancelled = 0
      const cancelSome = (share: number): void => {
        for (const { receive } of posted) if (next() < share && receive.cancel()) cancelled++
      }
      const sendSome = (share: number): void => {
        for (const { tag, receive } of posted) if (!receive.test() && next() < share) zero!.isend(tag, { dest: 1, tag })
        flush()
      }
      cancelSome(0.3)
      sendSome(0.3)
      cancelSome(0.3)
      sendSome(1)
      expect(posted.filter(({ receive }) => receive.cancel())).toEqual([])
      expect(traffic(0, 1).messages).toBe(posted.length - cancelled)
      for (const { tag, receive } of posted) expect(receive.status!.cancelled ? tag : receive.value).toBe(tag)
      expect(cancelled).toBeGreaterThan(posted.length / 3)
    })
  })

  it('of 1,000 streams, each unsubscribed somewhere in the middle, on either rank', () => {
    const next = random(25)
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
      for (let tag = 0; tag < 1000; tag++) {
        const open: Subscription[] = [
          range(100)
            .pipe(sendTo(zero!, { dest: 1, tag }))
            .subscribe({ error: () => undefined }),
          receiveFrom(one!, { source: 0, tag }).subscribe({
            next: () => {
              if (next() < 0.05) open[integer(next, 0, 1)]?.unsubscribe()
            },
            error: () => undefined
          })
        ]
      }
      flush()
    })
  })
})
