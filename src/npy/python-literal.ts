/** What a literal of Python's is here: a tuple is an array, as a list is, for what reads it need not tell them apart. */
export type Literal = string | number | boolean | null | Literal[] | { [key: string]: Literal }

/** Reads the literals that NumPy writes: dicts with text as keys, tuples, lists, text, integers, True, False, None. Or a SyntaxError. */
export function parseLiteral(text: string): Literal {
  const reader = new Reader(text)
  const value = reader.value()
  reader.end()
  return value
}

const words: Record<string, Literal> = { True: true, False: false, None: null }
const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): Literal {
    const next = this.#peek()
    if (next === '{') return this.#dict()
    if (next === '(') return this.#items('(', ')')
    if (next === '[') return this.#items('[', ']')
    if (next === "'" || next === '"') return this.#string(next)
    const word = /^[\w.+-]+/.exec(this.#text.slice(this.#at))?.[0] ?? ''
    this.#at += word.length
    if (Object.hasOwn(words, word)) return words[word]!
    if (/^[+-]?\d+L?$/.test(word)) return Number.parseInt(word, 10)
    throw this.#unexpected(word || next)
  }

  end(): void {
    if (this.#peek() !== '') throw this.#unexpected(this.#peek())
  }

  #dict(): Literal {
    const entries: [string, Literal][] = []
    this.#take('{')
    while (this.#peek() !== '}') {
      const key = this.value()
      if (typeof key !== 'string') throw this.#unexpected(String(key))
      this.#take(':')
      entries.push([key, this.value()])
      if (this.#peek() !== '}') this.#take(',')
    }
    this.#take('}')
    return Object.fromEntries(entries)
  }

  /** In brackets a value without a comma behind it is no tuple. */
  #items(open: string, close: string): Literal {
    const items: Literal[] = []
    let commas = 0
    this.#take(open)
    while (this.#peek() !== close) {
      items.push(this.value())
      if (this.#peek() === close) break
      this.#take(',')
      commas++
    }
    this.#take(close)
    return open === '(' && items.length === 1 && commas === 0 ? items[0]! : items
  }

  #string(quote: string): string {
    let value = ''
    for (this.#at++; this.#text[this.#at] !== quote; this.#at++) {
      const letter = this.#text[this.#at]
      if (letter === undefined) throw this.#unexpected('')
      if (letter !== '\\') value += letter
      else {
        const escaped = this.#text[++this.#at] ?? ''
        const digits = { x: 2, u: 4, U: 8 }[escaped]
        if (digits === undefined) value += escapes[escaped] ?? escaped
        else {
          value += String.fromCodePoint(Number.parseInt(this.#text.slice(this.#at + 1, this.#at + 1 + digits), 16))
          this.#at += digits
        }
      }
    }
    this.#at++
    return value
  }

  #peek(): string {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
    return this.#text[this.#at] ?? ''
  }

  #take(what: string): void {
    if (this.#peek() !== what) throw this.#unexpected(this.#peek())
    this.#at++
  }

  #unexpected(what: string): SyntaxError {
    return new SyntaxError(what === '' ? 'it ends too early' : `'${what}' at character ${this.#at} is not expected`)
  }
}

/** Text as Python writes it. */
export const quoted = (text: string): string =>
  `'${text.replace(/['\\]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')}'`
