/** The cases: their rows, sizes and bars, once for rxmpi and for the peer. */

import { above, atLeast, atMost, type Bar, below, both, sameAs, within } from './bar.js'
import type { Plan, Step } from './plan.js'
import { KiB, MiB } from './size.js'

/** Whom rxmpi is measured beside. */
export type PeerName = 'mpi4py' | 'zeromq.js' | 'unobserved'

export interface Row {
  readonly name: string
  readonly label: string
  /** What the peer does in this row, where that needs saying. */
  readonly peer?: string
  readonly sizes?: readonly number[]
  /** How its sizes are called; default as bytes, of which a quick run leaves out those between the bars. */
  readonly sizeName?: (size: number) => string
  readonly bar?: (size: number) => Bar | undefined
}

export interface Case {
  readonly name: string
  /** A name for several cases together. */
  readonly group?: string
  readonly title: string
  /** The file in bench/cases and bench/peer, where it is not named as the case is. */
  readonly program?: string
  readonly unit: string
  readonly ranks: number
  /** Each rank is a host of its own, joined to the others by TCP only. */
  readonly hosts?: boolean
  /** Each rank is a process of its own, and all share memory. */
  readonly processes?: boolean
  readonly rows: readonly Row[]
  /** `program` prints figures; the others are taken from outside of a program that is run as it is. */
  readonly measures?: 'program' | 'wall' | 'cpu'
  /** One run is long and hardly varies: three are enough, and one for a quick run. */
  readonly steady?: boolean
  /** Default mpi4py. */
  readonly beside?: PeerName
  /** No peer has anything to set beside it. */
  readonly alone?: boolean
  /** Of interest to who works on rxmpi: run only when it is named. */
  readonly aside?: boolean
  /** The ranks are meant to share cores: the peer must be told to give way. */
  readonly yields?: boolean
  /** Ranks act on each other's memory: the peer is told how. */
  readonly windows?: boolean
  /** Of `rxmpi run`; `folder` is for the files of a run. */
  readonly options?: (folder: string) => readonly string[]
  /** Somebody looks at the job's page. */
  readonly viewed?: boolean
  readonly step?: (row: Row, size: number) => Omit<Step, 'row' | 'size'>
}

/** Whom a case is measured beside. */
export const besideOf = ({ beside = 'mpi4py' }: Case): PeerName => beside

const all = [8, KiB, 8 * KiB, 64 * KiB, 256 * KiB, MiB, 4 * MiB, 16 * MiB, 64 * MiB]
const some = new Set([8, 64 * KiB, MiB, 64 * MiB])
const least64KiB = (bar: Bar, twoBars: Bar) => (size: number) => {
  if (size < 64 * KiB) return undefined
  return size === 64 * KiB || size === MiB ? twoBars : bar
}

/** As many as move `bytes` in all, so that every size takes about the same time. */
const moving = (bytes: number, size: number, least: number, most: number): number =>
  Math.round(Math.min(most, Math.max(least, bytes / Math.max(1, size))))

function kernelRows(): Row[] {
  const floats = ['Float64Array', 'Float32Array']
  const integers = ['BigInt64Array', 'BigUint64Array', 'Int32Array', 'Uint32Array', 'Int16Array', 'Uint16Array']
  const bytes = ['Int8Array', 'Uint8Array', 'Uint8ClampedArray']
  const bits = new Set(['BAND', 'BOR', 'BXOR'])
  return ['SUM', 'PROD', 'MAX', 'MIN', 'LAND', 'LOR', 'LXOR', ...bits].flatMap((op) =>
    [...(bits.has(op) ? [] : floats), ...integers, ...bytes].flatMap((type) => [
      { name: `${op} ${type} fold`, label: `${op} ${type}`, peer: 'Reduce_local', sizes: [64 * KiB] },
      { name: `${op} ${type} loop`, label: `${op} ${type}, by the loop`, sizes: [64 * KiB] },
      { name: `${op} ${type} kernel`, label: `${op} ${type}, by the kernel`, sizes: [64 * KiB] }
    ])
  )
}

/** Collectives on Float64Array in place, by the bytes that a rank gives, or gets of each, once the ranks of both sides are warm. */
const onArrays = (name: string, peer: string, bars: Readonly<Record<number, Bar | undefined>>, label = 'Float64Array, into'): Row => ({
  name,
  label,
  peer,
  sizes: Object.keys(bars).map(Number),
  bar: (size) => bars[size]
})

const collective = (name: string, peer: string, bars: Readonly<Record<number, Bar | undefined>>): Case => ({
  name,
  program: 'collectives',
  title: `${name} on 2 ranks`,
  unit: 'µs',
  ranks: 2,
  rows: [onArrays(name, peer, bars)],
  step: (_, size) => ({ iterations: moving(64 * MiB, size, 3, 5000) })
})

