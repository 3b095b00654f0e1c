/** What the calls on files ask of a disk: Node's, or one in virtual time. It knows bytes and positions, and nothing of ranks and views. */

import type { Done } from '../service/done.js'

/** How a file is opened. There is no way to append: Linux then writes at the end, wherever it was told to. */
export interface OpenFlags {
  readonly read: boolean
  readonly write: boolean
  /** Makes the file where there is none. */
  readonly create: boolean
  /** Fails where there is one. */
  readonly exclusive: boolean
  /** Empties it. */
  readonly truncate: boolean
}

export interface FileStat {
  readonly size: number
  /** What tells it from all others of its file system. */
  readonly inode: number
  /** Its permissions. */
  readonly mode: number
}

/** A file that is open. Positions are from 0 to 2⁵³-1; a call may move less than it was asked for. */
export interface DiskFile {
  read(into: Uint8Array, position: number, done: Done<number>): void
  write(from: Uint8Array, position: number, done: Done<number>): void
  /** The same at once, where that is quick; else `undefined`, and it is to be asked for. */
  readNow?(into: Uint8Array, at: number, length: number, position: number): number | undefined
  writeNow?(from: Uint8Array, at: number, length: number, position: number): number | undefined
  truncate(size: number, done: Done<void>): void
  /** To the device. */
  sync(done: Done<void>): void
  stat(done: Done<FileStat>): void
  close(done: Done<void>): void
  /** How long it is, where that can be told at once. */
  readonly sizeNow: number
}

export interface FileSystem {
  /** A relative path is taken from the working directory. */
  absolute(path: string): string
  /** The file that a path leads to, links followed. */
  realPath(path: string, done: Done<string>): void
  open(path: string, flags: OpenFlags, mode: number | undefined, done: Done<DiskFile>): void
  rename(from: string, to: string, done: Done<void>): void
  remove(path: string, done: Done<void>): void
  /** The names in a directory. */
  list(directory: string, done: Done<string[]>): void
  /** Makes a rename last. */
  syncDirectory(directory: string, done: Done<void>): void
  /** What names of temporary files say of whose they are. */
  readonly owner: string
  /** Whether those whose that is are no more. */
  isOrphaned(owner: string): boolean
  /** The file is to go with this rank, however that ends; or no longer. */
  keepTemporary(path: string, isTemporary: boolean): void
}

const systems = new WeakMap<object, FileSystem>()

/** The disk that a rank has been given, which is known by its endpoint. */
export const fileSystemOf = (endpoint: object): FileSystem | undefined => systems.get(endpoint)

/** Gives a rank a disk of its own. */
export function useFileSystem(endpoint: object, system: FileSystem): void {
  systems.set(endpoint, system)
}
