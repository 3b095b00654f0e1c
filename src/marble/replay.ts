import { Letters } from './letters.js'
import type { Message, Run } from './run.js'
import { nice, timeText } from './scale.js'
import { type Selection, selected } from './select.js'

export interface ReplayOptions extends Selection {
  /** µs that a frame stands for; default such that the run takes some hundred frames, and at least 1 ms where it is that long. */
  unit?: number | undefined
}

/** Frames that a run takes where no unit was given, at most. */
const FRAMES = 200

/** A message in frames. */
interface Replayed {
  readonly message: Whole
  readonly letter: string
  readonly sent: number
  readonly arrives: number
}

/** What is asked for at which frame, and when it is received. */
interface Receive {
  readonly posted: number
  readonly received: number
  readonly letter: string
}

/**
 * A test that does in virtual time what was done in a run: each rank sends its messages at the frames at which it has sent them, and
 * receives them at those at which it has asked for them. A link takes as long as the fastest message of it has taken.
 */
export function replay(run: Run, name: string, options: ReplayOptions): string {
  // What collectives and streams send beside the program's own messages they would send again.
  const all = selected(run, { ...options, kinds: ['message'] })
  const messages = all.filter(isWhole)
  const size = Math.max(1, ...messages.map(({ from, to }) => Math.max(from, to) + 1))
  const begin = messages.reduce((least, { sent }) => Math.min(least, sent), Number.POSITIVE_INFINITY)
  const end = messages.reduce((most, { received }) => Math.max(most, received), 0)
  const unit = options.unit ?? (messages.length === 0 ? 1000 : nice(Math.max(1, end - begin) / FRAMES))
  const frame = (time: number): number => Math.max(0, Math.round((time - begin) / unit))

  const latencies = new Map<string, number>()
  for (const { from, to, sent, received } of messages) {
    const link = `${from}>${to}`
    latencies.set(link, Math.min(latencies.get(link) ?? Number.POSITIVE_INFINITY, Math.round((received - sent) / unit)))
  }
  const letters = new Letters(messages)
  const last = new Map<string, number>()
  const replayed = messages.map((message): Replayed => {
    const link = `${message.from}>${message.to}`
    // One a frame, for a group of marbles takes as many frames as it has letters.
    const sent = Math.max(frame(message.sent), (last.get(link) ?? -1) + 1)
    last.set(link, sent)
    return { message, letter: letters.of(message), sent, arrives: sent + latencies.get(link)! }
  })
  const links = [...grouped(replayed, ({ message: { from, to } }) => `${from}, ${to}`)].map(([ends, own]) => ({
    ends,
    drawn: drawn(
      own.map(({ arrives, letter }) => ({ frame: arrives, letter })),
      false
    )
  }))
  const receives = [...grouped(replayed, ({ message: { from, to, tag } }) => `${to}, ${from}, ${tag}`)].map(([ends, own]) => {
    const asked = receivesOf(own, frame)
    return {
      ends,
      posted: asked.map(({ posted }) => posted),
      drawn: drawn(
        asked.map(({ received, letter }) => ({ frame: received, letter })),
        true
      )
    }
  })

  const left = all.length - messages.length
  return [
    `// The messages of ${name}, as rxmpi marble --test has written them: a frame is ${timeText(unit)} of that run.`,
    ...(left > 0 ? [`// ${left} of them are left out, for nobody has received them.`] : []),
    ...letters.meanings().map(({ letter, text, count }) => `//   ${letter}  ${text}  × ${count}`),
    "import { test as testOfNode } from 'node:test'",
    "import { merge, mergeMap, timer } from 'rxjs'",
    "import { simulate } from 'rxmpi/testing'",
    '',
    '/** That of Jest or Vitest, where one of them runs this. */',
    'const test = (globalThis as { test?: typeof testOfNode }).test ?? testOfNode',
    '',
    '/** Frames that a message takes. */',
    'const latency: Record<string, number> = {',
    ...listed([...latencies].map(([link, frames]) => `'${link.replace('>', ',')}': ${frames}`)),
    '}',
    '',
    '/** [frame, from, to, tag, what] */',
    'const sends: [number, number, number, number, string][] = [',
    ...listed(replayed.map(({ sent, letter, message: { from, to, tag } }) => `[${sent}, ${from}, ${to}, ${tag}, '${letter}']`)),
    ']',
    '',
    `test(${quoted(name)}, () => {`,
    '  const link = (from: number, to: number) => ({ latency: latency[String([from, to])] ?? 1 })',
    `  simulate(${size}, { link }, ({ comms, expectMessages, expectObservable }) => {`,
    '    for (const [frame, from, to, tag, what] of sends) timer(frame).subscribe(() => comms[from]!.isend(what, { dest: to, tag }))',
    '',
    '    /** What a rank receives that asks for it at these frames. */',
    '    const received = (rank: number, source: number, tag: number, frames: number[]) =>',
    '      merge(...frames.map((frame) => timer(frame).pipe(mergeMap(() => comms[rank]!.irecv<string>({ source, tag })))))',
    '',
    ...links.map(({ ends, drawn: marbles }) => `    expectMessages(${ends}).toBe('${marbles}')`),
    ...receives.map(
      ({ ends, posted, drawn: marbles }) => `    expectObservable(received(${ends}, [${posted.join(', ')}])).toBe('${marbles}')`
    ),
    '  })',
    '})',
    ''
  ].join('\n')
}

/** When the messages of a stream are asked for: the n-th that is asked for is the n-th that comes. */
function receivesOf(own: readonly Replayed[], frame: (time: number) => number): Receive[] {
  const asked = own
    // Whoever listens to a stream of messages has done so before.
    .map(({ message: { received, waited } }) => (waited === undefined ? 0 : frame(received - waited)))
    .sort((one, other) => one - other)
  const receives: Receive[] = []
  for (const [k, { arrives, letter }] of own.entries()) {
    const before = receives.at(-1)
    const received = Math.max(arrives, asked[k]!, (before?.received ?? -1) + 1)
    const posted = arrives < received ? received : Math.max(asked[k]!, before?.posted ?? 0)
    receives.push({ posted, received, letter })
  }
  return receives
}

type Whole = Message & { readonly tag: number; readonly to: number; readonly sent: number; readonly received: number }

const isWhole = (message: Message): message is Whole =>
  message.kind === 'message' &&
  message.tag !== undefined &&
  message.to !== undefined &&
  message.sent !== undefined &&
  message.received !== undefined

const listed = (items: readonly string[]): string[] => items.map((item, k) => `  ${item}${k < items.length - 1 ? ',' : ''}`)
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** Longer gaps are written as times. */
const LONG = 20

/** In the marbles of RxJS, one at a frame. */
function drawn(values: readonly { frame: number; letter: string }[], completes: boolean): string {
  let text = ''
  let at = 0
  for (const [k, { frame, letter }] of values.entries()) {
    const gap = frame - at
    text += gap > LONG ? `${text === '' ? '' : ' '}${gap}ms ` : '-'.repeat(gap)
    text += completes && k === values.length - 1 ? `(${letter}|)` : letter
    at = frame + 1
  }
  return text
}

function grouped(values: readonly Replayed[], keyOf: (value: Replayed) => string): Map<string, Replayed[]> {
  const groups = new Map<string, Replayed[]>()
  for (const value of values) {
    const group = groups.get(keyOf(value))
    if (group === undefined) groups.set(keyOf(value), [value])
    else group.push(value)
  }
  return groups
}
