/**
 * The most frequent words of a corpus: every rank reads its share of the texts, the words are shuffled to the rank that counts them, the
 * root merges.
 *
 *     npx rxmpi run -n 4 examples/word-count.ts
 *
 * The texts are those of the package nlp-corpus. Memory holds a few texts and the counts, however long the corpus is. MapReduce in four
 * operators.
 */
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { mergeMap, type Observable, reduce } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const TOP = 10
const folder = join(dirname(createRequire(import.meta.url).resolve('nlp-corpus')), '../../builds')

type Count = [word: string, count: number]

async function* texts(): AsyncGenerator<string> {
  const files = (await readdir(folder)).sort()
  for (let k = comm.rank; k < files.length; k += comm.size) yield await readFile(join(folder, files[k]), 'utf8')
}

const words$ = mpi.pull(texts()).pipe(mergeMap((text) => mpi.pull(wordsOf(text))))
const counts$: Observable<Map<string, number>> = words$.pipe(
  mpi.partitionTo(comm, (word) => word),
  reduce((counts, word) => counts.set(word, (counts.get(word) ?? 0) + 1), new Map<string, number>())
)
counts$
  .pipe(
    mergeMap((counts) => [summaryOf(counts)]),
    mpi.sendTo(comm, { dest: 0 })
  )
  .subscribe()

if (comm.rank === 0) {
  mpi
    .mergeFrom<Summary>(comm, { sources: Array.from({ length: comm.size }, (_, rank) => rank) })
    .pipe(reduce(together))
    .subscribe(({ total, different, top }) => {
      console.log(`${total} words, ${different} different ones`)
      for (const [word, count] of top) console.log(`${String(count).padStart(7)} ${word}`)
    })
}

function* wordsOf(text: string): Generator<string> {
  for (const [word] of text.toLowerCase().matchAll(/\p{L}+(?:['’]\p{L}+)*/gu)) yield word
}

interface Summary {
  total: number
  different: number
  top: Count[]
}

function summaryOf(counts: Map<string, number>): Summary {
  const total = [...counts.values()].reduce((a, b) => a + b, 0)
  return { total, different: counts.size, top: topOf([...counts]) }
}

/** Each word is counted on one rank only. */
function together(a: Summary, b: Summary): Summary {
  return { total: a.total + b.total, different: a.different + b.different, top: topOf([...a.top, ...b.top]) }
}

function topOf(counts: Count[]): Count[] {
  return counts.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, TOP)
}
