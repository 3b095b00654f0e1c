// A plain object that has Symbol.toStringTag 'ArrayBuffer' is sent as the object of its own fields that it is: what is a buffer is asked of
// the engine, not of a name.
import { COMM_WORLD as comm } from 'rxmpi'

const sent = { [Symbol.toStringTag]: 'ArrayBuffer', length: 3 }
const failure = await comm.send(sent, { dest: comm.rank }).catch((error: Error) => error)
const got = failure instanceof Error ? `${failure.name}: ${failure.message}` : JSON.stringify(await comm.recv())
const good = got === '{"length":3}'
console.log(good ? 'OK' : `FAIL: ${got}`)
process.exit(good ? 0 : 1)
