import { addLanes, clusters, type Lanes, SHOWN_MS } from '../../src/launch/dashboard/model/lanes.js'
import { byteMatrix, shade } from '../../src/launch/dashboard/model/matrix.js'
import type { Mark } from '../../src/launch/dashboard/model/picture.js'
import { addRates, NO_RATES } from '../../src/launch/dashboard/model/rates.js'
import { waitGraph } from '../../src/launch/dashboard/model/waits.js'
import { bytes, count, duration, stateText } from '../../src/launch/dashboard/model/words.js'
import { callPicture, picture, rankPicture, waiting } from './dashboard-picture.js'

describe('who waits for whom', () => {
  it('is a cycle where each waits for the next and the last for the first, and no other wait is part of it', () => {
    const { cycles, waits } = waitGraph(picture([waiting(0, 1), waiting(1, 2), waiting(2, 0), waiting(3, 0), rankPicture(4)]))
    expect(cycles).toEqual([[0, 1, 2]])
    expect(waits.filter(({ inCycle }) => inCycle).map(({ from, to }) => [from, to])).toEqual([
      [0, 1],
      [1, 2],
      [2, 0]
    ])
  })

  it('finds each cycle, and one of a rank that waits for itself', () => {
    const { cycles } = waitGraph(picture([waiting(0, 1), waiting(1, 0), waiting(2, 3), waiting(3, 2), waiting(4, 4)]))
    expect([...cycles].sort()).toEqual([[0, 1], [2, 3], [4]])
  })

  it('is nothing for ranks that have done something in the last second: they only wait for the next message', () => {
    const quick = (process: number, peer: number) => ({ ...waiting(process, peer), still: 0.2 })
    expect(waitGraph(picture([quick(0, 1), quick(1, 0)])).waits).toEqual([])
  })

  it('is nothing for calls that may wait for ever, or for any rank', () => {
    const call = callPicture(1)
    const ranks = [
      { ...call, endless: true },
      { ...call, any: true, peers: [] }
    ].map((one, k) => ({ ...waiting(k, 1), calls: [one] }))
    expect(waitGraph(picture(ranks)).waits).toEqual([])
  })

  it('is kept of ranks that were cut off with the job', () => {
    const cut = [waiting(0, 1), waiting(1, 0)].map((rank) => ({ ...rank, state: 'cut' as const }))
    expect(waitGraph(picture(cut, { status: 130 })).cycles).toEqual([[0, 1]])
  })

  it('is known of ranks that have failed by a deadlock that was proved', () => {
    const failed = [waiting(0, 1), waiting(1, 0)].map((rank) => ({ ...rank, state: 'failed' as const, still: 0 }))
    expect(waitGraph(picture(failed)).cycles).toEqual([])
    expect(waitGraph(picture(failed, { deadlock: true })).cycles).toEqual([[0, 1]])
  })

  it('says whom all wait for in the end, along chains of any length', () => {
    const ranks = Array.from({ length: 5000 }, (_, k) => (k === 4999 ? rankPicture(k, { state: 'busy', silent: 7 }) : waiting(k, k + 1)))
    const { holders, cycles } = waitGraph(picture(ranks))
    expect(holders).toEqual([{ process: 4999, waiting: 4999 }])
    expect(cycles).toEqual([])
    expect(waitGraph(picture([...ranks.slice(0, -1), waiting(4999, 0)])).cycles[0]).toHaveLength(5000)
  })
})

describe('rates', () => {
  const at = (time: number, messages: number, answered = time) =>
    picture([rankPicture(0, { messages, bytes: 10 * messages, answered })], { time })

  it('are what was sent between two pictures, and nothing of what was before the first', () => {
    const rates = [at(1000, 500), at(1500, 600), at(2000, 850)].reduce(addRates, NO_RATES)
    expect(rates).toMatchObject({ times: [1, 1.5, 2], messages: [0, 200, 500], bytes: [0, 2000, 5000] })
  })

  it('end when ranks have answered, and not when the picture is drawn', () => {
    const rates = [at(1100, 0, 1000), at(1700, 100, 1500), at(2100, 200, 2000)].reduce(addRates, NO_RATES)
    expect(rates).toMatchObject({ times: [1, 1.5, 2], messages: [0, 200, 200] })
  })

  it('are spread over the time that a rank has not answered', () => {
    const rates = [at(1000, 0), at(1500, 0, 1000), at(2000, 0, 1000), at(2500, 300)].reduce(addRates, NO_RATES)
    expect(rates.messages).toEqual([0, 200, 200, 200])
  })

  it('keep some minutes', () => {
    let rates = NO_RATES
    for (let k = 1; k < 2000; k++) rates = addRates(rates, at(500 * k, k))
    expect(rates.times.length).toBeLessThan(1000)
    expect(rates.messages.at(-1)).toBeCloseTo(2)
  })
})

