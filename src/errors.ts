/** Every error of rxmpi, each with a stable code. `docs/reference/errors.md` is the table of them. */

export interface ErrorContext {
  /** The rank in the communicator where it happened. */
  rank?: number | undefined
  /** The communicator's name. */
  communicator?: string | undefined
  /** `file:line:column` of the call in the user's program. */
  callSite?: string | undefined
  /** What it follows from. */
  cause?: unknown
}

/** A rank that is no more. */
export interface FailedRank {
  /** In the communicator. */
  readonly rank: number
  /** The host's name, where there are several. */
  readonly host?: string | undefined
  /** 'has failed: its process was killed' */
  readonly reason: string
  /** Whether it is one of the remote group of an intercommunicator. */
  readonly remote?: boolean
}

/** Also, of a RankFailedError, which rank it was. */
export interface FailureContext extends ErrorContext {
  /** Which rank it was; absent where it is not one rank that is missed. */
  failed?: FailedRank | undefined
}

/** Also, of a FileError, which file it was and what the file system says. */
export interface FileErrorContext extends ErrorContext {
  /** The file's. */
  path: string
  /** The file system's code, such as 'ENOENT' or 'ENOSPC'; 'EFORMAT' for what is no record. */
  reason: string
  /** The byte in the file, where it is about one. */
  offset?: number | undefined
}

/** Also, of a SpawnError, which program it was and what it said. */
export interface SpawnErrorContext extends ErrorContext {
  /** The program's path. */
  program: string
  /** The rank that has not started, in the world that there would have been. */
  spawned?: number | undefined
  /** The end of what it has written. */
  output?: string | undefined
}

/** What all errors of rxmpi extend; by itself, an error that has no class of its own. */
export class RxmpiError extends Error {
  /** Stable, whatever the message says: 'ERR_TRUNCATE'. `docs/reference/errors.md` lists them. */
  declare readonly code: string
  /** The rank in the communicator where it happened. */
  rank: number | undefined
  /** That communicator's name. */
  communicator: string | undefined
  /** `file:line:column` of the call in the user's program, where it is known. */
  callSite: string | undefined

  constructor(message: string, context: ErrorContext = {}) {
    super(message + where(context), context.cause === undefined ? undefined : { cause: context.cause })
    this.rank = context.rank
    this.communicator = context.communicator
    this.callSite = context.callSite
  }

  static {
    identify(RxmpiError, 'RxmpiError', 'ERR_RXMPI')
  }
}

function where({ rank, communicator, callSite }: ErrorContext): string {
  const parts = []
  if (rank !== undefined) parts.push(`rank ${rank}`)
  if (communicator !== undefined) parts.push(`of '${communicator}'`)
  if (callSite !== undefined) parts.push(`at ${callSite}`)
  return parts.length === 0 ? '' : ` (${parts.join(' ')})`
}

/** On the prototype, so that an inspected error does not list them as fields of its own. */
function identify(type: typeof RxmpiError, name: string, code: string): void {
  // Bundlers rename classes that name themselves.
  Object.defineProperty(type, 'name', { value: name, configurable: true })
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true, writable: true })
  Object.defineProperty(type.prototype, 'code', { value: code, configurable: true, writable: true })
}

/** An argument that none of the more specific errors fits. */
export class ArgumentError extends RxmpiError {
  static {
    identify(ArgumentError, 'ArgumentError', 'ERR_ARGUMENT')
  }
}

/**
 * A call that does not suit the state of what it is made on: a persistent call started while it is active. MPI: MPI_ERR_REQUEST.
 */
export class RequestError extends RxmpiError {
  static {
    identify(RequestError, 'RequestError', 'ERR_REQUEST')
  }
}

/** A rank or root that is not in the communicator or no integer. MPI: MPI_ERR_RANK, MPI_ERR_ROOT. */
export class RankError extends RxmpiError {
  static {
    identify(RankError, 'RankError', 'ERR_RANK')
  }
}

/** A tag outside 0…TAG_UB. MPI: MPI_ERR_TAG. */
export class TagError extends RxmpiError {
  static {
    identify(TagError, 'TagError', 'ERR_TAG')
  }
}

/** A count, displacement or length that does not fit. MPI: MPI_ERR_COUNT. */
export class CountError extends RxmpiError {
  static {
    identify(CountError, 'CountError', 'ERR_COUNT')
  }
}

/** A message longer than the buffer it was received into. MPI: MPI_ERR_TRUNCATE. */
export class TruncationError extends RxmpiError {
  static {
    identify(TruncationError, 'TruncationError', 'ERR_TRUNCATE')
  }
}

/** Another element type than the one expected. MPI: MPI_ERR_TYPE. */
export class DatatypeError extends RxmpiError {
  static {
    identify(DatatypeError, 'DatatypeError', 'ERR_DATATYPE')
  }
}

/** Buffers that share memory where they must not. MPI: MPI_ERR_BUFFER. */
export class AliasError extends RxmpiError {
  static {
    identify(AliasError, 'AliasError', 'ERR_ALIAS')
  }
}

/** A value that cannot travel: a function, a symbol, a promise, an observable, a weak collection. */
export class DataCloneError extends RxmpiError {
  static {
    identify(DataCloneError, 'DataCloneError', 'ERR_DATA_CLONE')
  }
}

/** Ranks that called different collectives, or the same with arguments that disagree. */
export class CollectiveMismatchError extends RxmpiError {
  static {
    identify(CollectiveMismatchError, 'CollectiveMismatchError', 'ERR_COLLECTIVE_MISMATCH')
  }
}

