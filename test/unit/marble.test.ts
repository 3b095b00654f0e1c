import { diagramOf } from '../../src/marble/diagram.js'
import { Letters } from '../../src/marble/letters.js'
import { drawPicture } from '../../src/marble/picture.js'
import { replay } from '../../src/marble/replay.js'
import { type Message, readRun } from '../../src/marble/run.js'
import { nice, readTime, scaleOf, timeText } from '../../src/marble/scale.js'
import { drawText } from '../../src/marble/text.js'
import { type Deed, recorded, traceOf } from './recorded.js'

const runOf = (size: number, deeds: readonly Deed[]) => readRun(traceOf(recorded(size, deeds)), 'run.json')
const draw = (size: number, deeds: readonly Deed[], options: Partial<Parameters<typeof diagramOf>[1]> = {}): string[] =>
  drawText(diagramOf(runOf(size, deeds), { columns: 30, ...options })).split('\n')

/** Ranks 0 and 1 say something to each other, every 10 ms; a message takes 2. */
const talk: Deed[] = [
  { at: 10, by: 0, sends: 1, tag: 7 },
  { at: 12, by: 1, receives: 0, tag: 7, waited: 3 },
  { at: 20, by: 1, sends: 0, tag: 8, bytes: 80 },
  { at: 22, by: 0, receives: 1, tag: 8, bytes: 80, waited: 1 },
  { at: 22, by: 0, sends: 1, tag: 7 },
  { at: 24, by: 1, receives: 0, tag: 7, waited: 1 }
]

describe('a trace', () => {
  it('is read as messages with both ends, and how ranks have ended', () => {
    const { ranks, messages } = runOf(2, [...talk, { at: 30, by: 0, ends: 'end' }, { at: 31, by: 1, ends: 'failure' }])
    expect(ranks).toEqual([
      { rank: 0, title: '0', end: { time: 30_000, how: 'end', reason: undefined } },
      { rank: 1, title: '1', end: { time: 31_000, how: 'failure', reason: 'has failed' } }
    ])
    const common = { kind: 'message', communicator: 'world' }
    expect(messages).toEqual([
      { from: 0, to: 1, sent: 10_000, received: 12_000, waited: 3000, tag: 7, datatype: 'number', bytes: 8, ...common },
      { from: 1, to: 0, sent: 20_000, received: 22_000, waited: 1000, tag: 8, datatype: 'Float64Array', bytes: 80, ...common },
      { from: 0, to: 1, sent: 22_000, received: 24_000, waited: 1000, tag: 7, datatype: 'number', bytes: 8, ...common }
    ])
  })

  it('is read as far as it goes, where it was broken off or laid out anew', () => {
    const whole = traceOf(recorded(2, talk))
    expect(readRun(whole.slice(0, -60), 'run.json').messages).toHaveLength(3)
    expect(readRun(JSON.stringify({ traceEvents: JSON.parse(whole) }, undefined, 2), 'run.json').messages).toHaveLength(3)
  })

  it.each(['', '{}', 'no trace', '[{"ph":"X"}]'])('is no other file: %p', (text) => {
    expect(() => readRun(text, 'other.json')).toThrow('other.json: expected a trace that rxmpi run --trace has written')
  })
})

describe('marble diagrams', () => {
  it('show per rank what it sends and receives, per link what arrives, and what letters stand for', () => {
    expect(draw(2, [...talk, { at: 25, by: 0, ends: 'end' }, { at: 25, by: 1, ends: 'end' }])).toEqual([
      '2 ranks, 3 messages, from 10 ms on; a column is 500 µs',
      '',
      '                  0                   +10 ms',
      '',
      'rank 0  sends     a-----------------------a----|',
      '        receives  ------------------------b----|',
      '',
      'rank 1  sends     --------------------b--------|',
      '        receives  ----a-----------------------a|',
      '',
      '0 → 1             ----a-----------------------a|',
      '1 → 0             ------------------------b----|',
      '',
      'a  0 → 1, tag 7, number, 8 B         × 2',
      'b  1 → 0, tag 8, Float64Array, 80 B  × 1',
      ''
    ])
  })

  it('show what falls into one column, or into those of a group, as a group, of many marks each once', () => {
    const burst = (times: readonly number[]): Deed[] =>
      times.flatMap((at, k): Deed[] => [
        { at, by: 0, sends: 1, tag: k % 3 },
        { at, by: 1, receives: 0, tag: k % 3 }
      ])
    const link = (times: readonly number[]): string => draw(2, burst(times), { by: 'links', columns: 31 })[4]!
    expect(link([0, 0.1, 10, 10.5, 13, 30])).toBe('0 → 1  (ab)------(cab)---------------c')
    expect(link([0, 0.1, 0.2, 1, 2, 3, 30])).toBe('0 → 1  (abc…)------------------------a')
  })

  it('show a failure, what was not received, and nothing of who was ended with the job', () => {
    const deeds: Deed[] = [
      { at: 0, by: 0, sends: 1 },
      { at: 1, by: 1, receives: 0 },
      { at: 2, by: 0, sends: 1 },
      { at: 3, by: 1, ends: 'failure' },
      { at: 4, by: 0, ends: 'cut' }
    ]
    const drawn = draw(2, deeds, { columns: 3 })
    expect(drawn[0]).toBe('2 ranks, 2 messages, 1 of them not received, from 0 µs on; a column is 1 ms')
    expect(drawn.slice(4, 10)).toEqual([
      'rank 0  sends     a-a',
      '        receives  ---',
      '',
      'rank 1  sends     ---#',
      '        receives  -a-#',
      ''
    ])
    expect(drawn[10]).toBe('0 → 1             -a-')
  })

  it('show the ranks, links, tags, kinds and times that are asked for', () => {
    const more: Deed[] = [...talk, { at: 30, by: 2, sends: 0, context: 1 }, { at: 31, by: 0, receives: 2, context: 1 }]
    const labels = (options: object): string[] =>
      draw(3, more, options)
        .slice(3)
        .filter((line) => /-/.test(line))
        .map((line) => line.slice(0, 17).trimEnd())
    expect(labels({ by: 'links' })).toHaveLength(3)
    expect(labels({ ranks: [2] })).toEqual(['rank 2  sends', '        receives', '2 → 0'])
    expect(draw(3, more, { links: [[1, 0]], by: 'links' })[0]).toMatch(/^3 ranks, 1 message of 4,/)
    expect(draw(3, more, { tags: [7] })[0]).toMatch(/^3 ranks, 2 messages of 4,/)
    expect(draw(3, more, { kinds: ['collective'] }).at(-2)).toBe('a  2 → 0, of a collective, number, 8 B  × 1')
    expect(draw(3, more, { since: 21_000, until: 23_000 })[0]).toMatch(/^3 ranks, 2 messages of 4, from 21 ms on; a column is 100 µs/)
  })

  it('are there for a run without messages', () => {
    expect(draw(1, [{ at: 1, by: 0, ends: 'end' }])[0]).toBe('1 rank, 0 messages, from 0 µs on; a column is 50 ns')
  })

  it('fold what would be too much', () => {
    const all = Array.from({ length: 30 }, (_, by): Deed[] => [
      { at: by, by, sends: (by + 1) % 30 },
      { at: by + 1, by: (by + 1) % 30, receives: by }
    ]).flat()
    expect(draw(30, all)).toEqual(
      expect.arrayContaining(['14 more ranks: choose some by --ranks', '6 more links, of fewer messages: choose some by --links'])
    )
  })
})

