/** Resources of one kind, for choosing one: the first thousand, and what fits what is typed. */
import { computed, ref } from 'vue'

import { useThing } from '@/api/thing'
import type { Kind, Resource } from '@/resource/kinds'

const LIMIT = 200

export function useChoices(kind: Kind, about: () => { cloud?: string; status?: string } | undefined, value: (one: Resource) => string) {
  const words = ref('')
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
  return { options, busy, items: computed(() => found.value?.items ?? []), words }
}
