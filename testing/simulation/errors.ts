/** On the class and its prototype: bundlers rename classes, and an inspected error is not to list its name as a field. */
function identify(type: new (...args: never[]) => Error, name: string): void {
  Object.defineProperty(type, 'name', { value: name, configurable: true })
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true, writable: true })
}

/** What happened is not as drawn. */
export class MarbleError extends Error {
  /** What was recorded, as the test scheduler has it. */
  readonly actual: unknown
  /** What was drawn, as the test scheduler has it. */
  readonly expected: unknown

  constructor(message: string, actual: unknown, expected: unknown) {
    super(message)
    this.actual = actual
    this.expected = expected
  }

  static {
    identify(MarbleError, 'MarbleError')
  }
}

/** A simulated test has left something behind: messages that nobody has received, communicators that were not freed. */
export class LeakError extends Error {
  static {
    identify(LeakError, 'LeakError')
  }
}

/** A test has failed under one of the arrival orders that `explore` tried. */
export class ExplorationError extends Error {
  /** The seed of that order. */
  readonly seed: number

  constructor(seed: number, cause: unknown, reason?: string) {
    const { name, message, stack } = cause instanceof Error ? cause : new Error(String(cause))
    const head = `under the arrival order of seed ${seed} (to run it alone, add \`seed: ${seed}\` to the options)`
    super(`${head}\n${name}: ${message}${reason === undefined ? '' : `\n${reason}`}`, { cause })
    this.seed = seed
    // Where the test failed, and not where it was started.
    const [, ...frames] = stack?.split(/\n(?= +at )/) ?? []
    this.stack = [`ExplorationError: ${this.message}`, ...frames].join('\n')
  }

  static {
    identify(ExplorationError, 'ExplorationError')
  }
}
