import { EMPTY, type Observable } from 'rxjs'
import type { Communicator } from 'rxmpi'
import { arrow, cell, colour, picture, rankAt, rect, text } from '../../src/marble/svg.js'
import { type Figure, upTo } from './figure.js'
import { record } from './record.js'

function placements(alt: string): string {
  const thread = (x: number, y: number, rank: number): string =>
    rect(x, y, 92, 96, { rx: 8, class: 'paper ghost' }) +
    rankAt(x + 46, y + 26, rank) +
    cell(x + 12, y + 54, 68, 28, 'memory', colour(rank))
  const process = (x: number, width: number, title: string): string =>
    rect(x, 56, width, 146, { rx: 10, class: 'box' }) + text(x + width / 2, 82, title, { 'text-anchor': 'middle', class: 'soft' })
  const left = [process(24, 340, 'one process'), ...upTo(3).map((rank) => thread(40 + rank * 108, 94, rank))]
  const right = upTo(3).flatMap((rank) => {
    const x = 410 + rank * 136
    return [process(x, 124, 'process'), thread(x + 16, 94, rank)]
  })
  return picture(
    832,
    226,
    alt,
    text(24, 36, '--placement thread (the default)', { class: 'mono' }),
    text(410, 36, '--placement process', { class: 'mono' }),
    ...left,
    ...right
  )
}

function oneProgram(alt: string): string {
  const y = (rank: number): number => 40 + rank * 44
  return picture(
    570,
    210,
    alt,
    rect(24, 84, 120, 44, { rx: 8, class: 'box' }),
    text(84, 111, 'hello.ts', { 'text-anchor': 'middle', class: 'mono' }),
    ...upTo(4).flatMap((rank) => [
      arrow(146, 106, 220, y(rank), 2),
      rankAt(244, y(rank), rank),
      text(272, y(rank) + 5, `comm.rank is ${rank}, comm.size is 4`, { class: 'mono', 'font-size': 13 })
    ])
  )
}

function shares(alt: string): string {
  const [tasks, size] = [10, 3]
  const ways = [
    { name: 'in turns', owner: (task: number) => task % size },
    { name: 'in blocks', owner: (task: number) => upTo(size).findIndex((rank) => task < Math.floor(((rank + 1) * tasks) / size)) }
  ]
  return picture(
    560,
    130,
    alt,
    ...ways.flatMap(({ name, owner }, row) => [
      text(100, 50 + row * 46, name, { 'text-anchor': 'end' }),
      ...upTo(tasks).map((task) => cell(116 + task * 42, 30 + row * 46, 38, 30, String(task), colour(owner(task))))
    ])
  )
}

/** Ranks in a circle, with an arrow from each to the one that it waits for: as the error of the deadlock says. */
function waits(alt: string): string {
  const size = 4
  const program = (comm: Communicator): Observable<unknown> => {
    comm.issend('hello', { dest: (comm.rank + 1) % comm.size })
    return EMPTY
  }
  let report = ''
  try {
    record(size, program)
  } catch (error) {
    report = (error as Error).message
  }
  const waiting = [...report.matchAll(/rank (\d+) waits in \w+ for rank (\d+)/g)].map(([, one, other]) => [Number(one), Number(other)])
  const at = (rank: number): [number, number] => {
    const angle = (2 * Math.PI * rank) / size - Math.PI / 2
    return [190 + 90 * Math.cos(angle), 140 + 90 * Math.sin(angle)]
  }
  return picture(
    380,
    280,
    alt,
    ...waiting.map(([one, other]) => arrow(...at(one!), ...at(other!), 20)),
    ...upTo(size).map((rank) => rankAt(...at(rank), rank, 16)),
    text(190, 145, 'waits for', { 'text-anchor': 'middle', class: 'soft' })
  )
}

export const schemes: Figure[] = [
  {
    name: 'placements',
    alt: 'Three ranks, each with memory of its own. On the left they are three threads of one process, on the right each is a process.',
    draw: placements
  },
  {
    name: 'one-program',
    alt: 'One file, hello.ts, runs on four ranks at once. comm.size is 4 on all of them; comm.rank is 0, 1, 2 and 3.',
    draw: oneProgram
  },
  {
    name: 'shares',
    alt: 'Ten tasks, 0 to 9, for three ranks. In turns: rank 0 has 0, 3, 6, 9, rank 1 has 1, 4, 7, rank 2 has 2, 5, 8. In blocks: rank 0 has 0 to 2, rank 1 has 3 to 5, rank 2 has 6 to 9.',
    draw: shares
  },
  { name: 'deadlock', alt: 'Four ranks in a circle. Rank 0 waits for 1, 1 for 2, 2 for 3, and 3 for 0: nobody can go on.', draw: waits }
]
