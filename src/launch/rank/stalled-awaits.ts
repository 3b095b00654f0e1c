import type { Session } from 'node:inspector'
import { createRequire, findSourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'
import { getHeapSnapshot, getHeapStatistics } from 'node:v8'
import { isOwn, shortPath } from '../../diagnostics/call-site.js'
import { debug } from '../../diagnostics/debug.js'

/** Looking through a larger heap would take seconds, and several times its memory. */
const MOST_HEAP_BYTES = 2 ** 26
const SEARCHES = 3

/**
 * The top-level awaits that this thread's modules wait at, as `file:line:column` of the program. It is asked when the thread is about to
 * end, so a program that goes well pays nothing. V8 tells nobody but Node, and that only of the first module. So the modules' code is
 * looked for in the heap: it is a generator that has stopped.
 */
export function stalledAwaits(): string[] {
  if (getHeapStatistics().used_heap_size > MOST_HEAP_BYTES) return []
  try {
    // Objects move between the picture of the heap and the look at one: what is found at no place is looked for again.
    for (let search = 0; search < SEARCHES; search++) {
      const found = stopped()
      if (found.length > 0) return found
    }
  } catch (error) {
    // Node may be built without its inspector. What else is told does not depend on this.
    debug('no look at the top-level awaits: %s', String(error))
  }
  return []
}

interface Location {
  scriptId: string
  lineNumber: number
  columnNumber: number
}

type Values = Map<string, { value?: unknown }>

function stopped(): string[] {
  // It is seldom needed, and only where nothing can be waited for any more.
  const { Session } = createRequire(import.meta.url)('node:inspector') as typeof import('node:inspector')
  const session = new Session()
  session.connect()
  const scripts = new Map<string, string>()
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => scripts.set(scriptId, url))
  session.post('Debugger.enable')
  const isProgram = (script: string): boolean => {
    const url = scripts.get(script)
    return url?.startsWith('file:') === true && !isOwn(fileURLToPath(url))
  }
  const found: Location[] = []
  for (const id of moduleCodes(snapshot(), isProgram)) {
    const code = generator(session, id)
    const location = code.get('[[GeneratorLocation]]')?.value as Location | undefined
    if (location !== undefined && code.get('[[GeneratorState]]')?.value === 'suspended') found.push(location)
  }
  session.disconnect()
  // A module that has not begun waits for one that it imports.
  const begun = found.filter(({ lineNumber, columnNumber }) => lineNumber > 0 || columnNumber > 0)
  return (begun.length > 0 ? begun : found).map((location) => inProgram(scripts.get(location.scriptId)!, location))
}

/** What the inspector knows of an object beside its properties. */
function generator(session: Session, id: number): Values {
  const values: Values = new Map()
  // The answers come during the calls.
  session.post('HeapProfiler.getObjectByHeapObjectId', { objectId: String(id) }, (_gone, answer) => {
    const { objectId } = answer?.result ?? {}
    if (objectId === undefined) return
    session.post('Runtime.getProperties', { objectId, ownProperties: true }, (_error, properties) => {
      for (const { name, value = {} } of properties?.internalProperties ?? []) values.set(name, value)
    })
  })
  return values
}

/** As Chrome's developer tools read it: the fields of all nodes one after the other, and of the places of those that have one. */
interface Snapshot {
  snapshot: { meta: { node_fields: string[] } }
  nodes: number[]
  locations: number[]
  strings: string[]
}

function snapshot(): Snapshot {
  const stream = getHeapSnapshot()
  const chunks: Buffer[] = []
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}

/** The objects of modules' code that can stop. A generator has the place of its function, and a module begins where its file does. */
function moduleCodes({ snapshot, nodes, locations, strings }: Snapshot, isProgram: (script: string) => boolean): number[] {
  const { node_fields: fields } = snapshot.meta
  const name = fields.indexOf('name')
  const id = fields.indexOf('id')
  const ids: number[] = []
  for (let k = 0; k < locations.length; k += 4) {
    const [node, script, line, column] = locations.slice(k, k + 4) as [number, number, number, number]
    if (line === 0 && column === 0 && strings[nodes[node + name]!] === 'Generator' && isProgram(String(script))) ids.push(nodes[node + id]!)
  }
  return ids
}

function inProgram(url: string, { lineNumber, columnNumber }: Location): string {
  const entry = findSourceMap(url)?.findEntry(lineNumber, columnNumber)
  if (entry === undefined || !('originalSource' in entry)) return `${shortPath(fileURLToPath(url))}:${lineNumber + 1}:${columnNumber + 1}`
  const { originalSource, originalLine, originalColumn } = entry
  const file = originalSource.startsWith('file:') ? fileURLToPath(originalSource) : originalSource
  return `${shortPath(file)}:${originalLine + 1}:${originalColumn + 1}`
}
