/** What an object for Kubernetes is made of. */
export type Plain = string | number | boolean | readonly Plain[] | PlainObject
interface PlainObject {
  readonly [key: string]: Plain | undefined
}

/** Strings that need no quotes in YAML, whatever its version: no numbers, no dates, and none of the words for `true` and `null`. */
const BARE = /^(?!(true|false|null|yes|no|on|off|y|n)$)[a-z][\w./-]*$/i

/** YAML in block style, which `kubectl` and people read. A string is bare or as JSON has it, which YAML 1.2 takes in. */
export function yaml(value: Plain): string {
  return typeof value === 'object' ? `${linesOf(value).join('\n')}\n` : `${scalar(value)}\n`
}

function linesOf(value: readonly Plain[] | PlainObject): string[] {
  if (Array.isArray(value)) return value.length === 0 ? ['[]'] : value.flatMap((item: Plain) => after('-', item))
  const entries = Object.entries(value).filter((entry): entry is [string, Plain] => entry[1] !== undefined)
  return entries.length === 0 ? ['{}'] : entries.flatMap(([key, item]) => after(`${scalar(key)}:`, item))
}

/** A key's object begins on the next line; an item of a list begins behind its dash. */
function after(head: string, value: Plain): string[] {
  if (typeof value !== 'object') return [`${head} ${scalar(value)}`]
  const lines = linesOf(value)
  if (head === '-' || /^(\[\]|\{\})$/.test(lines[0]!)) return lines.map((line, k) => `${k === 0 ? head : ' '} ${line}`)
  return [head, ...lines.map((line) => `  ${line}`)]
}

function scalar(value: string | number | boolean): string {
  return typeof value === 'string' && BARE.test(value) ? value : JSON.stringify(value)
}
