/** Work that many events ask for, done at most once in so many milliseconds, and once after the last. */
import { onUnmounted } from 'vue'

export function useThrottle(work: () => void, milliseconds: number): () => void {
  let timer: number | undefined
  let isAsked = false

  function tick(): void {
    timer = undefined
    if (!isAsked) return
    isAsked = false
    timer = window.setTimeout(tick, milliseconds)
    work()
  }

  onUnmounted(() => {
    window.clearTimeout(timer)
  })
  return () => {
    isAsked = true
    timer ??= window.setTimeout(tick, Math.min(200, milliseconds))
  }
}
