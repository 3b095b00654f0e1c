import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ArgumentError, RxmpiError } from '../../errors.js'
import { readTime } from '../../marble/scale.js'
import { startedBy } from '../../runtime/launch-env.js'
import { packageDirectory, packageVersion } from '../../runtime/package.js'
import { ENGINES } from '../engines/engine-command.js'
import { isSet } from '../options/environment.js'
import { MAX_TIMEOUT } from '../options/limits.js'
import type { MarbleOptions } from './marble.js'
import type { RunOptions } from './run.js'

// Required, not imported: for an import Node reads all of it a second time to find the names of its exports.
const { Command, CommanderError, InvalidArgumentError, Option } = createRequire(import.meta.url)('commander') as typeof import('commander')
const USAGE_STATUS = 2
/** Entries of a rank's log that are shown. */
const LOG = 20
const DASHBOARD = '--dashboard'
/** What `--dashboard` has for a port where none is given: what no argument of a command can be. */
const ANY_PORT = '\0'
/** Ranks and tags that a range of numbers may have. */
const MOST_LISTED = 100_000

type MarbleFlags = Omit<MarbleOptions, 'trace' | 'since' | 'until'> & { from?: number; to?: number }

interface RunFlags {
  ranks?: number
  placement: 'thread' | 'process'
  prefix: boolean
  stallNotice?: number
  trace?: string
  profile?: boolean
  dashboard?: number
  watch?: boolean
  last?: number
  cpuProf?: boolean
  inspect?: number
  inspectBrk?: number
  inspectRank?: number
  heapProf?: boolean
  strict?: boolean
  check?: boolean
  races?: boolean
  quiet?: boolean
  timeout?: number
  env?: Record<string, string | undefined>
  hostfile?: string
  tls?: boolean
  insecure?: boolean
  reconnect?: number
  ssh?: string
  launcher: NonNullable<RunOptions['launcher']>
  launcherOptions?: string
  dryRun?: boolean
  ppn?: number
  startupTimeout?: number
  jobName?: string
  image?: string
  onFailure: 'end' | 'continue'
  host?: string
}

const cli = new Command('rxmpi')
  .description('MPI for RxJS: start programs on several ranks')
  .version(packageVersion(), '-V, --version', 'print the version')
  .enablePositionalOptions()
  .showHelpAfterError("(see 'rxmpi --help')")
  .exitOverride()

