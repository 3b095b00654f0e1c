import { shown } from '../diagnostics/arguments.js'
import { ArgumentError } from '../errors.js'
import type { OpenFlags } from './file-system.js'

/** How a file is opened, as in C and in Node. */
export type FileMode = 'r' | 'r+' | 'w' | 'w+' | 'wx' | 'wx+' | 'a' | 'a+'

export interface ModeTraits {
  readonly reads: boolean
  readonly writes: boolean
  /** All pointers start at the end. */
  readonly appends: boolean
  readonly creates: boolean
  readonly empties: boolean
  readonly exclusive: boolean
}

const modes: readonly string[] = ['r', 'r+', 'w', 'w+', 'wx', 'wx+', 'a', 'a+'] satisfies FileMode[]

export function traitsOf(mode: unknown, create = false): ModeTraits {
  if (typeof mode !== 'string' || !modes.includes(mode)) {
    throw new ArgumentError(`mode: expected one of ${modes.map((one) => `'${one}'`).join(', ')}, got ${shown(mode)}`)
  }
  const isBoth = mode.endsWith('+')
  const kind = mode[0]
  if (create && mode === 'r') throw new ArgumentError("create: a file that is only read is not made; open it with 'r+', or 'a+'")
  return {
    reads: kind === 'r' || isBoth,
    writes: kind !== 'r' || isBoth,
    appends: kind === 'a',
    creates: kind !== 'r' || create,
    empties: kind === 'w',
    exclusive: mode.includes('x')
  }
}

/** For the rank that opens it first. A file that grows is read, too, to find where its last whole record ends. */
export function firstFlags({ reads, writes, creates, empties, exclusive, appends }: ModeTraits): OpenFlags {
  return { read: reads || appends, write: writes, create: creates, truncate: empties && !exclusive, exclusive }
}

/** For the others, once it is there. */
export function laterFlags({ reads, writes, appends }: ModeTraits): OpenFlags {
  return { read: reads || appends, write: writes, create: false, truncate: false, exclusive: false }
}
