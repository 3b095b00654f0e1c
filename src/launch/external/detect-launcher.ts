import { createHash } from 'node:crypto'
import { ArgumentError } from '../../errors.js'
import type { Bootstrap } from '../bootstrap/bootstrap.js'
import { Directory } from '../bootstrap/directory.js'
import { MeetingPoint } from '../bootstrap/meeting-point.js'
import { isSocket, NOT_HANDED, Pmi } from '../bootstrap/pmi.js'
import { expandNodelist } from './nodelist.js'

/** What has started this process as one of several, and how they find each other. */
export interface DetectedLauncher {
  launcher: string
  why: string
  rank: number
  size: number
  /** Whether all its processes are on this machine. */
  together: boolean
  bootstrap(): Bootstrap
}

const PORT = 29400
const PORTS = 20_000

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Looks for the variables by which launchers tell a process its rank; the first that is there counts. Slurm's come late, since an mpirun
 * within an allocation has them, too.
 */
export function detectLauncher(env: Environment): DetectedLauncher | undefined {
  for (const look of [ownVariables, openMpi, pmi, slurm, kubernetes, torch]) {
    const seen = look(env)
    if (seen !== undefined) return seen
  }
  return undefined
}

function ownVariables(env: Environment): DetectedLauncher | undefined {
  if (env.RXMPI_RANK === undefined) return undefined
  const { rank, size } = place(env, 'RXMPI_RANK', 'RXMPI_SIZE')
  return {
    launcher: 'RXMPI_RANK',
    why: `RXMPI_RANK=${rank} and RXMPI_SIZE=${size} are set`,
    rank,
    size,
    together: isLoopback(env.RXMPI_ADDRESS),
    bootstrap: () => meeting(env, required(env, 'RXMPI_ADDRESS', 'where rank 0 listens, as HOST or HOST:PORT'), 'rxmpi')
  }
}

function openMpi(env: Environment): DetectedLauncher | undefined {
  if (env.OMPI_COMM_WORLD_RANK === undefined) return undefined
  const { rank, size } = place(env, 'OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE')
  const together = env.OMPI_COMM_WORLD_LOCAL_SIZE === env.OMPI_COMM_WORLD_SIZE
  return {
    launcher: "Open MPI's mpirun",
    why: `OMPI_COMM_WORLD_RANK=${rank} and OMPI_COMM_WORLD_SIZE=${size} are set`,
    rank,
    size,
    together,
    bootstrap() {
      const directory = env.PMIX_SERVER_TMPDIR
      if (together && directory !== undefined) return new Directory(directory, env.PMIX_NAMESPACE ?? 'job')
      const address = required(env, 'RXMPI_ADDRESS', "where rank 0 listens, as HOST or HOST:PORT: Open MPI's ranks are on several machines")
      return meeting(env, address, env.PMIX_NAMESPACE ?? 'openmpi')
    }
  }
}

function pmi(env: Environment): DetectedLauncher | undefined {
  if (env.PMI_RANK === undefined || env.PMI_FD === undefined) return undefined
  const { rank, size } = place(env, 'PMI_RANK', 'PMI_SIZE')
  const here = env.MPI_LOCALNRANKS ?? (env.SLURM_STEP_NUM_NODES === '1' ? env.PMI_SIZE : undefined)
  const bySlurm = env.SLURM_PROCID !== undefined && env.MPI_LOCALNRANKS === undefined
  return {
    launcher: bySlurm ? 'srun --mpi=pmi2' : "MPICH's mpiexec (hydra)",
    why: `PMI_RANK=${rank}, PMI_SIZE=${size} and PMI_FD=${env.PMI_FD} are set`,
    rank,
    size,
    together: here === env.PMI_SIZE,
    bootstrap() {
      if (isSocket(Number(env.PMI_FD))) return new Pmi(Number(env.PMI_FD))
      throw new ArgumentError(
        `PMI_FD=${env.PMI_FD} names no socket: ${NOT_HANDED}. Have ${bySlurm ? 'srun' : 'mpiexec'} start node_modules/.bin/rxmpi run, ` +
          `without npx, or have rxmpi start it: npx rxmpi run --launcher ${bySlurm ? 'slurm' : 'hydra'} -n ${size}`
      )
    }
  }
}

