import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

/** What figures depend on and a reader has to know. */
export interface Machine {
  date: string
  cores: number
  cpu: string
  memory: string
  system: string
  /** How many processes were running or waiting to, in the minute before. */
  load: number
  node: string
  rxmpi: string
  peer?: string | undefined
}

export const machine = (peer?: string): Machine => ({
  date: new Date().toISOString().slice(0, 10),
  cores: availableParallelism(),
  cpu: cpus()[0]?.model ?? 'unknown processor',
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  system: `${type()} ${release()}`,
  load: loadavg()[0],
  node: process.version,
  rxmpi: JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version,
  peer
})

export const machineText = ({ date, cores, cpu, memory, system, node, rxmpi, peer }: Machine): string =>
  `rxmpi ${rxmpi} on Node ${node}${peer === undefined ? '' : `; ${peer}`}. ${cpu}, ${cores} cores, ${memory}, ${system}. ${date}.`
