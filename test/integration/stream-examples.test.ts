import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './command.js'

const directory = mkdtempSync(join(tmpdir(), 'rxmpi-examples-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function run(example: string, ranks: number, ...args: string[]): Promise<string[]> {
  const command = ['bin/rxmpi.js', 'run', '-n', String(ranks), '--no-prefix', `examples/${example}.ts`, ...args]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { cwd: root })
  expect(stderr).toBe('')
  return stdout.trimEnd().split('\n')
}

const SIZES = [1, 2, 5]

describe('the seismic pipeline', () => {
  test.each(SIZES)('finds every earthquake, and no other, on %i ranks', async (ranks) => {
    const lines = await run('seismic', ranks)
    expect(lines.at(-1)).toBe('48 onsets on 12 stations make 4 earthquakes of 4')
    const delays = lines.slice(0, -1).map((line) => Number(/, (-?[\d.]+) s after its origin$/.exec(line)![1]))
    expect(delays.length).toBe(4)
    for (const delay of delays) {
      expect(delay).toBeGreaterThan(0)
      expect(delay).toBeLessThan(0.25)
    }
  })
})

describe('the word count', () => {
  const folder = join(root, 'node_modules/nlp-corpus/builds')
  const counts = new Map<string, number>()
  let total = 0
  for (const file of readdirSync(folder)) {
    for (const [word] of readFileSync(join(folder, file), 'utf8')
      .toLowerCase()
      .matchAll(/\p{L}+(?:['’]\p{L}+)*/gu)) {
      counts.set(word, (counts.get(word) ?? 0) + 1)
      total++
    }
  }
  const top = [...counts].sort(([, m], [, n]) => n - m).slice(0, 10)

  test.each(SIZES)('counts what a loop over the texts does, on %i ranks', async (ranks) => {
    expect(await run('word-count', ranks)).toEqual([
      `${total} words, ${counts.size} different ones`,
      ...top.map(([word, count]) => `${String(count).padStart(7)} ${word}`)
    ])
  })
})

describe('the task farm', () => {
  test('paints the same picture on any number of ranks, which is a PNG', async () => {
    const pictures = []
    for (const ranks of SIZES) {
      const file = join(directory, `${ranks}.png`)
      const [line] = await run('mandelbrot', ranks, file)
      expect(line).toMatch(/^96 tiles, 25\.4 % of them inside/)
      pictures.push(readFileSync(file))
    }
    expect([...pictures[0]!.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    expect([pictures[0]!.readUInt32BE(16), pictures[0]!.readUInt32BE(20)]).toEqual([768, 512])
    for (const picture of pictures) expect(picture.equals(pictures[0]!)).toBe(true)
  })
})

describe('the live plot', () => {
  test.each(SIZES)('ends with the same estimate on %i ranks', async (ranks) => {
    expect(await run('live-plot', ranks, '600')).toEqual(['3000000 darts: pi is about 3.1395'])
  })
})

describe('the flights as a stream', () => {
  interface Day {
    start: number
    count: number
    value: { flights: number; minutes: number }
  }

  test('has the same days on any number of ranks, which add up to what the main job finds', async () => {
    const days: Day[][] = []
    for (const ranks of [1, 2, 4]) {
      const file = join(directory, `days-${ranks}.json`)
      const lines = await run('flight-delays', ranks, '--stream', '--json', file)
      expect(lines.at(-1)).toMatch(/^3,000,000 flights on 182 days, on \d ranks?: /)
      days.push(JSON.parse(readFileSync(file, 'utf8')))
    }
    for (const other of days) expect(other).toEqual(days[0])
    const starts = days[0]!.map(({ start }) => start)
    expect(starts).toEqual(starts.map((_, k) => starts[0]! + k * 1440))
    const file = join(directory, 'total.json')
    await run('flight-delays', 2, '--svg', join(directory, 'x.svg'), '--json', file)
    const { all } = JSON.parse(readFileSync(file, 'utf8'))
    expect(days[0]!.reduce((sum, { count }) => sum + count, 0)).toBe(all.count)
    expect(days[0]!.reduce((sum, { value }) => sum + value.minutes, 0)).toBeCloseTo(all.mean * all.count, 0)
  })
})
