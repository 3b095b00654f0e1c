import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { computeDims } from '../../src/communicator/compute-dims.js'

const root = join(__dirname, '../..')
const SIZES = [1, 2, 3, 5]

/** What each rank of a numbered example prints, by the number of ranks. */
const examples: Record<string, (size: number) => string[][]> = {
  '01-hello': (size) => eachRank(size, (rank) => [`I am rank ${rank} in group of ${size} processes`]),

  '02-work-by-rank': (size) => {
    const jobs = [
      'there are 9 words',
      'the first word of five letters is "quick"',
      '26 different letters occur',
      'backwards it ends with "eht"'
    ]
    const idle = ['there is nothing left for me']
    return eachRank(size, (rank) => (rank < jobs.length ? jobs.filter((_, job) => job % size === rank) : idle))
  },

  '03-object': (size) =>
    onlyRank(size, size - 1, ['Zugspitze at 47.421° N, since 1900', 'wind 12.5', 'temperature -8.25', 'seen 12345678901234567890 times']),

  '04-array': (size) =>
    onlyRank(size, size - 1, [
      '1000 numbers (8000 bytes) from rank 0',
      'number 144 is 12, the one after the last is 0',
      'they are in my own buffer'
    ]),

  '05-exchange': (size) => eachRank(size, (rank) => [`greetings from rank ${size - 1 - rank}`]),

  '06-neighbours': (size) =>
    eachRank(size, (rank) => {
      const line = ['0', '1', '4', '9', '16'].slice(0, size)
      const near = line.slice(Math.max(0, rank - 1), rank + 2).map(Number)
      const mean = near.reduce((a, b) => a + b) / near.length
      return [`${line[rank - 1] ?? 'nobody'} | ${line[rank]} | ${line[rank + 1] ?? 'nobody'}: mean ${mean.toFixed(2)}`]
    }),

  '08-requests': (size) =>
    onlyRank(size, 0, [
      `race: rank ${size - 1}`,
      `forkJoin: ${upTo(size)
        .map((rank) => `rank ${rank}`)
        .join(', ')}`
    ]),

  '09-ring': (size) => onlyRank(size, 0, [`${[...upTo(size), 0].join(' → ')}: the sum of the ranks is ${(size * (size - 1)) / 2}`]),

  '53-spans': (size) =>
    onlyRank(size, 0, [`${2 * size} messages sent and ${2 * size} received, ${2 * size} spans have their parent on the rank that sent`]),

  '10-task-farm': (size) => onlyRank(size, 0, ['40 tasks found 17984 primes below 200000']),

  '34-next-value': (size) => onlyRank(size, 0, ['40 tasks found 17984 primes below 200000']),

  '35-tickets': (size) => onlyRank(size, 0, ['240 rows, 25.4 % of them inside']),

  '12-probe': (size) =>
    onlyRank(
      size,
      0,
      upTo(size).map((rank) => `${10 * (rank + 1)} numbers from rank ${rank}, each of them ${rank}`)
    ),

  '13-bcast': (size) => eachRank(size, () => ['heat: 1, 10, 100 steps since 1970', 'the last of 100000 numbers is 24999.75']),

  '14-scatter-gather-reduce': (size) => {
    const lengths = upTo(size).map((rank) => (rank * rank) % 7)
    const root = [`their lengths are ${lengths.join(', ')}`, `the longest has ${Math.max(...lengths)}`]
    return eachRank(size, (rank) => [`I got "${'x'.repeat(lengths[rank])}"`, ...(rank === 0 ? root : [])])
  },

  '15-scatterv': (size) => {
    const runs = eachRank(size, () => [])
    const longer = 10 % size
    for (let k = 0, rank = 0; k < 10; k++) {
      while (runs[rank].length === Math.floor(10 / size) + (rank < longer ? 1 : 0)) rank++
      runs[rank].push(String(k + 1))
    }
    return eachRank(size, (rank) => [
      `${runs[rank].length} of them: ${runs[rank].join(' ')}`.trimEnd(),
      ...(rank === 0 ? ['squares: 1 4 9 16 25 36 49 64 81 100'] : [])
    ])
  },

  '16-split': (size) =>
    eachRank(size, (rank) => {
      const alike = upTo(size).filter((other) => other % 2 === rank % 2)
      const sum = alike.reduce((a, b) => a + b)
      const place = `${rank % 2 === 0 ? 'even' : 'odd'} ${alike.indexOf(rank)} of ${alike.length}`
      return [`world ${rank} of ${size} is ${place}: their world ranks add up to ${sum}`]
    }),

  '17-pi': (size) => onlyRank(size, 0, ['π is about 3.1415926536, off by less than 1e-12']),

  '18-dot-product': (size) => {
    let sum = 0
    for (let k = 0; k < 1_000_000; k++) sum += Math.sin(k) * Math.sin(k + 1)
    return eachRank(size, () => [`x · y = ${sum.toFixed(3)}, the angle between them is 1.00000`])
  },

  '19-matrix-vector': (size) =>
    eachRank(size, (rank) => [
      `${Math.floor((50 * (rank + 1)) / size) - Math.floor((50 * rank) / size)} rows are mine`,
      ...(rank === 0 ? ['the product begins with -800 -820 -840 and ends with -1780'] : [])
    ]),

  '20-cannon': (size) => {
    const side = Math.floor(Math.sqrt(size))
    const result = `on ${side} × ${side} ranks: C(0, 0) = ${2 * 630 + 2 * 0}, C(35, 1) = ${2 * (35 + 2)}`
    return eachRank(size, (rank) => (rank === 0 ? [result] : rank < side * side ? [] : ['I look on']))
  },

  '41-nxtval': (size) => onlyRank(size, 0, ['1000 tasks, the longest way has 178 steps']),

  '42-hash-table': (size) => onlyRank(size, 0, ['26 kinds, 2000 numbers', '1 have 1, 303 have 2, 14 have 3, 568 have 4']),

  '43-pi-by-accumulate': (size) => onlyRank(size, 0, ['π is about 3.1415926536']),

  '44-matrix-blocks': (size) => onlyRank(size, 0, ['the trace of A B is 17328']),

  '45-parameter-server': (size) => onlyRank(size, 0, ['y = 3.00, -2.00, 0.50']),

  '48-spawned-workers': (size) => onlyRank(size, 0, ['3 workers say that pi is 3.14159265']),

  '49-late-viewers': (size) =>
    size === 1
      ? [[]]
      : onlyRank(
          size,
          size - 1,
          [1, 2].map((viewer) => `viewer ${viewer} has seen 10 frames, in order: true`)
        ),

  '50-elastic-pool': (size) =>
    onlyRank(size, 0, [size === 1 ? 'run it on two ranks or more' : '400 tasks are done, once each and in order: true']),

  '46-live-histogram': (size) => onlyRank(size, 0, [`${size * 6000} throws, most of them 8`]),

  '27-conjugate-gradient': (size) => onlyRank(size, 0, ['the middle is at 0.125000, nothing is off by more than 1e-9: true']),

  '21-power-method': (size) =>
    onlyRank(size, 0, [
      '305 airports, 5366 routes, 65 iterations',
      'ATL 5.938 %',
      'ORD 4.436 %',
      'DFW 3.747 %',
      'DEN 3.226 %',
      'LAX 2.632 %'
    ]),

  '22-k-means': (size) =>
    onlyRank(size, 0, [
      '41412 points, 51 rounds',
      '39.5° N 117.7° W',
      '38.0° N 98.4° W',
      '31.6° N 96.3° W',
      '44.4° N 94.9° W',
      '40.1° N 86.7° W',
      '31.6° N 84.3° W',
      '38.5° N 79.2° W',
      '42.0° N 73.7° W'
    ]),

  '24-survive': (size) => onlyRank(size, 0, [`${size} ranks of ${size}: π is about 3.1416`]),
  '25-columns-and-records': (size) =>
    onlyRank(size, 0, [`${size} columns, the largest element is ${3 * size - 1}, the sums add up to ${((3 * size - 1) * 3 * size) / 2}`]),

  '31-game-of-life': (size) =>
    onlyRank(size, 0, ['after 120 generations 5 cells live: the glider has gone 10 down and to the right: true']),
  '32-wave': (size) => onlyRank(size, 0, ['after 60 steps the sum is 44.541787, in the far corner it is 0.152803']),
  '33-laplacian': (size) => onlyRank(size, 0, ['solved in 132 iterations; the highest point is 0.073628']),
  '26-jacobi': (size) => onlyRank(size, 0, ['after 438 steps nothing changes by more than 1.0e-4; in the middle it is 0.221']),

  '29-event-log': (size) => onlyRank(size, 0, [`${50 * size} events in ${1540 * size} bytes, round by round: true`]),

  '30-zarr': (size) => onlyRank(size, 0, ['64 x 48 heights in 8 chunks, on average 31.735']),

  '38-matrix-file': (size) => {
    const grid = computeDims(size, 2).join(' x ')
    return onlyRank(size, 0, [`${grid} blocks, read as rows: largest element 59047, 0 wrong`])
  },

  '40-parquet': (size) => onlyRank(size, 0, ['10000 rows in 20 row groups, on average 19.95 °C']),

  '47-simulation-and-analysis': (size) => {
    if (size === 1) return [['this takes two ranks or more']]
    const first = size - Math.max(1, Math.floor(size / 3))
    return onlyRank(size, first, ['1000 steps of 60 pendulums: energy between 13.718 and 13.718'])
  },

  '39-word-count-of-a-file': (size) => {
    const text = readFileSync(join(root, 'node_modules/typescript/ThirdPartyNoticeText.txt'), 'utf8').toLowerCase()
    const counts = new Map<string, number>()
    for (const [word] of text.matchAll(/\p{L}+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1)
    const top = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, 5)
    return onlyRank(
      size,
      0,
      top.map(([word, count]) => `${String(count).padStart(6)} ${word}`)
    )
  },

  '23-moving-average': (size) => {
    const days = readFileSync(join(root, 'node_modules/vega-datasets/data/seattle-weather.csv'), 'utf8')
      .split('\n')
      .map((line) => line.split(','))
      .filter(([date]) => /^\d/.test(date) && !date.endsWith('-02-29'))
    const years = upTo(size).map((rank) =>
      days.filter(([date]) => date.startsWith(String(2012 + (rank % 4)))).map(([, , most]) => Number(most))
    )
    const weeks = upTo(359).map((day) => years.flatMap((year) => year.slice(day, day + 7)).reduce((a, b) => a + b) / (7 * size))
    return eachRank(size, () => [`359 weeks, the warmest ${Math.max(...weeks).toFixed(2)} °C`])
  }
}

