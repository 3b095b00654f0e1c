import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { program, rxmpi } from './command.js'

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
