import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Summary } from '../../examples/flight-delays/statistics.js'
import type { Total } from '../../examples/flight-delays/total.js'

const root = join(__dirname, '../..')
const start = promisify(execFile)

type Groups = Record<string, Omit<Summary, 'variance'> & { variance: number | null }>

interface Outcome {
  stdout: string
  stderr: string
  json: string
  svg: string
}

describe('the delays of three million flights', () => {
  let directory: string
  let expected: Groups
  const outcomes = new Map<number, Outcome>()

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flight-delays-'))
    for (const size of [1, 3]) outcomes.set(size, await run(size))
    const { stdout } = await start(process.execPath, [join(__dirname, 'plain-flight-delays.mjs')], { maxBuffer: 2 ** 26 })
    expected = JSON.parse(stdout) as Groups
  })

  afterAll(() => rm(directory, { recursive: true, force: true }))

  /** From another directory: the input is found beside the program, and the output goes where it is told to. */
  async function run(size: number): Promise<Outcome> {
    const [svg, json] = [join(directory, `${size}.svg`), join(directory, `${size}.json`)]
    const program = [join(root, 'examples/flight-delays.ts'), '--svg', svg, '--json', json]
    const args = [join(root, 'bin/rxmpi.js'), 'run', '-n', String(size), '--no-prefix', ...program]
    const output = await start(process.execPath, args, { cwd: directory })
    return { ...output, svg: await readFile(svg, 'utf8'), json: await readFile(json, 'utf8') }
  }

  test.each([1, 3])('agree with a plain computation to 12 digits on %d ranks', (size) => {
    const { all, hours, airports } = JSON.parse(outcomes.get(size)!.json) as Total
    const computed: Groups = { all }
    for (const [hour, summary] of hours.entries()) computed[hour] = summary
    for (const { name, hours, ...summary } of airports) {
      computed[name] = summary
      for (const [hour, cell] of hours.entries()) if (cell.count > 0) computed[`${name} ${hour}`] = cell
    }

    expect(Object.keys(computed).sort()).toEqual(Object.keys(expected).sort())
    for (const [key, { mean, variance, ...exact }] of Object.entries(expected)) {
      const { mean: computedMean, variance: computedVariance, ...rest } = computed[key]
      expect({ key, ...rest }).toEqual({ key, ...exact })
      expect({ key, error: relativeError(computedMean, mean) }).toEqual({ key, error: 0 })
      expect({ key, error: relativeError(computedVariance, variance) }).toEqual({ key, error: 0 })
    }
  })

  test('have the same bits on any number of ranks, and so has the picture', () => {
    expect(outcomes.get(3)!.json === outcomes.get(1)!.json).toBe(true)
    expect(outcomes.get(3)!.svg === outcomes.get(1)!.svg).toBe(true)
  })

  test('are printed as a table, without a progress bar where there is no terminal', () => {
    const { stdout, stderr } = outcomes.get(3)!
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^17:00 +200,642 +8\.52 +32\.92 +-68 +1,491 +24\.5 %/m)
    expect(stdout).toMatch(/^ORD Chicago +166,341 +9\.27 +36\.29 +-67 +940 +25\.5 %/m)
    expect(stdout).toMatch(/^3,000,000 flights in 11 row groups on 3 ranks: [\d.]+ s$/m)
  })

  test('are drawn with a title, units and the source', () => {
    const { svg } = outcomes.get(3)!
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*>/)
    expect(svg).toContain('3,000,000 flights from 229 airports of the United States, 1 January')
    expect(svg).toContain('(minutes)')
    expect(svg).toContain('Source: U.S. Bureau of Transportation Statistics')
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    const opened = svg.match(/<(g|text|title|tspan|defs|linearGradient)\b/g)!.length
    expect(svg.match(/<\/(g|text|title|tspan|defs|linearGradient)>/g)).toHaveLength(opened)
  })
})

/** 0 where twelve digits agree. */
function relativeError(computed: number | null, expected: number | null): number | string {
  if (computed === null || expected === null) return computed === expected ? 0 : `${computed} instead of ${expected}`
  const error = Math.abs(computed - expected) / (Math.abs(expected) || 1)
  return error <= 1e-12 ? 0 : error
}
