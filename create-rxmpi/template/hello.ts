/** Every rank runs the whole program: npm start */
import { map, range } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import { total } from './total.ts'

console.log(`I am rank ${comm.rank} of ${comm.size}`)

// Rank r has r+1, 2(r+1), 3(r+1).
range(1, 3)
  .pipe(
    map((n) => n * (comm.rank + 1)),
    total(comm)
  )
  .subscribe((sum) => {
    if (comm.rank === 0) console.log(`the sum over all ranks is ${sum}`)
  })