cli
  .command('run')
  .description('run a program on N ranks')
  .usage('-n N [options] program.ts [args…]')
  .showHelpAfterError("(see 'rxmpi run --help')")
  .argument('<program>', 'a .ts, .mts, .js or .mjs file')
  .argument('[args...]', "the program's own arguments, passed on as they are")
  .option('-n, --ranks <N>', 'how many ranks; more than there are cores are fine', rankCount)
  .option('--timeout <SECONDS>', 'end the job after this time and say what every rank waits for (status 124)', seconds)
  .addOption(
    new Option(
      '--on-failure <WHAT>',
      "when a rank fails: end the others, or let them continue without it (the status is the first failure's)"
    )
      .choices(['end', 'continue'])
      .default('end')
  )
  .option('--last <N>', 'when the job fails, print the last N sends, receives and collectives of each rank (at most 1024)', rankCount)
  .option('--cpu-prof', 'profile where the time of each rank goes, into rank-K.cpuprofile')
  .option('--heap-prof', 'profile where what each rank holds at its end was allocated, into rank-K.heapprofile')
  .addOption(
    new Option('--inspect [PORT]', 'let a debugger attach to each rank, at PORT and those after it (default: 9229)')
      .argParser(port)
      .preset('9229')
  )
  .addOption(new Option('--inspect-brk [PORT]', 'the same, and begin each program when a debugger is there').argParser(port).preset('9229'))
  .option('--inspect-rank <K>', 'of this rank only', rankNumber)
  .option('--env <NAME[=VALUE]>', 'set a variable for the ranks, or pass on one of this environment; may be repeated', variable)
  .option('--no-prefix', 'leave out the [rank] before every line')
  .addOption(
    new Option('--strict', 'what a rank has left over when its program ends (messages, calls, what was not freed) is an error').conflicts(
      'quiet'
    )
  )
  .option('--check', 'memory that a call is on, and that the program changes before the call is done, is an error (or RXMPI_CHECK=1)')
  .option('--races', 'as --check, and each rank says at its end which receives could have matched messages of several senders')
  .option('--quiet', 'leave out the warnings of it, and the notice of a stall')
  .option(
    '--stall-notice <SECONDS>',
    'when nothing is sent, received or printed for so long, say once who waits for whom, and go on (default: 10; 0: never)',
    secondsOrNone
  )
  .option('--trace <FILE>', 'write what the ranks send, receive and call as a trace that https://ui.perfetto.dev shows')
  .option('--profile', 'print at the end where the time of the ranks goes: by calls of the program, bytes by pairs of ranks, who waits')
  .addOption(
    new Option('--dashboard [PORT]', 'show the running job on a page of this machine (default: at any port that is free)').argParser(
      portOfPage
    )
  )
  .addOption(new Option('--watch', 'run again when a file of the program changes; Ctrl-C ends').conflicts(['dryRun', 'inspectBrk']))
  .addOption(
    new Option('--placement <WHERE>', 'ranks are threads of one process, or each is a process of its own')
      .choices(['thread', 'process'])
      .default('thread')
  )
  .option('--host <HOSTS>', 'a process for each host, with so many ranks: localhost:2,localhost:2; other machines by ssh')
  .option('--hostfile <FILE>', 'the same from a file: NAME, NAME:RANKS or NAME slots=RANKS on each line')
  .option('-N, --ppn <K>', 'ranks on each host that names no number', rankCount)
  .option('--tls', 'encrypt the links between hosts (or RXMPI_TLS=1)')
  .option('--insecure', 'let links to other machines be in clear text (or RXMPI_INSECURE=1)')
  .option('--reconnect <SECONDS>', 'how long a link may be broken before its ranks have failed (default: 10)', seconds)
  .addOption(
    new Option('--startup-timeout <SECONDS>', 'how long the processes of the job may take to come (default: 60)')
      .argParser(seconds)
      .env('RXMPI_STARTUP_TIMEOUT')
  )
  .addOption(
    new Option(
      '--launcher <WHICH>',
      'who starts the processes. auto: this command, or be one of those that another launcher has started; ' +
        'local: this command, whoever has started it; ssh: this command, on the hosts named; slurm, hydra, openmpi: srun, mpiexec, mpirun, ' +
        'with a process for each rank; k8s: print a Job and its Service'
    )
      .choices(['auto', 'local', 'ssh', ...ENGINES, 'k8s'])
      .default('auto')
  )
  .option('--launcher-options <OPTIONS>', "options of that launcher's own, as in --launcher-options '--partition short'")
  .option('--dry-run', 'print the commands, and run none')
  .option('--ssh <COMMAND>', 'the command that starts a process on another machine (default: ssh)')
  .option('--job-name <NAME>', 'k8s: what the Job is called (default: as the program)')
  .option('--image <IMAGE>', 'k8s: a container image that has Node, rxmpi and the program')
  .passThroughOptions()
  .exitOverride()
  .action(async (program: string, given: string[], flags: RunFlags) => {
    const args = given.map(withoutPort)
    refuse(flags)
    if (flags.watch) {
      const { watch } = await import('./watch.js')
      process.exit(await watch(program))
    }
    const { run } = await import('./run.js')
    const tls = flags.tls ?? isSet(process.env, 'RXMPI_TLS')
    const insecure = flags.insecure ?? isSet(process.env, 'RXMPI_INSECURE')
    process.exit(await run({ ...flags, tls, insecure, program, args }))
  })

