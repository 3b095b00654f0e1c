/**
 * The most frequent words of one large text: each line goes to one rank, the counts of all are folded into one. However long the text is,
 * memory holds a chunk of it and the counts.
 *
 * Run: rxmpi run -n 4 examples/39-word-count-of-a-file.ts [text]
 */
import { lastValueFrom, reduce } from 'rxjs'
import { COMM_WORLD as comm, createOp } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const TOP = 5
const LICENSE = new URL('../node_modules/typescript/ThirdPartyNoticeText.txt', import.meta.url)

type Counts = Map<string, number>

const together = createOp<Counts>((into, counts) => {
  for (const [word, count] of counts) into.set(word, (into.get(word) ?? 0) + count)
  return into
})

function countWords(counts: Counts, line: string): Counts {
  for (const [word] of line.toLowerCase().matchAll(/\p{L}+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

using file = await comm.open(process.argv[2] ?? LICENSE)
const lines$ = mpi.readFrom<string>(file, { format: 'lines', share: 'demand', chunk: 4096 })
const counts = await lastValueFrom(lines$.pipe(reduce((counts, { value }) => countWords(counts, value), new Map() as Counts)))
const all = await comm.reduce(counts, together)
if (all !== undefined) {
  const top = [...all].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, TOP)
  for (const [word, count] of top) console.log(`${String(count).padStart(6)} ${word}`)
}
await file.close()
