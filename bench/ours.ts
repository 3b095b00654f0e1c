/** A case with rxmpi, as a user would start it. */

import { fileURLToPath } from 'node:url'
import type { Command } from './command.js'
import type { Plan } from './plan.js'
import type { Case } from './suite.js'

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Hosts of a rank each, or threads of one. */
const where = ({ hosts, ranks }: Case): string[] =>
  hosts ? ['--host', Array.from({ length: ranks }, () => 'localhost:1').join(',')] : ['-n', String(ranks)]

export const ours = (subject: Case, plan: Plan): Command => ({
  file: process.execPath,
  args: [
    file('../bin/rxmpi.js'),
    'run',
    ...where(subject),
    '--no-prefix',
    file(`./cases/${subject.program ?? subject.name}.ts`),
    JSON.stringify(plan)
  ]
})
