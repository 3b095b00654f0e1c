import {
  type DeclarationReflection,
  type ProjectReflection,
  ReferenceType,
  ReflectionKind,
  type SignatureReflection,
  type SomeType
} from 'typedoc'

/** Nobody sees the classes that ours are made of. */
export function hideBases(project: ProjectReflection): void {
  const isHidden = (type: SomeType): boolean =>
    type instanceof ReferenceType && type.reflection === undefined && type.package === project.packageName
  for (const reflection of classesOf(project)) reflection.extendedTypes = reflection.extendedTypes?.filter((type) => !isHidden(type))
}

/** Says everything once. */
export function shorten(project: ProjectReflection): void {
  for (const reflection of classesOf(project)) {
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

const classesOf = (project: ProjectReflection): DeclarationReflection[] =>
  project.getReflectionsByKind(ReflectionKind.ClassOrInterface) as DeclarationReflection[]

const signaturesOf = ({ signatures = [], getSignature }: DeclarationReflection): SignatureReflection[] =>
  getSignature === undefined ? signatures : [...signatures, getSignature]
