import { type ChildProcess, spawn } from 'node:child_process'
import { hostModule } from '../../runtime/package.js'
import { isLocal } from '../options/hosts.js'
import type { Rendezvous } from '../protocol/host-protocol.js'

/**
 * Starts the process of a host, here or by ssh, and tells it on its standard input where its launcher is: the token is in no argument
 * list.
 */
export function startHost(name: string, rendezvous: Rendezvous, ssh: readonly string[]): ChildProcess {
  const [file, ...args] = hostCommand(name, ssh) as [string, ...string[]]
  const child = spawn(file, args, { stdio: ['pipe', 'inherit', 'inherit'] })
  child.stdin!.on('error', () => undefined)
  child.stdin!.write(`${JSON.stringify(rendezvous)}\n`)
  return child
}

export function hostCommand(name: string, ssh: readonly string[]): string[] {
  if (isLocal(name)) return [process.execPath, ...execArgv(), hostModule]
  const remote = `exec ${[process.execPath, ...execArgv(), hostModule].map(quoted).join(' ')}`
  return [...ssh, name, remote]
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/** Node's own options, without a program that was given among them. */
function execArgv(): string[] {
  return process.execArgv.some((option) => /^(--eval|-e|--print|-p|--input-type)/.test(option)) ? [] : process.execArgv
}
