import { ArgumentError } from '../errors.js'

/** The names of the options of a call, each once: the type sees to it that none is left out and none too many. */
export type OptionNames<T> = { readonly [K in keyof Required<T>]: true }

/** Those of one call, whichever. */
export type AnyNames = Readonly<Record<string, true>>

/** Of a call that takes nothing else. */
export const SIGNAL: OptionNames<{ signal?: AbortSignal }> = { signal: true }

/** Throws for a name that is none of the call's: an option that is misspelt would else be as if it had not been given. */
export function checkNames(options: object, names: AnyNames): void {
  for (const name in options) if (names[name] !== true) refuse(name, names)
}

/** Whether it would not throw. */
export function areNamed(options: object, names: AnyNames): boolean {
  for (const name in options) if (names[name] !== true) return false
  return true
}

function refuse(name: string, names: AnyNames): never {
  const known = Object.keys(names)
  const nearest = nearestOf(name, known)
  const advice = nearest === undefined ? `expected ${listed(known)}` : `did you mean '${nearest}'?`
  throw new ArgumentError(`${name}: there is no such option; ${advice}`)
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return `no other than ${names[0]}`
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

/** The name that was most likely meant, if any is like it. */
export function nearestOf(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined
  let least = 2
  for (const other of names) {
    const distance = distanceOf(name.toLowerCase(), other.toLowerCase())
    const isLike = distance * 2 <= Math.max(name.length, other.length)
    if (!isLike || distance > least || (distance === least && nearest !== undefined)) continue
    nearest = other
    least = distance
  }
  return nearest
}

/** Letters to put in, leave out, change or swap with the next (Damerau, A technique for computer detection of spelling errors, 1964). */
function distanceOf(a: string, b: string): number {
  let before: number[] = []
  let last: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, k) => k)
  for (let i = 1; i <= a.length; i++) {
    before = last
    last = row
    row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, before[j - 2]! + 1)
    }
  }
  return row[b.length]!
}
