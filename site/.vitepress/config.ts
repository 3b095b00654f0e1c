/** The site: `npm run site` builds it from the pages of the repository, the docstrings, and the playground. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type MarkdownEnv, type MarkdownRenderer } from 'vitepress'
import { css } from '../markdown/picture.js'
import { plugin, slug } from '../markdown/plugin.js'
import { writeApi } from '../pages/api.js'
import { gather } from '../pages/gather.js'
import { entries, sections } from '../pages/sidebar.js'
import { bundle } from '../playground/bundle.js'

const site = fileURLToPath(new URL('..', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))
const content = `${site}content`
const { version, description } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string; description: string }

/** Where it is served from, if that is not the root of a host: `/rxmpi/`. */
const base = process.env.SITE_BASE ?? '/'

/** Words are searched, and not programs, which say `rxmpi` everywhere. */
function searched(text: string, env: MarkdownEnv, md: MarkdownRenderer): string {
  return env.relativePath.startsWith('source/') ? '' : md.render(text.replace(/^```[\s\S]*?^```/gm, ''), env)
}

export default async () => {
  gather(root, `${site}own`, content)
  writeFileSync(`${content}/pictures.css`, css)
  await bundle(`${content}/public/playground`)
  await writeApi(root, `${content}/api`)

  return defineConfig({
    title: 'rxmpi',
    description,
    base,
    lang: 'en',
    srcDir: 'content',
    outDir: 'dist',
    cacheDir: '.cache',
    head: [['link', { rel: 'icon', href: `${base}icon.svg`, type: 'image/svg+xml' }]],
    // What a page needs is loaded with it; what its links lead to, when somebody goes there.
    router: { prefetchLinks: false },
    markdown: {
      config: plugin,
      anchor: { slugify: slug },
      theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' }
    },
    // The pages of communicators are long, and the index of the search is loaded when somebody searches.
    vite: { publicDir: `${content}/public`, build: { chunkSizeWarningLimit: 4000 } },
    themeConfig: {
      logo: '/icon.svg',
      nav: [
        { text: 'Course', link: '/course/', activeMatch: '^/course/' },
        { text: 'How to', link: '/how-to/', activeMatch: '^/how-to/' },
        { text: 'Reference', link: '/reference/', activeMatch: '^/reference/' },
        { text: 'API', link: '/api/', activeMatch: '^/api/' },
        { text: 'Playground', link: '/playground' },
        {
          text: `v${version}`,
          items: [
            { text: 'Changelog', link: '/changelog' },
            { text: 'Contributing', link: '/contributing' },
            { text: 'Security', link: '/security' }
          ]
        }
      ],
      sidebar: { ...entries(content), ...sections(content) },
      outline: [2, 3],
      search: { provider: 'local', options: { _render: searched } }
    }
  })
}
