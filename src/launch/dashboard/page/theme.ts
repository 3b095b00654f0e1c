import { fromEvent, map, type Observable, startWith } from 'rxjs'

/** The colours of the page, for what is drawn point by point. */
export type Theme = (name: string) => string

/** Those of now, and again when the user turns to dark or light. */
export function themes(): Observable<Theme> {
  return fromEvent(matchMedia('(prefers-color-scheme: dark)'), 'change').pipe(
    startWith(undefined),
    map(() => {
      const style = getComputedStyle(document.documentElement)
      const known = new Map<string, string>()
      return (name) => {
        const found = known.get(name) ?? style.getPropertyValue(`--${name}`).trim()
        known.set(name, found)
        return found
      }
    })
  )
}

/** Makes a canvas as large as its place, as sharp as the screen, and empty. */
export function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const scale = window.devicePixelRatio || 1
  const [columns, rows] = [Math.round(width * scale), Math.round(height * scale)]
  if (canvas.width !== columns || canvas.height !== rows) {
    canvas.width = columns
    canvas.height = rows
    canvas.style.width = `${width}px`
    canvas.style.height = `${height}px`
  }
  const context = canvas.getContext('2d')!
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  return context
}
