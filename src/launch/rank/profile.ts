import { writeFileSync } from 'node:fs'
import type { Session } from 'node:inspector'
import { createRequire, findSourceMap } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProfileKind } from '../../runtime/rank-protocol.js'

const KINDS = {
  cpu: { start: 'Profiler.start', stop: 'Profiler.stop', suffix: 'cpuprofile' },
  heap: { start: 'HeapProfiler.startSampling', stop: 'HeapProfiler.stopSampling', suffix: 'heapprofile' }
} as const

interface CallFrame {
  url: string
  lineNumber: number
  columnNumber: number
}

/** A node of either kind: that of a heap has its children in it, that of a processor's time their numbers. */
interface ProfileNode {
  callFrame: CallFrame
  positionTicks?: unknown
  children?: readonly (ProfileNode | number)[]
}

type Post = (
  method: string,
  done?: (error: Error | null, answer: { profile: { nodes?: ProfileNode[]; head?: ProfileNode } }) => void
) => void

/** Profiles this thread from now to its end, into a file for each kind: `rank-0.cpuprofile`, as Chrome's developer tools read them. */
export function profile(rank: number, kinds: readonly ProfileKind[]): void {
  const directory = resolve()
  const { Session } = createRequire(import.meta.url)('node:inspector') as typeof import('node:inspector')
  const session: Session = new Session()
  session.connect()
  // Which method a string names, the types would have to be told for each.
  const post = session.post.bind(session) as unknown as Post
  if (kinds.includes('cpu')) post('Profiler.enable')
  for (const kind of kinds) post(KINDS[kind].start)
  process.on('exit', () => {
    for (const kind of kinds) {
      const { stop, suffix } = KINDS[kind]
      // The answer comes during the call.
      post(stop, (error, answer) => {
        if (error !== null) return
        for (const node of answer.profile.nodes ?? [answer.profile.head!]) translate(node)
        writeFileSync(join(directory, `rank-${rank}.${suffix}`), JSON.stringify(answer.profile))
      })
    }
  })
}

/** Places in what was compiled become those of the program: the compiled files go with the job. */
function translate(node: ProfileNode): void {
  const { callFrame, children = [] } = node
  const entry = findSourceMap(callFrame.url)?.findEntry(callFrame.lineNumber, callFrame.columnNumber)
  if (entry !== undefined && 'originalSource' in entry) {
    const { originalSource, originalLine, originalColumn } = entry
    callFrame.url = originalSource.startsWith('file:') ? fileURLToPath(originalSource) : originalSource
    callFrame.lineNumber = originalLine
    callFrame.columnNumber = originalColumn
    delete node.positionTicks
  }
  for (const child of children) if (typeof child === 'object') translate(child)
}