cli
  .command('marble')
  .description('draw what the ranks of a run have sent and received, as marble diagrams')
  .usage('run.json [options]')
  .argument('<trace>', 'what rxmpi run --trace has written')
  .option('--ranks <LIST>', 'of these ranks only: 0,2-4', numberList)
  .option('--links <LIST>', 'of messages from one rank to another only: 0:1,1:0', linkList)
  .option('--tags <LIST>', 'of messages with these tags only', numberList)
  .option('--kinds <LIST>', 'of messages of the program (message), of collectives (collective), of streams (stream)', kindList)
  .option('--from <TIME>', 'from then on since the job began: 12ms, 250us, 1.5s', instant)
  .option('--to <TIME>', 'and not after', instant)
  .option('--width <N>', 'columns that the drawing may take (default: those of the terminal)', rankCount)
  .addOption(new Option('--by <WHAT>', 'draw ranks, links, or both').choices(['ranks', 'links', 'both']).default('both'))
  .option('--svg <FILE>', 'write a picture')
  .option('--test <FILE>', 'write a test that sends and receives the same in virtual time')
  .option('--unit <TIME>', 'what a frame of the test is: 1ms, 10us (default: the run takes at most 200)', instant)
  .exitOverride()
  .action(async (trace: string, { from, to, ...flags }: MarbleFlags) => {
    const { marble } = await import('./marble.js')
    process.stdout.write(marble({ ...flags, trace, since: from, until: to }))
  })

cli
  .command('info')
  .description('versions, transports, launcher, cores and memory')
  .option('--json', 'as JSON')
  .exitOverride()
  .action(async ({ json }: { json?: boolean }) => {
    const { info, printable } = await import('./info.js')
    const facts = info()
    process.stdout.write(json ? `${JSON.stringify(facts, undefined, 2)}\n` : printable(facts))
  })

cli
  .command('doctor')
  .description('what on this machine makes jobs slow or fail, and what to do; status 1 where some do not run')
  .option('-n, --ranks <N>', 'for jobs of so many ranks (default: as many as there are cores)', rankCount)
  .exitOverride()
  .action(async ({ ranks }: { ranks?: number }) => {
    const { doctor, printable, thisMachine } = await import('./doctor.js')
    const machine = thisMachine()
    const findings = doctor(machine, ranks ?? machine.cores)
    process.stdout.write(printable(findings))
    if (findings.some(({ state }) => state === 'missing')) process.exitCode = 1
  })

cli
  .command('ps')
  .description('list the running jobs of this user on this machine, or say what the ranks of one wait for')
  .option('--job <ID>', 'the job to look at; it goes on', rankCount)
  .option('--log [N]', 'and what each rank has done last: so many sends, receives and collectives (default: 20)', rankCount)
  .exitOverride()
  .action(async ({ job, log }: { job?: number; log?: number | true }) => {
    const { ps } = await import('./ps.js')
    process.stdout.write(await ps(job, log === true ? LOG : log))
  })

cli
  .command('bench')
  .description('run the benchmarks on this machine')
  .usage('[name…] [options]')
  .argument('[args...]', "names of benchmarks and their options, see 'rxmpi bench --help'")
  .helpOption(false)
  .allowUnknownOption()
  .passThroughOptions()
  .exitOverride()
  .action(async (args: string[]) => {
    const { run } = await import('./run.js')
    process.exit(await run({ ranks: 1, program: join(packageDirectory, 'bench/main.ts'), args, prefix: false }))
  })

function rankCount(text: string): number {
  const count = Number(text)
  // Of `-np 2` and `-n=2`, as other launchers and long options have it, this is what is behind the n.
  const meant = text === 'p' ? 'Write -n 2 for -np 2' : /^=\d+$/.test(text) ? `Write -n ${text.slice(1)} for -n${text}` : undefined
  if (meant !== undefined) throw new InvalidArgumentError(`Expected a whole number from 1 up. ${meant}.`)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('Expected a whole number from 1 up.')
  return count
}

function numberList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? []
    if (first === undefined || Number(last) < Number(first) || Number(last) - Number(first) > MOST_LISTED)
      throw new InvalidArgumentError('Expected numbers, as in 0,2-4.')
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, k) => Number(first) + k)
  })
}

