/** What the codec asks Node's `node:util`, asked of the language: the build puts it in that module's place where there is none. */

const tagOf = (value: unknown): string => Object.prototype.toString.call(value)

export const types = {
  isAnyArrayBuffer: (value: unknown): boolean => ['[object ArrayBuffer]', '[object SharedArrayBuffer]'].includes(tagOf(value)),
  isNativeError: (value: unknown): boolean => tagOf(value) === '[object Error]'
}