function slurm(env: Environment): DetectedLauncher | undefined {
  // The batch script of an allocation has a rank of its own and is no step.
  if (env.SLURM_PROCID === undefined || env.SLURM_STEP_NUM_TASKS === undefined || env.SLURM_STEP_NUM_TASKS !== env.SLURM_NTASKS)
    return undefined
  const { rank, size } = place(env, 'SLURM_PROCID', 'SLURM_STEP_NUM_TASKS')
  const nodes = expandNodelist(env.SLURM_STEP_NODELIST ?? '')
  const [port] = env.SLURM_STEP_RESV_PORTS?.split(/[-,]/) ?? []
  const job = `${env.SLURM_JOB_ID}.${env.SLURM_STEP_ID}`
  return {
    launcher: 'srun',
    why: `SLURM_PROCID=${rank} and SLURM_STEP_NUM_TASKS=${size} are set`,
    rank,
    size,
    together: nodes.length === 1,
    bootstrap: () => meeting(env, `${nodes[0]}:${port ?? PORTS + (hash(job) % PORTS)}`, job)
  }
}

function kubernetes(env: Environment): DetectedLauncher | undefined {
  if (env.JOB_COMPLETION_INDEX === undefined) return undefined
  const { rank, size } = place(env, 'JOB_COMPLETION_INDEX', 'RXMPI_SIZE')
  const job = (env.HOSTNAME ?? '').replace(/-\d+$/, '')
  return {
    launcher: 'a Kubernetes Indexed Job',
    why: `JOB_COMPLETION_INDEX=${rank} and RXMPI_SIZE=${size} are set`,
    rank,
    size,
    together: size === 1,
    bootstrap: () => meeting(env, env.RXMPI_ADDRESS ?? `${job}-0.${required(env, 'RXMPI_SERVICE', 'the headless service of the Job')}`, job)
  }
}

function torch(env: Environment): DetectedLauncher | undefined {
  if (env.RANK === undefined || env.WORLD_SIZE === undefined || env.MASTER_ADDR === undefined) return undefined
  const { rank, size } = place(env, 'RANK', 'WORLD_SIZE')
  return {
    launcher: 'RANK, WORLD_SIZE and MASTER_ADDR, as torchrun sets them',
    why: `RANK=${rank}, WORLD_SIZE=${size} and MASTER_ADDR=${env.MASTER_ADDR} are set`,
    rank,
    size,
    together: env.LOCAL_WORLD_SIZE === env.WORLD_SIZE,
    bootstrap: () => meeting(env, `${env.MASTER_ADDR}:${env.RXMPI_PORT ?? PORT}`, env.TORCHELASTIC_RUN_ID ?? 'torch')
  }
}

function meeting(env: Environment, address: string, job: string): MeetingPoint {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(address)
  if (match === null) throw new ArgumentError(`the address '${address}' is not understood: expected HOST or HOST:PORT`)
  const token = required(env, 'RXMPI_TOKEN', 'a secret that all processes of this job share, such as the output of `openssl rand -hex 32`')
  return new MeetingPoint(match[1] ?? match[2]!, Number(match[3] ?? env.RXMPI_PORT ?? PORT), token, job)
}

function required(env: Environment, name: string, what: string): string {
  const value = env[name]
  if (value === undefined || value === '') throw new ArgumentError(`${name} is not set: expected ${what}`)
  return value
}

function place(env: Environment, rankName: string, sizeName: string): { rank: number; size: number } {
  const size = Number(required(env, sizeName, `how many ranks there are, beside ${rankName}=${env[rankName]}`))
  const rank = Number(env[rankName])
  if (!Number.isSafeInteger(size) || size < 1)
    throw new ArgumentError(`${sizeName} was '${env[sizeName]}': expected a whole number from 1 up`)
  if (!Number.isSafeInteger(rank) || rank < 0 || rank >= size)
    throw new ArgumentError(`${rankName} was '${env[rankName]}': expected a whole number from 0 to ${size - 1}, as ${sizeName} is ${size}`)
  return { rank, size }
}

const isLoopback = (address: string | undefined): boolean => /^(localhost|127\.|\[?::1\]?)/.test(address ?? '')
const hash = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE()
