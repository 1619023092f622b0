/** Resources of one kind, for choosing one: the first of them, and those that fit what is typed. */
import { computed, onUnmounted, ref } from 'vue'

import { useThing } from '@/api/thing'
import type { Kind, Resource } from '@/resource/kinds'

const LIMIT = 200
const WAIT_MILLISECONDS = 250

export type Choices = ReturnType<typeof useChoices>

export function useChoices(kind: Kind, about: () => { cloud?: string; status?: string } | undefined, value: (one: Resource) => string) {
  const words = ref('')
  let timer: number | undefined

  function search(text: string): void {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => (words.value = text.trim()), WAIT_MILLISECONDS)
  }
  onUnmounted(() => {
    window.clearTimeout(timer)
  })

  const { value: found, busy } = useThing(
    () => {
      const filter = about()
      if (!filter) return undefined
      const query = { kind, limit: LIMIT, q: words.value, ...filter }
      return (api) => api.GET('/api/v1/resources', { params: { query } })
    },
    () => JSON.stringify([about(), words.value]),
  )
  const options = computed(() => {
    const known = new Map<string, string>()
    for (const one of found.value?.items ?? []) if (one.name) known.set(value(one), one.name)
    return [...known].map(([key, label]) => ({ value: key, label }))
  })
  return { options, busy, items: computed(() => found.value?.items ?? []), search }
}
