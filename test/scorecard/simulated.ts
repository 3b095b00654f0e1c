import { ANY_SOURCE, ANY_TAG, PROC_NULL, TAG_UB } from '../../src/constants.js'
import * as layouts from '../../src/layout/index.js'
import { BAND, createOp, MAX, MIN, PROD, SUM } from '../../src/op/op.js'
import { Persistent } from '../../src/request/persistent.js'
import { Request } from '../../src/request/request.js'
import { Status } from '../../src/request/status.js'
import * as locks from '../../src/sync/index.js'
import { explore, simulate } from '../../testing/index.js'
import { drive } from './drive.js'
import type { Finding, Program, Tools } from './program.js'

const tools: Tools = {
  ...layouts,
  ...locks,
  ANY_SOURCE,
  ANY_TAG,
  BAND,
  createOp,
  MAX,
  MIN,
  Persistent,
  PROC_NULL,
  PROD,
  Request,
  Status,
  SUM,
  TAG_UB
}

/** Orders of arrival of those programs whose result may depend on it. */
const SEEDS = 16

/** How much later a message may come then, in ms: ranks that have come from one collective do the next at different times. */
const JITTER = 4

/** What is left over, by the words that tell it. */
const LEFT: [RegExp, Finding][] = [
  [/ never received /, 'left: message'],
  [/ never looked at /, 'left: request'],
  [/ never freed /, 'left: not freed'],
  [/ holds /, 'left: lock']
]

/** What is found of a program in virtual time; nothing of a right one. `seed`: under one order of arrival. */
export function findingsIn(program: Program, seed?: number): Set<Finding> {
  const found = new Set<Finding>()
  const { ranks: size, body, options } = program
  const given = { latency: 1, bytesPerMs: 100_000, ...options }
  const test = ({ ranks }: Parameters<Parameters<typeof simulate>[2]>[0]): unknown[] => {
    const results: unknown[] = []
    ranks((comm) => {
      drive(
        body(comm, tools),
        (result) => {
          results[comm.rank] = result
        },
        (error) => found.add(error.name as Finding)
      )
    })
    return results
  }
  note(found, () => {
    if (seed !== undefined) simulate(size, { ...given, seed }, test)
    else if (program.class === 'message race' || program.class === 'global concurrency')
      explore({ ...given, jitter: JITTER, size, seeds: SEEDS }, test)
    else simulate(size, given, test)
  })
  return found
}

function note(found: Set<Finding>, run: () => void): void {
  try {
    run()
  } catch (thrown) {
    const error = thrown as Error
    const cause = error.name === 'ExplorationError' ? (error.cause as Error) : error
    if (cause.name === 'MarbleError') found.add('another result')
    else if (cause.name !== 'LeakError') found.add(cause.name as Finding)
    if (cause.name !== 'LeakError' && cause.name !== 'DeadlockError') return
    for (const [words, finding] of LEFT) if (words.test(cause.message)) found.add(finding)
  }
}
