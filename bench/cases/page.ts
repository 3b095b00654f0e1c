/** Small objects one way, in windows that an answer ends, for some seconds: whoever looks at the page of the job measures that. */

import { COMM_WORLD as comm, Request } from 'rxmpi'
import { steps } from './measure.js'

const object = { a: 7, b: 3.14 }
const { seconds = 1, window = 1 } = steps[0]!
const end = performance.now() + 1000 * seconds

if (comm.rank === 0) {
  while (performance.now() < end) {
    await Request.waitAll(Array.from({ length: window }, () => comm.isend(object, { dest: 1 })))
    await comm.recv({ source: 1 })
  }
  await comm.send(null, { dest: 1 })
} else {
  for (let count = 1; (await comm.recv({ source: 0 })) !== null; count++) if (count % window === 0) await comm.send(0, { dest: 0 })
}
