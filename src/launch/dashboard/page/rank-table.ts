import type { Subject } from 'rxjs'
import type { Picture, RankPicture } from '../model/picture.js'
import { bytes, count, NAMES, stateText } from '../model/words.js'
import { byId, element, setAttribute, setText } from './dom.js'
import { sign } from './header.js'
import type { Choice } from './state.js'

const COLUMNS = ['Rank', 'State', 'Call', 'Sent', 'Queued', 'Unreceived', 'Credit left'] as const

interface Row {
  readonly row: HTMLTableRowElement
  readonly cells: readonly HTMLElement[]
  readonly title: HTMLElement
  readonly what: HTMLElement
  readonly line: HTMLElement
}

/** A row a rank; arrows go from row to row, Enter shows the last messages of one. */
export function rankTable(choices: Subject<Partial<Choice>>): (picture: Picture, choice: Choice) => void {
  const body = element('tbody')
  const table = element(
    'table',
    {},
    element('caption', { class: 'hidden' }, 'The ranks: what each does, what it waits for and at which line, and what it has sent'),
    element('thead', {}, element('tr', {}, ...COLUMNS.map((name) => element('th', { scope: 'col' }, name)))),
    body
  )
  byId('rank-table').append(element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'All ranks, a row each' }, table))
  const rows = new Map<number, Row>()
  const add = (process: number): Row => {
    const row = newRow()
    row.row.onclick = () => choices.next({ rank: process })
    row.row.onkeydown = (event) => onKey(event, row.row, () => choices.next({ rank: process }))
    row.row.onfocus = () => {
      for (const other of body.rows) other.tabIndex = -1
      row.row.tabIndex = 0
    }
    rows.set(process, row)
    return row
  }
  return ({ ranks }, { rank: chosen, only }) => {
    const present = new Set(ranks.map(({ process }) => process))
    for (const [process, { row }] of rows) {
      if (present.has(process)) continue
      row.remove()
      rows.delete(process)
    }
    const titles = new Map(ranks.map(({ process, title }) => [process, title]))
    for (const [k, rank] of ranks.entries()) {
      const row = rows.get(rank.process) ?? add(rank.process)
      if (body.rows[k] !== row.row) body.insertBefore(row.row, body.rows[k] ?? null)
      fill(row, rank, titles)
      row.row.hidden = only !== undefined && rank.state !== only
      setAttribute(row.row, 'aria-current', rank.process === chosen ? 'true' : undefined)
      setAttribute(row.row, 'class', rank.process === chosen ? `${rank.state} chosen` : rank.state)
    }
    const shown = [...body.rows].filter((row) => !row.hidden)
    if (!shown.some((row) => row.tabIndex === 0) && shown[0] !== undefined) shown[0].tabIndex = 0
  }
}

function newRow(): Row {
  const title = element('th', { scope: 'row' })
  const what = element('span')
  const line = element('code')
  const cells = COLUMNS.slice(1).map((_, k) => element('td', { class: k >= 2 ? 'number' : k === 0 ? 'state' : 'call' }))
  cells[1]!.append(what, line)
  const row = element('tr', { tabindex: -1 }, title, ...cells)
  return { row, cells, title, what, line }
}

function fill({ row, cells, title, what, line }: Row, rank: RankPicture, titles: ReadonlyMap<number, string>): void {
  const { calls, moreCalls, messages, queued, unmatched, unreceived, credit } = rank
  setText(title, rank.title)
  setAttribute(title, 'title', rank.host)
  const [state, , sent, queue, left, low] = cells as [HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement]
  if (row.dataset.state !== rank.state) {
    row.dataset.state = rank.state
    state.replaceChildren(sign(rank.state), element('span'))
  }
  setText(state.lastElementChild!, rank.state === 'failed' ? NAMES.failed : stateText(rank))
  const first = calls.find(({ endless }) => !endless) ?? calls[0]
  const more = calls.length + moreCalls - 1
  setText(what, first === undefined ? (rank.why ?? '') : more > 0 ? `${first.what} (and ${count(more)} more)` : first.what)
  setText(line, first?.at?.replace(/^.*[\\/]/, '') ?? '')
  setAttribute(line, 'title', first?.at)
  setText(sent, messages === 0 ? '' : `${count(messages)} · ${bytes(rank.bytes)}`)
  setText(queue, queued + unmatched === 0 ? '' : count(queued + unmatched))
  setText(left, unreceived === 0 ? '' : count(unreceived))
  setText(low, credit === undefined ? '' : `${bytes(credit.bytes)} to ${titles.get(credit.to) ?? credit.to}`)
}

function onKey(event: KeyboardEvent, row: HTMLTableRowElement, choose: () => void): void {
  const rows = [...(row.parentElement as HTMLTableSectionElement).rows].filter(({ hidden }) => !hidden)
  const at = rows.indexOf(row)
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + 10, PageUp: at - 10 }[event.key]
  if (event.key === 'Enter' || event.key === ' ') choose()
  else if (to === undefined) return
  else rows[Math.max(0, Math.min(rows.length - 1, to))]?.focus()
  event.preventDefault()
}
