import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ANY_SOURCE, ANY_TAG } from '../../src/constants.js'
import { type Arrived, Matching, type Posted } from '../../src/progress/matching.js'

class Receive implements Posted {
  order = 0
  gone = true
  constructor(
    readonly name: number,
    readonly peer: number,
    readonly tag: number
  ) {}
}

class Message implements Arrived {
  gone = false
  constructor(
    readonly name: number,
    readonly source: number,
    readonly tag: number
  ) {}

  get order(): number {
    return this.name
  }
}

/** What MPI says, word for word: lists in the order of posting and of arrival, and a search from their front. */
class Model {
  readonly posted: Receive[] = []
  readonly unexpected: Message[] = []

  match(source: number, tag: number): Receive | undefined {
    const at = this.posted.findIndex((receive) => fits(receive.peer, receive.tag, source, tag))
    return at < 0 ? undefined : this.posted.splice(at, 1)[0]
  }

  find(peer: number, tag: number): Message | undefined {
    return this.unexpected.find((message) => fits(peer, tag, message.source, message.tag))
  }

  withdraw(receive: Receive): boolean {
    const at = this.posted.indexOf(receive)
    if (at >= 0) this.posted.splice(at, 1)
    return at >= 0
  }

  take(message: Message): void {
    this.unexpected.splice(this.unexpected.indexOf(message), 1)
  }

  /** Messages are named in the order in which they came. */
  putBack(message: Message): void {
    const at = this.unexpected.findIndex(({ name }) => name > message.name)
    this.unexpected.splice(at < 0 ? this.unexpected.length : at, 0, message)
  }
}

const fits = (peer: number, wanted: number, source: number, tag: number): boolean =>
  (peer === ANY_SOURCE || peer === source) && (wanted === ANY_TAG || wanted === tag)

type Step =
  | { kind: 'receive' | 'find' | 'post'; peer: number; tag: number }
  | { kind: 'arrive'; source: number; tag: number }
  | { kind: 'withdraw' | 'putBack'; which: number }

const SIZE = 3

function steps(tags: number, length: number): fc.Arbitrary<Step[]> {
  const peer = fc.oneof({ weight: 3, arbitrary: fc.nat(SIZE - 1) }, { weight: 1, arbitrary: fc.constant(ANY_SOURCE) })
  const wanted = fc.oneof({ weight: 3, arbitrary: fc.nat(tags - 1) }, { weight: 1, arbitrary: fc.constant(ANY_TAG) })
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('receive' as const, 'post' as const), peer, tag: wanted }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('find' as const), peer, tag: wanted }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('arrive' as const), source: fc.nat(SIZE - 1), tag: fc.nat(tags - 1) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), which: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('putBack' as const), which: fc.nat(1000) }) }
  )
  return fc.array(step, { maxLength: length, size: 'max' })
}

test('brings together what lists searched from their front would', () => {
  fc.assert(fc.property(steps(3, 200), run), { numRuns: 400 })
})

test('does so with hundreds of tags, more than it keeps queues for', () => {
  fc.assert(fc.property(steps(2000, 1500), run), { numRuns: 20 })
})

function run(steps: readonly Step[]): void {
  const matching = new Matching<Receive, Message>(SIZE)
  const model = new Model()
  const receives: Receive[] = []
  const taken: Message[] = []
  for (const [name, step] of steps.entries()) {
    switch (step.kind) {
      case 'receive':
      case 'post': {
        const receive = new Receive(name, step.peer, step.tag)
        const message = matching.find(step.peer, step.tag)
        assert.equal(message, model.find(step.peer, step.tag))
        if (message !== undefined) {
          matching.take(message)
          model.take(message)
          taken.push(message)
        } else {
          matching.post(receive)
          model.posted.push(receive)
          receives.push(receive)
        }
        break
      }
      case 'find':
        assert.equal(matching.find(step.peer, step.tag), model.find(step.peer, step.tag))
        break
      case 'arrive': {
        const receive = matching.match(step.source, step.tag)
        assert.equal(receive?.name, model.match(step.source, step.tag)?.name)
        if (receive !== undefined) break
        const message = new Message(name, step.source, step.tag)
        matching.keep(message)
        model.unexpected.push(message)
        break
      }
      case 'withdraw': {
        const receive = receives[step.which % Math.max(1, receives.length)]
        if (receive !== undefined) assert.equal(matching.withdraw(receive), model.withdraw(receive))
        break
      }
      case 'putBack': {
        // Only what no receive waits for comes back: the endpoint asks for a match first.
        const [message] = taken.splice(step.which % Math.max(1, taken.length), 1)
        if (message === undefined) break
        const receive = matching.match(message.source, message.tag)
        assert.equal(receive?.name, model.match(message.source, message.tag)?.name)
        if (receive !== undefined) break
        matching.putBack(message)
        model.putBack(message)
      }
    }
    for (let source = 0; source < SIZE; source++) {
      assert.equal(
        matching.waitsFor(source),
        model.posted.some(({ peer }) => peer === source || peer === ANY_SOURCE)
      )
    }
  }
  assert.deepEqual(new Set(matching.waiting()), new Set(model.posted))
  for (let source = 0; source < SIZE; source++) {
    assert.deepEqual(
      [...matching.unexpected(source)].map(({ name }) => name),
      model.unexpected.filter((message) => message.source === source).map(({ name }) => name)
    )
  }
}

describe('non-overtaking', () => {
  test('two messages that both match a receive come in the order they were sent', () => {
    const matching = new Matching<Receive, Message>(2)
    for (const name of [1, 2]) matching.keep(new Message(name, 1, 7))
    expect(matching.find(ANY_SOURCE, ANY_TAG)?.name).toBe(1)
    matching.take(matching.find(1, 7)!)
    expect(matching.find(1, ANY_TAG)?.name).toBe(2)
  })

  test('of two receives that both match a message the first posted gets it, however exact the other is', () => {
    const matching = new Matching<Receive, Message>(2)
    matching.post(new Receive(1, ANY_SOURCE, ANY_TAG))
    matching.post(new Receive(2, 1, 7))
    expect(matching.match(1, 7)?.name).toBe(1)
    expect(matching.match(1, 7)?.name).toBe(2)
    expect(matching.match(1, 7)).toBeUndefined()
  })

  test('a receive posted again waits at the end', () => {
    const matching = new Matching<Receive, Message>(2)
    const again = new Receive(1, 1, 7)
    matching.post(again)
    matching.post(new Receive(2, 1, 7))
    expect(matching.match(1, 7)).toBe(again)
    matching.post(again)
    expect(matching.match(1, 7)?.name).toBe(2)
    expect(matching.match(1, 7)).toBe(again)
  })
})
