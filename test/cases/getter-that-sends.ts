// An array whose element is a getter that sends something else arrives as it is, and so does the other message: getters are read before
// the first byte is written.
import { COMM_WORLD as comm } from 'rxmpi'

const letters: string[] = ['aaaa', '', 'bbbb', 'cccc']
let reads = 0
Object.defineProperty(letters, 1, {
  enumerable: true,
  get: () => {
    reads++
    void comm.send(['another', 'message'], { dest: comm.rank, tag: 2 })
    return 'read'
  }
})
await comm.send(letters, { dest: comm.rank, tag: 1 })
const got = await comm.recv({ source: comm.rank, tag: 1 }).catch((error) => error.name)
const other = await comm.recv({ source: comm.rank, tag: 2 }).catch((error) => error.name)
const found = JSON.stringify([reads, got, other])
const good = found === '[1,["aaaa","read","bbbb","cccc"],["another","message"]]'
console.log(good ? 'OK' : `FAIL: ${found}`)
process.exit(good ? 0 : 1)
