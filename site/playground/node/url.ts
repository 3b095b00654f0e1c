/** `node:url` for a browser: paths are those of the programs that are typed. */
export const fileURLToPath = (url: string | URL): string => decodeURIComponent(new URL(url).pathname)
