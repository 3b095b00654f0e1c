import { ACCEPT, Consensus, DECIDE, PROPOSE, REPORT, type Word } from '../../src/failure/consensus.js'

/** Rank `rank` of `size`, that adds up what the ranks say. */
function alone(rank: number, size: number) {
  const gone = new Set<number>()
  const sent: [number, Word<number, number>][] = []
  const decisions: number[] = []
  const consensus = new Consensus<number, number>(rank, size, {
    send: (to, word) => sent.push([to, word]),
    isGone: (other) => gone.has(other),
    combine: (contributions) => [...contributions.values()].reduce((sum, value) => sum + value, 0),
    decided: (value) => decisions.push(value)
  })
  const dies = (other: number): void => {
    gone.add(other)
    consensus.gone()
  }
  return { consensus, sent, decisions, dies }
}

describe('one rank of a consensus', () => {
  it('alone decides at once', () => {
    const { consensus, decisions } = alone(0, 1)
    consensus.enter(7)
    expect(decisions).toEqual([7])
  })

  it('coordinates as the lowest: collects, proposes, and decides when all have accepted', () => {
    const { consensus, sent, decisions } = alone(0, 3)
    consensus.hear(2, [REPORT, 30])
    consensus.enter(10)
    expect(consensus.missing).toEqual([1])
    consensus.hear(1, [REPORT, 20])
    expect(sent.splice(0)).toEqual([
      [1, [PROPOSE, 60]],
      [2, [PROPOSE, 60]]
    ])
    consensus.hear(2, [ACCEPT, null])
    expect([consensus.missing, decisions]).toEqual([[1], []])
    consensus.hear(1, [ACCEPT, null])
    expect(sent).toEqual([
      [1, [DECIDE, 60]],
      [2, [DECIDE, 60]]
    ])
    expect(decisions).toEqual([60])
  })

  it('waits for no one who has died, and leaves out what such a rank had said', () => {
    const { consensus, sent, decisions, dies } = alone(0, 3)
    consensus.enter(10)
    consensus.hear(1, [REPORT, 20])
    dies(1)
    consensus.hear(2, [REPORT, 30])
    expect(sent.splice(0)).toEqual([[2, [PROPOSE, 40]]])
    dies(2)
    expect(decisions).toEqual([40])
  })

  it('tells each coordinator once, and takes over what an earlier one has proposed', () => {
    const { consensus, sent, decisions, dies } = alone(2, 4)
    consensus.enter(30)
    dies(0)
    consensus.hear(1, [PROPOSE, 5])
    dies(1)
    expect(sent.splice(0)).toEqual([
      [0, [REPORT, 30]],
      [1, [REPORT, 30]],
      [1, [ACCEPT, null]],
      [3, [PROPOSE, 5]]
    ])
    consensus.hear(3, [ACCEPT, null])
    expect(decisions).toEqual([5])
  })

  it('does not go back to what an earlier coordinator has proposed, which comes late', () => {
    const { consensus, sent, dies } = alone(2, 3)
    consensus.enter(30)
    consensus.hear(1, [PROPOSE, 5])
    consensus.hear(0, [PROPOSE, 4])
    dies(0)
    dies(1)
    expect(sent.filter(([, [kind]]) => kind === ACCEPT)).toEqual([[1, [ACCEPT, null]]])
    expect(consensus.decided).toBe(true)
  })

  it('answers who asks when it knows', () => {
    const { consensus, sent, decisions } = alone(1, 3)
    consensus.enter(20)
    consensus.hear(0, [DECIDE, 6])
    consensus.hear(0, [DECIDE, 6])
    sent.length = 0
    consensus.hear(2, [REPORT, 30])
    expect(sent).toEqual([[2, [DECIDE, 6]]])
    expect(decisions).toEqual([6])
  })

  it('answers who has asked before it knows, for it has heard of a death that is not known here', () => {
    const { consensus, sent, decisions } = alone(1, 3)
    consensus.enter(20)
    consensus.hear(2, [REPORT, 30])
    sent.length = 0
    consensus.hear(0, [DECIDE, 6])
    expect(sent).toEqual([[2, [DECIDE, 6]]])
    expect(decisions).toEqual([6])
  })
})
