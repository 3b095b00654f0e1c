/** What is promised about sends, receives and probes. On 3 ranks. */
import assert from 'node:assert/strict'
import { firstValueFrom, map, mergeMap, take, toArray } from 'rxjs'
import { ANY_SOURCE, ANY_TAG, COMM_SELF, COMM_WORLD as comm, type Message, PROC_NULL, Request, Status, TAG_UB } from 'rxmpi'
import { check, failureOf, meet, report, turn, until } from './checks.js'

const { rank, size } = comm
const next = (rank + 1) % size
const previous = (rank + size - 1) % size
const others = [0, 1, 2].filter((other) => other !== rank)
/** Too long to go before its receive. */
const LARGE = 200_000

await check('a receive without options takes any message, its status says which', async () => {
  for (const other of others) await comm.send(rank, { dest: other, tag: rank + 10 })
  const status = new Status()
  assert.deepEqual({ ...status }, { source: ANY_SOURCE, tag: ANY_TAG, count: 0, bytes: 0, cancelled: false })
  const seen: unknown[] = []
  for (const _ of others) {
    seen.push(await comm.recv({ status }))
    assert.equal(status.source, seen.at(-1))
    assert.equal(status.tag, status.source + 10)
    assert.equal(status.count, 1)
    assert.ok(status.bytes > 0)
  }
  assert.deepEqual(seen.sort(), others)
})

await check('source and tag choose, whatever came first', async () => {
  for (const tag of [0, 1, TAG_UB]) await comm.send(`tag ${tag}`, { dest: next, tag })
  assert.equal(await comm.recv({ source: previous, tag: TAG_UB }), `tag ${TAG_UB}`)
  assert.equal(await comm.recv({ tag: 1 }), 'tag 1')
  assert.equal(await comm.recv({ source: previous }), 'tag 0')
})

await check('the constants are distinct negative integers, and tags reach far enough', () => {
  const constants = [ANY_SOURCE, ANY_TAG, PROC_NULL]
  assert.equal(new Set(constants).size, 3)
  assert.ok(constants.every((constant) => Number.isInteger(constant) && constant < 0))
  assert.ok(TAG_UB >= 2 ** 30 - 1)
})

await check('messages never overtake each other, whatever their sizes', async () => {
  const lengths = [3, LARGE, 0, 70_000, 10, 65_536, 20_000, LARGE, 1]
  const sends = lengths.map((length, k) => comm.isend(new Uint8Array(length + 1).fill(k), { dest: next, tag: k % 2 }))
  for (const [k, length] of lengths.entries()) {
    const status = new Status()
    const got = await comm.recv<Uint8Array>({ source: previous, status })
    assert.deepEqual([got.length, got[0], got.at(-1), status.tag], [length + 1, k, k, k % 2])
  }
  await Request.waitAll(sends)
})

await check('receives posted first get what comes first', async () => {
  const requests = [comm.irecv({ source: previous }), comm.irecv(), comm.irecv({ source: previous, tag: 7 }), comm.irecv({ tag: 7 })]
  await meet()
  for (const k of [0, 1, 2, 3]) await comm.send(k, { dest: next, tag: 7 })
  assert.deepEqual(await Request.waitAll(requests), [0, 1, 2, 3])
})

await check('communicators do not mix', async () => {
  await COMM_SELF.send('to self', { dest: 0, tag: 4 })
  const own = comm.isend('to me', { dest: rank, tag: 4 })
  assert.equal(await comm.recv({ tag: 4 }), 'to me')
  assert.equal(comm.iprobe({ tag: 4 }), undefined)
  const status = new Status()
  assert.equal(await COMM_SELF.recv({ status }), 'to self')
  assert.equal(status.source, 0)
  assert.deepEqual([COMM_SELF.rank, COMM_SELF.size, COMM_SELF.name], [0, 1, 'self'])
  assert.deepEqual([comm.rank, comm.size, comm.name], [rank, 3, 'world'])
  await own.wait()
})

