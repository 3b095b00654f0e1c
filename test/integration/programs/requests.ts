/** Requests between ranks: waiting, testing, and the operators of RxJS. On 2 ranks. */
import assert from 'node:assert/strict'
import { defer, firstValueFrom, forkJoin, map, merge, race, repeat, take, toArray, zip } from 'rxjs'
import { COMM_WORLD as comm, Request } from 'rxmpi'
import { check, failureOf, meet, report, turn, until } from './checks.js'

const other = 1 - comm.rank
const receive = (tag: number): Request<string> => comm.irecv<string>({ source: other, tag })
const send = (tag: number): Promise<void> => comm.send(`message ${tag}`, { dest: other, tag })
const tags = [0, 1, 2, 3]

await check('a request is live from the call, and its value stays', async () => {
  const request = receive(0)
  assert.deepEqual([request.test(), request.value, request.status], [false, undefined, undefined])
  await meet()
  await send(0)
  await until(() => request.test())
  assert.equal(request.value, 'message 0')
  assert.equal(request.status!.tag, 0)
  assert.equal(await request.wait(), await request.wait())
  assert.deepEqual(await firstValueFrom(request.pipe(toArray())), ['message 0'])
  assert.deepEqual(await firstValueFrom(request.pipe(toArray())), ['message 0'])
  assert.equal(comm.iprobe(), undefined, 'subscribing received nothing')
})

await check('a send is a request for undefined, without a status', async () => {
  const request = comm.isend('a', { dest: other })
  assert.equal(await request.wait(), undefined)
  assert.deepEqual(await firstValueFrom(request.pipe(toArray())), [undefined])
  assert.deepEqual([request.value, request.status, request.test(), request.cancel()], [undefined, undefined, true, false])
  assert.equal(await comm.recv(), 'a')
})

await check('waitAll gives the values in the order of the requests, sends included', async () => {
  const requests = [receive(1), receive(0), comm.isend('message 0', { dest: other, tag: 0 })] as const
  await send(1)
  const [one, zero, nothing] = await Request.waitAll(requests)
  assert.deepEqual([one, zero, nothing], ['message 1', 'message 0', undefined])
})

await check('a waitAny loop takes each out as it completes', async () => {
  const requests = tags.map(receive)
  const seen: string[] = []
  await meet()
  for (const tag of [2, 0, 3, 1]) {
    await send(tag)
    const [index, value] = await Request.waitAny(requests)
    requests.splice(index, 1)
    seen.push(value)
    await meet()
  }
  assert.deepEqual(seen, ['message 2', 'message 0', 'message 3', 'message 1'])
})

await check('waitSome gives all that are there, waitAny the lowest of them', async () => {
  const requests = tags.map(receive)
  for (const tag of [3, 1]) await send(tag)
  await until(() => requests[1].test() && requests[3].test())
  assert.deepEqual(await Request.waitAny(requests), [1, 'message 1'])
  assert.deepEqual(await Request.waitSome(requests), [
    [1, 'message 1'],
    [3, 'message 3']
  ])
  assert.deepEqual([Request.testAll(requests), Request.testAny(requests)?.[0], Request.testSome(requests).length], [false, 1, 2])
  await meet()
  for (const tag of [0, 2]) await send(tag)
  await Request.waitAll(requests)
  assert.equal(Request.testAll(requests), true)
  assert.deepEqual(
    Request.testSome(requests).map(([index]) => index),
    tags
  )
})

await check('forkJoin, race, zip and merge are waitall, waitany and waitsome', async () => {
  for (const combine of [
    (requests: Request<string>[]) => forkJoin(requests),
    (requests: Request<string>[]) => zip(requests),
    (requests: Request<string>[]) =>
      merge(...requests).pipe(
        toArray(),
        map((values) => values.sort())
      )
  ]) {
    const requests = tags.map(receive)
    const all = firstValueFrom(combine(requests))
    for (const tag of [...tags].reverse()) await send(tag)
    assert.deepEqual(
      await all,
      tags.map((tag) => `message ${tag}`)
    )
  }
  const requests = tags.map(receive)
  const first = firstValueFrom(race(requests))
  await meet()
  await send(2)
  assert.equal(await first, 'message 2')
  await meet()
  for (const tag of [0, 1, 3]) await send(tag)
  assert.deepEqual(await firstValueFrom(forkJoin({ a: requests[0], b: requests[2] })), { a: 'message 0', b: 'message 2' })
  await Request.waitAll(requests)
})

await check('a persistent request is a defer', async () => {
  const persistent = defer(() => comm.irecv<number>({ source: other }))
  const all = firstValueFrom(persistent.pipe(repeat(5), toArray()))
  for (let k = 0; k < 5; k++) await comm.send(k, { dest: other })
  assert.deepEqual(await all, [0, 1, 2, 3, 4])
})

await check('a cancelled request is complete and empty, in a list as well', async () => {
  const [cancelled, kept] = [receive(0), receive(1)]
  assert.equal(cancelled.cancel(), true)
  await send(1)
  assert.deepEqual(await Request.waitAll([cancelled, kept]), [undefined, 'message 1'])
  assert.deepEqual(await Request.waitAny([kept, cancelled]), [0, 'message 1'])
  assert.deepEqual(await firstValueFrom(merge(cancelled, kept).pipe(toArray())), ['message 1'])
})

await check('a subscriber that comes and goes leaves the request as it was', async () => {
  const request = receive(0)
  for (let k = 0; k < 100; k++) request.subscribe(() => assert.fail('nobody listens')).unsubscribe()
  await firstValueFrom(request.pipe(take(0)), { defaultValue: undefined })
  await send(0)
  assert.equal(await request.wait(), 'message 0')
})

await check('a failure reaches everybody, and lists reject with the first', async () => {
  const request = comm.irecv({ source: other, into: new Uint8Array(1) })
  const good = receive(1)
  const errors: unknown[] = []
  request.subscribe({ error: (error) => errors.push(error) })
  const failures = [
    failureOf(request.wait()),
    failureOf(Request.waitAll([good, request])),
    failureOf(Request.waitAny([good, request])),
    failureOf(Request.waitSome([good, request])),
    failureOf(firstValueFrom(forkJoin([good, request])))
  ]
  await meet()
  await comm.send(new Uint8Array(2), { dest: other })
  for (const error of await Promise.all(failures)) assert.equal(error.code, 'ERR_TRUNCATE')
  assert.deepEqual([request.test(), request.value, request.cancel()], [true, undefined, false])
  await failureOf(firstValueFrom(request))
  assert.equal(errors.length, 1)
  await meet()
  await send(1)
  await good.wait()
})

await check('a request that was in a list and fails later ends nobody', async () => {
  const requests = [receive(1), comm.irecv({ source: other, tag: 2, into: new Uint8Array(1) })]
  await send(1)
  await Request.waitAny(requests)
  await meet()
  await comm.send('too long', { dest: other, tag: 2 })
  await until(() => requests[1].test())
  for (let k = 0; k < 3; k++) await turn()
})

report()
