import type { MarkKind, RankPicture, RankState } from './picture.js'

/** '1,234', '12.3 k', '4.56 M' */
export function count(value: number): string {
  return scaled(value, ['', ' k', ' M', ' G', ' T'], 10_000)
}

/** '512 B', '12.3 kB', '4.56 MB' */
export function bytes(value: number): string {
  return scaled(value, [' B', ' kB', ' MB', ' GB', ' TB', ' PB'], 1000)
}

function scaled(value: number, units: readonly string[], from: number): string {
  const sign = value < 0 ? '−' : ''
  let rest = Math.abs(value)
  if (rest < from) return `${sign}${rest.toLocaleString('en', { maximumFractionDigits: 0 })}${units[0]}`
  let unit = 0
  // What would be rounded to a thousand is one of the next unit.
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000
    unit++
  }
  return `${sign}${rest.toPrecision(3)}${units[unit]}`
}

/** '3.2 s', '45 s', '12 min 3 s', '2 h 5 min' */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.floor(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** Each state has a sign of its own, beside its colour. */
export const SIGNS: Record<RankState, string> = { running: '▶', waiting: '◔', busy: '⚙', ended: '■', failed: '✖', cut: '◫' }

export const STATES: readonly RankState[] = ['failed', 'busy', 'waiting', 'running', 'cut', 'ended']

/** The time of day, as where the page is looked at. */
export function clock(time: number): string {
  const date = new Date(time)
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** 'busy, has not answered for 3.2 s' */
export function stateText({ state, silent, why, still }: RankPicture): string {
  if (state === 'busy') return `busy, has not answered for ${duration(silent)}`
  if (state === 'waiting') return still >= 1 ? `waiting, ${duration(still)}` : 'waiting'
  if (state === 'failed') return why ?? 'failed'
  if (state === 'cut') return 'was ended with the job'
  return state === 'ended' ? 'has ended' : 'running'
}

/** In a word. */
export const NAMES: Record<RankState, string> = {
  failed: 'failed',
  busy: 'busy',
  waiting: 'waiting',
  running: 'running',
  cut: 'cut off',
  ended: 'ended'
}

export const MARKS: Record<MarkKind, string> = {
  send: 'sends',
  queue: 'sends later',
  receive: 'receives',
  begin: 'begins a collective',
  end: 'ends a collective',
  break: 'breaks off a collective',
  gone: 'hears that a rank is gone'
}