await check('a small send needs no receive; at least 64 KiB fit', async () => {
  for (let k = 0; k < 64; k++) await comm.send(new Uint8Array(1000).fill(k), { dest: next })
  await meet()
  for (let k = 0; k < 64; k++) assert.equal((await comm.recv<Uint8Array>({ source: previous }))[999], k)
})

await check('ssend and issend wait for a recv, irecv, mprobe or messages()', async () => {
  const takes: (() => Promise<unknown>)[] = [
    () => comm.recv({ source: previous, tag: 3 }),
    () => comm.irecv({ source: previous, tag: 3 }).wait(),
    () => comm.mprobe({ source: previous, tag: 3 }).then((message) => message.recv()),
    () => firstValueFrom(comm.messages({ source: previous, tag: 3 }).pipe(map(({ data }) => data)))
  ]
  for (const data of ['small', new Uint8Array(LARGE)]) {
    for (const receive of takes) {
      const request = comm.issend(data, { dest: next, tag: 3 })
      await comm.probe({ source: previous, tag: 3 })
      await meet()
      assert.equal(request.test(), false, 'a probe alone does not match')
      await meet()
      assert.deepEqual(await receive(), data)
      await request.wait()
    }
  }
  const posted = comm.irecv({ source: previous })
  await comm.ssend('met', { dest: next })
  assert.equal(await posted.wait(), 'met')
})

await check('a synchronous send is matched by mprobe, before the message is received', async () => {
  const request = comm.issend('claimed', { dest: next })
  const message = await comm.mprobe({ source: previous })
  await request.wait()
  assert.equal(await message.recv(), 'claimed')
})

await check('after an isend is complete the data may change', async () => {
  const data = new Float64Array(LARGE).fill(rank)
  const request = comm.isend(data, { dest: next })
  const arriving = comm.irecv<Float64Array>({ source: previous })
  await request.wait()
  data.fill(-1)
  assert.ok((await arriving.wait()).every((value) => value === previous))
})

await check('sendrecv exchanges without deadlock, of any size, in place as well', async () => {
  for (const length of [1, 1000, 1_000_000]) {
    const data = new Float64Array(length).fill(rank)
    const got = await comm.sendrecv<Float64Array, Float64Array>(data, { dest: next, source: previous })
    assert.ok(got.every((value) => value === previous))
    assert.ok(data.every((value) => value === rank))
    const status = new Status()
    assert.equal(await comm.sendrecv(data, { dest: next, sendTag: 8, source: previous, recvTag: 8, into: data, status }), data)
    assert.ok(data.every((value) => value === previous))
    assert.deepEqual([status.source, status.tag, status.count], [previous, 8, length])
    const parts = Float64Array.from([...data.subarray(0, 1), -1])
    await comm.sendrecv(parts.subarray(0, 1), { dest: next, source: previous, into: parts.subarray(1) })
    assert.deepEqual([...parts], [previous, (previous + size - 1) % size])
  }
  assert.deepEqual(await comm.sendrecv({ from: rank }, { dest: rank }), { from: rank })
})

await check('the receive of a sendrecv is posted at the call, before receives that come after it', async () => {
  const first = comm.sendrecv(0, { dest: next, source: previous })
  const second = comm.recv({ source: previous })
  await comm.send(1, { dest: next })
  assert.deepEqual([await first, await second], [0, 1])
})