describe.each(Object.entries(examples))('example %s', (name, expected) => {
  // One size each, or one and another, for each is a job: of all examples together every size is run.
  const sizes = [[1, 3], [2], [5], [3]][Object.keys(examples).indexOf(name) % 4]!
  test.each(sizes)('on %d ranks', async (size) => {
    expect(await run(name, size)).toEqual(expected(size))
  })
})

describe('example 07-heat', () => {
  test('has the same bits on any number of ranks, and diffuses heat', async () => {
    const [alone] = await run('07-heat', 1)
    expect(alone.slice(-3)).toEqual([
      expect.stringMatching(/^after 600 steps: centre /),
      expect.stringMatching(/^checksum [0-9a-f]{8}$/),
      SAME
    ])
    const [, centre, sum] = alone
      .at(-3)!
      .match(/centre ([\d.]+), sum ([\d.]+)/)!
      .map(Number)
    expect(centre).toBeGreaterThan(80)
    expect(centre).toBeLessThan(100)
    expect(sum).toBeGreaterThan(0)
    for (const size of SIZES.slice(1)) expect(await run('07-heat', size)).toEqual(onlyRank(size, 0, alone))
  })
})

const SAME = 'the same bits as on one rank'

describe('example 11-parallel-sum', () => {
  test.each(SIZES)('shares the array evenly on %d ranks and adds up to the whole', async (size) => {
    const output = await run('11-parallel-sum', size)
    const parts = output.map(([line]) =>
      line
        .match(/^(\d+) numbers, from (\d+) to (\d+), make (\d+)$/)!
        .slice(1)
        .map(Number)
    )
    let next = 1
    for (const [count, from, to, sum] of parts) {
      expect(from).toBe(next)
      expect(Math.abs(count - 1_000_000 / size)).toBeLessThanOrEqual(size)
      expect(sum).toBe(((from + to) * count) / 2)
      next = to + 1
    }
    expect(next).toBe(1_000_001)
    expect(output[0].slice(1)).toEqual(['the sum is 500000500000'])
    for (const rank of output.slice(1)) expect(rank).toHaveLength(1)
  })
})