describe('lanes', () => {
  const mark = (n: number, time: number, kind: Mark['kind'] = 'send', peer = 1): Mark => ({ n, time, kind, peer, text: '' })
  const seen = (time: number, events: number, last: Mark[]) => picture([rankPicture(0, { events, last })], { time })

  it('have each mark once, though pictures tell it again, and how much was done in between', () => {
    const first = addLanes(new Map(), seen(1000, 2, [mark(0, 900), mark(1, 950)]))
    const lane = addLanes(first, seen(1500, 90, [mark(1, 950), mark(89, 1400)])).get(0)!
    expect(lane.marks.map(({ n }) => n)).toEqual([0, 1, 89])
    expect(lane.spans).toEqual([{ from: 1000, to: 1500, count: 88 }])
  })

  it('forget what is shown no more, and ranks that are no more', () => {
    let lanes: Lanes = new Map()
    for (let k = 1; k <= 1000; k++) lanes = addLanes(lanes, seen(500 * k, 10 * k, [mark(10 * k, 500 * k)]))
    expect(lanes.get(0)!.spans.length).toBeLessThanOrEqual(SHOWN_MS / 500 + 1)
    expect(lanes.get(0)!.marks.length).toBeLessThanOrEqual(SHOWN_MS / 500)
    expect(addLanes(lanes, picture([rankPicture(7)])).has(0)).toBe(false)
  })

  it('draw marks of one kind that are close together as one', () => {
    const lane = addLanes(new Map(), seen(1000, 4, [mark(0, 100), mark(1, 105), mark(2, 106, 'receive'), mark(3, 400, 'send', 2)])).get(0)!
    expect(clusters(lane, 0, 50)).toEqual([
      { kind: 'send', time: 100, count: 2, peer: 1 },
      { kind: 'receive', time: 106, count: 1, peer: 1 },
      { kind: 'send', time: 400, count: 1, peer: 2 }
    ])
    expect(clusters(lane, 300, 50)).toHaveLength(1)
  })
})

describe('the matrix of bytes', () => {
  it('has a row for each sender and a column for each receiver', () => {
    const {
      size,
      bytes: all,
      most,
      labels
    } = byteMatrix(picture([rankPicture(0), rankPicture(5, { title: '1.0' })], { pairs: [[5, 0, 2, 300]] }))
    expect({ size, all: [...all], most, labels }).toEqual({ size: 2, all: [0, 0, 300, 0], most: 300, labels: ['0', '1.0'] })
  })

  it('of many ranks has several in a row', () => {
    const ranks = Array.from({ length: 1000 }, (_, k) => rankPicture(k))
    const { size, step, labels, messages } = byteMatrix(
      picture(ranks, {
        pairs: [
          [0, 1, 1, 8],
          [1, 0, 2, 8],
          [999, 999, 5, 0]
        ]
      })
    )
    expect([size, step, labels[0], messages[0], messages.at(-1)]).toEqual([125, 8, '0…7', 3, 5])
  })

  it('shows whoever has sent anything, and the busiest darkest', () => {
    expect(shade(0, 0, 1e9)).toBe(0)
    expect(shade(0, 1, 1e9)).toBeGreaterThan(0.1)
    expect(shade(1e9, 1, 1e9)).toBe(1)
  })
})

it('numbers and times are short', () => {
  expect([0, 9999, 12_345, 999_999, 1_234_567].map(count)).toEqual(['0', '9,999', '12.3 k', '1.00 M', '1.23 M'])
  expect([0, 999, 1000, 65_536, -200, 1e15].map(bytes)).toEqual(['0 B', '999 B', '1.00 kB', '65.5 kB', '−200 B', '1.00 PB'])
  expect([0.25, 9.96, 75, 3700].map(duration)).toEqual(['0.3 s', '9 s', '1 min 15 s', '1 h 1 min'])
  expect(stateText(rankPicture(0, { state: 'busy', silent: 3.2 }))).toBe('busy, has not answered for 3.2 s')
})
