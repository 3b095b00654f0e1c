import { sizeText } from '../../marble/letters.js'
import { timeText } from '../../marble/scale.js'
import type { CallProfile } from '../../trace/call-profile.js'
import { table } from './table.js'

/** Places that are shown, of those with the longest times. */
const PLACES = 20
/** Rows of the matrix of bytes, and ranks that are told of one by one. */
const MOST = 16

const time = (milliseconds: number): string => timeText(Number((milliseconds * 1000).toPrecision(3)))
const share = (part: number, whole: number): string => `${Math.round((100 * part) / (whole || 1))} %`

/** Where the time of a job has gone, in lines. */
export function profileReport(profile: CallProfile): string[] {
  const { ranks } = profile
  if (ranks.length === 0) return ['', 'no rank has ended by itself: there is nothing to tell of where their time went']
  const estimate = ranks.some((rank) => rank.profile.isEstimate)
  return [
    '',
    ...places(profile, estimate),
    '',
    ...waiting(profile),
    '',
    ...bytes(profile),
    ...(estimate
      ? ['', "~ the place of each call is known of a rank's first 200 of a kind, then of one in a thousand: counts by place are estimates"]
      : [])
  ]
}

function places(profile: CallProfile, estimate: boolean): string[] {
  const all = profile.places()
  const rows = all
    .slice(0, PLACES)
    .map(({ place, call, count, total, waited }) => [
      place?.replace(/:\d+$/, '') ?? '(elsewhere)',
      call,
      `${estimate ? '~' : ''}${Math.round(count)}`,
      total > 0 ? time(total) : '',
      total > 0 ? time(total / count) : '',
      total > 0 ? time(waited) : ''
    ])
  const more = all.length - rows.length
  return [...table(['WHERE', 'CALL', 'COUNT', 'TOTAL', 'MEAN', 'WAITED'], rows, [2, 3, 4, 5]), ...(more > 0 ? [`and ${more} more`] : [])]
}

function waiting({ ranks }: CallProfile): string[] {
  const own = ({ profile }: CallProfile['ranks'][number]): number => profile.time - profile.waited
  const slowest = ranks.reduce((most, rank) => (own(rank) > own(most) ? rank : most))
  // Of many those that work the longest and those that wait the longest.
  const sorted = [...ranks].sort((one, other) => own(other) - own(one))
  const shown = ranks.length <= MOST ? ranks : [...sorted.slice(0, MOST / 2), ...sorted.slice(-MOST / 2)]
  const rows = shown.map((rank) => [
    rank.title,
    time(rank.profile.time),
    time(rank.profile.waited),
    share(rank.profile.waited, rank.profile.time),
    time(own(rank))
  ])
  const others = ranks.filter((rank) => rank !== slowest)
  const mean = others.reduce((sum, rank) => sum + own(rank), 0) / others.length
  return [
    ...table(['RANK', 'TIME', 'WAITED', 'SHARE', 'REST'], rows, [1, 2, 3, 4]),
    ...(shown.length < ranks.length ? [`and ${ranks.length - shown.length} between these`] : []),
    ...(others.length === 0
      ? []
      : [`slowest: rank ${slowest.title}, which was busy for ${time(own(slowest))}, the others for ${time(mean)} on average`])
  ]
}

/** Who has sent how much to whom; of many ranks, groups of them. */
function bytes({ ranks }: CallProfile): string[] {
  const sent = ranks.flatMap(({ rank, profile }) => profile.sent.map((own) => ({ from: rank, ...own })))
  const known = [...new Set([...ranks.map(({ rank }) => rank), ...sent.map(({ to }) => to)])]
  const numbers = known.filter((rank) => typeof rank === 'number').sort((one, other) => one - other)
  const others = known.filter((rank) => typeof rank === 'string')
  const size = Math.ceil(numbers.length / MOST)
  const groups: (number | string)[][] = Array.from({ length: Math.ceil(numbers.length / size) }, (_, k) =>
    numbers.slice(k * size, (k + 1) * size)
  )
  if (others.length > 0) groups.push(others)
  const titleOf = (rank: number | string): string => ranks.find((each) => each.rank === rank)?.title ?? String(rank)
  const name = (group: (number | string)[]): string =>
    typeof group[0] === 'string'
      ? 'other jobs'
      : group.length === 1
        ? titleOf(group[0]!)
        : `${titleOf(group[0]!)}-${titleOf(group.at(-1)!)}`
  const groupOf = new Map(groups.flatMap((group, k) => group.map((rank) => [rank, k] as const)))
  const sums = groups.map(() => groups.map(() => 0))
  for (const { from, to, bytes: own } of sent) sums[groupOf.get(from)!]![groupOf.get(to)!]! += own
  const rows = groups.flatMap((group, k) => {
    const row = sums[k]!
    const total = row.reduce((sum, each) => sum + each, 0)
    return typeof group[0] === 'string' ? [] : [[name(group), ...row.map((own) => (own === 0 ? '.' : sizeText(own))), sizeText(total)]]
  })
  const messages = sent.reduce((sum, own) => sum + own.messages, 0)
  const total = sent.reduce((sum, own) => sum + own.bytes, 0)
  const columns = groups.map((_, k) => k + 1)
  return [
    ...table(['FROM \\ TO', ...groups.map(name), 'ALL'], rows, [...columns, columns.length + 1]),
    `${messages} messages, ${sizeText(total)}`
  ]
}