test('Cannon multiplies on a grid of several ranks', async () => {
  for (const size of [4, 9]) expect(await run('20-cannon', size)).toEqual(examples['20-cannon'](size))
})

test('24-survive goes on when a rank fails', async () => {
  const args = ['bin/rxmpi.js', 'run', '-n', '4', '--on-failure', 'continue', 'examples/24-survive.ts', '2']
  const failed = await promisify(execFile)(process.execPath, args, { cwd: root }).catch((error) => error)
  expect(failed.code).toBe(1)
  expect(failed.stdout).toBe('[0] 3 ranks of 4: π is about 3.1416\n')
  expect(failed.stderr).toMatch(/^\[2\] Error: no space left on device\n/)
})

test('28-checkpoint goes on where it was, on any number of ranks, bit for bit', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rxmpi-checkpoint-'))
  const [whole, parts] = ['whole', 'parts'].map((name) => join(folder, `${name}.npy`))
  const steps = async (ranks: number, path: string, count: number): Promise<string> => {
    const args = ['bin/rxmpi.js', 'run', '-n', String(ranks), '--no-prefix', 'examples/28-checkpoint.ts', path, String(count)]
    return (await promisify(execFile)(process.execPath, args, { cwd: root })).stdout
  }
  expect(await steps(4, whole!, 60)).toMatch(/^begun: 60 steps/)
  for (const [ranks, count] of [
    [4, 20],
    [3, 30],
    [1, 10]
  ] as const)
    await steps(ranks, parts!, count)
  expect(readFileSync(parts!)).toEqual(readFileSync(whole!))
  rmSync(folder, { recursive: true })
})

