import type { Subject } from 'rxjs'
import type { RankState } from '../model/picture.js'
import { duration, NAMES, SIGNS, STATES } from '../model/words.js'
import { byId, element, setAttribute, setText } from './dom.js'
import type { Choice, State } from './state.js'

/** What job it is, whether it runs, and how many ranks do what. */
export function header(choices: Subject<Partial<Choice>>): (state: State, choice: Choice) => void {
  const box = byId('states')
  const chips = new Map(
    STATES.map((state) => {
      const number = element('b')
      const chip = element(
        'button',
        { type: 'button', class: `chip ${state}`, 'aria-pressed': 'false' },
        sign(state),
        number,
        ` ${NAMES[state]}`
      )
      chip.onclick = () => choices.next({ only: chip.getAttribute('aria-pressed') === 'true' ? undefined : state })
      box.append(chip)
      return [state, { chip, number }] as const
    })
  )
  return ({ picture, lost }, { only }) => {
    if (picture === undefined) return setText(byId('job'), lost ? 'The job cannot be reached.' : 'Connecting …')
    const { program, args, ranks, status, began, time } = picture
    setText(byId('program'), [program, ...args].join(' '))
    document.title = `${status === undefined ? (lost ? 'lost' : 'running') : 'ended'}: ${program}`
    setText(byId('job'), jobText(ranks.length, status, lost))
    setAttribute(byId('job'), 'class', status === undefined ? (lost ? 'lost' : 'live') : status === 0 ? 'over' : 'over failed')
    setText(byId('age'), duration((time - began) / 1000))
    for (const [state, { chip, number }] of chips) {
      const count = ranks.filter((rank) => rank.state === state).length
      setText(number, String(count))
      setAttribute(chip, 'aria-pressed', String(only === state))
      chip.hidden = count === 0 && only !== state
    }
  }
}

function jobText(ranks: number, status: number | undefined, lost: boolean): string {
  const who = ranks === 1 ? '1 rank' : `${ranks} ranks`
  if (status !== undefined) return `The job has ended with status ${status}. This is its last picture; ${who}.`
  return lost ? `The launcher cannot be heard; this is the last picture of ${who}.` : `Running on ${who}.`
}

/** Of a state, for the eye: the word stands beside it. */
export const sign = (state: RankState): HTMLElement => element('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[state])
