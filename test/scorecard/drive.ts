import { lastValueFrom, type Observable, timer } from 'rxjs'
import type { Request } from '../../src/request/request.js'
import type { Steps } from './program.js'

/** Runs what a rank does, step by step, without a promise: in virtual time. `end` gets what it returns, `fail` what it throws. */
export function drive(steps: Steps, end: (result: unknown) => void, fail: (error: Error) => void): void {
  const go = (resume: () => IteratorResult<unknown>): void => {
    let step: IteratorResult<unknown>
    try {
      step = resume()
    } catch (error) {
      return fail(error as Error)
    }
    if (step.done === true) return end(step.value)
    let value: unknown
    sourceOf(step.value).subscribe({
      next: (one) => {
        value = one
      },
      error: (error) => go(() => steps.throw(error)),
      complete: () => go(() => steps.next(value as never))
    })
  }
  go(() => steps.next())
}

/** The same in a job. */
export async function awaitSteps(steps: Steps): Promise<unknown> {
  for (let step = steps.next(); ; ) {
    if (step.done === true) return step.value
    let value: unknown
    try {
      value = await lastValueFrom(sourceOf(step.value), { defaultValue: undefined })
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(value as never)
  }
}

const sourceOf = (step: unknown): Observable<unknown> =>
  typeof step === 'number' ? timer(step) : (step as Request<unknown> | Observable<unknown>)
