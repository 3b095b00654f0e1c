import assert from 'node:assert/strict'

/** That a call is refused by an error of a class, which it gives. */
export async function refuses(call: Promise<unknown>, type: new (...args: never[]) => Error, text: RegExp): Promise<Error> {
  const error = await call.then(
    () => assert.fail(`${type.name} was expected`),
    (reason: Error) => reason
  )
  assert.equal(error.name, type.name, error.stack)
  assert.match(error.message, text)
  return error
}
