import { accessSync, constants, readFileSync } from 'node:fs'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { mayShareMemory } from '../../runtime/shared-memory-policy.js'
import { giveWay } from '../../transport/shared/give-way.js'
import { callsHere, INSTALL_CALLS } from '../../transport/shared/system-calls.js'
import { INSTALL_SOCKETS, libraryHere } from '../../transport/websocket/serve.js'

/** What is looked at, and what is wrong with it. */
export interface Finding {
  /** `slow`: programs run, and could run faster; `missing`: some do not run. */
  state: 'ok' | 'slow' | 'missing'
  what: string
  found: string
  /** What to do. */
  remedy?: string
}

/** Of the machine, as far as it can be asked; texts as the files of Linux have them, undefined where there is none. */
export interface Machine {
  node: string
  cores: number
  memory: number
  /** Why links between hosts are not served by uWebSockets.js. */
  noSockets: string | undefined
  /** Why processes of this machine share no memory. */
  noSharing: string | undefined
  givesWay: boolean
  /** Node's options and variables ask for huge pages. */
  tunables: string
  temporary: { path: string; writable: boolean }
  read(path: string): string | undefined
}

export function thisMachine(): Machine {
  return {
    node: process.versions.node,
    cores: availableParallelism(),
    memory: Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
    noSockets: libraryHere().why,
    noSharing: mayShareMemory(process.env) ? callsHere().why : OFF,
    givesWay: giveWay(),
    tunables: process.env.GLIBC_TUNABLES ?? '',
    temporary: { path: tmpdir(), writable: isWritable(tmpdir()) },
    read: (path) => {
      try {
        return readFileSync(path, 'utf8').trim()
      } catch {
        return undefined
      }
    }
  }
}

const OFF = 'RXMPI_SHARED_MEMORY=0'

/** Threads that a rank may have: its own, and those that Node starts for it. */
const THREADS_A_RANK = 2
const THREADS_OF_NODE = 16
/** Files that a process has open before it has any link. */
const FILES_OF_NODE = 64
/** What a rank takes that does nothing. */
const RANK_MIB = 8

/** What is found, a line each, for jobs of so many ranks on this machine. */
export function doctor(machine: Machine, ranks: number): Finding[] {
  return [
    nodeOf(machine),
    coresOf(machine, ranks),
    quotaOf(machine),
    yielding(machine),
    memoryOf(machine, ranks),
    threads(machine, ranks),
    files(machine, ranks),
    pages(machine),
    sockets(machine),
    sharing(machine),
    clock(machine),
    temporary(machine)
  ].filter((finding) => finding !== undefined)
}

export function printable(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length))
  return findings
    .map(
      ({ state, what, found, remedy }) =>
        `${state.padEnd(7)}  ${what.padEnd(width)}  ${found}${remedy === undefined ? '' : `: ${remedy}`}\n`
    )
    .join('')
}

function nodeOf({ node }: Machine): Finding {
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const found = { what: 'node', found: node }
  if (major < 20) return { ...found, state: 'missing', remedy: 'rxmpi needs Node 20 or later' }
  if (major > 22 || (major === 22 && minor >= 18)) return { ...found, state: 'ok' }
  return {
    ...found,
    state: 'ok',
    remedy: 'where plain node runs a .ts program say node --import rxmpi/register; from 22.18 on it needs nothing'
  }
}

function coresOf({ cores }: Machine, ranks: number): Finding {
  const found = { what: 'cores', found: `${cores} for ${ranks} ranks` }
  if (ranks <= cores) return { ...found, state: 'ok' }
  return { ...found, state: 'slow', remedy: `a rank that waits sleeps, and waking it takes 20 µs and more; -n ${cores} leaves each a core` }
}

/** The part of the cores that a container may use, which Node does not know of. */
function quotaOf({ read, cores }: Machine): Finding | undefined {
  const [quota, period] = (read('/sys/fs/cgroup/cpu.max') ?? '').split(' ')
  if (quota === undefined || period === undefined || quota === 'max') return undefined
  const share = Number(quota) / Number(period)
  const found = { what: 'processor quota', found: `${share.toFixed(1)} of ${cores} cores` }
  if (share >= cores) return { ...found, state: 'ok' }
  return {
    ...found,
    state: 'slow',
    remedy: `more ranks than ${Math.max(1, Math.floor(share))} are stopped in turns; raise the limit of the container, or take fewer`
  }
}

function yielding({ givesWay }: Machine): Finding {
  const found = { what: 'giving way', found: givesWay ? 'by sched_yield of node:wasi' : 'node:wasi does not load' }
  if (givesWay) return { ...found, state: 'ok' }
  return { ...found, state: 'slow', remedy: 'ranks that wait sleep sooner; under --permission say --allow-wasi' }
}

