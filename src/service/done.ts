/** Called once, with what was asked for or with what has gone wrong; maybe before the call that it was given to returns. */
export type Done<T> = (error: Error | null, value: T) => void
