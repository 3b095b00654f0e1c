/**
 * A file that both ranks write and read, a block of each at a time: blocks of a rank in a row, alone or together, or those of both
 * interleaved in one view.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMM_WORLD as comm } from 'rxmpi'
import { contiguous, resized } from 'rxmpi/layout'
import { report, steps, time } from './measure.js'

const folder = await comm.bcast(comm.rank === 0 ? mkdtempSync(join(tmpdir(), 'rxmpi-bench-')) : undefined)
const file = await comm.open(join(folder!, 'blocks'), 'w+', { deleteOnClose: true })

for (const step of steps) {
  const { row, size = 0, window = 1 } = step
  const [, direction, how] = /^(write|read)(.*)$/.exec(row)!
  const block = new Float64Array(size / 8).fill(comm.rank)
  // Interleaved: this rank's are every second one.
  const blocks = resized(contiguous(size), { extent: comm.size * size })
  if (how === '-interleaved') await file.setView({ at: comm.rank * size, layout: blocks })
  else await file.setView({ at: comm.rank * window * size })
  // Of short blocks many go in one call, as a program would have them in one array.
  const many = how === '-interleaved' ? new Float64Array((window * size) / 8).fill(comm.rank) : block
  const calls = how === '-interleaved' ? 1 : window
  const pass = async (): Promise<void> => {
    for (let k = 0; k < calls; k++) {
      const at = k * size
      if (direction === 'write') await (how === '' ? file.write(block, { at }) : file.writeAll(many, { at }))
      else await (how === '' ? file.read({ at, into: block }) : file.readAll({ at, into: many }))
    }
  }
  const ms = await time(step, async (iterations) => {
    for (let k = 0; k < iterations; k++) {
      await pass()
      await comm.barrier()
    }
  })
  report(step, (comm.size * window * size) / 1000 / ms)
}
await file.close()
if (comm.rank === 0) rmSync(folder!, { recursive: true })
