/** What can be a key. */
export type Key = string | number | bigint | boolean

/**
 * A hash of 32 bits that is the same on every rank and in every run. Source: FNV-1a (Fowler, Noll, Vo, 1991), and murmur3's finalizer
 * (Appleby, 2011) for its low bits.
 */
export function hashOf(key: Key): number {
  if (typeof key === 'number' && (key | 0) === key) return mix(key)
  const text = String(key)
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash)
}

function mix(hash: number): number {
  let bits = hash
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
