/** What somebody types, the call that is made of it, and what the API has against which field. */
import { reactive, ref, shallowRef, type Ref, type ShallowRef } from 'vue'

import { run, type Call } from './client'
import { asProblem, type Problem } from './problem'

export interface Form {
  busy: Ref<boolean>
  problem: ShallowRef<Problem | undefined>
  /** Names that fields on the screen have; what is wrong elsewhere is said above the form. */
  names: Set<string>
  call: () => Call<unknown>
}

export interface FormOf<F extends object, T> extends Form {
  fields: F
  /** Send it; undefined if it was refused, which `problem` tells. */
  submit: () => Promise<{ answer: T } | undefined>
}

export function useForm<F extends object, T>(initial: F, call: (fields: F) => Call<T>): FormOf<F, T> {
  const fields = reactive(initial) as F
  const busy = ref(false)
  const problem = shallowRef<Problem>()

  async function submit(): Promise<{ answer: T } | undefined> {
    if (busy.value) return undefined
    busy.value = true
    problem.value = undefined
    try {
      return { answer: await run(call(fields)) }
    } catch (error) {
      problem.value = asProblem(error)
      return undefined
    } finally {
      busy.value = false
    }
  }
  return { fields, busy, problem, names: new Set(), submit, call: () => call(fields) }
}
