import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ArgumentError } from '../../errors.js'
import { RENDEZVOUS, TOKEN } from '../../runtime/launch-env.js'
import { type HostSlots, isLocal } from '../options/hosts.js'

/** Launchers that place and start processes, of which each becomes a rank. */
export const ENGINES = ['slurm', 'hydra', 'openmpi'] as const
/** One of these launchers. */
export type EngineName = (typeof ENGINES)[number]

export interface EngineOptions {
  ranks: number
  /** Where nothing is named the engine decides. */
  hosts?: readonly HostSlots[] | undefined
  /** Ranks on each host. */
  ppn?: number | undefined
  /** The command that starts a process on another machine, where the engine starts them by one. */
  ssh?: readonly string[] | undefined
  /** The user's own options of the engine. */
  more: readonly string[]
  /** What it starts for each rank. */
  command: readonly string[]
  env: Readonly<Record<string, string | undefined>>
}

/** The engine's own command, as a user would type it. */
export function engineCommand(engine: EngineName, options: EngineOptions): string[] {
  return [...engines[engine](options), ...options.more, ...options.command]
}

const engines: Record<EngineName, (options: EngineOptions) => string[]> = {
  // PMI-1 over pmi2 is what the ranks find each other by where the command is run by hand.
  slurm: ({ ranks, hosts, ppn }) => [
    'srun',
    '-K1',
    '--mpi=pmi2',
    '--export=ALL',
    ...given('-w', hosts?.map(({ name }) => name).join()),
    ...given('-N', hosts?.length),
    ...given('--ntasks-per-node', hosts === undefined ? ppn : evenSlots(hosts), '='),
    '-n',
    String(ranks)
  ],
  hydra: ({ ranks, hosts, ppn, ssh, env }) => [
    firstOf(['mpiexec.hydra', 'mpiexec'], env),
    '-genvall',
    ...(hosts === undefined ? [] : ['-launcher', 'ssh']),
    ...given('-launcher-exec', hosts && ssh?.join(' ')),
    ...given('-hosts', hosts && listed(hosts)),
    ...given('-ppn', ppn),
    '-n',
    String(ranks)
  ],
  openmpi: ({ ranks, hosts, ppn, ssh, env }) => [
    firstOf(['mpirun.openmpi', 'mpirun'], env),
    // A rank has several threads, and ranks that outnumber the cores are fine here.
    '--bind-to',
    'none',
    ...(hosts === undefined && env.SLURM_JOB_ID === undefined ? ['--oversubscribe'] : []),
    ...(hosts === undefined || ssh === undefined ? [] : ['--mca', 'plm_rsh_agent', ssh.join(' ')]),
    ...given('--host', hosts && listed(hosts)),
    ...given('-N', ppn),
    '-x',
    RENDEZVOUS,
    '-x',
    TOKEN,
    '-n',
    String(ranks)
  ]
}

/** Whether the engine starts processes on other machines, as far as can be seen from here. */
export const isFar = (engine: EngineName, { hosts, env }: Pick<EngineOptions, 'hosts' | 'env'>): boolean =>
  hosts === undefined ? engine === 'slurm' || env.SLURM_JOB_ID !== undefined : hosts.some(({ name }) => !isLocal(name))

/** For a shell. */
export const shown = (words: readonly string[]): string =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')

const listed = (hosts: readonly HostSlots[]): string => hosts.map(({ name, slots }) => `${name}:${slots}`).join()

function evenSlots(hosts: readonly HostSlots[]): number {
  const [{ slots }] = hosts as [HostSlots]
  if (hosts.every((host) => host.slots === slots)) return slots
  throw new ArgumentError(`the hosts take different numbers of ranks (${listed(hosts)}), and srun gives each as many: make them equal`)
}

function given(option: string, value: string | number | undefined, joint?: '='): string[] {
  if (value === undefined) return []
  return joint === undefined ? [option, String(value)] : [`${option}=${value}`]
}

/** A name by which only this engine is known, where there is one. */
function firstOf(names: readonly string[], env: EngineOptions['env']): string {
  const directories = (env.PATH ?? '').split(delimiter)
  return names.find((name) => directories.some((directory) => isExecutable(join(directory, name)))) ?? names.at(-1)!
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
