import type { Theme } from 'vitepress'
import { defineClientComponent, withBase } from 'vitepress'
import DefaultTheme from 'vitepress/theme-without-fonts'
import { h, type VNode } from 'vue'
import '../../content/pictures.css'
import './style.css'

const notFound = (): VNode =>
  h('main', { class: 'vp-doc not-found' }, [
    h('h1', 'There is no such page'),
    h('p', ['Search for a word, or begin with ', h('a', { href: withBase('/course/') }, 'the course'), '.'])
  ])

/** VitePress' theme with the fonts that readers have, our pictures, and the playground, which is loaded where it is. */
export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { 'not-found': notFound }),
  enhanceApp({ app }) {
    app.component(
      'Playground',
      defineClientComponent(() => import('../../playground/page/Playground.vue'))
    )
  }
} satisfies Theme