await check('PROC_NULL completes at once', async () => {
  await comm.send('nobody', { dest: PROC_NULL })
  await comm.ssend(new Uint8Array(LARGE), { dest: PROC_NULL, tag: 7 })
  assert.equal(comm.isend('nobody', { dest: PROC_NULL }).test(), true)
  assert.equal(comm.issend('nobody', { dest: PROC_NULL }).test(), true)
  const nobody = { source: PROC_NULL, tag: ANY_TAG, count: 0, bytes: 0, cancelled: false }
  const status = new Status()
  const into = Float64Array.of(1, 2)
  assert.equal(await comm.recv({ source: PROC_NULL, tag: 5, into, status }), undefined)
  assert.deepEqual([...into], [1, 2])
  assert.deepEqual({ ...status }, nobody)
  const request = comm.irecv({ source: PROC_NULL })
  assert.deepEqual([request.test(), request.value, request.cancel()], [true, undefined, false])
  assert.deepEqual({ ...request.status }, nobody)
  assert.deepEqual(await firstValueFrom(request.pipe(toArray())), [undefined])
  assert.deepEqual({ ...(await comm.probe({ source: PROC_NULL })) }, nobody)
  assert.deepEqual({ ...comm.iprobe({ source: PROC_NULL }) }, nobody)
  for (const message of [await comm.mprobe({ source: PROC_NULL }), comm.improbe({ source: PROC_NULL })!]) {
    assert.deepEqual({ ...message.status }, nobody)
    assert.equal(await message.recv({ into }), undefined)
  }
  const ends = await comm.sendrecv(rank, { dest: rank === 2 ? PROC_NULL : next, source: rank === 0 ? PROC_NULL : previous, status })
  assert.equal(ends, rank === 0 ? undefined : previous)
  assert.equal(status.source, rank === 0 ? PROC_NULL : previous)
  assert.ok(await failureOf(comm.send(() => 1, { dest: PROC_NULL })), 'what cannot be sent cannot be sent to nobody')
})

await check('probe and iprobe look and leave the message where it is', async () => {
  const sent = comm.isend(Float64Array.of(1, 2, 3), { dest: next, tag: 6 })
  const seen = await comm.probe({ source: previous, tag: 6 })
  assert.deepEqual({ ...seen }, { source: previous, tag: 6, count: 3, bytes: 24, cancelled: false })
  const status = new Status()
  assert.equal(comm.iprobe({ status }), status)
  assert.deepEqual({ ...status }, { ...seen })
  assert.equal(comm.iprobe({ tag: 7 }), undefined)
  assert.equal(comm.iprobe({ source: next, tag: 6 }), undefined)
  const into = new Float64Array(seen.count)
  await comm.recv({ source: seen.source, tag: seen.tag, into })
  assert.deepEqual([...into], [1, 2, 3])
  assert.equal(comm.iprobe(), undefined)
  await sent.wait()
})

await check('a probe knows the length of what is too long to have come', async () => {
  const sent = comm.isend(new Float64Array(LARGE), { dest: next })
  assert.equal((await comm.probe({ source: previous })).count, LARGE)
  const into = new Float64Array(LARGE)
  assert.equal(await comm.recv({ source: previous, into }), into)
  await sent.wait()
})

await check('a probe waits for what comes after it', async () => {
  const probing = [
    comm.probe({ source: previous, tag: 1 }),
    comm.probe({ source: previous, tag: 2 }),
    comm.probe({ source: previous, tag: 2 })
  ]
  await meet()
  await comm.send('b', { dest: next, tag: 2 })
  assert.deepEqual(
    (await Promise.all(probing.slice(1))).map(({ tag }) => tag),
    [2, 2]
  )
  await comm.send('a', { dest: next, tag: 1 })
  assert.equal((await probing[0]).tag, 1)
  assert.equal(await comm.recv({ source: previous }), 'b')
  assert.equal(await comm.recv({ source: previous }), 'a')
})

