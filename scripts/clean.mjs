/** What an earlier build has left must not be found by the next. */
import { rmSync } from 'node:fs'

for (const directory of ['dist', '.build']) rmSync(directory, { recursive: true, force: true })