function memoryOf({ memory }: Machine, ranks: number): Finding {
  const most = Math.floor(memory / 2 ** 20 / RANK_MIB)
  const found = { what: 'memory', found: `${(memory / 2 ** 30).toFixed(1)} GiB` }
  if (ranks <= most) return { ...found, state: 'ok' }
  return {
    ...found,
    state: 'missing',
    remedy: `${ranks} ranks take ${RANK_MIB} MiB each before they do anything; take at most ${most} here, or several hosts`
  }
}

function threads({ read }: Machine, ranks: number): Finding | undefined {
  const limits = [limit(read, 'Max processes'), Number(read('/sys/fs/cgroup/pids.max') ?? 'NaN')].filter((number) => number >= 0)
  if (limits.length === 0) return undefined
  const least = Math.min(...limits)
  const needed = THREADS_OF_NODE + THREADS_A_RANK * ranks
  const found = { what: 'threads', found: `at most ${least}` }
  if (least >= needed) return { ...found, state: 'ok' }
  return { ...found, state: 'missing', remedy: `${ranks} ranks need some ${needed}; raise ulimit -u, or pids.max of the container` }
}

function files({ read }: Machine, ranks: number): Finding | undefined {
  const most = limit(read, 'Max open files')
  if (Number.isNaN(most)) return undefined
  const needed = FILES_OF_NODE + 2 * ranks
  const found = { what: 'open files', found: `at most ${most}` }
  if (most >= needed) return { ...found, state: 'ok' }
  return { ...found, state: 'missing', remedy: `${ranks} processes that are linked need some ${needed}; raise ulimit -n` }
}

function pages({ read, tunables }: Machine): Finding | undefined {
  const [, chosen] = /\[(\w+)\]/.exec(read('/sys/kernel/mm/transparent_hugepage/enabled') ?? '') ?? []
  if (chosen === undefined) return undefined
  const found = { what: 'huge pages', found: chosen }
  if (chosen === 'always' || (chosen === 'madvise' && tunables.includes('glibc.malloc.hugetlb=1'))) return { ...found, state: 'ok' }
  const ask = 'for arrays of some 10 MiB and more, GLIBC_TUNABLES=glibc.malloc.hugetlb=1 asks for them'
  if (chosen === 'madvise') return { ...found, state: 'slow', remedy: ask }
  return { ...found, state: 'slow', remedy: `write madvise to /sys/kernel/mm/transparent_hugepage/enabled; then ${ask}` }
}

function sockets({ noSockets }: Machine): Finding {
  if (noSockets === undefined) return { what: 'sockets', found: 'uWebSockets.js loads', state: 'ok' }
  return {
    what: 'sockets',
    found: noSockets,
    state: 'slow',
    remedy: `links between hosts are served over Node's own; for several hosts: ${INSTALL_SOCKETS}`
  }
}

function sharing({ noSharing }: Machine): Finding {
  const found = { what: 'processes', found: noSharing ?? 'share memory, by koffi' }
  if (noSharing === undefined) return { ...found, state: 'ok' }
  const sockets = 'processes of this machine are joined by sockets, 3 to 10 times as slow'
  if (noSharing === OFF) return { ...found, state: 'slow', remedy: `${sockets}; take that variable away` }
  return { ...found, state: 'slow', remedy: `${sockets}; where ranks are processes of their own: ${INSTALL_CALLS}` }
}

/** Reading the clock is a call of the system for some sources. */
function clock({ read }: Machine): Finding | undefined {
  const source = read('/sys/devices/system/clocksource/clocksource0/current_clocksource')
  if (source === undefined) return undefined
  if (/tsc|kvm-clock|arch_sys_counter|hyperv/.test(source)) return { what: 'clock', found: source, state: 'ok' }
  return {
    what: 'clock',
    found: source,
    state: 'slow',
    remedy: 'each look at the time is a call of the system; where the processor has a steady tsc, boot with clocksource=tsc'
  }
}

function temporary({ temporary: { path, writable } }: Machine): Finding {
  if (writable) return { what: 'temporary files', found: path, state: 'ok' }
  return {
    what: 'temporary files',
    found: `${path} cannot be written to`,
    state: 'missing',
    remedy: 'programs are compiled there; set TMPDIR'
  }
}

function limit(read: Machine['read'], name: string): number {
  const [, soft] = new RegExp(`^${name} +(\\S+)`, 'm').exec(read('/proc/self/limits') ?? '') ?? []
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
