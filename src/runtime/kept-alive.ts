import { withArticle } from '../codec/article.js'

/**
 * What keeps this thread's event loop open beside what waits for messages: 'a timer and 2 sockets'; empty where nothing does.
 *
 * Node names the classes of its handles and requests. Those that rxmpi itself always has are none.
 */
export function keptAliveBy(signals: number): string {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    const what = WORDS[kind] ?? kind
    if (what !== '') counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  if (signals > 0) counts.set('signal that can still end a call', signals)
  const all = Array.from(counts, ([what, count]) => (count === 1 ? withArticle(what) : `${count} ${what}s`))
  const last = all.pop()
  return all.length === 0 ? (last ?? '') : `${all.join(', ')} and ${last}`
}

const WORDS: Record<string, string> = {
  // The poller's turns, and the ports to the launcher.
  Immediate: '',
  MessagePort: '',
  Timeout: 'timer',
  TCPSocketWrap: 'socket',
  TCPServerWrap: 'server',
  TCPConnectWrap: 'connection in the making',
  UDPWrap: 'datagram socket',
  PipeWrap: 'pipe',
  PipeServerWrap: 'server',
  PipeConnectWrap: 'connection in the making',
  TTYWrap: 'terminal',
  ProcessWrap: 'child process',
  Worker: 'thread',
  FSReqCallback: 'file operation',
  FSReqPromise: 'file operation',
  FileHandle: 'open file',
  FSEventWrap: 'watched file',
  StatWatcher: 'watched file',
  GetAddrInfoReqWrap: 'look-up of a name',
  SignalWrap: 'listener of a process signal'
}
