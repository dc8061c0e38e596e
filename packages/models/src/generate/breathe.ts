/**
 * Lets the event loop run: on a backend that computes on this thread, promises alone would keep timers, signals and
 * the page waiting until the end.
 */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    // Unlike a timer it is not delayed by a millisecond or more.
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
