import type { Theme } from 'vitepress'
import { defineClientComponent } from 'vitepress'
import DefaultTheme from 'vitepress/theme-without-fonts'
import '../../content/pictures.css'
import './style.css'

/** VitePress' theme with the fonts that readers have, our pictures, and the playground, which is loaded where it is. */
export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component(
      'Playground',
      defineClientComponent(() => import('../../playground/page/Playground.vue'))
    )
  }
} satisfies Theme
