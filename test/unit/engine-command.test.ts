import { Job } from 'kubernetes-models/batch/v1/Job'
import { Service } from 'kubernetes-models/v1/Service'
import { parseAllDocuments } from 'yaml'
import { type EngineName, type EngineOptions, engineCommand, isFar, shown } from '../../src/launch/engines/engine-command.js'
import { kubernetesObjects, kubernetesYaml } from '../../src/launch/engines/kubernetes.js'
import { parseHosts } from '../../src/launch/options/hosts.js'
import { readRendezvous, writeRendezvous } from '../../src/launch/protocol/rendezvous.js'

const line = (engine: EngineName, options: Partial<EngineOptions> = {}): string =>
  shown(engineCommand(engine, { ranks: 4, more: [], command: ['node', 'a b.ts'], env: { PATH: '' }, ...options }))

describe("an engine's own command", () => {
  const hosts = parseHosts('a:2,b:2')

  it.each<[EngineName, Partial<EngineOptions>, string]>([
    ['slurm', {}, "srun -K1 --mpi=pmi2 --export=ALL -n 4 node 'a b.ts'"],
    ['slurm', { ppn: 2, more: ['-p', 'short'] }, "srun -K1 --mpi=pmi2 --export=ALL --ntasks-per-node=2 -n 4 -p short node 'a b.ts'"],
    ['slurm', { hosts }, "srun -K1 --mpi=pmi2 --export=ALL -w a,b -N 2 --ntasks-per-node=2 -n 4 node 'a b.ts'"],
    ['hydra', {}, "mpiexec -genvall -n 4 node 'a b.ts'"],
    ['hydra', { hosts, ssh: ['ssh', '-q'] }, "mpiexec -genvall -launcher ssh -launcher-exec 'ssh -q' -hosts a:2,b:2 -n 4 node 'a b.ts'"],
    ['openmpi', {}, "mpirun --bind-to none --oversubscribe -x RXMPI_RENDEZVOUS -x RXMPI_TOKEN -n 4 node 'a b.ts'"],
    ['openmpi', { hosts, ppn: 2 }, "mpirun --bind-to none --host a:2,b:2 -N 2 -x RXMPI_RENDEZVOUS -x RXMPI_TOKEN -n 4 node 'a b.ts'"]
  ])('%s %j', (engine, options, expected) => expect(line(engine, options)).toBe(expected))

  it('refuses what srun cannot say', () =>
    expect(() => line('slurm', { hosts: parseHosts('a:1,b:3') })).toThrow('the hosts take different numbers of ranks (a:1,b:3)'))

  it.each<[EngineName, string | undefined, boolean]>([
    ['slurm', undefined, true],
    ['hydra', undefined, false],
    ['hydra', 'localhost:2', false],
    ['openmpi', 'far:2', true]
  ])('knows whether %s with hosts %s may reach other machines: %s', (engine, named, far) =>
    expect(isFar(engine, { hosts: named === undefined ? undefined : parseHosts(named), env: {} })).toBe(far)
  )
})

describe('where the processes of a job report', () => {
  const card = { job: '0af3', token: 'secret', addresses: ['10.0.0.1', '192.168.1.2'], port: 4000 }

  it('is written without the token, and read', () => {
    const tls = 'x'.repeat(43)
    expect(writeRendezvous(card)).toBe('0af3@10.0.0.1,192.168.1.2:4000')
    expect(readRendezvous(writeRendezvous(card), 'secret')).toEqual(card)
    expect(readRendezvous(writeRendezvous({ ...card, tls }), 'secret')).toEqual({ ...card, tls })
  })

  it.each(['', 'a', 'a@b', '@b:1', 'a@b:1/short', 'a b@c:1'])('is not %j', (text) =>
    expect(() => readRendezvous(text, '')).toThrow('RXMPI_RENDEZVOUS was')
  )
})

describe('a Job for Kubernetes', () => {
  const options = {
    ranks: 3,
    name: 'solve',
    image: 'registry/solve:1',
    command: ['npx', 'rxmpi', 'run', '--tls', 'solve.ts'],
    env: { MODE: 'fast: "x"', GONE: undefined }
  }

  it('is what the published schemas of Kubernetes say', () => {
    const [service, job] = parseAllDocuments(kubernetesYaml(options)).map((document) => document.toJSON()) as [object, object]
    expect([service, job]).toEqual(kubernetesObjects(options))
    new Service(service as never).validate()
    new Job(job as never).validate()
    // A schema that lets everything pass would prove nothing.
    expect(() => new Job({ ...job, spec: { completions: 'three' } } as never).validate()).toThrow()
    expect(() => new Service({ ...service, spec: { ports: [{ name: 'rxmpi' }] } } as never).validate()).toThrow()
  })

  it('names the token and does not hold it, and what its pods look for is what it sets', () => {
    const [service, job] = kubernetesObjects(options) as [Service, Job]
    const pod = job.spec!.template.spec!
    const env = pod.containers[0]!.env!
    expect(env).toEqual([
      { name: 'RXMPI_SIZE', value: '3' },
      { name: 'RXMPI_SERVICE', value: service.metadata!.name },
      { name: 'RXMPI_TOKEN', valueFrom: { secretKeyRef: { name: 'solve', key: 'token' } } },
      { name: 'MODE', value: 'fast: "x"' }
    ])
    expect(pod.subdomain).toBe(service.metadata!.name)
    expect(service.spec!.selector).toEqual({ 'job-name': job.metadata!.name })
  })

  it('refuses a name that Kubernetes would', () =>
    expect(() => kubernetesYaml({ ...options, name: '2_fast' })).toThrow("the name '2_fast' is none for Kubernetes"))
})
