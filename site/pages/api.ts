import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Application, Converter } from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'
import { hideBases, shorten } from './docstrings.js'

/** Writes the reference of every entry of the package, as markdown, from its docstrings. */
export async function writeApi(root: string, out: string): Promise<void> {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: entriesOf(root).map((file) => join(root, file)),
    tsconfig: join(root, 'tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    // `npm run types` does that.
    skipErrorChecking: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeProtected: true,
    excludeExternals: true,
    disableSources: true,
    sort: ['alphabetical'],
    readme: 'none',
    out,
    logLevel: 'Error',
    ...layout
  } as Parameters<typeof Application.bootstrapWithPlugins>[0])
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => hideBases(project), FIRST)
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => shorten(project))
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the entries of the package')
  await app.generateOutputs(project)
}

/** Before TypeDoc draws who extends whom. */
const FIRST = 1000

const layout: Partial<PluginOptions> = {
  entryFileName: 'index',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  parametersFormat: 'table',
  pageTitleTemplates: { index: 'API', module: ({ name }) => name, member: ({ name }) => name }
}

/** The sources of what `exports` offers, each once. */
export function entriesOf(root: string): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, { types?: string }> }
  const sources = Object.values(exports).flatMap(({ types }) => types?.replace('./dist/', '').replace(/\.d\.ts$/, '.ts') ?? [])
  return [...new Set(sources)]
}
