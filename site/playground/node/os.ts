/** `node:os` for a browser. */
export const hostname = (): string => 'browser'
