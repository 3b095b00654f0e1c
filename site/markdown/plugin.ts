import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'
import { drawMarbles } from './marbles.js'
import { inlined } from './picture.js'

/** What the site makes of markdown beside what VitePress does. */
export function plugin(md: MarkdownRenderer): void {
  const { code_block: codeBlock, image, table_open: tableOpen } = md.renderer.rules

  md.renderer.rules.code_block = (tokens, k, options, env, self) => {
    const { content } = tokens[k]!
    const svg = drawMarbles(content)
    return svg === undefined ? scrolled(codeBlock!(tokens, k, options, env, self)) : inlined(svg, content.trimEnd())
  }

  md.renderer.rules.image = (tokens, k, options, env, self) => {
    const token = tokens[k]!
    const source = token.attrGet('src')!
    if (!source.endsWith('.svg')) return image!(tokens, k, options, env, self)
    return inlined(readFileSync(join(dirname(env.path), source), 'utf8'), token.content)
  }

  // By the keyboard too: on a narrow screen a wide table is scrolled.
  md.renderer.rules.table_open = (tokens, k, options, env, self) => {
    tokens[k]!.attrSet('tabindex', '0')
    return tableOpen === undefined ? self.renderToken(tokens, k, options) : tableOpen(tokens, k, options, env, self)
  }

  md.core.ruler.push('figures', ({ tokens }) => {
    for (const [k, { type, children }] of tokens.entries()) {
      const isFigure = type === 'inline' && children!.length === 1 && children![0]!.attrGet('src')?.endsWith('.svg')
      // A picture is no part of a sentence.
      if (isFigure) for (const paragraph of [tokens[k - 1]!, tokens[k + 1]!]) paragraph.hidden = true
    }
  })

  md.core.ruler.push('empty-heads', (state) => {
    for (const [k, token] of state.tokens.entries()) {
      // A corner of a table is the head of nothing.
      if (token.type === 'th_open' && state.tokens[k + 1]!.content === '') for (const one of [token, state.tokens[k + 2]!]) one.tag = 'td'
    }
  })
}

/** By the keyboard too: a block of code that VitePress leaves as it is. */
const scrolled = (html: string): string => html.replace('<pre>', '<pre tabindex="0">')

/** The name of a heading in addresses, as GitHub makes it, so that links lead to the same place here and there. */
export const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
