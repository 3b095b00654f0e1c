import { CLASSES, type Class, type Finding, type Program } from './program.js'

/** A program, and what was found of it. */
export interface Outcome {
  readonly program: Program
  readonly found: ReadonlySet<Finding>
}

/** Of a class: wrong programs that were found, or missed; right ones that were left alone, or not. */
export interface Score {
  readonly found: number
  readonly missed: number
  readonly right: number
  readonly falseAlarms: number
}

export const isHit = ({ program: { finds }, found }: Outcome): boolean => finds !== undefined && found.has(finds)
export const isMissed = (outcome: Outcome): boolean => outcome.program.finds !== undefined && !isHit(outcome)
export const isFalseAlarm = ({ program: { finds }, found }: Outcome): boolean => finds === undefined && found.size > 0

export function scoreOf(outcomes: readonly Outcome[]): Score {
  const count = (is: (outcome: Outcome) => boolean): number => outcomes.filter(is).length
  return {
    found: count(isHit),
    missed: count(isMissed),
    right: count(({ program }) => program.finds === undefined),
    falseAlarms: count(isFalseAlarm)
  }
}

export const recallOf = ({ found, missed }: Score): number => found / (found + missed)
export const precisionOf = ({ found, falseAlarms }: Score): number => found / (found + falseAlarms)

const ofClass = (outcomes: readonly Outcome[], name: Class): Outcome[] => outcomes.filter(({ program }) => program.class === name)

/** The table of the page. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const row = (name: string, score: Score): string => {
    const { found, missed, right, falseAlarms } = score
    return `| ${name} | ${found + missed} | ${found} | ${missed} | ${right} | ${falseAlarms} | ${recallOf(score).toFixed(3)} | ${precisionOf(score).toFixed(3)} |`
  }
  return [
    '| class | wrong programs | found | missed | right programs | false alarms | recall | precision |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...CLASSES.map((name) => row(name, scoreOf(ofClass(outcomes, name)))),
    row('all', scoreOf(outcomes))
  ].join('\n')
}

/** The programs that are missed, for the page. */
export const missedOf = (outcomes: readonly Outcome[]): string[] => outcomes.filter(isMissed).map(({ program }) => program.name)
