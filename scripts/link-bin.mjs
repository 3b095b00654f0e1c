/** Makes `npx rxmpi` work in this repository as in a project that has installed it. */
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'

if (process.platform !== 'win32') {
  mkdirSync('node_modules/.bin', { recursive: true })
  rmSync('node_modules/.bin/rxmpi', { force: true })
  symlinkSync('../../bin/rxmpi.js', 'node_modules/.bin/rxmpi')
}
