import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { program, rxmpi, start } from './command.js'

interface Node {
  callFrame: { functionName: string; url: string; lineNumber: number }
  children?: Node[]
}

const withChildren = (node: Node): Node[] => [node, ...(node.children ?? []).flatMap(withChildren)]

it('a file for each rank says where its time went, and where what it holds was allocated, with the lines of the program', async () => {
  const path = program(`import { COMM_WORLD as comm } from 'rxmpi'
interface Entry { name: string }

function spend(): Entry[] {
  const kept: Entry[] = []
  for (const end = Date.now() + 200; Date.now() < end; ) if (kept.length < 200_000) kept.push({ name: 'entry ' + kept.length })
  return kept
}
export const kept = spend()
await comm.barrier()`)
  const cwd = dirname(path)
  const { status, stderr } = await rxmpi(['run', '-n', '2', '--cpu-prof', '--heap-prof', path], { cwd })
  expect([status, stderr]).toEqual([0, ''])
  const place = { functionName: 'spend', url: path, lineNumber: 3 }
  for (const rank of [0, 1]) {
    const read = (kind: string): unknown => JSON.parse(readFileSync(join(cwd, `rank-${rank}.${kind}`), 'utf8'))
    const { nodes } = read('cpuprofile') as { nodes: Node[] }
    expect(nodes.map(({ callFrame }) => callFrame)).toContainEqual(expect.objectContaining(place))
    const { head } = read('heapprofile') as { head: Node }
    expect(withChildren(head).map(({ callFrame }) => callFrame)).toContainEqual(expect.objectContaining(place))
  }
})

/** What debuggers find at a port, once something is there. */
async function targets(port: number): Promise<{ title: string; webSocketDebuggerUrl: string }[]> {
  for (;;) {
    try {
      return (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { title: string; webSocketDebuggerUrl: string }[]
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

it('a debugger finds each rank at a port of its own, and ranks that wait for one have not begun', async () => {
  const first = 23_000 + (process.pid % 20_000)
  const path = program(`import { COMM_WORLD as comm } from 'rxmpi'
console.log(comm.rank, 'begins')
await comm.barrier()`)
  const waiting = start(['run', '-n', '2', '--inspect-brk', String(first), path])
  let said = ''
  waiting.stdout.on('data', (chunk) => (said += chunk))
  for (const rank of [0, 1]) expect(await targets(first + rank)).toHaveLength(1)
  waiting.kill('SIGKILL')
  expect(said).toBe('')

  expect((await rxmpi(['run', '-n', '2', '--inspect-rank', '2', path])).stderr).toContain(
    '--inspect-rank was 2: expected a rank of the job, from 0 to 1'
  )
  const { status, stdout, stderr } = await rxmpi(['run', '-n', '2', '--inspect', String(first + 2), '--inspect-rank', '1', path])
  expect([status, stdout.split('\n').sort()]).toEqual([0, ['', '[0] 0 begins', '[1] 1 begins']])
  expect(stderr.match(/Debugger listening on ws:\/\/127\.0\.0\.1:\d+/g)).toEqual([`Debugger listening on ws://127.0.0.1:${first + 2}`])
})
