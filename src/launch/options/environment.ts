/** An environment with changes: `undefined` takes a variable away. */
export function changed(env: NodeJS.ProcessEnv, changes: Record<string, string | undefined>): NodeJS.ProcessEnv {
  const result = { ...env }
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete result[name]
    else result[name] = value
  }
  return result
}

/** Whether a variable switches something on. */
export const isSet = (env: NodeJS.ProcessEnv, name: string): boolean => !['', '0', undefined].includes(env[name])
