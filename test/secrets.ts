/** As long as `secret`, of the same alphabet, and never the same: a fixed ending would now and then be its own. */
export function anotherSecret(secret: string): string {
  // Not the last: in base64url some of its bits may not count.
  const at = secret.length - 3
  return `${secret.slice(0, at)}${secret[at] === 'A' ? 'B' : 'A'}${secret.slice(at + 1)}`
}
