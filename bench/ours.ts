/** A case with rxmpi, as a user would start it. */

import { fileURLToPath } from 'node:url'
import type { Command } from './command.js'
import type { Plan } from './plan.js'
import type { Case } from './suite.js'

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export const ours = ({ name, program = name, ranks }: Case, plan: Plan): Command => ({
  file: process.execPath,
  args: [file('../bin/rxmpi.js'), 'run', '-n', String(ranks), '--no-prefix', file(`./cases/${program}.ts`), JSON.stringify(plan)]
})
