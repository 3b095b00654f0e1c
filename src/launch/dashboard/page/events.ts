import { Observable } from 'rxjs'
import type { Picture } from '../model/picture.js'

/** What the job shows, or that it cannot be heard now. */
export type News = { readonly picture: Picture } | 'lost'

/** The pictures of the job from its launcher, until the last one. The browser connects again by itself where that is cut off. */
export function watch(url: string): Observable<News> {
  return new Observable((subscriber) => {
    const source = new EventSource(url)
    source.onmessage = ({ data }) => {
      const picture = JSON.parse(data as string) as Picture
      subscriber.next({ picture })
      if (picture.status !== undefined) subscriber.complete()
    }
    source.onerror = () => subscriber.next('lost')
    return () => source.close()
  })
}
