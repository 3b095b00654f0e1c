/** The part of `rxmpi/testing` that is for programs; suites for transports need Node's assertions. */
export { explore } from '../../testing/explore.js'
export { simulate } from '../../testing/simulate.js'
export { ExplorationError, LeakError, MarbleError } from '../../testing/simulation/errors.js'
