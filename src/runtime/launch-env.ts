/** What a process needs to join its job, by the names of the variables: no value is ever in an argument list. */
export const RENDEZVOUS = 'RXMPI_RENDEZVOUS'
export const TOKEN = 'RXMPI_TOKEN'

/** The variables by which launchers tell a process its rank and how many there are; the first that are there count. */
export const LAUNCHERS = [
  { name: 'RXMPI_RANK', rank: 'RXMPI_RANK', size: 'RXMPI_SIZE' },
  { name: "Open MPI's mpirun", rank: 'OMPI_COMM_WORLD_RANK', size: 'OMPI_COMM_WORLD_SIZE' },
  { name: 'mpiexec', rank: 'PMI_RANK', size: 'PMI_SIZE' },
  { name: 'srun', rank: 'SLURM_PROCID', size: 'SLURM_STEP_NUM_TASKS' },
  { name: 'a Kubernetes Indexed Job', rank: 'JOB_COMPLETION_INDEX', size: 'RXMPI_SIZE' },
  { name: 'torchrun', rank: 'RANK', size: 'WORLD_SIZE' }
] as const

export interface Started {
  name: string
  why: string
  rank: number
  size: number
}

/** Who has started this process as one of several, going by its environment. */
export function startedBy(env: NodeJS.ProcessEnv): Started | undefined {
  // Under rxmpi run a launcher may well have started a single one.
  const least = env[RENDEZVOUS] === undefined ? 1 : 0
  for (const { name, rank, size } of LAUNCHERS) {
    if (env[rank] === undefined || !(Number(env[size]) > least)) continue
    return { name, why: `${rank}=${env[rank]} and ${size}=${env[size]} are set`, rank: Number(env[rank]), size: Number(env[size]) }
  }
  return undefined
}
