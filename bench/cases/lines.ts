/**
 * Lines of text: read by all ranks, each its share, beside one that reads the whole by Node's own means; written by all ranks in rounds.
 */

import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { lastValueFrom, reduce } from 'rxjs'
import { COMM_WORLD as comm, SUM } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { meet, report, steps, time } from './measure.js'

const LINE = 99
const folder = await comm.bcast(comm.rank === 0 ? mkdtempSync(join(tmpdir(), 'rxmpi-bench-')) : undefined)
const path = join(folder!, 'lines')

/** Lines of 100 bytes with their end, some of them numbers. */
function makeLines(bytes: number): void {
  const some = Array.from({ length: 10_000 }, (_, k) => `${String(k).padEnd(LINE, ' lorem ipsum')}\n`).join('')
  for (let at = 0; at < bytes; at += some.length) writeFileSync(path, some, { flag: 'a' })
}

const lengthsOf = (share: 'block' | 'demand') => async (): Promise<number> => {
  using file = await comm.open(path)
  const lengths$ = mpi.readFrom<string>(file, { format: 'lines', share }).pipe(reduce((sum, { value }) => sum + value.length, 0))
  return await lastValueFrom(lengths$)
}

/** What a program of one rank does. */
async function lengthsByNode(): Promise<number> {
  let sum = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) sum += line.length
  return sum
}

/** The same without lines as a stream: chunks that are split. */
async function lengthsBySplit(): Promise<number> {
  let [sum, rest] = [0, '']
  for await (const chunk of createReadStream(path, { encoding: 'latin1', highWaterMark: 2 ** 20 })) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) sum += line.length
  }
  return sum
}

function* repeat(line: string, times: number): Generator<string> {
  for (let k = 0; k < times; k++) yield line
}

for (const step of steps) {
  const { row, size = 0, iterations } = step
  if (row === 'write') {
    const line = 'a line of a log '.padEnd(LINE, '.')
    const rounds = size / comm.size
    const ms = await time(step, async (count) => {
      for (let k = 0; k < count; k++) {
        const file = await comm.open(path, 'w')
        await lastValueFrom(mpi.pull(repeat(line, rounds)).pipe(mpi.writeTo(file, { format: 'lines', order: 'rounds' })))
        await file.close()
      }
    })
    report(step, size / 1000 / ms)
  } else {
    if (comm.rank === 0) makeLines(size)
    await meet()
    const all = size - size / 100
    const check = (sum: number): void => {
      if (sum !== all) throw new Error(`${sum} bytes of lines were read of ${all}`)
    }
    if (row === 'memory') {
      const before = process.memoryUsage.rss()
      let most = 0
      const timer = setInterval(() => {
        most = Math.max(most, process.memoryUsage.rss())
      }, 20)
      check(await comm.allreduce(await lengthsOf('block')(), SUM))
      clearInterval(timer)
      report(step, (most - before) / 1e6 / comm.size)
    } else {
      const share = row === 'demand' ? 'demand' : 'block'
      const read = lengthsOf(share)
      const ours = await time(step, async (count) => {
        for (let k = 0; k < count; k++) check(await comm.allreduce(await read(), SUM))
      })
      const by = row === 'split' ? lengthsBySplit : lengthsByNode
      const alone = await time({ ...step, iterations }, async (count) => {
        for (let k = 0; k < count && comm.rank === 0; k++) check(await by())
      })
      report(step, alone / ours)
    }
    if (comm.rank === 0) rmSync(path)
  }
}
if (comm.rank === 0) rmSync(folder!, { recursive: true })
