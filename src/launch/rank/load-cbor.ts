import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/**
 * cbor-x in its single-file form. Looking for its optional native part, it asks which C library this is, by way of `child_process` and
 * the text of `ldd`, which takes a rank as long as all other code that it loads: so where there is no musl, it is told.
 */
export function loadCbor(): typeof import('cbor-x') {
  const { LIBC } = process.env
  if (LIBC !== undefined || process.platform !== 'linux' || mayBeMusl()) return require('cbor-x')
  process.env.LIBC = 'glibc'
  try {
    return require('cbor-x')
  } finally {
    delete process.env.LIBC
  }
}

function mayBeMusl(): boolean {
  try {
    return readdirSync('/lib').some((name) => name.startsWith('ld-musl-'))
  } catch {
    return true
  }
}