test('every numbered example is run here', () => {
  const files = readdirSync(join(root, 'examples')).filter((file) => /^\d\d-.*\.ts$/.test(file))
  expect(files.map((file) => file.slice(0, -3)).sort()).toEqual(
    // browser.test.ts runs the last.
    [...Object.keys(examples), '07-heat', '11-parallel-sum', '28-checkpoint', '52-heat-viewer'].sort()
  )
})

/** The lines that each rank of an example printed, as a user would run it. */
async function run(name: string, size: number): Promise<string[][]> {
  const args = ['bin/rxmpi.js', 'run', '-n', String(size), `examples/${name}.ts`]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root })
  expect(stderr).toBe('')
  const output = eachRank(size, () => [])
  for (const line of stdout.split('\n').slice(0, -1)) {
    const [, rank, text] = size === 1 ? [line, '0', line] : line.match(/^\[(\d+)\] ?(.*)$/)!
    output[Number(rank)].push(text)
  }
  return output
}

function upTo(size: number): number[] {
  return Array.from({ length: size }, (_, rank) => rank)
}

function eachRank(size: number, lines: (rank: number) => string[]): string[][] {
  return upTo(size).map(lines)
}

function onlyRank(size: number, speaker: number, lines: string[]): string[][] {
  return eachRank(size, (rank) => (rank === speaker ? lines : []))
}
