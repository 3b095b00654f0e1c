import { javascript } from '@codemirror/lang-javascript'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { type Extension, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { basicSetup } from 'codemirror'

/** An editor of a program, in the colours of the page. */
export interface Editor {
  readonly text: string
  replace(text: string): void
  /** Shows which line has failed; undefined for none. */
  mark(line: number | undefined): void
  close(): void
}

export function createEditor(parent: HTMLElement, text: string, changed: () => void): Editor {
  const view = new EditorView({
    parent,
    doc: text,
    extensions: [
      basicSetup,
      javascript({ typescript: true }),
      colours,
      failedLine,
      EditorView.contentAttributes.of({ 'aria-label': 'Program' }),
      EditorView.updateListener.of(({ docChanged }) => {
        if (docChanged) changed()
      })
    ]
  })
  // What is wider or longer than its place is scrolled, by the keyboard too.
  view.scrollDOM.tabIndex = 0
  return {
    get text() {
      return view.state.doc.toString()
    },
    replace: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    mark: (line) => view.dispatch({ effects: fail.of(line) }),
    close: () => view.destroy()
  }
}

const fail = StateEffect.define<number | undefined>()

const failedLine = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, { effects, docChanged, state: { doc } }) {
    for (const effect of effects) {
      if (!effect.is(fail)) continue
      const line = effect.value
      if (line === undefined || line < 1 || line > doc.lines) return Decoration.none
      const builder = new RangeSetBuilder<Decoration>()
      const { from } = doc.line(line)
      builder.add(from, from, Decoration.line({ class: 'failed-line' }))
      return builder.finish()
    }
    return docChanged ? Decoration.none : shown
  },
  provide: (field) => EditorView.decorations.from(field)
})

/** Of a style sheet, which knows light from dark. */
const colours: Extension = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: 'var(--code-keyword)' },
    { tag: [tags.string, tags.special(tags.string), tags.regexp], color: 'var(--code-string)' },
    { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)' },
    { tag: [tags.comment], color: 'var(--code-comment)' },
    { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: 'var(--code-function)' },
    { tag: [tags.typeName, tags.className], color: 'var(--code-number)' }
  ])
)
