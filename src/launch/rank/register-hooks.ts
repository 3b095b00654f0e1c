/** In Node's thread for module hooks: the program is its compiled form. */
import type { ResolveHook } from 'node:module'

interface Data {
  program: string
  url: string
}

let data: Data | undefined

export function initialize(given: Data): void {
  data = given
}

export const resolve: ResolveHook = (specifier, context, next) => {
  const isProgram = context.parentURL === undefined && specifier === data?.program
  return isProgram ? { url: data!.url, format: 'module', shortCircuit: true } : next(specifier, context)
}
