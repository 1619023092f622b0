/** Something again and again while a component is shown and the page is looked at. */
import { onMounted, onUnmounted } from 'vue'

export function useInterval(work: () => void, milliseconds: number): void {
  let timer: number | undefined
  onMounted(() => {
    timer = window.setInterval(() => {
      if (!document.hidden) work()
    }, milliseconds)
  })
  onUnmounted(() => {
    window.clearInterval(timer)
  })
}
