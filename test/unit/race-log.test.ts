import { take } from 'rxjs'
import { ANY_TAG } from '../../src/constants.js'
import { RaceLog } from '../../src/progress/race-log.js'
import { type SimulateHelpers, simulate } from '../../testing/index.js'

/** What is told of rank 0 at the end. */
function told(program: (helpers: SimulateHelpers) => void, latency = 1): string[] {
  const races = new RaceLog()
  simulate(3, { latency, leaks: 'ignore' }, (helpers) => {
    races.follow(helpers.comms[0]!.core.endpoint)
    program(helpers)
    helpers.flush()
  })
  return races.lines('0')
}

const both = ([, one, two]: SimulateHelpers['comms']): void => {
  one!.isend('a', { dest: 0, tag: 4 })
  two!.isend('b', { dest: 0, tag: 5 })
}

const LINE = String.raw`at test/unit/race-log\.test\.ts:\d+:\d+`

test('a receive that finds messages of several senders is told, with its line, ranks and tags', () => {
  const lines = told(({ comms, flush }) => {
    both(comms)
    flush()
    for (let k = 0; k < 2; k++) comms[0]!.irecv()
  })
  expect(lines).toEqual([
    expect.stringMatching(
      new RegExp(`^rank 0 had a receive that could have matched messages of several senders, ${LINE}: rank 1, tag 4; rank 2, tag 5$`)
    )
  ])
})

test('so is one that has waited, when another message comes before this rank has sent anything', () => {
  const lines = told(({ comms }) => {
    const [zero] = comms
    for (let k = 0; k < 2; k++) zero!.irecv()
    both(comms)
  })
  expect(lines).toHaveLength(1)
})

test('a message that may have been sent because of the receive is none that it could have matched', () => {
  const lines = told(({ comms: [zero, one, two] }) => {
    zero!.irecv().subscribe(() => {
      zero!.isend('go on', { dest: 2 })
      zero!.irecv()
    })
    two!.irecv().subscribe(() => two!.isend('b', { dest: 0 }))
    one!.isend('a', { dest: 0 })
  })
  expect(lines).toEqual([])
})

test.each([
  [
    'whose source is named',
    ({ comms }: SimulateHelpers) => {
      for (const source of [1, 2]) comms[0]!.irecv({ source, tag: ANY_TAG })
      both(comms)
    }
  ],
  [
    'whose tags tell the messages apart',
    ({ comms }: SimulateHelpers) => {
      for (const tag of [4, 5]) comms[0]!.irecv({ tag })
      both(comms)
    }
  ],
  [
    'of several messages of one sender',
    ({ comms: [zero, one] }: SimulateHelpers) => {
      for (let k = 0; k < 3; k++) {
        one!.isend(k, { dest: 0 })
        zero!.irecv()
      }
    }
  ],
  [
    'of a collective',
    ({ ranks }: SimulateHelpers) => {
      ranks((comm) => comm.igather(comm.rank))
    }
  ]
])('a receive %s is no race', (_, program) => {
  expect(told(program)).toEqual([])
})

test('messages() and mprobe are receives, too; several of one line are counted', () => {
  const lines = told(({ comms, flush }) => {
    const [zero] = comms
    both(comms)
    both(comms)
    flush()
    zero!.messages().pipe(take(3)).subscribe()
    expect(zero!.improbe()).toBeDefined()
  })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^rank 0 had 3 receives /)
})
