/** What a formula of a page comes to: `2 S (P - 1) ⁄ P`, `P ⌈log₂ P⌉`, `2^K`. */
export function evaluate(formula: string, values: Readonly<Record<string, number>>): number {
  const tokens = formula.match(/\d+|log₂|[A-Z]|[-+⁄^()⌈⌉⌊⌋]/g) ?? []
  if (tokens.join('') !== formula.replace(/\s+/g, '')) throw new Error(`no formula: ${formula}`)
  let at = 0
  const next = (...expected: string[]): string | undefined => (expected.includes(tokens[at] ?? '') ? tokens[at++] : undefined)

  function sum(): number {
    let total = product()
    for (let sign = next('+', '-'); sign !== undefined; sign = next('+', '-')) total += sign === '+' ? product() : -product()
    return total
  }

  /** What stands side by side is multiplied. */
  function product(): number {
    let total = power()
    while (at < tokens.length && !['+', '-', ')', '⌉', '⌋'].includes(tokens[at]!)) {
      if (next('⁄') === undefined) total *= power()
      else total /= power()
    }
    return total
  }

  function power(): number {
    const base = atom()
    return next('^') === undefined ? base : base ** power()
  }

  function atom(): number {
    if (next('log₂') !== undefined) return Math.log2(atom())
    const open = next('(', '⌈', '⌊')
    if (open === undefined) {
      const token = tokens[at++]!
      return values[token] ?? Number(token)
    }
    const inner = sum()
    at++
    return open === '⌈' ? Math.ceil(inner) : open === '⌊' ? Math.floor(inner) : inner
  }

  const result = sum()
  if (at !== tokens.length || Number.isNaN(result)) throw new Error(`no formula: ${formula}`)
  return result
}