/** All of them on more ranks. */
const collectivesOf = (ranks: number): Case => ({
  name: `collectives-${ranks}`,
  program: 'collectives',
  title: `collectives on ${ranks} ranks`,
  unit: 'µs',
  ranks,
  yields: true,
  rows: [
    { name: 'barrier', label: 'barrier', peer: 'Barrier' },
    { name: 'number', label: 'allreduce of a number', peer: 'allreduce', bar: () => atMost(1.5) },
    onArrays('allreduce', 'Allreduce', { [KiB]: atMost(1.5), [64 * KiB]: undefined, [MiB]: atMost(1) }, 'allreduce'),
    ...[
      ['reduce', 'Reduce'],
      ['reduceScatter', 'Reduce_scatter_block'],
      ['bcast', 'Bcast'],
      ['scatter', 'Scatter'],
      ['gather', 'Gather'],
      ['allgather', 'Allgather'],
      ['alltoall', 'Alltoall']
    ].map(([name, peer]) => onArrays(name!, peer!, { [64 * KiB]: undefined, [MiB]: undefined }, name))
  ],
  step: (_, size) => ({ iterations: moving(16 * MiB, size, 3, 2000) })
})

const counts = [100, 1000, 10_000, 50_000]

/** The first calls of a program, cold: what one that makes a thousand calls and ends gets of it. Each in a process of its own. */
const first = (
  row: string,
  label: string,
  peer: string,
  where: { ranks: number; hosts?: boolean },
  bars: Readonly<Record<number, Bar>>
): Case => ({
  name: `first-${row}${where.hosts ? '-hosts' : where.ranks === 2 ? '' : `-${where.ranks}`}`,
  group: 'first',
  program: 'first',
  title: `the first calls of ${label} on ${where.ranks} ${where.hosts ? 'hosts' : 'ranks'}, mean of a call`,
  unit: 'µs',
  ...where,
  yields: where.ranks > 2,
  rows: [
    {
      name: row,
      label,
      peer,
      sizes: where.ranks > 2 || where.hosts ? counts.slice(0, 3) : counts,
      sizeName: (calls) => `the first ${calls.toLocaleString('en')}`,
      bar: (calls) => bars[calls]
    }
  ]
})

/** A program of a user's first week: its time, and how much of it is communication. */
const program = (name: string, title: string, communication: number, whole: number): Case => ({
  name,
  group: 'programs',
  title,
  unit: 'ms',
  ranks: 2,
  rows: [
    { name: 'communication', label: 'in communication', bar: () => atMost(communication) },
    { name: 'whole', label: 'the whole', bar: () => atMost(whole) }
  ]
})

const millions = (count: number): number => Math.round((count * 1e6) / 64)

/** The message rate of a job that is observed, by turns with one that is not. */
const observed = (name: string, what: string, bar: Bar, more: Pick<Case, 'options' | 'viewed'>): Case => ({
  name: `observed-${name}`,
  group: 'observed',
  program: 'message-rate',
  title: `objects {a: 7, b: 3.14} one way, windows of 64 isend, ${what}`,
  unit: 'M/s',
  ranks: 2,
  beside: 'unobserved',
  rows: [{ name: 'recv', label: 'received by recv, an answer a window', bar: () => bar }],
  // All that a job does is noted, so it does no more than it must; that of a page waits until a browser has come.
  step: () => ({ window: 64, iterations: millions(more.viewed ? 1 : 0.1), warmup: millions(more.viewed ? 3 : 1) }),
  ...more
})

/** What the page of a job is sent while that exchanges more than a million messages a second. */
const page = (name: string, title: string, unit: string, rows: readonly Row[]): Case => ({
  name,
  group: 'page',
  program: 'page',
  title,
  unit,
  ranks: 2,
  steady: true,
  alone: true,
  rows,
  options: () => ['--dashboard'],
  viewed: true,
  step: () => ({ window: 64, iterations: 1, warmup: 0, seconds: 20 })
})

const smallObject = { name: 'object', label: 'object {a: 7, b: 3.14}' }
const inPlace = { name: 'into', label: 'Float64Array, into' }
/** 10,000,000 lines of 100 bytes. */
const lineBytes = 1e9
const largeSizes = [MiB, 4 * MiB, 16 * MiB, 64 * MiB]
/** Of ping-pongs between hosts. */
const smallStep: Case['step'] = (_, size) => ({ iterations: moving(64 * MiB, size, 100, 5000) })
const largeStep: Case['step'] = (_, size) => ({ iterations: moving(64 * MiB, size, 2, 100) })

