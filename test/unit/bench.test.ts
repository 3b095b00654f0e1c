import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { atLeast, atMost, below, both, sameAs } from '../../bench/bar.js'
import { run } from '../../bench/command.js'
import { figureText } from '../../bench/figure.js'
import { areFlat } from '../../bench/flat.js'
import { machine } from '../../bench/machine.js'
import { median } from '../../bench/median.js'
import { pageOf, updated } from '../../bench/page.js'
import type { Figure } from '../../bench/plan.js'
import { resultOf } from '../../bench/result.js'
import { MiB, sizeName } from '../../bench/size.js'
import { type Case, cases, planOf } from '../../bench/suite.js'
import { tableOf } from '../../bench/table.js'
import { Viewer } from '../../bench/viewer.js'

const nowhere = () => undefined

describe('bars', () => {
  test('compare with the peer, and say nothing where it was not measured', () => {
    expect(atMost(1.3).met({ ours: 2.6, theirs: 2, at: nowhere })).toBe(true)
    expect(atMost(1.3).met({ ours: 2.7, theirs: 2, at: nowhere })).toBe(false)
    expect(atLeast(1.5).met({ ours: 3, theirs: 2, at: nowhere })).toBe(true)
    expect(atLeast(1.5).met({ ours: 2.9, theirs: 2, at: nowhere })).toBe(false)
    expect(atMost(1).met({ ours: 1, at: nowhere })).toBeUndefined()
    expect(atMost(1 / 1.5).text).toBe('at most 0.67 ×')
  })

  test('that need no peer are decided without one', () => {
    expect(below(30, 'MB').met({ ours: 29, at: nowhere })).toBe(true)
    expect(below(30, 'MB').met({ ours: 30, at: nowhere })).toBe(false)
  })

  test('of two, one that is missed decides and one that is not known leaves it open', () => {
    const bar = both(atMost(0.1), sameAs(MiB, '1 MiB'))
    expect(bar.met({ ours: 20, theirs: 10_000, at: () => 15 })).toBe(true)
    expect(bar.met({ ours: 40, theirs: 10_000, at: () => 15 })).toBe(false)
    expect(bar.met({ ours: 40, at: () => 15 })).toBe(false)
    expect(bar.met({ ours: 20, at: () => 15 })).toBeUndefined()
  })
})

describe('the plan', () => {
  test.each(cases.map((subject) => [subject.name, subject] as const))(
    'of %s has a step for every row and size, with whole counts',
    (_, subject) => {
      const { steps, repetitions } = planOf(subject, false)
      expect(repetitions).toBeGreaterThan(0)
      expect(steps.map(({ row, size }) => [row, size])).toEqual(
        subject.rows.flatMap(({ name, sizes = [undefined] }) => sizes.map((size) => [name, size]))
      )
      for (const { iterations, warmup = 0, window = 1 } of steps) {
        expect([iterations, warmup, window].every(Number.isInteger)).toBe(true)
        expect(iterations).toBeGreaterThan(0)
        expect(window).toBeGreaterThan(0)
      }
    }
  )

  test('of a quick run keeps every size that has a bar of its own', () => {
    const sizes = planOf(cases.find(({ name }) => name === 'latency')!, true).steps.map(({ size }) => size)
    for (const size of [8, 64 * 1024, MiB, 64 * MiB]) expect(sizes).toContain(size)
  })
})

describe('a result', () => {
  const subject: Case = {
    name: 'latency',
    title: 'there and back',
    unit: 'µs',
    ranks: 2,
    rows: [
      { name: 'object', label: 'an object', bar: () => atMost(1) },
      { name: 'into', label: 'an array', sizes: [8, MiB] }
    ]
  }
  const outcome = (...values: number[]) => {
    const figures: Figure[] = [
      { row: 'object', value: values[0] },
      { row: 'into', size: 8, value: values[1] },
      { row: 'into', size: MiB, value: values[2] }
    ]
    return { figures, wall: 1, cpu: Number.NaN }
  }
  const runs = { ours: [outcome(1, 3, 100), outcome(2, 4, 200), outcome(9, 5, 300)], theirs: [outcome(4, 4, 100)] }

  test('holds the medians of all runs, their ratio and whether the bar is met', () => {
    const { lines } = resultOf(subject, false, runs, [])
    expect(lines[0]).toEqual({ row: 'object', label: 'an object', ours: 2, theirs: 4, ratio: 0.5, bar: 'at most 1 ×', met: true })
    expect(lines[2]).toEqual({ row: 'into', label: 'an array', size: MiB, sizeText: '1 MiB', ours: 200, theirs: 100, ratio: 2 })
  })

  test('is printed with sizes down and figures across', () => {
    const text = tableOf(resultOf(subject, false, runs, ['mpi4py ended with 1']), true)
    expect(text.split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      '# latency: there and back (µs, median of 3 runs)',
      '# rxmpi mpi4py ratio',
      'an object 2.00 4.00 0.50 at most 1 ×: met',
      'an array',
      ' 8 B 4.00 4.00 1.00',
      ' 1 MiB 200 100 2.00',
      '# mpi4py ended with 1',
      ''
    ])
  })

  test('says after how many calls times were flat, where they were', () => {
    const figures: Figure[] = [
      { row: 'object', value: 1, after: 40_000 },
      { row: 'into', size: 8, value: 2 }
    ]
    const { lines, ...result } = resultOf(subject, false, { ours: [{ figures, wall: 1, cpu: Number.NaN }], theirs: [] }, [])
    expect(lines.map(({ after }) => after)).toEqual([40_000, undefined, undefined])
    const text = tableOf({ lines, ...result }, false)
      .split('\n')
      .map((line) => line.replaceAll(/ +/g, ' '))
    expect(text.slice(1, 5)).toEqual(['# rxmpi flat after', 'an object 1.00 40,000', 'an array', ' 8 B 2.00'])
  })

  test('takes its place in a page, and leaves what stands between the tables', () => {
    const old = resultOf(subject, false, runs, [])
    const page = pageOf([old, { ...old, case: 'another' }], machine()).replace('## another', 'What holds: $1 of it.\n\n## another')
    const figures: Figure[] = [{ row: 'object', value: 7.25 }]
    const next = resultOf(subject, false, { ours: [{ figures, wall: 1, cpu: Number.NaN }], theirs: [] }, [])
    const now = updated(page, [next], machine())
    expect(now).toContain('| an object | 7.25 |')
    expect(now.match(/\| an object \| 2.00 \|/g)).toHaveLength(1)
    expect(now).toContain('|\n\nWhat holds: $1 of it.\n\n## another\n')
    expect(() => updated('# Performance', [next], machine())).toThrow('The page has no table of latency.')
  })

  test('says beside whom', () => {
    const beside = resultOf({ ...subject, beside: 'zeromq.js' }, false, runs, [])
    expect(tableOf(beside, true).split('\n')[1]).toMatch(/^# +rxmpi +zeromq\.js +ratio$/)
  })

  test('without a run that succeeded has lines without figures', () => {
    const { lines } = resultOf(subject, false, { ours: [], theirs: [] }, ['rxmpi ended with 1'])
    expect(lines[0]).toEqual({ row: 'object', label: 'an object', bar: 'at most 1 ×' })
  })
})

