import { isFalseAlarm, isMissed, tableOf } from './card.js'
import { programs } from './programs/index.js'
import { findingsIn } from './simulated.js'

test('card', () => {
  const outcomes = programs.filter((p) => !p.jobOnly).map((program) => ({ program, found: findingsIn(program) }))
  console.log(tableOf(outcomes))
  for (const o of outcomes)
    if (isMissed(o) || isFalseAlarm(o)) console.log(o.program.name, '| wants', o.program.finds, '| found', [...o.found])
})
