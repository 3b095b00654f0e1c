/** The page of a running job: what its launcher tells, drawn once a frame at most. */
import {
  animationFrameScheduler,
  auditTime,
  BehaviorSubject,
  combineLatest,
  distinctUntilChanged,
  filter,
  fromEvent,
  map,
  type Observable,
  Subject,
  scan,
  startWith
} from 'rxjs'
import { byteMatrixView } from './byte-matrix.js'
import { byId, setAttribute, setText } from './dom.js'
import { watch } from './events.js'
import { failures } from './failures.js'
import { header } from './header.js'
import { rankDetail } from './rank-detail.js'
import { rankTable } from './rank-table.js'
import { rateCharts } from './rate-charts.js'
import { type Choice, NOTHING, next, type State } from './state.js'
import { themes } from './theme.js'
import { timeline } from './timeline.js'
import { waitGraphView } from './wait-graph.js'

const choices = new Subject<Partial<Choice>>()
const choice$: Observable<Choice> = choices.pipe(
  startWith({}),
  scan((all, one) => ({ ...all, ...one }), { rank: undefined, only: undefined } as Choice)
)

/** While it is held the page goes on listening, and draws nothing new. */
const held = new BehaviorSubject(false)
byId('hold').onclick = () => held.next(!held.value)
held.subscribe((isHeld) => {
  setAttribute(byId('hold'), 'aria-pressed', String(isHeld))
  setText(byId('hold'), isHeld ? 'Go on' : 'Hold the picture')
})

const state$ = watch('events').pipe(scan(next, NOTHING), startWith(NOTHING))
const shown$: Observable<State> = combineLatest([state$, held]).pipe(
  filter(([, isHeld]) => !isHeld),
  map(([state]) => state),
  distinctUntilChanged()
)
const resized$ = fromEvent(window, 'resize').pipe(startWith(undefined))

const views = {
  header: header(choices),
  failures: failures(),
  ranks: rankTable(choices),
  waits: waitGraphView(),
  rates: rateCharts(),
  bytes: byteMatrixView(),
  timeline: timeline(choices),
  detail: rankDetail()
}

combineLatest([shown$, choice$, themes(), resized$])
  .pipe(auditTime(0, animationFrameScheduler))
  .subscribe(([state, choice, theme]) => {
    views.header(state, choice)
    const { picture, rates, lanes, graph } = state
    if (picture === undefined) return
    const rank = choice.rank ?? (picture.ranks.find((one) => one.state === 'failed') ?? picture.ranks[0])?.process
    views.failures(picture.failures)
    views.ranks(picture, { ...choice, rank })
    views.waits(picture, graph)
    views.rates(rates, theme)
    views.bytes(picture, theme)
    views.timeline(lanes, picture, { ...choice, rank }, theme)
    views.detail(picture, rank)
  })
