/** What the compiler promises about groups. Checked by `tsc`, never run. */
import { GROUP_EMPTY, Group, PROC_NULL } from 'rxmpi'
import { expectType } from './equal.js'

export function groups(group: Group): void {
  const { rank, size } = group
  expectType<{ rank: number | undefined; size: number }>()({ rank, size })
  expectType<Group>()(GROUP_EMPTY)
  expectType<Group>()(group.include([2, 0]).exclude([1]).range(0, 2, 2))
  expectType<Group>()(group.union(group).intersection(GROUP_EMPTY).difference(group))
  expectType<(number | undefined)[]>()(group.translateRanks([0, PROC_NULL], GROUP_EMPTY))
  expectType<'identical' | 'similar' | 'unequal'>()(group.compare(GROUP_EMPTY))
  // @ts-expect-error: only another group makes one
  new Group([0, 1])
  // @ts-expect-error: who is in it cannot be changed
  group.size = 1
  // @ts-expect-error: ranks come in an array
  group.include(1)
}
