import { doctor, type Finding, type Machine, printable, thisMachine } from '../../src/launch/cli/doctor.js'

const files: Record<string, string> = {
  '/proc/self/limits':
    'Max processes             96364                96364                processes\nMax open files            unlimited            20000 files',
  '/sys/kernel/mm/transparent_hugepage/enabled': '[always] madvise never',
  '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc',
  '/sys/fs/cgroup/cpu.max': 'max 100000',
  '/sys/fs/cgroup/pids.max': 'max'
}
const healthy: Machine = {
  node: '24.1.0',
  cores: 4,
  memory: 2 ** 33,
  noSockets: undefined,
  noSharing: undefined,
  givesWay: true,
  tunables: '',
  temporary: { path: '/tmp', writable: true },
  read: (path) => files[path]
}
const with_ = (changes: Record<string, string>): Machine => ({ ...healthy, read: (path) => ({ ...files, ...changes })[path] })

/** What is not well on a machine. */
const ills = (machine: Machine, ranks = 4): Finding[] =>
  doctor(machine, ranks).filter(({ state, remedy }) => state !== 'ok' || remedy !== undefined)

describe('rxmpi doctor', () => {
  it('finds nothing where all is well, nor where the system tells nothing', () => {
    expect(ills(healthy)).toEqual([])
    expect(ills({ ...healthy, read: () => undefined })).toEqual([])
    expect(
      ills({ ...with_({ '/sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never' }), tunables: 'glibc.malloc.hugetlb=1' })
    ).toEqual([])
  })

  it.each<[string, Machine, number, Finding['state'], string, RegExp]>([
    ['an old Node', { ...healthy, node: '18.20.1' }, 4, 'missing', 'node', /needs Node 20/],
    ['a Node that runs no TypeScript by itself', { ...healthy, node: '22.17.0' }, 4, 'ok', 'node', /rxmpi\/register/],
    ['more ranks than cores', healthy, 5, 'slow', 'cores', /-n 4 leaves each a core/],
    [
      'a container with a part of the cores',
      with_({ '/sys/fs/cgroup/cpu.max': '150000 100000' }),
      4,
      'slow',
      'processor quota',
      /more ranks than 1 /
    ],
    ['no koffi', { ...healthy, noSharing: 'koffi is not installed' }, 4, 'slow', 'processes', /npm install koffi/],
    ['memory that is not to be shared', { ...healthy, noSharing: 'RXMPI_SHARED_MEMORY=0' }, 4, 'slow', 'processes', /take that variable/],
    ['no way to give way', { ...healthy, givesWay: false }, 4, 'slow', 'giving way', /--allow-wasi/],
    ['too little memory', { ...healthy, memory: 2 ** 24 }, 4, 'missing', 'memory', /at most 2 here/],
    ['too few threads', with_({ '/sys/fs/cgroup/pids.max': '20' }), 4, 'missing', 'threads', /4 ranks need some 24/],
    ['too few files', with_({ '/proc/self/limits': 'Max open files            70   1024 files' }), 4, 'missing', 'open files', /ulimit -n/],
    [
      'huge pages that nobody asks for',
      with_({ '/sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never' }),
      4,
      'slow',
      'huge pages',
      /^for arrays/
    ],
    [
      'no huge pages',
      with_({ '/sys/kernel/mm/transparent_hugepage/enabled': 'always madvise [never]' }),
      4,
      'slow',
      'huge pages',
      /write madvise/
    ],
    [
      'no uWebSockets.js',
      { ...healthy, noSockets: 'uWebSockets.js does not load here' },
      4,
      'slow',
      'sockets',
      /npm install 'uWebSockets\.js@npm:/
    ],
    [
      'a slow clock',
      with_({ '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'hpet' }),
      4,
      'slow',
      'clock',
      /clocksource=tsc/
    ],
    ['nowhere to compile to', { ...healthy, temporary: { path: '/tmp', writable: false } }, 4, 'missing', 'temporary files', /TMPDIR/]
  ])('finds %s', (_, machine, ranks, state, what, remedy) => {
    expect(ills(machine, ranks)).toEqual([{ state, what, found: expect.any(String), remedy: expect.stringMatching(remedy) }])
  })

  it('says so in a line each', () => {
    expect(printable(doctor(with_({ '/sys/fs/cgroup/pids.max': '20' }), 4))).toMatch(/^ok {7}cores {12}4 for 4 ranks$/m)
    expect(printable(doctor(healthy, 4)).split('\n')).toHaveLength(doctor(healthy, 4).length + 1)
  })

  it('can look at this machine', () => {
    expect(doctor(thisMachine(), 1).map(({ what }) => what)).toContain('node')
  })
})