describe('letters', () => {
  const message = (from: number, bytes: number, tag: number): Message => {
    const rest = { to: 0, sent: 0, received: 1, waited: undefined, kind: 'message', communicator: 'world', datatype: 'Uint8Array' }
    return { from, bytes, tag, ...rest }
  }

  it('tell apart what they are enough for: first lengths are put together, then types and tags', () => {
    const lengths = new Letters(Array.from({ length: 100 }, (_, k) => message(0, k, 0)))
    expect(lengths.meanings()).toEqual([{ letter: 'a', text: '0 → 0, tag 0, Uint8Array, 0 B to 99 B', count: 100, from: 0 }])
    const tags = new Letters(Array.from({ length: 100 }, (_, k) => message(k % 2, 20_000, k)))
    expect(tags.meanings().map(({ text }) => text)).toEqual(['0 → 0, messages, 20 kB', '1 → 0, messages, 20 kB'])
    const ranks = new Letters(Array.from({ length: 100 }, (_, k) => message(k, 1, k)))
    expect(ranks.meanings()).toEqual([{ letter: 'a', text: 'messages, 1 B', count: 100, from: undefined }])
  })
})

describe('a scale', () => {
  it('has columns of 1, 2 or 5 times a power of ten', () => {
    expect([0.7, 1, 1.1, 2.5, 7, 20].map(nice)).toEqual([1, 1, 2, 5, 10, 20])
    expect(scaleOf(1234, 5678, 80)).toEqual({ since: 1200, until: 5678, unit: 100, columns: 45 })
  })

  it('reads and writes times', () => {
    expect(['12ms', '250us', '250 µs', '1.5s', '3', 'soon', '-1ms'].map(readTime)).toEqual([
      12_000,
      250,
      250,
      1.5e6,
      3000,
      undefined,
      undefined
    ])
    expect([0, 0.05, 7, 1500, 2e6].map(timeText)).toEqual(['0 µs', '50 ns', '7 µs', '1.5 ms', '2 s'])
  })
})

describe('a picture', () => {
  it('has a title, colours for light and dark, a marble for each message and a cross for a failure', () => {
    const svg = drawPicture(diagramOf(runOf(2, [...talk, { at: 30, by: 1, ends: 'failure' }]), { columns: 60 }))
    expect(svg).toMatch(/^<svg [\s\S]*<title>2 ranks, 3 messages<\/title>[\s\S]*prefers-color-scheme:dark[\s\S]*<\/svg>\n$/)
    // On both ranks, both links and in the legend.
    expect(svg.match(/<text[^>]*>[ab]<\/text>/g)).toHaveLength(3 + 3 + 2)
    // On rank 1 and on its link.
    expect(svg.match(/stroke-width="3"/g)).toHaveLength(2 * 2)
  })
})

describe('a replay', () => {
  it('sends and receives at the frames of the run', () => {
    const test = replay(runOf(2, talk), 'run.json', { unit: 1000 })
    expect(test).toContain("  '0,1': 2,\n  '1,0': 2\n")
    expect(test).toContain("  [0, 0, 1, 7, 'a'],\n  [10, 1, 0, 8, 'b'],\n  [12, 0, 1, 7, 'a']\n")
    expect(test).toContain("expectMessages(0, 1).toBe('--a-----------a')")
    expect(test).toContain("expectObservable(received(1, 0, 7, [0, 13])).toBe('--a-----------(a|)')")
  })
})