describe('a command', () => {
  test('gives the figures among its output and the processor time of its children', async () => {
    const script = `console.log('hello'); console.log(JSON.stringify({ row: 'object', value: 2 })); while (process.cpuUsage().user < 60_000);`
    const { figures, wall, cpu } = await run({ file: process.execPath, args: ['-e', script] }, true)
    expect(figures).toEqual([{ row: 'object', value: 2 }])
    expect(wall).toBeGreaterThan(0)
    expect(cpu).toBeGreaterThan(0)
  })

  test('that fails rejects with its status and its last words', async () => {
    const failing = run({ file: process.execPath, args: ['-e', `console.error('no such thing'); process.exit(3)`] })
    await expect(failing).rejects.toThrow('ended with 3: no such thing')
    await expect(run({ file: process.execPath, args: ['-e', `process.exit(4)`] }, true)).rejects.toThrow('ended with 4')
  })
})

describe('times are flat', () => {
  const falling = (length: number) => Array.from({ length }, (_, k) => 100 * 0.9 ** k)

  test('when the last quarter is hardly faster than the one before', () => {
    expect(areFlat([...falling(20), ...Array(60).fill(12)])).toBe(true)
    expect(areFlat(Array(8).fill(1))).toBe(true)
    expect(areFlat([9, 5, 4, 4, 3.5, 3.4, 3.4, 3.4])).toBe(true)
  })

  test('not while they fall, nor where there are few', () => {
    expect(areFlat(falling(40))).toBe(false)
    expect(areFlat([9, 9, 9, 9, 5, 5, 4, 4])).toBe(false)
    expect(areFlat(Array(7).fill(1))).toBe(false)
    expect(areFlat([])).toBe(false)
  })

  test('also where one was held up', () => {
    expect(areFlat([9, 5, 4, 4, 4, 4, 4, 400, 4, 4, 4, 4, 4, 4, 4, 4])).toBe(true)
  })
})

describe('a viewer', () => {
  /** A job whose figures are as old as that when they are sent. */
  const seen = async (ages: readonly number[]): Promise<Figure[]> => {
    const server = createServer((_, response) => {
      for (const age of ages) {
        const ranks = [Date.now(), Date.now() - age].map((answered) => ({ state: 'running', answered }))
        response.write(`data: ${JSON.stringify({ ranks })}\n\n`)
      }
      response.end(`data: ${JSON.stringify({ ranks: [{ state: 'ended', answered: 0 }], status: 0 })}\n\n`)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const viewer = new Viewer()
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    for (const text of [address.slice(0, 3), address.slice(3), '\nmore\n'])
      viewer.hear(text === 'htt' ? `look at this job at ${text}` : text, process.pid)
    return viewer.figures().finally(() => server.close())
  }

  test('tells how old figures are when they come, and leaves out the first and the last', async () => {
    const figures = await seen([9e5, 9e5, 9e5, 9e5, ...Array(7).fill(1e5), 2e5])
    const value = (row: string): number => figures.find((figure) => figure.row === row)!.value
    expect(value('age')).toBeCloseTo(1e5, -3)
    expect(value('oldest')).toBeCloseTo(2e5, -3)
    expect(value('interval')).toBeGreaterThanOrEqual(0)
    expect(Math.abs(value('growth'))).toBeLessThan(100)
  })

  test('of too few pictures says that', async () => {
    await expect(seen([1, 1, 1])).rejects.toThrow('the page was sent 3 pictures: too few to say anything')
  })
})

test('the median of an even number of values is between the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([3, 1, 20])).toBe(3)
})

test('figures keep three digits and sizes their unit', () => {
  expect([0.004, 0.123, 1.5, 12.34, 1234.5, undefined].map(figureText)).toEqual(['0.004', '0.12', '1.50', '12.3', '1235', '–'])
  expect([8, 65_536, 64 * MiB].map(sizeName)).toEqual(['8 B', '64 KiB', '64 MiB'])
})
