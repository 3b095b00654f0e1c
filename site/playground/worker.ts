/** Runs one program on simulated ranks, in a thread of its own that the page can end, and says what came of it. */
import { drawPicture } from '../../src/marble/picture.js'
import { drawText } from '../../src/marble/text.js'
import { show } from '../../testing/simulation/marbles.js'
import { type Exports, FILE, run } from './compile.js'
import { diagramOf } from './diagram.js'
import { now, type Recording, record, type Setting } from './record.js'

export interface Task extends Setting {
  readonly source: string
}

/** What came of a program, in words and as a picture. */
export interface Outcome {
  /** The SVG; none where there is nothing to draw. */
  readonly picture: string
  /** The same as marbles in text. */
  readonly text: string
  readonly printed: readonly string[]
  /** Why it failed, and at which line. */
  readonly failure: { readonly message: string; readonly line: number | undefined } | undefined
}

const COLUMNS = 72
/** Lines that are kept of what a program prints. */
const MOST = 200

const expected = 'the program exports no function: expected export default (comm) => …, which runs on every rank, or a call of simulate'

function outcomeOf({ source, ...setting }: Task): Outcome {
  const recording: Recording = { messages: [], emissions: [] }
  const printed: string[] = []
  let isRunning = false
  const print = (...values: unknown[]): void => {
    const words = values.map((value) => (typeof value === 'string' ? value : show(value))).join(' ')
    if (printed.length < MOST) printed.push(isRunning ? `${now()} ms  ${words}` : words)
    else if (printed.length === MOST) printed.push('…')
  }
  let failure: Outcome['failure']
  try {
    const { default: program } = run(source, print) as Exports
    if (typeof program === 'function') {
      isRunning = true
      record(program as never, setting, recording)
    } else if (program !== undefined || !/\b(simulate|explore)\(/.test(source)) throw new Error(expected)
  } catch (error) {
    failure = { message: messageOf(error), line: lineOf(error) }
  }
  for (const { rank, time, kind, value } of recording.emissions)
    if (kind === 'error') failure ??= { message: `rank ${rank} at ${time} ms: ${messageOf(value)}`, line: lineOf(value) }

  if (!isRunning) return { picture: '', text: '', printed, failure }
  const diagram = diagramOf(recording, setting.ranks, COLUMNS)
  return { picture: drawPicture(diagram), text: drawText(diagram), printed, failure }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message.replace(`Error transforming ${FILE}: `, '').trimEnd()}` : show(error)

/** Of the program: where its stack says, or where it cannot be read. */
function lineOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const [, line] = new RegExp(`${FILE}:(\\d+)`).exec(`${error.message}\n${error.stack}`) ?? /\((\d+):\d+\)$/.exec(error.message) ?? []
  return line === undefined ? undefined : Number(line)
}

const port = globalThis as unknown as { onmessage: (event: { data: Task }) => void; postMessage: (said: Outcome | 'begun') => void }
port.onmessage = ({ data }) => {
  port.postMessage('begun')
  port.postMessage(outcomeOf(data))
}
