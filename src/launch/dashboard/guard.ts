import { createHash, timingSafeEqual } from 'node:crypto'

/** What a server knows of who may look. */
export interface Pass {
  readonly port: number
  readonly token: string
}

export interface Asked {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly host: string | undefined
  readonly origin: string | undefined
}

export interface Refusal {
  readonly status: number
  readonly text: string
}

/** The names by which this machine's own browsers may call it: any other is a foreign name that leads here (DNS rebinding). */
const NAMES = ['127.0.0.1', 'localhost']

/** Why a request is refused, or the path behind the token that it asks for. */
export function admit({ method, url = '', host, origin }: Asked, { port, token }: Pass): Refusal | string {
  if (!NAMES.some((name) => host === `${name}:${port}`)) return { status: 403, text: 'this page is for this machine only' }
  if (origin !== undefined && origin !== `http://${host}`) return { status: 403, text: 'this page is not for other pages' }
  const [, given = '', path] = /^\/([^/?#]*)\/([^?#]*)$/.exec(url) ?? []
  if (!same(given, token)) return { status: 403, text: 'the address is not whole: open the one that rxmpi has printed' }
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'this page is only to be looked at' }
  return path ?? ''
}

/** In a time that says nothing of where they differ. */
function same(one: string, other: string): boolean {
  const [first, second] = [one, other].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(first, second)
}
