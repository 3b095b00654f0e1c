import uPlot from 'uplot'
import type { Rates } from '../model/rates.js'
import { bytes, count } from '../model/words.js'
import { byId, element, setAttribute, setText } from './dom.js'
import type { Theme } from './theme.js'

const HEIGHT = 130
const KINDS = [
  { key: 'messages', title: 'Messages a second', colour: 'accent', words: count },
  { key: 'bytes', title: 'Bytes a second', colour: 'second', words: bytes }
] as const

interface Chart {
  readonly box: HTMLElement
  readonly now: HTMLElement
  readonly most: HTMLElement
  plot: uPlot | undefined
}

/** What is sent a second, over the time that the page has looked. */
export function rateCharts(): (rates: Rates, theme: Theme) => void {
  const root = byId('rate-charts')
  const charts = KINDS.map(({ title }): Chart => {
    const [now, most] = [element('b', { class: 'number' }), element('span', { class: 'quiet number' })]
    const box = element('div', { class: 'chart', role: 'img' })
    root.append(element('div', {}, element('h3', {}, title), element('p', { class: 'reading' }, now, ' ', most), box))
    return { box, now, most, plot: undefined }
  })
  let drawnIn: Theme | undefined
  new ResizeObserver(() => {
    for (const { box, plot } of charts) plot?.setSize({ width: box.clientWidth, height: HEIGHT })
  }).observe(root)
  return (rates, theme) => {
    for (const [k, { key, title, words }] of KINDS.entries()) {
      const chart = charts[k]!
      const values = rates[key]
      const [now, most] = [values.at(-1) ?? 0, values.reduce((a, b) => Math.max(a, b), 0)]
      setText(chart.now, words(now))
      setText(chart.most, most > 0 ? `at most ${words(most)}` : '')
      setAttribute(
        chart.box,
        'aria-label',
        `${title}: now ${words(now)}, at most ${words(most)}, over the last ${span(rates.times)} seconds`
      )
      // Of the time before the first picture nothing is known.
      const data: uPlot.AlignedData = [rates.times.slice(1), values.slice(1)]
      if (theme !== drawnIn) {
        chart.plot?.destroy()
        chart.plot = undefined
      }
      if (chart.plot === undefined && chart.box.clientWidth > 0)
        chart.plot = new uPlot(options(k, chart.box.clientWidth, theme), data, chart.box)
      else chart.plot?.setData(data)
    }
    drawnIn = theme
  }
}

const span = (times: readonly number[]): number => (times.length < 2 ? 0 : Math.round(times.at(-1)! - times[0]!))

function options(k: number, width: number, theme: Theme): uPlot.Options {
  const { colour, words } = KINDS[k]!
  const axis = {
    stroke: theme('quiet'),
    grid: { stroke: theme('line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif'
  }
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: 'rates' }, y: false },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 10] } },
    axes: [
      { ...axis, size: 24, values: (_, all) => all.map((time) => new Date(time * 1000).toTimeString().slice(0, 8)), space: 80 },
      { ...axis, size: 64, values: (_, all) => all.map((value) => words(value)), space: 28 }
    ],
    series: [{}, { stroke: theme(colour), width: 2, fill: theme(`${colour}-soft`), points: { show: false } }]
  }
}
