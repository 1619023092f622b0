/** The latest operation on an adoption, kept current. */
import { computed, shallowRef, watch } from 'vue'

import { useThing } from '@/api/thing'
import { isOpen, useLive, type Operation } from '@/operation/operations'

/** `ended` is called whenever one has come to its end while it was watched. */
export function useLatest(adoption: () => string, ended: () => void) {
  const latest = shallowRef<Operation>()
  const { value, reload } = useThing(
    () => (api) => api.GET('/api/v1/operations', { params: { query: { resource: adoption(), limit: 1 } } }),
    adoption,
  )
  watch(value, (found) => {
    if (found) latest.value = found.items[0]
  })
  useLive(
    () => (latest.value ? [latest.value] : []),
    ([now]) => (latest.value = now),
    () => void reload(),
  )
  watch(latest, (now, before) => {
    if (before && now && isOpen(before) && (now.id !== before.id || !isOpen(now))) ended()
  })
  return { latest, busy: computed(() => latest.value !== undefined && isOpen(latest.value)), reload }
}
