import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BroadcastChannel } from 'node:worker_threads'
import { COMM_WORLD as comm, type RxmpiError, TAG_UB } from 'rxmpi'

/**
 * Checks that all ranks run together, one after the other. Between them the ranks meet beside rxmpi, so that no message of one check is
 * received by another and a check that fails on one rank does not change what the others test.
 */
let passed = 0
let failed = 0

export async function check(name: string, body: () => unknown): Promise<void> {
  await meet()
  try {
    await body()
    // What a check has left would be received by the next.
    await meet()
    const left = comm.iprobe()
    assert.equal(left, undefined, 'a message is left over')
    passed++
  } catch (error) {
    failed++
    console.log(`FAILED ${name}: ${(error as Error).stack}`)
    await meet()
    while (comm.iprobe() !== undefined) await comm.recv()
  }
}

/** Says how it went; the last call of a program. */
export function report(): void {
  console.log(`${passed} passed, ${failed} failed`)
  channel.close()
}

const channel = new BroadcastChannel('checks')
const here = new Map<number, number>()
let round = 0
const directory = process.env.CHECKS_DIRECTORY
let arrived: () => void = () => undefined

channel.onmessage = (event) => {
  const { data } = event as { data: number }
  here.set(data, (here.get(data) ?? 0) + 1)
  arrived()
}

// Who is told nothing before he listens.
for (let rank = 0; rank < comm.size; rank++) await comm.send('I listen', { dest: rank, tag: TAG_UB })
for (let rank = 0; rank < comm.size; rank++) await comm.recv({ source: rank, tag: TAG_UB })

/** Resolves when all ranks have come. */
export async function meet(): Promise<void> {
  const now = ++round
  if (directory !== undefined) return meetByFiles(directory, now)
  channel.postMessage(now)
  while ((here.get(now) ?? 0) < comm.size - 1) {
    await new Promise<void>((resolve) => {
      arrived = resolve
    })
  }
  here.delete(now)
}

/** Ranks in several processes see no channel of threads. */
async function meetByFiles(place: string, now: number): Promise<void> {
  writeFileSync(join(place, `${now}-${comm.rank}`), '')
  for (let rank = 0; rank < comm.size; rank++) {
    while (!existsSync(join(place, `${now}-${rank}`))) await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** What a promise is rejected with, or what a call throws. */
export async function failureOf(attempt: Promise<unknown> | (() => unknown)): Promise<RxmpiError> {
  try {
    await (typeof attempt === 'function' ? attempt() : attempt)
  } catch (error) {
    return error as RxmpiError
  }
  throw new assert.AssertionError({ message: 'it did not fail' })
}

/** Lets everything else have its turn, and other ranks as well. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Polls until it is so. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}
