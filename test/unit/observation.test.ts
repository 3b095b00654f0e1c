import { observe } from '../../src/runtime/observation.js'
import { Network } from './network.js'

/** The bytes of typed arrays that are sent whole, in segments, behind a full window, after a match and by moving. */
const LENGTHS = [0, 8, 3000, 40_000, 65_536, 70_000, 200_000]

describe('what a rank says to those who look on', () => {
  it('counts messages and their bytes by receivers, however they go', async () => {
    for (const moves of [false, true]) {
      const network = new Network(3, { moves })
      const [comm, other] = network.worlds
      const received: Promise<unknown>[] = []
      for (let round = 0; round < 20; round++) {
        for (const length of LENGTHS) {
          const transfer = moves && round % 2 === 1 && length > 0
          void comm!.isend(new Uint8Array(length), { dest: 1, transfer }).wait()
          received.push(other!.irecv({ source: 0 }).wait())
        }
      }
      void comm!.issend(new Uint8Array(16), { dest: 2 }).wait()
      network.settle()
      await Promise.all(received)
      const { paths } = observe([network.endpoints[0]!])
      const bytes = 20 * LENGTHS.reduce((sum, length) => sum + length, 0)
      expect(paths.find(({ to }) => to === 1)).toMatchObject({ messages: 20 * LENGTHS.length, bytes, queued: 0, unmatched: 0 })
      expect(paths.find(({ to }) => to === 2)).toMatchObject({ messages: 1, bytes: 16, unmatched: 1 })
      expect(observe([network.endpoints[2]!]).unreceived).toBe(1)
    }
  })

  it('says what waits for credit, and how little of that is left', () => {
    const network = new Network(2)
    for (let k = 0; k < 40; k++) void network.worlds[0]!.isend(new Uint8Array(60_000), { dest: 1 }).wait()
    network.settle()
    const [path] = observe([network.endpoints[0]!]).paths
    expect(path!.messages + path!.queued).toBe(40)
    expect(path!.queued).toBeGreaterThan(20)
    expect(path!.credit).toBeLessThan(60_000 + 128)
  })

  it('says which calls wait for whom, and where they are', () => {
    const network = new Network(3)
    const [comm] = network.worlds
    void comm!.irecv({ source: 2, tag: 5 }).wait()
    void comm!.irecv({ tag: 6 }).wait()
    const { calls, moreCalls } = observe([network.endpoints[0]!])
    expect(moreCalls).toBe(0)
    expect(calls).toEqual(
      expect.arrayContaining([
        {
          what: 'in recv for rank 2, tag 5',
          at: expect.stringMatching(/observation\.test\.ts:\d+:\d+$/),
          peers: [2],
          any: false,
          endless: false
        },
        expect.objectContaining({ what: expect.stringContaining('any'), peers: [], any: true })
      ])
    )
  })

  it('tells a few of many calls', () => {
    const network = new Network(2)
    for (let k = 0; k < 50; k++) void network.worlds[0]!.irecv({ source: 1, tag: k }).wait()
    const { calls, moreCalls } = observe([network.endpoints[0]!])
    expect(calls.length + moreCalls).toBe(50)
    expect(calls.length).toBeLessThan(10)
  })
})
