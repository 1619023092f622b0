/** What this browser remembers of its user's taste. */
import { ref, watch, type Ref } from 'vue'

const PREFIX = 'polyvisor.'

/** A value that outlives the page. */
export function remembered<T>(name: string, initial: T): Ref<T> {
  const value = ref(read(name) ?? initial) as Ref<T>
  watch(value, (now) => localStorage.setItem(PREFIX + name, JSON.stringify(now)), { deep: true })
  return value
}

function read(name: string): unknown {
  try {
    const stored = localStorage.getItem(PREFIX + name)
    return stored === null ? undefined : (JSON.parse(stored))
  } catch {
    return undefined // somebody else's, or of another release
  }
}

const prefersDark = globalThis.matchMedia('(prefers-color-scheme: dark)').matches
export const isDark = remembered('dark', prefersDark)