await check('mprobe and improbe take the message out of the queue', async () => {
  const sent = [
    comm.isend('first', { dest: next }),
    comm.isend(new Int16Array(LARGE).fill(2), { dest: next }),
    comm.isend('third', { dest: next })
  ]
  const first = await comm.mprobe<string>({ source: previous })
  const second = await comm.mprobe<Int16Array>({ source: previous })
  assert.deepEqual([first.status.count, second.status.count, second.data], [1, LARGE, undefined])
  await until(() => comm.iprobe() !== undefined)
  const third = comm.improbe<string>()!
  assert.equal(comm.iprobe(), undefined)
  assert.equal(comm.improbe(), undefined)
  assert.equal(await third.recv(), 'third')
  const into = new Int16Array(LARGE)
  const request = second.irecv({ into })
  assert.equal(await request.wait(), into)
  assert.ok(into.every((value) => value === 2))
  assert.equal(request.status!.count, LARGE)
  assert.equal(await first.recv(), 'first')
  await Request.waitAll(sent)
})

await check('loops over iprobe, improbe and test make progress without a turn of the event loop', async () => {
  const sent = comm.isend(new Uint8Array(LARGE), { dest: next, tag: 1 })
  while (comm.iprobe({ source: previous, tag: 1 }) === undefined) {}
  let message: Message<Uint8Array> | undefined
  while (message === undefined) message = comm.improbe<Uint8Array>({ source: previous, tag: 1 })
  const request = message.irecv()
  while (!request.test()) {}
  assert.equal(request.value!.length, LARGE)
  while (!sent.test()) {}
  const receives = others.map((source) => comm.irecv({ source, tag: 2 }))
  const sends = others.map((dest) => comm.isend(rank, { dest, tag: 2 }))
  while (!Request.testAll([...receives, ...sends])) {}
  assert.deepEqual(
    receives.map(({ value }) => value),
    others
  )
})

await check('messages() gives each message with its status, and take(3) leaves the fourth', async () => {
  for (let k = 0; k < 5; k++) await comm.send(k, { dest: next, tag: k })
  const seen = await firstValueFrom(comm.messages<number>({ source: previous }).pipe(take(3), toArray()))
  assert.deepEqual(
    seen.map(({ data, status: { source, tag, count } }) => [data, source, tag, count]),
    [0, 1, 2].map((k) => [k, previous, k, 1])
  )
  assert.equal(await comm.recv({ source: previous }), 3)
  assert.equal(await comm.recv({ source: previous, tag: 4 }), 4)
})

await check('two subscribers share the messages out, and the longest waiting gets the next', async () => {
  const [one, two]: number[][] = [[], []]
  const first = comm.messages<number>({ source: previous }).subscribe(({ data }) => one.push(data))
  const second = comm.messages<number>({ source: previous }).subscribe(({ data }) => two.push(data))
  await meet()
  for (let k = 0; k < 10; k++) await comm.send(k, { dest: next })
  await until(() => one.length + two.length === 10)
  assert.deepEqual(
    [one, two],
    [
      [0, 2, 4, 6, 8],
      [1, 3, 5, 7, 9]
    ]
  )
  const received = comm.recv({ source: previous })
  await meet()
  for (let k = 10; k < 13; k++) await comm.send(k, { dest: next })
  assert.equal(await received, 12)
  first.unsubscribe()
  second.unsubscribe()
  await meet()
  await comm.send('left', { dest: next })
  assert.equal(await comm.recv({ source: previous }), 'left')
})

await check('a subscriber may unsubscribe, receive and send inside next', async () => {
  const seen: unknown[] = []
  const answers: Promise<unknown>[] = []
  const done = firstValueFrom(
    comm.messages<number>({ source: previous, tag: 1 }).pipe(
      mergeMap(({ data }) => {
        answers.push(comm.send(data * 10, { dest: previous, tag: 2 }))
        answers.push(comm.recv({ source: next, tag: 2 }).then((answer) => seen.push(answer)))
        return [data]
      }),
      take(3),
      toArray()
    )
  )
  for (const k of [1, 2, 3, 4]) await comm.send(k, { dest: next, tag: 1 })
  assert.deepEqual(await done, [1, 2, 3])
  await Promise.all(answers)
  assert.deepEqual(seen, [10, 20, 30])
  assert.equal(await comm.recv({ source: previous, tag: 1 }), 4)
})

