import { FileError } from '../errors.js'

/** What goes wrong with a file. */

const meanings: Record<string, string> = {
  ENOENT: "there is no such file or directory; mode 'w' makes a file, and so does 'r+' with create: true, in a directory that is there",
  EEXIST: "there is one already, and mode 'x' makes new ones only",
  EACCES: 'permission denied',
  EPERM: 'it is not permitted',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is no directory',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the quota of this user is used up',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open in this process',
  EIO: 'the device reports an error',
  EFBIG: 'the file would be too long for its file system'
}

/** `what` was to be done, such as "cannot open"; `error` is the file system's. */
export function fileError(what: string, path: string, error: unknown, offset?: number): FileError {
  if (error instanceof FileError) return error
  const { code = 'EIO', message } = error as NodeJS.ErrnoException
  const at = offset === undefined ? '' : ` at byte ${offset}`
  return new FileError(`${what} '${path}'${at}: ${code}, ${meanings[code] ?? message}`, { path, reason: code, offset, cause: error })
}

/** A file that does not hold what it is read as. */
export function formatError(path: string, offset: number, what: string): FileError {
  return new FileError(`'${path}' at byte ${offset}: ${what}`, { path, reason: 'EFORMAT', offset })
}
