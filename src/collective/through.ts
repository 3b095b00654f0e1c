import type { MonoTypeOperatorFunction } from 'rxjs'

/** Any number of steps, one behind the other. */
export function through<U>(steps: readonly MonoTypeOperatorFunction<U>[]): MonoTypeOperatorFunction<U> {
  return (source) => steps.reduce((stream, step) => step(stream), source)
}
