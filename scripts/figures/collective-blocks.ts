import type { Observable } from 'rxjs'
import { type Communicator, createOp } from 'rxmpi'
import { type Block, blocks } from './blocks.js'
import { type Figure, letter, upTo } from './figure.js'
import { results } from './record.js'

const SIZE = 4
/** Writes down what was combined, in its order. */
const join = createOp<string>((a, b) => `${a}+${b}`)

interface Collective {
  name: string
  alt: string
  /** What each rank gives, each value a cell; undefined where it gives nothing. */
  gives: (rank: number) => string[] | undefined
  call: (comm: Communicator, gives: string[] | undefined) => Observable<unknown>
  cellWidth?: number
}

const one = (rank: number): string[] => [letter(rank)]
const row = (rank: number): string[] => upTo(SIZE).map((k) => `${letter(rank)}${k}`)
const atRoot = (values: (rank: number) => string[]) => (rank: number) => (rank === 0 ? values(rank) : undefined)

const collectives: Collective[] = [
  {
    name: 'bcast',
    alt: 'Broadcast: rank 0 gives a, and all four ranks get a.',
    gives: atRoot(one),
    call: (comm, gives) => comm.ibcast(gives?.[0])
  },
  {
    name: 'scatter',
    alt: 'Scatter: rank 0 gives a0, a1, a2, a3, and rank k gets ak.',
    gives: atRoot(row),
    call: (comm, gives) => comm.iscatter(gives)
  },
  {
    name: 'gather',
    alt: 'Gather: each rank gives one value, and rank 0 gets all of them in the order of the ranks: a, b, c, d.',
    gives: one,
    call: (comm, gives) => comm.igather(gives![0])
  },
  {
    name: 'allgather',
    alt: 'Allgather: each rank gives one value, and every rank gets all of them: a, b, c, d.',
    gives: one,
    call: (comm, gives) => comm.iallgather(gives![0])
  },
  {
    name: 'alltoall',
    alt: 'Alltoall: each rank gives a row of four values, one for each rank, and gets a column: rank 0 gets a0, b0, c0, d0, and so on.',
    gives: row,
    call: (comm, gives) => comm.ialltoall(gives!)
  },
  {
    name: 'reduce',
    alt: 'Reduce: each rank gives one value, and rank 0 gets a + b + c + d.',
    gives: one,
    call: (comm, gives) => comm.ireduce(gives![0]!, join),
    cellWidth: 96
  },
  {
    name: 'allreduce',
    alt: 'Allreduce: each rank gives one value, and every rank gets a + b + c + d.',
    gives: one,
    call: (comm, gives) => comm.iallreduce(gives![0]!, join),
    cellWidth: 96
  },
  {
    name: 'scan',
    alt: 'Scan: each rank gives one value, and rank k gets what ranks 0 to k have given, added up: a, then a + b, a + b + c, a + b + c + d.',
    gives: one,
    call: (comm, gives) => comm.iscan(gives![0]!, join),
    cellWidth: 96
  },
  {
    name: 'reduce-scatter',
    alt: 'Reduce-scatter: each rank gives a row of four values; rank k gets the sum of all values number k.',
    gives: row,
    call: (comm, gives) => comm.ireduceScatter(gives!, join),
    cellWidth: 112
  }
]

/** Whose value it is: values are named after their ranks. */
const ranksIn = (label: string): number[] => label.split('+').map((part) => 'abcdefgh'.indexOf(part[0]!))
const block = (label: string): Block => ({ label, of: ranksIn(label), from: label.split('+') })

export const collectiveBlocks: Figure[] = collectives.map(({ name, alt, gives, call, cellWidth }) => ({
  name,
  alt,
  draw: () => {
    const got = results(SIZE, (comm) => call(comm, gives(comm.rank)))
    const before = upTo(SIZE).map((rank) => (gives(rank) ?? []).map(block))
    const after = got.map((value) => (value === undefined ? [] : [value as string | string[]].flat().map(block)))
    return blocks(alt, [
      { title: 'gives', rows: before },
      { title: 'gets', rows: after, step: name.replace('-s', 'S'), ...(cellWidth === undefined ? {} : { cellWidth }) }
    ])
  }
}))

const NUMBERS = [3, 1, 4, 1, 5, 9, 2, 6]

export const parallelSum: Figure = {
  name: 'parallel-sum',
  alt:
    'The parallel sum of 3, 1, 4, 1, 5, 9, 2, 6 on four ranks. Rank 0 has all eight numbers. ' +
    'After the scatter each rank has two. Each adds up its own: 4, 5, 14, 8. The reduce adds these up on rank 0: 31.',
  draw(alt) {
    const parts = results(SIZE, (comm) => comm.iscatter(comm.rank === 0 ? Float64Array.from(NUMBERS) : undefined)) as Float64Array[]
    const sums = parts.map((part) => part.reduce((a, b) => a + b))
    const [total] = results(SIZE, (comm) => comm.ireduce(sums[comm.rank]!))
    const lengths = parts.map(({ length }) => length)
    const owner = NUMBERS.map((_, k) => Math.floor(k / lengths[0]!))
    const numbered = (rank: number): Block[] =>
      NUMBERS.flatMap((number, k) => (owner[k] === rank ? [{ label: String(number), key: `n${k}`, of: [rank] }] : []))
    return blocks(alt, [
      { title: 'rank 0 has all', rows: upTo(SIZE).map((rank) => (rank === 0 ? upTo(SIZE).flatMap(numbered) : [])), cellWidth: 26 },
      { title: 'parts', rows: upTo(SIZE).map(numbered), step: '1 scatter', cellWidth: 36 },
      {
        title: 'partial sums',
        step: '2 add up',
        rows: sums.map((sum, rank) => [{ label: String(sum), key: `s${rank}`, of: [rank], from: numbered(rank).map(({ key }) => key!) }])
      },
      {
        title: 'the sum',
        step: '3 reduce',
        rows: upTo(SIZE).map((rank) => (rank === 0 ? [{ label: String(total), of: upTo(SIZE), from: upTo(SIZE).map((k) => `s${k}`) }] : []))
      }
    ])
  }
}
