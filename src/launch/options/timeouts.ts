/** How long a link may be without a connection before its ranks have failed, unless the user says otherwise. */
export const RECONNECT_MS = 10_000
/** How long the processes of a job have to come, unless the user says otherwise. */
export const START_MS = 60_000
/** Seconds without progress after which is told who waits for whom. */
export const STALL_NOTICE = 10
