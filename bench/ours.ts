/** A case with rxmpi, as a user would start it. */

import { fileURLToPath } from 'node:url'
import type { Command } from './command.js'
import type { Plan } from './plan.js'
import type { Case } from './suite.js'

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Hosts of a rank each, or threads of one, or processes. */
const where = ({ hosts, processes, ranks }: Case): string[] => {
  if (hosts) return ['--host', Array.from({ length: ranks }, () => 'localhost:1').join(',')]
  return ['-n', String(ranks), ...(processes ? ['--placement', 'process'] : [])]
}

/** `options`: of `rxmpi run`. */
export const ours = (subject: Case, plan: Plan, options: readonly string[] = []): Command => ({
  file: process.execPath,
  // What stands for several machines has no memory in common.
  env: { RXMPI_SHARED_MEMORY: subject.hosts ? '0' : '1' },
  args: [
    file('../bin/rxmpi.js'),
    'run',
    ...where(subject),
    '--no-prefix',
    ...options,
    file(`./cases/${subject.program ?? subject.name}.ts`),
    JSON.stringify(plan)
  ]
})
