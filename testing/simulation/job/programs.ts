import type { Communicator } from '../../../src/communicator/communicator.js'
import type { Intercommunicator } from '../../../src/communicator/intercommunicator.js'
import { nearestOf } from '../../../src/diagnostics/option-names.js'
import { ArgumentError } from '../../../src/errors.js'
import type { Refusal, SpawnOrder } from '../../../src/progress/job-services.js'

/** What a spawned program is given beside its communicators, as `spawn` has said it. */
export interface ProgramSetting {
  /** What would follow the program in `process.argv`. */
  readonly args: readonly string[]
  /** Only what was given to `spawn`: a simulated rank has no environment of its own. */
  readonly env: Readonly<Record<string, string>>
}

/** What a spawned rank runs: `world` and `parent` are what COMM_WORLD and COMM_PARENT are elsewhere. */
export type SimulatedProgram = (world: Communicator, parent: Intercommunicator, setting: ProgramSetting) => unknown

/** Programs by the ends of their paths: of several that fit the longest is taken. */
export type SimulatedPrograms = Readonly<Record<string, SimulatedProgram>>

/** A name without what says only that it is a path. */
const plain = (name: string): string => name.replace(/^(\.{1,2}\/)+/, '')

/** The program of an absolute path: the one whose name is its end, of several the longest. */
export function programAt(path: string, programs: SimulatedPrograms): SimulatedProgram | undefined {
  const fitting = Object.keys(programs).filter((name) => path === name || path.endsWith(`/${plain(name)}`))
  const [longest] = fitting.sort((a, b) => b.length - a.length)
  return longest === undefined ? undefined : programs[longest]
}

/** Why what is asked for cannot be started. */
export function refusalOf({ parts, where }: SpawnOrder, programs: SimulatedPrograms): Refusal | undefined {
  const { hosts, placement } = where
  const [first] = parts
  if (hosts !== undefined || (placement ?? 'thread') !== 'thread') {
    const what = hosts === undefined ? `placement: '${placement}'` : `hosts: '${hosts}'`
    const message = `${what}: in a simulation spawned ranks are on the host of the root; give neither hosts nor placement`
    return { name: 'SpawnError', message, context: { program: first!.program } }
  }
  const missing = parts.find(({ program }) => programAt(program, programs) === undefined)
  if (missing === undefined) return undefined
  const { program } = missing
  const names = Object.keys(programs)
  const nearest = nearestOf(program.slice(program.lastIndexOf('/') + 1), names)
  const known = names.length === 0 ? 'it was given none' : `it has ${names.map((name) => `'${name}'`).join(', ')}`
  const advice = nearest === undefined ? known : `did you mean '${nearest}'?`
  const message = `${program} is none of the programs that simulate was given: ${advice}`
  return { name: 'SpawnError', message, context: { program } }
}

export function checkPrograms(programs: unknown): void {
  const isRight =
    typeof programs === 'object' && programs !== null && Object.values(programs).every((program) => typeof program === 'function')
  if (!isRight) throw new ArgumentError(`programs: expected functions by name, { 'worker.ts': (world, parent) => … }, got ${programs}`)
}
