import * as rxmpi from 'rxmpi'
import * as layouts from 'rxmpi/layout'
import * as locks from 'rxmpi/sync'
import { awaitSteps } from './drive.js'
import { programs } from './programs/index.js'

/** Runs one of the programs as a job: that of this name. */
const [name] = process.argv.slice(2)
const program = programs.find((one) => one.name === name)
if (program === undefined) throw new Error(`${name} is none of the programs`)
await awaitSteps(program.body(rxmpi.COMM_WORLD as never, { ...rxmpi, ...layouts, ...locks } as never))
