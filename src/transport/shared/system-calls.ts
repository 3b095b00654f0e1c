import { createRequire } from 'node:module'

/**
 * What processes that share memory need of the operating system and Node does not have: anonymous memory that others can open, its
 * addresses, sleeping on a word of it (futex), and pipes. By koffi, a foreign function interface, where that is installed and loads.
 */
export interface SystemCalls {
  /** Memory without a name that has a descriptor; what nobody touches takes none. */
  memfd(bytes: number): number
  /** Closes what `memfd` has opened: Node would warn of a descriptor in a worker thread that it does not know. */
  close(fd: number): void
  /** Where the memory of a descriptor is mapped in this process. It stays there. */
  map(fd: number, bytes: number): bigint
  /** Gives it back. Nobody may hold a view of it any more. */
  unmap(address: bigint, bytes: number): void
  /** What is at an address of this process. */
  view(address: bigint, bytes: number): ArrayBuffer
  /** Blocks this thread while a word is `value`, until somebody wakes it, for at most `ms`. */
  wait(words: Int32Array, index: number, value: number, ms: number): void
  /** Wakes one that waits on a word, in any process. */
  notify(words: Int32Array, index: number): void
  /** The ends for reading and for writing, neither of which blocks. */
  pipe(): [number, number]
}

export interface CallsHere {
  calls?: SystemCalls
  /** Why there are none. */
  why?: string
}

export const INSTALL_CALLS = 'npm install koffi'

interface Koffi {
  load(path: null): { func(prototype: string): (...args: unknown[]) => unknown }
  address(pointer: unknown): bigint
  view(pointer: bigint, bytes: number): ArrayBuffer
  errno(): number
}

/** The number of the system call `futex`. */
const FUTEX: Partial<Record<NodeJS.Architecture, number>> = { x64: 202, arm64: 98 }
const FUTEX_WAIT = 0
const FUTEX_WAKE = 1
const MFD_CLOEXEC = 1
const READ_AND_WRITE = 3
/** Shared, and without room set aside for what may never be touched. */
const MAP_FLAGS = 0x1 | 0x4000
const FAILED = (1n << 64n) - 1n
/** Does not block, and is closed in programs that are started. */
const PIPE_FLAGS = 0o4000 | 0o2000000

let found: CallsHere | undefined

/** Those of this thread; they are looked for when they are first needed, for loading takes 8 ms. */
export function callsHere(): CallsHere {
  found ??= load(createRequire(import.meta.url))
  return found
}

/** Exported for its tests. */
export function load(
  require: (name: string) => unknown,
  { platform, arch }: Pick<NodeJS.Process, 'platform' | 'arch'> = process
): CallsHere {
  const futex = FUTEX[arch]
  if (platform !== 'linux' || futex === undefined) return { why: `it is not known for ${platform} on ${arch}` }
  try {
    return { calls: callsOf(require('koffi') as Koffi, futex) }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'MODULE_NOT_FOUND' && message.startsWith("Cannot find module 'koffi'")) {
      return { why: 'koffi is not installed' }
    }
    return { why: `koffi does not load here: ${message.split('\n')[0]}` }
  }
}

function callsOf(koffi: Koffi, futex: number): SystemCalls {
  const library = koffi.load(null)
  const memfdCreate = library.func('int memfd_create(const char *name, unsigned int flags)')
  const close = library.func('int close(int fd)')
  const truncate = library.func('int ftruncate(int fd, int64_t bytes)')
  const mmap = library.func('void *mmap(void *where, size_t bytes, int protection, int flags, int fd, int64_t from)')
  const munmap = library.func('int munmap(void *where, size_t bytes)')
  const pipe2 = library.func('int pipe2(void *ends, int flags)')
  const futexCall = library.func('long syscall(long call, void *word, int what, int value, void *time, void *other, int mask)')
  const failed = (what: string): Error => new Error(`${what} has failed (errno ${koffi.errno()})`)
  const time = new BigInt64Array(2)
  return {
    memfd(bytes) {
      const fd = memfdCreate('rxmpi', MFD_CLOEXEC) as number
      if (fd < 0) throw failed('memfd_create')
      if (truncate(fd, bytes) === 0) return fd
      const error = failed('ftruncate')
      close(fd)
      throw error
    },
    close(fd) {
      close(fd)
    },
    map(fd, bytes) {
      const address = koffi.address(mmap(null, bytes, READ_AND_WRITE, MAP_FLAGS, fd, 0))
      if (BigInt.asUintN(64, address) === FAILED) throw failed('mmap')
      return address
    },
    unmap(address, bytes) {
      munmap(address, bytes)
    },
    view: (address, bytes) => koffi.view(address, bytes),
    wait(words, index, value, ms) {
      time[0] = BigInt(Math.floor(ms / 1000))
      time[1] = BigInt(Math.round((ms % 1000) * 1e6))
      futexCall(futex, words.subarray(index, index + 1), FUTEX_WAIT, value, time, null, 0)
    },
    notify(words, index) {
      futexCall(futex, words.subarray(index, index + 1), FUTEX_WAKE, 1, null, null, 0)
    },
    pipe() {
      const ends = new Int32Array(2)
      if (pipe2(ends, PIPE_FLAGS) !== 0) throw failed('pipe2')
      return [ends[0]!, ends[1]!]
    }
  }
}