await check('what an unsubscribed messages() was about to get is left in its place', async () => {
  const data = new Uint8Array(5_000_000).fill(rank)
  let came = false
  const subscription = comm.messages({ source: previous }).subscribe(() => {
    came = true
  })
  await meet()
  const sent = comm.isend(data, { dest: next })
  await turn()
  subscription.unsubscribe()
  await meet()
  const after = comm.isend('after', { dest: next })
  // It may have come before; else it is still there.
  if (!came) assert.equal((await comm.recv<Uint8Array>({ source: previous })).length, data.length)
  assert.equal(await comm.recv({ source: previous }), 'after')
  await Request.waitAll([sent, after])
})

await check('a cancelled receive withdraws: the next one gets the message', async () => {
  const request = comm.irecv({ source: previous })
  assert.equal(request.cancel(), true)
  assert.equal(request.cancel(), false)
  assert.equal(request.test(), true)
  assert.equal(await request.wait(), undefined)
  assert.equal(request.status!.cancelled, true)
  assert.deepEqual(await firstValueFrom(request.pipe(toArray())), [])
  const received = comm.irecv({ source: previous })
  await comm.send('x', { dest: next })
  assert.equal(await received.wait(), 'x')
  assert.equal(received.cancel(), false)
  assert.equal(received.status!.cancelled, false)
  assert.equal(comm.isend('y', { dest: next }).cancel(), false)
  assert.equal(await comm.recv({ source: previous }), 'y')
})

await check('one Status for many receives does not take their values away', async () => {
  const status = new Status()
  const kept = comm.irecv({ source: previous, status })
  await comm.send('kept', { dest: next })
  await kept.wait()
  comm.irecv({ source: previous, status }).cancel()
  assert.equal(status.cancelled, true)
  assert.deepEqual(await firstValueFrom(kept.pipe(toArray())), ['kept'])
})

await check('an aborted receive withdraws, and the reason is the cause', async () => {
  const reason = new Error('enough')
  const controller = new AbortController()
  const { signal } = controller
  const from = { source: previous, tag: 5, signal }
  const calls = [comm.recv(from), comm.probe(from), comm.mprobe(from)]
  const exchange = comm.sendrecv('s', { dest: rank, sendTag: 9, source: previous, recvTag: 8, signal })
  const stream = new Promise((_, reject) => comm.messages(from).subscribe({ error: reject }))
  const large = comm.send(new Uint8Array(LARGE), { dest: next, tag: 3, signal })
  const synchronous = comm.ssend('never matched', { dest: next, tag: 3, signal })
  const ended = Promise.all([...calls, exchange, stream, large, synchronous].map((call) => failureOf(call)))
  await turn()
  controller.abort(reason)
  for (const error of await ended) {
    assert.deepEqual([error.name, error.code, error.cause], ['AbortError', 'ERR_ABORT', reason], error.stack)
    assert.match(error.callSite!, /point-to-point\.ts:\d+/)
  }
  await meet()
  assert.equal(await comm.recv({ source: rank, tag: 9 }), 's')
  await comm.send('next', { dest: next, tag: 5 })
  assert.equal(await comm.recv({ source: previous, tag: 5 }), 'next', 'no aborted receive got it')
  assert.equal(comm.iprobe(), undefined, 'the aborted sends were taken back')
})

await check('a timeout is a TimeoutError', async () => {
  const error = await failureOf(comm.recv({ source: previous, signal: AbortSignal.timeout(5) }))
  assert.deepEqual([error.name, error.code, (error.cause as Error).name], ['TimeoutError', 'ERR_TIMEOUT', 'TimeoutError'])
})

await check('a signal of a call that is done does nothing', async () => {
  const controller = new AbortController()
  const { signal } = controller
  const received = comm.recv({ source: previous, signal })
  await comm.send('in time', { dest: next, signal })
  assert.equal(await received, 'in time')
  controller.abort()
  await turn()
})

