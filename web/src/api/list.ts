/** A list of the API, fetched part by part as somebody scrolls. */
import { computed, ref, shallowRef, type Ref, type ShallowRef } from 'vue'

import { run, type Call } from './client'
import { asProblem, type Problem } from './problem'

export interface Part<T> {
  items: T[]
  next?: string | null
  total?: number
}

export interface Slice {
  limit: number
  cursor?: string
}

export interface List<T> {
  items: ShallowRef<T[]>
  total: Ref<number | undefined>
  busy: Ref<boolean>
  problem: Ref<Problem | undefined>
  isWhole: Ref<boolean>
  reload: () => Promise<void>
  more: () => Promise<void>
}

const LIMIT = 200

/** `call` is asked anew for each part, so it may look at filters that change; `reload` then starts again. */
export function useList<T>(call: (slice: Slice) => Call<Part<T>>): List<T> {
  const items = shallowRef<T[]>([])
  const total = ref<number>()
  const busy = ref(false)
  const problem = shallowRef<Problem>()
  const next = ref<string | null>()
  let generation = 0

  async function fetch(cursor: string | undefined, former: T[], limit: number): Promise<void> {
    const mine = ++generation
    busy.value = true
    try {
      const part = await run(call({ limit, cursor }))
      if (mine !== generation) return // somebody has asked for something else since
      items.value = [...former, ...part.items]
      next.value = part.next ?? null
      total.value = part.total ?? total.value
      problem.value = undefined
    } catch (error) {
      if (mine === generation) problem.value = asProblem(error)
    } finally {
      if (mine === generation) busy.value = false
    }
  }

  return {
    items,
    total,
    busy,
    problem,
    isWhole: computed(() => next.value === null),
    // As much as is shown already, so that nobody who has scrolled loses the place.
    reload: () => fetch(undefined, [], Math.min(1000, Math.max(LIMIT, items.value.length))),
    more: async () => {
      if (next.value && !busy.value) await fetch(next.value, items.value, LIMIT)
    },
  }
}
