import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { detectLauncher } from '../../src/launch/external/detect-launcher.js'
import { expandNodelist } from '../../src/launch/external/nodelist.js'
import { parseHosts, readHostfile } from '../../src/launch/options/hosts.js'
import { project } from '../integration/command.js'

const openMpi = {
  OMPI_COMM_WORLD_RANK: '1',
  OMPI_COMM_WORLD_SIZE: '4',
  OMPI_COMM_WORLD_LOCAL_SIZE: '4',
  PMIX_RANK: '1',
  PMIX_SERVER_TMPDIR: '/tmp/x'
}
const hydra = { PMI_RANK: '2', PMI_SIZE: '4', PMI_FD: '7', MPI_LOCALRANKID: '0', MPI_LOCALNRANKS: '2' }
const slurm = {
  SLURM_PROCID: '3',
  SLURM_NTASKS: '4',
  SLURM_STEP_NUM_TASKS: '4',
  SLURM_STEP_NODELIST: 'n[1-2]',
  SLURM_STEP_RESV_PORTS: '23000-23003',
  SLURM_JOB_ID: '9',
  SLURM_STEP_ID: '0'
}
const kubernetes = { JOB_COMPLETION_INDEX: '0', RXMPI_SIZE: '3', HOSTNAME: 'solve-0', RXMPI_SERVICE: 'ranks', RXMPI_TOKEN: 'secret' }
const torch = { RANK: '5', WORLD_SIZE: '8', LOCAL_WORLD_SIZE: '4', MASTER_ADDR: '10.0.0.1', MASTER_PORT: '29500', RXMPI_TOKEN: 'secret' }
const own = { RXMPI_RANK: '0', RXMPI_SIZE: '2', RXMPI_ADDRESS: 'localhost:7000', RXMPI_TOKEN: 'secret' }

describe('who has started this process', () => {
  it.each([
    ['nobody', {}, undefined],
    ['a batch script of Slurm', { SLURM_PROCID: '0', SLURM_NTASKS: '4' }, undefined],
    ["Open MPI's mpirun", openMpi, [1, 4, true]],
    ["Open MPI's mpirun", { ...slurm, ...openMpi }, [1, 4, true]],
    ["MPICH's mpiexec (hydra)", hydra, [2, 4, false]],
    ["MPICH's mpiexec (hydra)", { ...slurm, ...hydra }, [2, 4, false]],
    ['srun --mpi=pmi2', { ...slurm, PMI_RANK: '3', PMI_SIZE: '4', PMI_FD: '9' }, [3, 4, false]],
    ['srun', slurm, [3, 4, false]],
    ['srun', { ...slurm, SLURM_STEP_NODELIST: 'n1' }, [3, 4, true]],
    ['a Kubernetes Indexed Job', kubernetes, [0, 3, false]],
    ['RANK, WORLD_SIZE and MASTER_ADDR, as torchrun sets them', torch, [5, 8, false]],
    ['RXMPI_RANK', { ...openMpi, ...own }, [0, 2, true]]
  ])('sees %s in %j', (launcher, env, place) => {
    const seen = detectLauncher(env)
    expect(seen && [seen.rank, seen.size, seen.together]).toEqual(place)
    if (seen !== undefined) expect(seen.launcher).toBe(launcher)
  })

  it.each([
    ['rank 0 at n1:23000', { ...slurm, RXMPI_TOKEN: 'secret' }],
    ['rank 0 at solve-0.ranks:29400', kubernetes],
    ['rank 0 at 10.0.0.1:29400', torch],
    ['rank 0 at localhost:7000', own],
    ['a file in /tmp/x', openMpi]
  ])('meets at %s', (name, env) => expect(detectLauncher(env)!.bootstrap().name).toBe(name))

  it("writes nothing into a descriptor that is not the manager's, and says what has happened", () => {
    const path = join(project({ mine: 'as it was' }), 'mine')
    const fd = openSync(path, 'r+')
    const meet = () => detectLauncher({ ...hydra, PMI_FD: String(fd) })!.bootstrap()
    expect(meet).toThrow(
      `PMI_FD=${fd} names no socket: the process is started by way of another, as npx is, that has not handed the descriptor down. ` +
        'Have mpiexec start node_modules/.bin/rxmpi run, without npx, or have rxmpi start it: npx rxmpi run --launcher hydra -n 4'
    )
    closeSync(fd)
    expect(meet).toThrow(`PMI_FD=${fd} names no socket`)
    expect(readFileSync(path, 'utf8')).toBe('as it was')
  })

  it('says what is missing or wrong', () => {
    expect(() => detectLauncher({ RXMPI_RANK: '0' })).toThrow(
      'RXMPI_SIZE is not set: expected how many ranks there are, beside RXMPI_RANK=0'
    )
    expect(() => detectLauncher({ RXMPI_RANK: '2', RXMPI_SIZE: '2' })).toThrow("RXMPI_RANK was '2': expected a whole number from 0 to 1")
    expect(() => detectLauncher({ RXMPI_RANK: '0', RXMPI_SIZE: 'two' })).toThrow("RXMPI_SIZE was 'two'")
    expect(() => detectLauncher(slurm)!.bootstrap()).toThrow(
      'RXMPI_TOKEN is not set: expected a secret that all processes of this job share'
    )
    expect(() => detectLauncher({ ...kubernetes, RXMPI_SERVICE: undefined })!.bootstrap()).toThrow('RXMPI_SERVICE is not set')
  })
})

describe('lists of hosts', () => {
  it.each([
    ['a', ['a']],
    ['n[1-3]', ['n1', 'n2', 'n3']],
    ['r[1-2]n[01-02],gpu[01-02,10]', ['r1n01', 'r1n02', 'r2n01', 'r2n02', 'gpu01', 'gpu02', 'gpu10']],
    ['n[08-11],x', ['n08', 'n09', 'n10', 'n11', 'x']]
  ])('expands %s as scontrol does', (list, names) => expect(expandNodelist(list)).toEqual(names))

  it('expands what it is given in order, whatever the numbers', () => {
    const range = fc.tuple(fc.nat(300), fc.nat(20)).map(([first, more]) => ({ first, last: first + more }))
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 4 }), (ranges) => {
        const list = `n[${ranges.map(({ first, last }) => `${first}-${last}`).join()}]`
        const names = ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, k) => `n${first + k}`))
        expect(expandNodelist(list)).toEqual(names)
      })
    )
  })

  it('reads a list and a file', () => {
    expect(parseHosts('a:4,user@b.example, [::1]:2')).toEqual([
      { name: 'a', slots: 4 },
      { name: 'user@b.example', slots: 1 },
      { name: '::1', slots: 2 }
    ])
    const directory = project({ hosts: '# mine\n\na:4\nb slots=2 # fast\nc\nd slots = 3 max_slots=4\n', bad: 'a:4\nb 4\n', empty: '#\n' })
    expect(readHostfile(`${directory}/hosts`)).toEqual([
      { name: 'a', slots: 4 },
      { name: 'b', slots: 2 },
      { name: 'c', slots: 1 },
      { name: 'd', slots: 3 }
    ])
    expect(() => readHostfile(`${directory}/bad`)).toThrow(`line 2 of the host file '${directory}/bad' is not understood: 'b 4'`)
    expect(() => readHostfile(`${directory}/empty`)).toThrow('names no host')
  })
})