/** Streams of a collective that ended after different numbers of values. */
export class RaggedStreamError extends RxmpiError {
  static {
    identify(RaggedStreamError, 'RaggedStreamError', 'ERR_RAGGED_STREAM')
  }
}

/** Every rank waits and nothing is under way, so nothing can ever happen again. */
export class DeadlockError extends RxmpiError {
  static {
    identify(DeadlockError, 'DeadlockError', 'ERR_DEADLOCK')
  }
}

/** An error that was thrown on another rank; `rank` is where, `cause` is the original. */
export class RemoteError extends RxmpiError {
  static {
    identify(RemoteError, 'RemoteError', 'ERR_REMOTE')
  }
}

/**
 * An operation needs a rank that has failed or ended: `failed` says which, where it ran and why it is no more. MPI: MPI_ERR_PROC_FAILED.
 */
export class RankFailedError extends RxmpiError {
  /** Absent where it is not one rank that is missed. */
  declare readonly failed: FailedRank | undefined

  constructor(message: string, context: FailureContext = {}) {
    super(message, context)
    if (context.failed !== undefined) Object.defineProperty(this, 'failed', { value: context.failed, enumerable: true })
  }

  static {
    identify(RankFailedError, 'RankFailedError', 'ERR_RANK_FAILED')
  }
}

/**
 * A call on a window that does not suit what this rank has begun there: a second lock of the same part, a fence while one is held. The
 * message names the line of the call that began it. MPI: MPI_ERR_RMA_SYNC.
 */
export class RmaSyncError extends RxmpiError {
  static {
    identify(RmaSyncError, 'RmaSyncError', 'ERR_RMA_SYNC')
  }
}

/** The communicator was revoked. MPI: MPI_ERR_REVOKED. */
export class RevokedError extends RxmpiError {
  static {
    identify(RevokedError, 'RevokedError', 'ERR_REVOKED')
  }
}

/** The communicator was freed. MPI: MPI_ERR_COMM. */
export class FreedError extends RxmpiError {
  static {
    identify(FreedError, 'FreedError', 'ERR_FREED')
  }
}

/** A source outran the credit of its receiver and its buffer is full. */
export class OverflowError extends RxmpiError {
  static {
    identify(OverflowError, 'OverflowError', 'ERR_OVERFLOW')
  }
}

/** A peer that could not prove that it belongs to the job. */
export class AuthenticationError extends RxmpiError {
  static {
    identify(AuthenticationError, 'AuthenticationError', 'ERR_AUTHENTICATION')
  }
}

/** Not all processes of a job have come within the time for its start; the message names those that are missing. */
export class StartupTimeoutError extends RxmpiError {
  static {
    identify(StartupTimeoutError, 'StartupTimeoutError', 'ERR_STARTUP_TIMEOUT')
  }
}

/** A second process has come with the number of one that is in the job, which goes on. */
export class DuplicateRankError extends RxmpiError {
  static {
    identify(DuplicateRankError, 'DuplicateRankError', 'ERR_DUPLICATE_RANK')
  }
}

/** Bytes that are no frame of rxmpi. */
export class ProtocolError extends RxmpiError {
  static {
    identify(ProtocolError, 'ProtocolError', 'ERR_PROTOCOL')
  }
}

/** A time limit ran out: an AbortSignal's, or the job's. */
export class TimeoutError extends RxmpiError {
  static {
    identify(TimeoutError, 'TimeoutError', 'ERR_TIMEOUT')
  }
}

/** The call's AbortSignal was aborted; `cause` is the signal's reason. */
export class AbortError extends RxmpiError {
  static {
    identify(AbortError, 'AbortError', 'ERR_ABORT')
  }
}

/** A file could not be opened, read, written or closed, or does not hold what it should: `path`, `reason`, `offset`. MPI: MPI_ERR_FILE. */
export class FileError extends RxmpiError {
  /** The file's. */
  declare readonly path: string
  /** The file system's code: 'ENOENT', 'EACCES', 'ENOSPC' …; 'EFORMAT' where the file holds no record of the format. */
  declare readonly reason: string
  /** The byte in the file that it is about, where there is one. */
  declare readonly offset: number | undefined

  constructor(message: string, context: FileErrorContext) {
    super(message, context)
    const { path, reason, offset } = context
    for (const [name, value] of Object.entries({ path, reason, offset })) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true })
    }
  }

  static {
    identify(FileError, 'FileError', 'ERR_FILE')
  }
}

/** Ranks could not be started, and none was: `program`, `spawned`, `output`. MPI: MPI_ERR_SPAWN. */
export class SpawnError extends RxmpiError {
  /** The program's path. */
  declare readonly program: string
  /** The rank that has not started, in the world that there would have been; absent where it is not one rank. */
  declare readonly spawned: number | undefined
  /** The end of what it has written. */
  declare readonly output: string | undefined

  constructor(message: string, context: SpawnErrorContext) {
    super(message, context)
    const { program, spawned, output } = context
    for (const [name, value] of Object.entries({ program, spawned, output })) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true })
    }
  }

  static {
    identify(SpawnError, 'SpawnError', 'ERR_SPAWN')
  }
}

/** A port could not be opened, or nobody could be reached by it: its name is in use, or nobody listens. MPI: MPI_ERR_PORT, MPI_ERR_NAME. */
export class PortError extends RxmpiError {
  static {
    identify(PortError, 'PortError', 'ERR_PORT')
  }
}
