/**
 * Compiles kernels/fold.ts for every op and type of elements to one WebAssembly module, as a string in src/op/kernel-code.ts: so it is
 * found wherever rxmpi is bundled to, and there without waiting. Takes seconds, so it is done only when the sources differ from those of
 * last time.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const source = 'kernels/fold.ts'
const target = 'src/op/kernel-code.ts'
const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const sources = [readFileSync(source), readFileSync('scripts/kernels.mjs'), devDependencies.assemblyscript]
const heading = `/** Written by scripts/kernels.mjs from ${source}; ${createHash('sha256').update(sources.join('\n')).digest('hex').slice(0, 16)}. */\n`

if (!existsSync(target) || !readFileSync(target, 'utf8').startsWith(heading)) {
  const code = await compile(entry())
  writeFileSync(target, `${heading}export const code =\n  '${code.toString('base64')}'\n`)
}

/** A module that exports `SUM_f64` and so on; `c8` are bytes that clamp. */
function entry() {
  const numbers = ['i8', 'u8', 'c8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64']
  const floats = ['f32', 'f64']
  const arithmetic = ['SUM', 'PROD', 'MAX', 'MIN', 'LAND', 'LOR', 'LXOR']
  const bits = ['BAND', 'BOR', 'BXOR']
  const kernel = (op, type) => {
    const clamps = type === 'c8' && (op === 'SUM' || op === 'PROD')
    return `export function ${op}_${type}(bytes: usize): void { fold<${type === 'c8' ? 'u8' : type}, ops.${clamps ? `CLAMPED_${op}` : op}>(bytes) }`
  }
  return [
    "import { fold } from './fold'",
    "import * as ops from './fold'",
    ...arithmetic.flatMap((op) => [...numbers, ...floats].map((type) => kernel(op, type))),
    ...bits.flatMap((op) => numbers.map((type) => kernel(op, type)))
  ].join('\n')
}

async function compile(entry) {
  const { default: asc } = await import('assemblyscript/asc')
  const files = { 'entry.ts': entry, 'fold.ts': readFileSync(source, 'utf8') }
  let code
  const options = ['entry.ts', '--outFile', 'kernels.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd']
  const { error, stderr } = await asc.main([...options, '--initialMemory', '2', '--maximumMemory', '2'], {
    readFile: (name) => files[name] ?? null,
    writeFile: (_, contents) => {
      code = contents
    },
    listFiles: () => []
  })
  if (error) throw new Error(`${source} does not compile: ${error.message}\n${stderr}`)
  return Buffer.from(code)
}
