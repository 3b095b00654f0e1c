import type { Failure } from './job.js'

/** What is printed of the failure that has ended a job; empty where somebody has said it already. */
export function failureText({ kind, rank, title, text }: Failure, ranks: number): string {
  if (kind === 'broken' || kind === 'signal') return ''
  if (kind === 'exit' && ranks === 1 && title === undefined) return ''
  const label = rank === undefined || (ranks === 1 && title === undefined) ? '' : `[${title ?? rank}] `
  const lines = (kind === 'timeout' || kind === 'exit' ? `rxmpi: ${text}` : text).split('\n')
  return lines.map((line) => `${label}${line}\n`).join('')
}
