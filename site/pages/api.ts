import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  Application,
  Converter,
  type DeclarationReflection,
  type ProjectReflection,
  ReflectionKind,
  type SignatureReflection
} from 'typedoc'
import type { PluginOptions } from 'typedoc-plugin-markdown'

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
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => shorten(project))
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the entries of the package')
  await app.generateOutputs(project)
}

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

/** Says everything once. */
function shorten(project: ProjectReflection): void {
  for (const reflection of project.getReflectionsByKind(ReflectionKind.ClassOrInterface) as DeclarationReflection[]) {
    // What it has from one that has a page of its own is told there: a grid of ranks is a communicator, and has all of its calls.
    const inherited = reflection.children?.filter((child) => [child, ...signaturesOf(child)].some((one) => one.inheritedFrom?.reflection))
    for (const child of inherited ?? []) project.removeReflection(child)
  }
  for (const reflection of project.getReflectionsByKind(ReflectionKind.All) as DeclarationReflection[]) {
    const signatures = signaturesOf(reflection)
    // From a class that nobody sees.
    for (const one of [reflection, ...signatures]) one.inheritedFrom = undefined
    const first = signatures[0]?.comment
    for (const other of signatures.slice(1)) if (first !== undefined && other.comment?.similarTo(first)) delete other.comment
    for (const { comment } of [reflection, ...signatures]) for (const part of comment?.summary ?? []) part.text = apart(part.text)
  }
}

/** What docstrings say of everything, in lines of their own. */
const apart = (text: string): string =>
  text.replace(/(^|\n|(?<=[.)`]) )(Shape|Units?|Algorithm|Cost|Source|Streams|Errors|MPI|mpi4py)(?=:|, at )/g, '\n\n**$2**')

const signaturesOf = ({ signatures = [], getSignature }: DeclarationReflection): SignatureReflection[] =>
  getSignature === undefined ? signatures : [...signatures, getSignature]
