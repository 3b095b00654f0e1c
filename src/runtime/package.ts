import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The directory of rxmpi itself. */
export const packageDirectory = findPackage(dirname(fileURLToPath(import.meta.url)))

/** The compiled module that a rank's thread starts with. */
export const rankModule = pathToFileURL(join(packageDirectory, 'dist/src/launch/rank/rank.js'))

/** The compiled program of a pool's ranks. */
export const poolModule = pathToFileURL(join(packageDirectory, 'dist/pool/worker.js'))

/** The compiled module of a host's process. */
export const hostModule = join(packageDirectory, 'dist/src/launch/host/host-process.js')

/** The compiled module that joins a program under plain node to the others of its job. */
export const standaloneHostModule = pathToFileURL(join(packageDirectory, 'dist/src/launch/external/standalone-host.js'))

/** The compiled hooks of `rxmpi/register`. */
export const registerHooksModule = pathToFileURL(join(packageDirectory, 'dist/src/launch/rank/register-hooks.js'))

/** What the page of a running job consists of. */
export const dashboardDirectory = join(packageDirectory, 'dist/src/launch/dashboard')

/** The command line. */
export const commandModule = join(packageDirectory, 'bin/rxmpi.js')

export function packageVersion(): string {
  return JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')).version
}

/** How deep this module lies depends on how it was built. */
function findPackage(directory: string): string {
  return existsSync(join(directory, 'package.json')) ? directory : findPackage(dirname(directory))
}