function linkList(text: string): [number, number][] {
  return text.split(',').map((part) => {
    const [, from, to] = /^(\d+):(\d+)$/.exec(part.trim()) ?? []
    if (from === undefined || to === undefined) throw new InvalidArgumentError('Expected pairs of ranks, as in 0:1,1:0.')
    return [Number(from), Number(to)]
  })
}

function kindList(text: string): string[] {
  const kinds = text.split(',').map((part) => part.trim())
  const known = ['message', 'collective', 'stream']
  if (!kinds.every((kind) => known.includes(kind))) throw new InvalidArgumentError(`Expected some of ${known.join(', ')}.`)
  return kinds
}

function instant(text: string): number {
  const time = readTime(text)
  if (time === undefined) throw new InvalidArgumentError('Expected a time, as in 12ms, 250us, 1.5s.')
  return time
}

function rankNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected a rank, from 0 up.')
  return Number(text)
}

function port(text: string): number {
  if (!isPort(text))
    throw new InvalidArgumentError(
      'Expected a port, from 1 to 65535; where none is given, say so before another option: --inspect -n 2 program.ts.'
    )
  return Number(text)
}

const isPort = (text: string): boolean => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535

function portOfPage(text: string): number {
  if (text !== ANY_PORT && !isPort(text)) throw new InvalidArgumentError('Expected a port, from 1 to 65535.')
  return text === ANY_PORT ? 0 : Number(text)
}

/** Commander would take the program that follows `--dashboard` for its port. */
function withPort(argument: string, k: number, all: readonly string[]): string {
  return argument === DASHBOARD && !/^\d+$/.test(all[k + 1] ?? '') ? `${DASHBOARD}=${ANY_PORT}` : argument
}

/** As the program was given it. */
const withoutPort = (argument: string): string => (argument === `${DASHBOARD}=${ANY_PORT}` ? DASHBOARD : argument)

function seconds(text: string): number {
  const time = Number(text)
  if (text.trim() === '' || !(time > 0 && time <= MAX_TIMEOUT))
    throw new InvalidArgumentError(`Expected seconds, more than 0 and at most ${MAX_TIMEOUT}.`)
  return time
}

function secondsOrNone(text: string): number {
  return text.trim() === '0' ? 0 : seconds(text)
}

function variable(text: string, before: Record<string, string | undefined> = {}): Record<string, string | undefined> {
  const [name] = text.split('=', 1)
  if (name === '') throw new InvalidArgumentError('Expected NAME or NAME=VALUE.')
  return { ...before, [name]: text === name ? process.env[name] : text.slice(name.length + 1) }
}

function refuse({ ranks, hostfile, host, launcher, watch }: RunFlags): void {
  const started = launcher === 'auto' ? startedBy(process.env) : undefined
  if (watch && (started !== undefined || launcher === 'k8s'))
    throw new ArgumentError('--watch was given, and another launcher starts the ranks: it cannot be made to start them again')
  const asked = ranks !== undefined ? '--ranks' : host !== undefined ? '--host' : hostfile !== undefined ? '--hostfile' : undefined
  if (started === undefined && asked === undefined) throw new ArgumentError("required option '-n, --ranks <N>' not specified")
  if (started !== undefined && asked !== undefined) {
    throw new ArgumentError(
      `${asked} was given, and ${started.name} has started ${started.size} processes, ` +
        `of which each would start ranks of its own (${started.why}): ` +
        `leave ${asked} out to be one rank of them, or say --launcher local`
    )
  }
}

/** A program where a command is expected. */
function refuseProgram(command: string | undefined): void {
  if (command !== undefined && /\.[cm]?[jt]s$/.test(command))
    throw new ArgumentError(`'${command}' is no command; to run it on 2 ranks: rxmpi run -n 2 ${command}`)
}

try {
  refuseProgram(process.argv[2])
  await cli.parseAsync(process.argv.map(withPort))
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE_STATUS
  else if (error instanceof RxmpiError) {
    process.stderr.write(`rxmpi: ${error.message}\n`)
    process.exitCode = error instanceof ArgumentError ? USAGE_STATUS : 1
  } else throw error
}