await check('a signal aborted before the subscription fails the stream', async () => {
  const controller = new AbortController()
  const stream = comm.messages({ signal: controller.signal })
  controller.abort(new Error('before'))
  const error = await failureOf(firstValueFrom(stream))
  assert.equal(error.name, 'AbortError')
})

await check('a buffer detached while its message is under way is an ArgumentError, and no more', async () => {
  for (const length of [10, 8_000_000]) {
    for (const turns of [0, 1]) {
      const into = new Uint8Array(length)
      const request = comm.irecv({ source: previous, into })
      const ended = request.wait().then(
        () => 'came first',
        (error) => error.code
      )
      if (turns === 0) structuredClone(into.buffer, { transfer: [into.buffer] })
      await meet()
      const sent = comm.isend(new Uint8Array(length), { dest: next })
      for (let k = 0; k < turns; k++) await turn()
      if (turns > 0 && !request.test()) structuredClone(into.buffer, { transfer: [into.buffer] })
      const outcome = await ended
      assert.ok(outcome === 'ERR_ARGUMENT' || (turns > 0 && outcome === 'came first'), outcome)
      await sent.wait()
      assert.equal(await comm.sendrecv(length, { dest: next, source: previous }), length)
    }
  }
})

await check('100,000 outstanding receives and sends', async () => {
  const count = 100_000
  const numbers = Array.from({ length: count }, (_, k) => k)
  const received = rank === 1 ? Request.waitAll(numbers.map((tag) => comm.irecv<number>({ source: 0, tag }))) : undefined
  await meet()
  if (rank === 0) await Request.waitAll(numbers.reverse().map((tag) => comm.isend(tag, { dest: 1, tag })))
  assert.ok(((await received) ?? []).every((value, tag) => value === tag))
})

await check('100,000 sends that wait for their receives, and as many receives withdrawn', async () => {
  const count = 100_000
  if (rank === 0) await Request.waitAll(Array.from({ length: count }, (_, k) => comm.isend(k, { dest: 1 })))
  if (rank === 1) {
    const withdrawn = Array.from({ length: count }, () => comm.irecv({ source: 2 }))
    for (const request of withdrawn) assert.equal(request.cancel(), true)
    for (let k = 0; k < count; k++) assert.equal(await comm.recv({ source: 0 }), k)
  }
})

await check('unsubscribing everything everywhere loses nothing', async () => {
  const count = 200
  const requests: Request<unknown>[] = []
  for (let k = 0; k < count; k++) {
    const request = k % 2 === 0 ? comm.irecv({ source: previous, tag: 1 }) : comm.isend(k, { dest: next, tag: 1 })
    request.subscribe().unsubscribe()
    request.pipe(take(0)).subscribe()
    comm.messages({ source: previous, tag: 1 }).subscribe().unsubscribe()
    requests.push(request)
  }
  const values = await Request.waitAll(requests)
  assert.deepEqual(
    values.filter((_, k) => k % 2 === 0),
    values.filter((_, k) => k % 2 === 0).map((_, k) => 2 * k + 1)
  )
})

await check('messages from all ranks at once, in every form', async () => {
  const count = 300
  const sends = others.flatMap((dest) =>
    Array.from({ length: count }, (_, k) => comm.isend({ k, data: new Uint8Array(k % 7 === 0 ? 70_000 : k) }, { dest, tag: k % 3 }))
  )
  const last = new Map<string, number>()
  for (let n = 0; n < count * others.length; n++) {
    const status = new Status()
    const { k, data } = await comm.recv<{ k: number; data: Uint8Array }>({ status, tag: n % 5 === 0 ? ANY_TAG : ANY_TAG })
    assert.equal(data.length, k % 7 === 0 ? 70_000 : k)
    const from = `${status.source}`
    assert.equal(k, (last.get(from) ?? -1) + 1, 'in order from each')
    last.set(from, k)
  }
  await Request.waitAll(sends)
})

report()
