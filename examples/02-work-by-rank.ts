/**
 * Different work by rank: one program, and the rank decides which part of it to do. Nothing is sent.
 *
 *     npx rxmpi run -n 3 examples/02-work-by-rank.ts
 *
 * The jobs are dealt like cards, so any number of ranks does all of them, each once.
 * MPI: MPI_Comm_rank, MPI_Comm_size.
 */
import { COMM_WORLD as comm } from 'rxmpi'

const text = 'the quick brown fox jumps over the lazy dog'
const words = text.split(' ')

const jobs = [
  () => `there are ${words.length} words`,
  () => `the first word of five letters is "${words.find((word) => word.length === 5)}"`,
  () => `${new Set(text.replaceAll(' ', '')).size} different letters occur`,
  () => `backwards it ends with "${words[0].split('').reverse().join('')}"`
]

const mine = jobs.filter((_, job) => job % comm.size === comm.rank)
for (const job of mine) console.log(job())
if (mine.length === 0) console.log('there is nothing left for me')
