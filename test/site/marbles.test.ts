import { drawMarbles } from '../../site/markdown/marbles.js'

/** Marble diagrams of docstrings as pictures. */

const count = (svg: string | undefined, what: RegExp): number => [...svg!.matchAll(what)].length
const marbles = / marble"/g
const bars = /class="bar"/g

describe('a marble diagram of a docstring', () => {
  it('has a marble for each value, a bar for each end, and its words', () => {
    const svg = drawMarbles('rank 0 (root)   source a--b--|     out a--b--|\nrank 1          source (ignored)   out -a--b--|\n')
    expect(count(svg, marbles)).toBe(6)
    expect(count(svg, bars)).toBe(3)
    expect(svg).toMatch(/>rank 0 \(root\)<[\s\S]*>source \(ignored\)</)
  })

  it('gives values that are the same the same colour, wherever they are', () => {
    const colours = [...drawMarbles('source   a--b--a\nout      --a--b')!.matchAll(/class="(r\d) marble"/g)].map(([, colour]) => colour)
    expect(colours).toEqual(['r0', 'r1', 'r0', 'r0', 'r1'])
  })

  it('puts what happens at the same time below each other', () => {
    const [one, other] = [...drawMarbles('sent by rank 0        a\nirecv()              -a')!.matchAll(/<circle cx="([\d.]+)"/g)].map(
      ([, x]) => x
    )
    expect(one).toBe(other)
  })

  it('draws what happens at once, calls, errors, and when somebody subscribes and leaves', () => {
    expect(count(drawMarbles('rank 1   (abcd|)'), marbles)).toBe(1)
    expect(drawMarbles('sender   --ready(1)--ready(0)')).toMatch(/>ready\(1\)<[\s\S]*>ready\(0\)</)
    expect(count(drawMarbles('rank 1   irecv()   --#'), /line bold/g)).toBe(2)
    expect(count(drawMarbles('subscribed here    ^------!'), /<polygon/g)).toBe(2)
  })

  it.each([
    "one.isend('a', { dest: 0 })\nexpectObservable(zero.irecv<string>()).toBe('(a|)') // or is it b?",
    'writer → reader   NEXT … NEXT, then COMPLETE or ERROR, once',
    'arrival = max(previous arrival, now + latency)',
    'rxmpi run --trace run.json',
    'a non-blocking call'
  ])('is nothing else: %j', (text) => expect(drawMarbles(text)).toBeUndefined())
})
