import { relative } from 'node:path'
import ts from 'typescript'

/** What a user sees of the package: everything is documented, and every type that a signature names can be imported. */

const entries = [
  'src/index.ts',
  'operators/index.ts',
  'testing/index.ts',
  'pool/index.ts',
  'collective/index.ts',
  'client/index.ts',
  'src/layout/index.ts',
  'src/npy/index.ts',
  'src/sync/index.ts',
  'src/launch/index.ts'
]

const { options } = ts.getParsedCommandLineOfConfigFile('tsconfig.json', {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} })!
const program = ts.createProgram(entries, options)
const checker = program.getTypeChecker()

const original = (symbol: ts.Symbol): ts.Symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)
const exportsOf = (entry: string): ts.Symbol[] =>
  checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!).map(original)

const fileOf = (node: ts.Node): string => relative('.', node.getSourceFile().fileName)
const isOurs = (symbol: ts.Symbol): boolean => symbol.declarations?.some((node) => !fileOf(node).includes('node_modules')) ?? false

/** `@internal` is stripped from what is published; private members are no business of the user's. */
function isHidden(node: ts.Node): boolean {
  const { text } = node.getSourceFile()
  if (/@internal/.test(text.slice(node.getFullStart(), node.getStart()))) return true
  const hiding = ts.ModifierFlags.Private | ts.ModifierFlags.Protected
  if (ts.canHaveModifiers(node) && ts.getCombinedModifierFlags(node as ts.Declaration) & hiding) return true
  return ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name)
}

const isDocumented = (symbol: ts.Symbol): boolean => symbol.getDocumentationComment(checker).length > 0

/** What an exported class, interface or object type offers, inherited members and static ones included. */
function membersOf(symbol: ts.Symbol): ts.Symbol[] {
  const types: ts.Type[] = []
  if (symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) types.push(checker.getDeclaredTypeOfSymbol(symbol))
  if (symbol.flags & ts.SymbolFlags.TypeAlias && ts.isTypeLiteralNode((symbol.declarations![0] as ts.TypeAliasDeclaration).type)) {
    types.push(checker.getDeclaredTypeOfSymbol(symbol))
  }
  if (symbol.flags & ts.SymbolFlags.Class) types.push(checker.getTypeOfSymbol(symbol))
  return types
    .flatMap((type) => checker.getPropertiesOfType(type))
    .filter((member) => isOurs(member) && member.name !== 'prototype' && !member.declarations!.every(isHidden))
}

const nameOf = (symbol: ts.Symbol): string => checker.symbolToString(symbol)

function undocumented(entry: string): string[] {
  return exportsOf(entry).flatMap((symbol) => [
    ...(isDocumented(symbol) ? [] : [nameOf(symbol)]),
    ...membersOf(symbol)
      .filter((member) => !isDocumented(member))
      .map((member) => `${nameOf(symbol)}.${nameOf(member)}`)
  ])
}

/** The types of ours that a declaration's signatures name: what a user's editor shows of it, without what it does. */
function namedTypes(declaration: ts.Declaration): Set<ts.Symbol> {
  const found = new Set<ts.Symbol>()
  const visit = (node: ts.Node): void => {
    if (ts.isBlock(node) || isHidden(node)) return
    // Values and defaults are not part of a signature, unless the type is read from them.
    if (ts.isPropertyDeclaration(node) || ts.isVariableDeclaration(node) || ts.isParameter(node)) {
      if (node.type !== undefined) visit(node.type)
      return
    }
    const name = ts.isTypeReferenceNode(node) ? node.typeName : ts.isExpressionWithTypeArguments(node) ? node.expression : undefined
    const symbol = name && checker.getSymbolAtLocation(name)
    if (symbol !== undefined && !(symbol.flags & ts.SymbolFlags.TypeParameter) && isOurs(original(symbol))) found.add(original(symbol))
    ts.forEachChild(node, visit)
  }
  visit(declaration)
  return found
}

/** The overloads of a function without what implements them, which no user sees. */
function seen(symbol: ts.Symbol): ts.Declaration[] {
  const declarations = symbol.declarations ?? []
  const overloads = declarations.filter((node) => ts.isFunctionLike(node) && (node as ts.FunctionDeclaration).body === undefined)
  return overloads.length > 0 ? overloads : declarations
}

const exported = new Set(entries.flatMap(exportsOf))

function unexported(entry: string): string[] {
  const found = exportsOf(entry).flatMap((symbol) => {
    const offered = [symbol, ...membersOf(symbol)]
    const declarations = symbol.flags & ts.SymbolFlags.Class ? offered.slice(1).flatMap(seen) : offered.flatMap(seen)
    return declarations
      .flatMap((declaration) => [...namedTypes(declaration)])
      .filter((type) => !exported.has(type))
      .map((type) => `${nameOf(type)} (${fileOf(type.declarations![0]!)}), named by ${nameOf(symbol)}`)
  })
  return [...new Set(found)]
}

/** Of a function: what goes in and comes out, in which units, or what it costs; and what can go wrong, or that nothing can. */
function untold(entry: string): string[] {
  const functions = exportsOf(entry).filter(({ flags }) => flags & ts.SymbolFlags.Function)
  return functions.flatMap((symbol) => {
    const text = textOf(symbol)
    const missing = [
      ...(/\b(Shape|Units|Cost)\b/.test(text) ? [] : ['Shape, Units or Cost']),
      ...(/\bErrors\b/.test(text) ? [] : ['Errors'])
    ]
    return missing.map((what) => `${nameOf(symbol)}: ${what}`)
  })
}

/** Methods that give a promise, or do something for many requests, and do not say how they fail: by name, or as some other that does. */
function withoutErrors(entry: string): string[] {
  const classes = exportsOf(entry).filter(({ flags }) => flags & ts.SymbolFlags.Class)
  return classes.flatMap((symbol) =>
    membersOf(symbol)
      .filter((member) => seen(member).some((node) => ts.isMethodDeclaration(node) && /^Promise</.test(node.type?.getText() ?? '')))
      .filter((member) => !/Error|\b[Aa]s `|\b[Aa]s those of/.test(textOf(member)))
      .map((member) => `${nameOf(symbol)}.${nameOf(member)}`)
  )
}

const textOf = (symbol: ts.Symbol): string => ts.displayPartsToString(symbol.getDocumentationComment(checker))

describe.each(entries)('%s', (entry) => {
  it('says of every function its shape, units or cost, and its errors', () => {
    expect(untold(entry)).toEqual([])
  })

  it('says of every method that waits how it fails', () => {
    expect(withoutErrors(entry)).toEqual([])
  })

  it('documents everything it exports, member by member', () => {
    expect(undocumented(entry)).toEqual([])
  })

  it('exports every type that its signatures name, or another entry does', () => {
    expect(unexported(entry)).toEqual([])
  })
})

it('gives a name to one type only', () => {
  const types = [...exported].filter((symbol) => symbol.flags & ts.SymbolFlags.Type).map(nameOf)
  expect(types.filter((name, k) => types.indexOf(name) !== k)).toEqual([])
})
