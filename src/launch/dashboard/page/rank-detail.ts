import type { Picture } from '../model/picture.js'
import { clock, count, MARKS, stateText } from '../model/words.js'
import { byId, element, setText } from './dom.js'

const SHOWN = 12

/** What one rank has done last, in words. */
export function rankDetail(): (picture: Picture, process: number | undefined) => void {
  const caption = element('caption')
  const body = element('tbody')
  const heads = ['Time', 'What', 'In words'].map((name) => element('th', { scope: 'col' }, name))
  byId('rank-detail').append(
    element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Last messages of the rank that is chosen' },
      element('table', { class: 'detail' }, caption, element('thead', {}, element('tr', {}, ...heads)), body)
    )
  )
  return ({ ranks }, process) => {
    const rank = ranks.find((one) => one.process === process) ?? ranks[0]
    if (rank === undefined) return
    const last = rank.last.slice(-SHOWN).reverse()
    const seen =
      last.length === 0
        ? 'it has sent and received nothing'
        : `the last ${last.length} of ${count(rank.events)} things that it has done, the latest first`
    setText(caption, `Rank ${rank.title}, ${stateText(rank)}: ${seen}`)
    while (body.rows.length > last.length) body.deleteRow(-1)
    for (const [k, { time, kind, text }] of last.entries()) {
      const row = body.rows[k] ?? body.insertRow()
      const cells = [clock(time), MARKS[kind], text]
      for (const [j, words] of cells.entries()) {
        const cell = row.cells[j] ?? row.insertCell()
        if (j === 0) cell.className = 'number'
        setText(cell, words)
      }
    }
  }
}
