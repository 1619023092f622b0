/** One thing of the API, fetched whenever what it depends on changes. */
import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'

import { run, type Call } from './client'
import { asProblem, type Problem } from './problem'

export interface Thing<T> {
  value: ShallowRef<T | undefined>
  busy: Ref<boolean>
  problem: ShallowRef<Problem | undefined>
  reload: () => Promise<void>
}

/** `call` gives none while there is nothing to ask for. */
export function useThing<T>(call: () => Call<T> | undefined, key: () => unknown): Thing<T> {
  const value = shallowRef<T>()
  const busy = ref(false)
  const problem = shallowRef<Problem>()
  let generation = 0

  async function reload(): Promise<void> {
    const asked = call()
    if (!asked) return
    const mine = ++generation
    busy.value = true
    try {
      const found = await run(asked)
      if (mine !== generation) return
      value.value = found
      problem.value = undefined
    } catch (error) {
      if (mine === generation) problem.value = asProblem(error)
    } finally {
      if (mine === generation) busy.value = false
    }
  }

  watch(
    key,
    () => {
      value.value = undefined
      void reload()
    },
    { immediate: true },
  )
  return { value, busy, problem, reload }
}
