import type { FailurePicture } from '../model/picture.js'
import { byId, element } from './dom.js'

/** Each failure as it comes: a screen reader says it at once. */
export function failures(): (all: readonly FailurePicture[]) => void {
  const list = byId('failure-list')
  return (all) => {
    byId('failures').hidden = all.length === 0
    for (const { title, text } of all.slice(list.childElementCount)) {
      list.append(
        element(
          'div',
          { class: 'failure' },
          element('h3', {}, title === undefined ? 'The job' : `Rank ${title}`),
          element(
            'pre',
            { tabindex: 0, role: 'region', 'aria-label': title === undefined ? 'Failure of the job' : `Failure of rank ${title}` },
            text.trimEnd()
          )
        )
      )
    }
  }
}
