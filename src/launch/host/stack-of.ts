import { readFileSync } from 'node:fs'
import type { Session } from 'node:inspector'
import { createRequire, SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isOwn, shortPath } from '../../diagnostics/call-site.js'

/**
 * How long a thread may take to stop: it does at once, unless it is in a call that blocks it; but of a core that several threads want it
 * may get a tenth, and it has to tell of all its scripts first, which takes 0.1 s.
 */
const STOP_MS = 2000
/** It is asked again so often: to ask twice does no harm. */
const AGAIN_MS = 250
/** Calls that are told. */
const CALLS = 4

interface Frame {
  functionName: string
  location: { scriptId: string; lineNumber: number; columnNumber: number }
}

interface FromThread {
  method?: string
  params?: { callFrames?: Frame[]; scriptId?: string; url?: string }
}

/**
 * Where in the program a thread of this process is, which computes and so cannot say it itself: 'at loop.ts:3:5 (inner)', for each call
 * from the innermost. Stops it for a moment. None where no line of the program's is among the calls, undefined where it cannot be stopped.
 */
export function stackOf(thread: number): Promise<string[] | undefined> {
  let session: Session
  try {
    // It is seldom needed, and Node may be built without it.
    const { Session } = createRequire(import.meta.url)('node:inspector') as typeof import('node:inspector')
    session = new Session()
    session.connect()
  } catch {
    return Promise.resolve(undefined)
  }
  return new Promise((settle) => {
    const end = (frames: Frame[] | undefined): void => {
      clearTimeout(timer)
      clearInterval(asking)
      session.disconnect()
      settle(frames?.flatMap((frame) => inProgram(frame, scripts.get(frame.location.scriptId)) ?? []).slice(0, CALLS))
    }
    const timer = setTimeout(end, STOP_MS, undefined)
    const asking = setInterval(() => id !== undefined && tell('Debugger.pause'), AGAIN_MS)
    let id: string | undefined
    const scripts = new Map<string, string>()
    const tell = (method: string): void =>
      session.post('NodeWorker.sendMessageToWorker', { sessionId: id!, message: JSON.stringify({ id: 1, method }) })
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      // Its id is a number of the inspector's own.
      if (!workerInfo.title.startsWith(`[worker ${thread}]`)) return
      id = sessionId
      tell('Debugger.enable')
      tell('Debugger.pause')
    })
    session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
      if (sessionId !== id) return
      const { method, params } = JSON.parse(message) as FromThread
      if (method === 'Debugger.scriptParsed') scripts.set(params!.scriptId!, params!.url!)
      if (method !== 'Debugger.paused') return
      tell('Debugger.resume')
      tell('Debugger.disable')
      end(params?.callFrames ?? [])
    })
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  })
}

function inProgram({ functionName, location: { lineNumber, columnNumber } }: Frame, url: string | undefined): string | undefined {
  if (!url?.startsWith('file:')) return undefined
  const path = fileURLToPath(url)
  if (isOwn(path)) return undefined
  const entry = sourceMapOf(path)?.findEntry(lineNumber, columnNumber)
  const original = entry !== undefined && 'originalSource' in entry ? entry : undefined
  const file = original === undefined ? path : resolve(dirname(path), original.originalSource)
  const line = (original?.originalLine ?? lineNumber) + 1
  const column = (original?.originalColumn ?? columnNumber) + 1
  const name = functionName === '' ? '' : ` (${functionName})`
  return `at ${shortPath(file)}:${line}:${column}${name}`
}

/** That of a compiled file, which says it behind the code. */
function sourceMapOf(path: string): SourceMap | undefined {
  try {
    const [, data] = /^\/\/# sourceMappingURL=data:application\/json[^,]*;base64,([\w+/=]+)$/m.exec(readFileSync(path, 'utf8')) ?? []
    return data === undefined ? undefined : new SourceMap(JSON.parse(Buffer.from(data, 'base64').toString()))
  } catch {
    return undefined
  }
}
