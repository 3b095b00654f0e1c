/** `rxmpi bench`: measures this machine, alone or beside mpi4py and zeromq.js. */

import { readFileSync, writeFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { alternate } from './alternate.js'
import { machine, machineText } from './machine.js'
import { pageOf, updated } from './page.js'
import { Peers } from './peer.js'
import type { Result } from './result.js'
import { type Case, cases } from './suite.js'
import { tableOf } from './table.js'

const names = cases.map(({ name }) => name)
const groups = [...new Set(cases.flatMap(({ group }) => group ?? []))]
const asides = cases.filter(({ aside }) => aside).map(({ name }) => name)

function caseNamed(name: string, before: Case[] | undefined): Case[] {
  const found = cases.filter((subject) => subject.name === name || subject.group === name)
  if (found.length === 0) {
    throw new InvalidArgumentError(`There is no case '${name}'; the cases are ${names.join(', ')}, and ${groups.join(', ')} for several.`)
  }
  return [...(before ?? []), ...found]
}

function count(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError(`'${text}' is no number of runs: a whole number from 1 was expected.`)
  return value
}

interface Flags {
  peer?: boolean
  quick?: boolean
  runs?: number
  json?: boolean
  markdown?: boolean
  update?: string
}

const program = new Command('rxmpi bench')
  .description(`Measures rxmpi on this machine. Cases: ${names.join(', ')}; for several together: ${groups.join(', ')}.`)
  .argument('[name...]', `cases to run; all but ${asides.join(', ')} when none is named`, caseNamed)
  .option('--peer', 'run the same cases with mpi4py too, or with zeromq.js, by turns, and print the ratio')
  .option('--quick', 'fewer sizes, repetitions and runs: about two minutes for everything')
  .option('--runs <count>', 'runs of each case (default: 5, with --quick 3)', count)
  .option('--json', 'print one JSON document')
  .option('--markdown', 'print docs/reference/performance.md')
  .option('--update <page>', 'put the tables into a page that was printed so, and leave the rest of it as it is')

program.parse()

const flags = program.opts<Flags>()
const named: readonly Case[] = program.processedArgs[0] ?? []
const chosen = named.length > 0 ? named : cases.filter(({ aside }) => !aside)
const quick = flags.quick ?? false
const runs = flags.runs ?? (quick ? 3 : 5)
const asText = !flags.json && !flags.markdown
const page = flags.update === undefined ? undefined : readFileSync(flags.update, 'utf8')

const peers = new Peers(chosen.filter(({ alone, beside }) => !alone && (flags.peer || beside === 'unobserved')))
for (const name of peers.missing) {
  console.error(`${name} was not found, so only rxmpi is measured where it would be beside it; bench/peer/install.sh installs it.`)
}

const here = machine(peers.versions)
if (here.load > here.cores / 2) {
  console.error(
    `This machine is busy: ${here.load.toFixed(1)} processes were running on ${here.cores} cores, so the figures will say more about ` +
      'that than about rxmpi.'
  )
}
if (asText) console.log(`# ${machineText(here)}\n`)
const results: Result[] = []
for (const subject of chosen) {
  if (!asText) console.error(`rxmpi bench: ${subject.name} …`)
  const result = await alternate(subject, { quick, runs, peer: peers.of(subject) })
  results.push(result)
  if (asText) console.log(tableOf(result, peers.of(subject) !== undefined))
}
if (flags.json) console.log(JSON.stringify({ machine: here, results }, undefined, 2))
if (page !== undefined) writeFileSync(flags.update!, updated(page, results, here))
if (flags.markdown) console.log(pageOf(results, here).trimEnd())
if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1
