/** mpi4py on Open MPI, under mpirun. */

import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Command } from './command.js'
import type { Peer } from './peer.js'
import type { Plan } from './plan.js'
import type { Case } from './suite.js'

const VERSIONS = `
import platform, mpi4py, numpy
from mpi4py import MPI
library = MPI.Get_library_version().split(",")[0].replace("v", "")
print(f"mpi4py {mpi4py.__version__} on {library}, Python {platform.python_version()}, NumPy {numpy.__version__}")`

const output = (file: string, args: string[]): string | undefined => {
  try {
    return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000 }).trim()
  } catch {
    return undefined
  }
}

/** Debian's packages are for Debian's own Python, which need not be the first on the PATH. */
export function mpi4py(): Peer | undefined {
  if (output('mpirun', ['--version']) === undefined) return undefined
  for (const python of ['/usr/bin/python3', 'python3']) {
    const versions = output(python, ['-c', VERSIONS])
    if (versions !== undefined) return { versions, command: (subject, plan) => mpirun(python, subject, plan) }
  }
  return undefined
}

function mpirun(python: string, { name, program = name, ranks, yields, hosts, windows }: Case, plan: Plan): Command {
  const file = fileURLToPath(new URL(`./peer/${program}.py`, import.meta.url))
  const flags = ['-n', String(ranks)]
  if (process.getuid?.() === 0) flags.push('--allow-run-as-root')
  if (yields || ranks > availableParallelism()) flags.push('--oversubscribe')
  if (hosts) flags.push('--mca', 'btl', 'tcp,self', '--mca', 'pml', 'ob1')
  // By default 4.1.4 takes osc/rdma, whose Compare_and_swap ends a process on shared memory with a segmentation fault, and which fails by TCP.
  if (windows) flags.push('--mca', 'osc', hosts ? 'pt2pt' : 'sm')
  if (yields) flags.push('--mca', 'mpi_yield_when_idle', '1')
  // osc/pt2pt does without threads, which mpi4py asks for.
  const env: Command['env'] = windows && hosts ? { MPI4PY_RC_THREADS: '0', MPI4PY_RC_THREAD_LEVEL: 'single' } : {}
  return { file: 'mpirun', env, args: [...flags, python, file, JSON.stringify(plan)] }
}