const asFast = atMost(1)
const large = { 8: undefined, [KiB]: undefined, [64 * KiB]: asFast, [MiB]: asFast, [8 * MiB]: asFast }

const threads = { ranks: 2 }
const fourThreads = { ranks: 4 }
const hosts = { ranks: 2, hosts: true }

export const cases: readonly Case[] = [
  program('conjugate-gradient', 'conjugate gradient on a 1-D Laplacian of 200,000 unknowns, 500 iterations', 2, 2),
  program('heat', 'heat on a grid of 512 × 512, 500 steps', 2, 1.5),
  program('plate', 'heat on a grid of 1024 × 1024 by a halo, 1,000 steps', 2, 1.5),
  program('laplacian', 'conjugate gradient on a 2-D Laplacian of 512 × 512 unknowns, 500 iterations', 2, 1.5),
  program('sample-sort', 'sample sort of 10,000,000 numbers', 1, 1.5),
  first('exchange', 'sendrecv of an object', 'sendrecv', threads, { 1000: atMost(6), 10000: atMost(2) }),
  first('number', 'allreduce of a number', 'allreduce', threads, { 1000: atMost(6), 10000: atMost(2) }),
  first('allreduce', 'allreduce of 8 B, into', 'Allreduce', threads, { 1000: atMost(15), 10000: atMost(6) }),
  first('allreduce-1k', 'allreduce of 1 KiB, into', 'Allreduce', threads, { 1000: atMost(15), 10000: atMost(6) }),
  first('bcast', 'bcast of 8 B, into', 'Bcast', threads, { 1000: atMost(25), 10000: atMost(10) }),
  first('barrier', 'barrier', 'Barrier', threads, { 1000: atMost(25), 10000: atMost(10) }),
  first('exchange', 'sendrecv of an object', 'sendrecv', fourThreads, { 1000: atMost(3) }),
  first('number', 'allreduce of a number', 'allreduce', fourThreads, { 1000: atMost(2) }),
  first('barrier', 'barrier', 'Barrier', fourThreads, { 1000: atMost(3) }),
  first('exchange', 'sendrecv of an object', 'sendrecv', hosts, { 1000: atMost(4) }),
  first('number', 'allreduce of a number', 'allreduce', hosts, { 1000: atMost(3) }),
  first('barrier', 'barrier', 'Barrier', hosts, { 1000: atMost(5) }),
  {
    name: 'latency',
    title: 'ping-pong of two ranks, one way',
    unit: 'µs',
    ranks: 2,
    rows: [
      { name: 'object', label: 'object {a: 7, b: 3.14}', peer: 'send, recv', bar: () => atMost(1.3) },
      {
        name: 'into',
        label: 'Float64Array, into',
        peer: 'Send, Recv',
        sizes: all,
        bar: (size) => (size === 8 ? atMost(2) : least64KiB(atMost(1), atMost(1 / 1.5))(size))
      },
      { name: 'fresh', label: 'Float64Array, without into', peer: 'send, recv', sizes: all, bar: () => atMost(1) },
      {
        name: 'transfer',
        label: 'Float64Array, transfer: true',
        peer: 'Send, Recv',
        sizes: [MiB, 64 * MiB],
        bar: (size) => (size === MiB ? undefined : both(atMost(0.1), sameAs(MiB, '1 MiB')))
      }
    ],
    step: (row, size) => ({
      iterations: row.name === 'transfer' ? moving(1536 * MiB, size, 20, 1000) : moving(128 * MiB, size, 3, 20_000)
    })
  },
  {
    name: 'layout',
    title: 'ping-pong of memory that is not contiguous, from where it lies to where it belongs, one way',
    unit: 'µs',
    ranks: 2,
    rows: [
      { name: 'column', label: 'column of a Float64Array of 1024²', peer: 'Create_vector', bar: () => atMost(1) },
      { name: 'blocks', label: '4,096 blocks of 64 B', peer: 'Create_vector', bar: () => atMost(1) },
      { name: 'records', label: '4,096 records with padding, 37 B of 48', peer: 'Create_struct', bar: () => atMost(1) },
      {
        name: 'long-blocks',
        label: '4 MiB',
        peer: 'Create_vector, or contiguous',
        sizes: [KiB, 4 * MiB],
        sizeName: (size) => (size === KiB ? 'in blocks of 1 KiB' : 'in one piece'),
        bar: (size) => (size === KiB ? within(1.3, 4 * MiB, 'one piece') : undefined)
      }
    ],
    step: (row) => ({ iterations: row.name === 'long-blocks' ? 30 : 500 })
  },
  {
    name: 'neighbors',
    title: 'neighborAlltoall on a ring of two ranks, by the bytes for a neighbour',
    unit: 'µs',
    ranks: 2,
    rows: [{ name: 'alltoall', label: 'Float64Array, into', peer: 'Neighbor_alltoall', sizes: [8, 64 * KiB], bar: () => atMost(1) }],
    step: (_, size) => ({ iterations: size === 8 ? 5000 : 1000 })
  },
  {
    name: 'halo',
    title: 'ghost cells on four ranks, all ends meeting',
    unit: 'µs',
    ranks: 4,
    yields: true,
    rows: [
      { name: 'square', label: 'blocks of 512² f64 on 2 × 2', peer: 'Isend, Irecv of subarrays', bar: () => atMost(1) },
      { name: 'cube', label: 'blocks of 64³ f64 on 2 × 2 × 1, with corners', peer: 'Isend, Irecv of subarrays', bar: () => atMost(1) }
    ],
    step: (row) => ({ iterations: row.name === 'square' ? 1000 : 200 })
  },
  {
    name: 'persistent',
    title: 'calls that are made once and started, beside the plain ones',
    unit: 'µs',
    ranks: 2,
    rows: [
      {
        name: 'send',
        label: 'ping-pong of 8 B, one way',
        peer: 'Send_init, Recv_init',
        sizes: [0, 1],
        sizeName: (size) => (size === 0 ? 'send and recv' : 'start and wait'),
        bar: (size) => (size === 1 ? within(0.8, 0, 'the plain call') : undefined)
      },
      {
        name: 'allreduce',
        label: 'allreduce of one number',
        peer: 'Allreduce',
        sizes: [0, 1],
        sizeName: (size) => (size === 0 ? 'called' : 'started'),
        bar: (size) => (size === 1 ? within(0.8, 0, 'the plain call') : undefined)
      },
      {
        name: 'partitions',
        label: '1 MiB, one way',
        peer: 'Send, Recv',
        sizes: [1, 64],
        sizeName: (size) => (size === 1 ? 'in one send' : 'in 64 partitions of 16 KiB'),
        bar: (size) => (size === 64 ? within(1.1, 1, 'one send') : undefined)
      }
    ],
    step: (row) => ({ iterations: row.name === 'partitions' ? 300 : 5000 })
  },
  {
    name: 'file',
    title: 'a file of 2 ranks, 64 MiB of each, in blocks',
    unit: 'MB/s',
    ranks: 2,
    rows: [
      ...['write', 'read'].flatMap((name) => [
        { name, label: `${name} at an offset`, peer: name === 'write' ? 'Write_at' : 'Read_at', sizes: [MiB], bar: () => atLeast(0.9) },
        {
          name: `${name}-all`,
          label: `${name}All at an offset`,
          peer: name === 'write' ? 'Write_at_all' : 'Read_at_all',
          sizes: [MiB],
          bar: () => atLeast(0.9)
        },
        {
          name: `${name}-interleaved`,
          label: `${name}All, blocks of both interleaved by a view`,
          peer: 'the same by Set_view',
          sizes: [4 * KiB],
          bar: () => atLeast(1)
        }
      ])
    ],
    step: (_, size) => ({ window: (64 * MiB) / size, iterations: 1 })
  },
  {
    name: 'lines',
    title: 'lines of 100 B that 2 ranks read, times the rate of one process of Node without rxmpi',
    unit: '×',
    ranks: 2,
    steady: true,
    alone: true,
    rows: [
      { name: 'block', label: 'readFrom, beside readline', sizes: [lineBytes], sizeName: () => '1 GB', bar: () => above(1.5, '×') },
      {
        name: 'demand',
        label: "readFrom, share: 'demand', beside readline",
        sizes: [lineBytes],
        sizeName: () => '1 GB',
        bar: () => above(1.5, '×')
      },
      {
        name: 'split',
        label: 'readFrom, beside createReadStream and split',
        sizes: [lineBytes],
        sizeName: () => '1 GB',
        bar: () => above(1.5, '×')
      }
    ],
    step: () => ({ iterations: 1, warmup: 0 })
  },
  {
    name: 'lines-memory',
    program: 'lines',
    title: 'growth of resident memory, a rank, while 2 ranks read lines',
    unit: 'MB',
    ranks: 2,
    steady: true,
    alone: true,
    rows: [{ name: 'memory', label: 'readFrom', sizes: [lineBytes], sizeName: () => '1 GB', bar: () => below(64, 'MB') }],
    step: () => ({ iterations: 1, warmup: 0 })
  },
  {
    name: 'lines-written',
    program: 'lines',
    title: 'lines of 100 B that 2 ranks write in rounds',
    unit: 'M/s',
    ranks: 2,
    steady: true,
    rows: [
      { name: 'write', label: 'writeTo', peer: 'Write_ordered', sizes: [1e6], sizeName: () => '1,000,000 lines', bar: () => atLeast(1) }
    ],
    step: () => ({ iterations: 1, warmup: 1 })
  },
  {
    name: 'bandwidth',
    title: 'one way, windows of isend that an answer ends',
    unit: 'MB/s',
    ranks: 2,
    rows: [
      {
        name: 'into',
        label: 'Float64Array, irecv into',
        peer: 'Isend, Irecv',
        sizes: all,
        bar: least64KiB(atLeast(1), atLeast(1.5))
      }
    ],
    step: (_, size) => {
      const window = moving(256 * MiB, size, 4, 64)
      const iterations = moving(512 * MiB, size * window, 1, 300)
      return { window, iterations }
    }
  },
  {
    name: 'message-rate',
    title: 'objects {a: 7, b: 3.14} one way, windows of 64 isend',
    unit: 'M/s',
    ranks: 2,
    rows: [
      { name: 'recv', label: 'received by recv, an answer a window', bar: () => atLeast(1) },
      { name: 'irecv', label: 'received by 64 irecv, an answer a window', bar: () => atLeast(1) },
      { name: 'messages', label: 'received by messages(), no answers', peer: 'recv', bar: () => above(2, 'M/s') }
    ],
    step: () => ({ window: 64, iterations: 1500 })
  },
  observed('trace', 'with --trace', atLeast(0.85), { options: (folder) => ['--trace', `${folder}/run.json`] }),
  observed('profile', 'with --profile', atLeast(0.85), { options: () => ['--profile'] }),
  observed('check', 'with --check', atLeast(0.7), { options: () => ['--check'] }),
  observed('page', 'with --dashboard and a page that shows it', atLeast(0.95), { options: () => ['--dashboard'], viewed: true }),
  page('page-rate', 'the page of a job of a million messages a second: what it is told, and when', 'ms', [
    { name: 'interval', label: 'from one picture to the next', bar: () => below(600, 'ms') },
    { name: 'age', label: 'age of the oldest figure in a picture', bar: () => below(100, 'ms') },
    { name: 'oldest', label: 'the same, at worst' }
  ]),
  page('page-memory', 'growth of resident memory in 14 s of such a job', 'MB', [
    // V8 gives each rank 16 MB more for what is new when it pleases, without a page, too.
    { name: 'growth', label: 'launcher and ranks', bar: () => below(40, 'MB') }
  ]),
  {
    name: 'startup',
    title: 'hello on four ranks, the whole command',
    unit: 's',
    ranks: 4,
    measures: 'wall',
    rows: [{ name: 'hello', label: 'hello', bar: () => atMost(1) }]
  },
  {
    name: 'connect',
    program: 'worlds',
    title: 'two ranks that meet at a port and part again',
    unit: 'ms',
    ranks: 2,
    yields: true,
    rows: [{ name: 'connect', label: 'listen, connect, close', peer: 'Accept, Connect, Disconnect', bar: () => atMost(1) }],
    step: () => ({ iterations: 100, warmup: 20 })
  },
  {
    // Open MPI 4.1 comes back from Comm.Spawn once or twice in a program, and then not.
    name: 'spawn',
    program: 'worlds',
    title: 'four ranks that one starts, to where both sides have closed',
    unit: 'ms',
    ranks: 2,
    alone: true,
    rows: [{ name: 'spawn', label: 'spawn of 4 ranks, close' }],
    step: () => ({ iterations: 3, warmup: 1 })
  },
  {
    name: 'idle',
    title: 'processor time of two ranks that wait in recv for 3 s',
    unit: 's',
    ranks: 2,
    measures: 'cpu',
    steady: true,
    rows: [
      { name: 'waiting', label: 'while they wait', bar: () => below(0.15, 's') },
      { name: 'command', label: 'the whole command, with its start' }
    ],
    step: () => ({ iterations: 1, warmup: 0, seconds: 3 })
  },
  {
    name: 'ring',
    title: 'eight ranks, an object {a: 7, b: 3.14} 1,000 times round',
    unit: 'ms',
    ranks: 8,
    yields: true,
    rows: [{ name: 'ring', label: '1,000 rounds', bar: () => atMost(3) }],
    step: () => ({ iterations: 1000 })
  },
  {
    name: 'memory',
    title: 'peak of resident memory of hello on four ranks, a rank',
    unit: 'MB',
    ranks: 4,
    steady: true,
    rows: [{ name: 'hello', label: 'hello', bar: () => below(30, 'MB') }],
    step: () => ({ iterations: 1, warmup: 0 })
  },
  {
    name: 'flood',
    title: 'growth of resident memory of a rank that sleeps while it is sent 1,000,000 objects',
    unit: 'MB',
    ranks: 2,
    steady: true,
    rows: [
      { name: 'timer', label: 'it awaits a timer of 2 s', peer: 'sleep', bar: () => below(64, 'MB') },
      { name: 'blocked', label: 'its thread is blocked for 2 s', peer: 'sleep', bar: () => below(64, 'MB') }
    ],
    step: () => ({ iterations: 1_000_000, warmup: 0, seconds: 2 })
  },
  {
    name: 'stream-rate',
    title: 'values of an iterable through sendTo and receiveFrom',
    unit: 'M/s',
    ranks: 2,
    rows: [
      { name: 'objects', label: 'objects {a: 7, b: 3.14}', peer: 'windows of 64 isend, recv', bar: () => above(1.5, 'M/s') },
      { name: 'numbers', label: 'numbers', peer: 'windows of 64 isend, recv' }
    ],
    step: () => ({ iterations: 200_000 })
  },
  {
    name: 'stream-bandwidth',
    title: 'Float64Array through sendTo and receiveFrom, share of what windows of isend and irecv reach',
    unit: '%',
    ranks: 2,
    alone: true,
    rows: [
      { name: 'stream', label: 'sendTo, receiveFrom', sizes: [64 * KiB, MiB], bar: (size) => (size === MiB ? undefined : above(80, '%')) }
    ],
    step: (_, size) => {
      const window = moving(256 * MiB, size, 4, 64)
      return { window, iterations: moving(512 * MiB, size * window, 1, 300) }
    }
  },
  {
    name: 'stream-memory',
    title: 'growth of resident memory of both ranks while 10,000,000 numbers go to a reader that is 100 times slower',
    unit: 'MB',
    ranks: 2,
    steady: true,
    alone: true,
    rows: [
      { name: 'pull', label: 'an iterable, which waits', bar: () => below(50, 'MB') },
      { name: 'dropOldest', label: "overflow: 'dropOldest'", bar: () => below(50, 'MB') },
      { name: 'latest', label: "overflow: 'latest'", bar: () => below(50, 'MB') }
    ],
    step: () => ({ iterations: 10_000_000, warmup: 0 })
  },
  {
    name: 'stream-cancel',
    title: 'from unsubscribe on one rank to the teardown of the source on the other',
    unit: 'ms',
    ranks: 2,
    alone: true,
    rows: [{ name: 'unsubscribe', label: 'unsubscribe', bar: () => below(1, 'ms') }],
    step: () => ({ iterations: 50, warmup: 0 })
  },
  {
    name: 'shuffle',
    title: 'small records {key, value} by partitionTo, each to the rank of its key',
    unit: 'M/s',
    ranks: 4,
    alone: true,
    yields: true,
    rows: [{ name: 'records', label: 'records on 4 ranks', bar: () => above(1, 'M/s') }],
    step: () => ({ iterations: 1_000_000, warmup: 1_000_000 })
  },
  {
    name: 'shuffle-memory',
    title: 'growth of resident memory of 4 ranks while they shuffle 10,000,000 records',
    unit: 'MB',
    ranks: 4,
    steady: true,
    alone: true,
    yields: true,
    rows: [{ name: 'records', label: 'records on 4 ranks', bar: () => below(100, 'MB') }],
    step: () => ({ iterations: 10_000_000, warmup: 0 })
  },
  {
    name: 'pool',
    title: 'tasks of 10 µs on a root and one worker, share of the time that the tasks take',
    unit: '%',
    ranks: 2,
    steady: true,
    rows: [
      { name: 'default', label: 'RankPool.map', peer: 'MPICommExecutor.map', bar: () => both(above(70, '%'), atLeast(5)) },
      { name: 'chunks', label: 'RankPool.map, chunk: 100', peer: 'MPICommExecutor.map, chunksize=100', bar: () => above(70, '%') }
    ],
    step: ({ name }) => ({ iterations: 20_000, ...(name === 'chunks' ? { window: 100 } : {}) })
  },
  {
    name: 'sync',
    program: 'sync',
    title: 'a counter and a mutex on 2 ranks',
    unit: 'µs',
    ranks: 2,
    rows: [
      { name: 'counter', label: 'counter.next, both draw', peer: 'util.sync Counter.next', bar: () => asFast },
      { name: 'free', label: 'a mutex, free', peer: 'util.sync Mutex', bar: () => asFast },
      { name: 'contended', label: 'a mutex, contended', peer: 'util.sync Mutex', bar: () => asFast }
    ],
    step: ({ name }) => ({ iterations: name === 'counter' ? 20_000 : 2000 })
  },
  {
    name: 'barrier',
    program: 'collectives',
    title: 'barrier on 2 ranks',
    unit: 'µs',
    ranks: 2,
    rows: [{ name: 'barrier', label: 'barrier', peer: 'Barrier', bar: () => atMost(8) }],
    step: () => ({ iterations: 10_000 })
  },
  {
    name: 'allreduce-number',
    program: 'collectives',
    title: 'allreduce of a number on 2 ranks',
    unit: 'µs',
    ranks: 2,
    rows: [{ name: 'number', label: 'a number', peer: 'allreduce', bar: () => atMost(1.5) }],
    step: () => ({ iterations: 10_000 })
  },
  collective('allreduce', 'Allreduce', { [MiB]: atMost(1 / 1.5), [8 * MiB]: atMost(1 / 2), [64 * MiB]: atMost(1 / 2) }),
  collective('bcast', 'Bcast', { [MiB]: atMost(1.5), [8 * MiB]: asFast, [64 * MiB]: asFast }),
  collective('reduce', 'Reduce', large),
  collective('gather', 'Gather', large),
  collective('allgather', 'Allgather', large),
  collective('alltoall', 'Alltoall', large),
  {
    name: 'allocated',
    program: 'collectives',
    title: 'allreduce on 2 ranks, of arrays that allocate makes',
    unit: 'µs',
    ranks: 2,
    rows: [{ name: 'allocated', label: 'Float64Array of allocate, into', peer: 'Allreduce', sizes: [MiB, 8 * MiB, 64 * MiB] }],
    step: (_, size) => ({ iterations: moving(64 * MiB, size, 3, 5000) })
  },
  collectivesOf(4),
  collectivesOf(8),
  {
    name: 'stream',
    title: 'a stream of 100,000 numbers through mpi.allreduce on 2 ranks',
    unit: 'rounds/ms',
    ranks: 2,
    rows: [{ name: 'stream', label: 'mpi.allreduce', peer: 'a loop of allreduce', bar: () => atLeast(2) }],
    step: () => ({ iterations: 100_000 })
  },
  {
    name: 'window',
    title: 'a call on the memory of another rank',
    unit: 'µs',
    ranks: 2,
    windows: true,
    rows: [
      { name: 'put', label: 'put', peer: 'Put, Flush', sizes: [8, 64 * KiB, MiB], bar: () => atMost(1) },
      { name: 'get', label: 'get, into', peer: 'Get, Flush', sizes: [8, 64 * KiB, MiB], bar: () => atMost(1) },
      {
        name: 'accumulate',
        label: 'accumulate of Float64Array, SUM',
        peer: 'Accumulate, Flush',
        sizes: [8, MiB],
        bar: (size) => atMost(size === 8 ? 1 : 1.5)
      },
      { name: 'fetchAndOp', label: 'fetchAndOp of 64 bits, SUM', peer: 'Fetch_and_op, Flush', bar: () => atMost(1) },
      { name: 'compareAndSwap', label: 'compareAndSwap of 64 bits', peer: 'Compare_and_swap, Flush', bar: () => atMost(1) },
      { name: 'lock', label: 'lock, put of 8 B, release', peer: 'Lock, Put, Unlock', bar: () => atMost(1) }
    ],
    step: (_, size) => ({ iterations: moving(128 * MiB, size, 100, 20_000) })
  },
  {
    name: 'processes-latency',
    group: 'processes',
    program: 'latency',
    title: 'ping-pong of two processes of one machine, one way',
    unit: 'µs',
    ranks: 2,
    processes: true,
    rows: [
      { ...smallObject, peer: 'send, recv', bar: () => atMost(1.2) },
      { ...inPlace, peer: 'Send, Recv', sizes: [8, MiB], bar: (size) => (size === 8 ? atMost(2) : asFast) }
    ],
    step: smallStep
  },
  {
    ...first('number', 'allreduce of a number', 'allreduce', { ranks: 2 }, { 1000: atMost(6), 10000: atMost(1.5) }),
    name: 'processes-number',
    group: 'processes',
    title: 'the first calls of allreduce of a number on 2 processes of one machine, mean of a call',
    processes: true
  },
  {
    name: 'processes-window',
    group: 'processes',
    program: 'window',
    title: 'a call on the memory of another process of the machine',
    unit: 'µs',
    ranks: 2,
    processes: true,
    windows: true,
    rows: [
      { name: 'put', label: 'put', peer: 'Put, Flush', sizes: [8], bar: () => atMost(1) },
      { name: 'get', label: 'get, into', peer: 'Get, Flush', sizes: [8], bar: () => atMost(1) }
    ],
    step: () => ({ iterations: 20_000 })
  },
  {
    name: 'hosts-latency',
    program: 'latency',
    title: 'ping-pong of two hosts on loopback, one way',
    unit: 'µs',
    ranks: 2,
    hosts: true,
    rows: [
      { ...smallObject, peer: 'send, recv', bar: () => atMost(3) },
      { ...inPlace, peer: 'Send, Recv', sizes: [8, KiB, 64 * KiB] }
    ],
    step: smallStep
  },
  {
    name: 'hosts-window',
    program: 'window',
    title: 'a call on the memory of another host, on loopback',
    unit: 'µs',
    ranks: 2,
    hosts: true,
    windows: true,
    rows: [
      { name: 'put', label: 'put', peer: 'Put, Flush', sizes: [8, 64 * KiB, MiB], bar: () => atMost(1) },
      { name: 'get', label: 'get, into', peer: 'Get, Flush', sizes: [8, 64 * KiB, MiB], bar: () => atMost(1) },
      { name: 'fetchAndOp', label: 'fetchAndOp of 64 bits, SUM', peer: 'Fetch_and_op, Flush', bar: () => atMost(1) }
    ],
    step: (_, size) => ({ iterations: moving(32 * MiB, size, 20, 500) })
  },
  {
    name: 'hosts-bandwidth',
    program: 'latency',
    title: 'ping-pong of large arrays between two hosts on loopback, one way',
    unit: 'µs',
    ranks: 2,
    hosts: true,
    rows: [{ ...inPlace, peer: 'Send, Recv', sizes: largeSizes, bar: () => atMost(1 / 0.6) }],
    step: largeStep
  },
  {
    name: 'zeromq-latency',
    program: 'latency',
    beside: 'zeromq.js',
    title: 'ping-pong of two hosts on loopback, one way',
    unit: 'µs',
    ranks: 2,
    hosts: true,
    rows: [{ ...smallObject, peer: 'a Pair, by cbor-x', bar: () => atMost(1 / 4) }],
    step: smallStep
  },
  {
    name: 'zeromq-bandwidth',
    program: 'latency',
    beside: 'zeromq.js',
    title: 'ping-pong of large arrays between two hosts on loopback, one way',
    unit: 'µs',
    ranks: 2,
    hosts: true,
    rows: [{ ...inPlace, peer: 'a Pair', sizes: largeSizes, bar: () => atMost(1 / 1.5) }],
    step: largeStep
  },
  {
    name: 'hosts-rate',
    title: 'messages one way between two hosts on loopback, windows of 64 isend, received by messages()',
    unit: 'M/s',
    ranks: 2,
    hosts: true,
    rows: [{ name: 'messages', label: 'Uint8Array of 64 bytes', peer: 'Recv', bar: () => above(0.5, 'M/s') }],
    step: () => ({ window: 64, iterations: 1500 })
  },
  {
    name: 'hosts-memory',
    title: 'growth of resident memory of both processes while 10 GB go to a receiver that takes its time',
    unit: 'MB',
    ranks: 2,
    hosts: true,
    steady: true,
    alone: true,
    aside: true,
    // What a link keeps of what is not acknowledged, a ring and its like on the other host, and 64 MiB.
    rows: [{ name: 'slow', label: 'arrays of 1 MiB', bar: () => below(80, 'MB') }],
    step: () => ({ iterations: 10_000, warmup: 200 })
  },
  {
    name: 'kernels',
    title: 'reductions of two runs, the first in shared memory, over the second',
    unit: 'GB/s',
    ranks: 1,
    aside: true,
    rows: kernelRows(),
    step: (_, size) => ({ iterations: moving(8 * MiB, size, 1, 1000), warmup: moving(64 * MiB, size, 1, 10_000) })
  }
]

/** The sizes of a row that are measured; a quick run leaves out those between the bars. */
export const sizesOf = (row: Row, quick: boolean): readonly (number | undefined)[] =>
  row.sizes === undefined ? [undefined] : row.sizes.filter((size) => !quick || row.sizeName !== undefined || some.has(size))

export function planOf({ rows, step }: Case, quick: boolean): Plan {
  const steps = rows.flatMap((row) =>
    sizesOf(row, quick).map((size) => {
      const counts = step?.(row, size ?? 0) ?? { iterations: 1, warmup: 0 }
      return { row: row.name, ...(size === undefined ? {} : { size }), ...counts }
    })
  )
  return quick ? { repetitions: 3, least: 0.1, most: 1, steps } : { repetitions: 5, least: 1, most: 5, steps }
}
