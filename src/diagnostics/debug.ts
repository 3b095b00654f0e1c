import { debuglog } from 'node:util'

/**
 * What rxmpi does, on standard error, where `NODE_DEBUG` names `rxmpi`: as `printf`, so that a call that is off builds no text. Nothing
 * secret is ever an argument.
 */
export const debug: (format: string, ...values: (string | number | boolean | undefined)[]) => void = debuglog('rxmpi')
