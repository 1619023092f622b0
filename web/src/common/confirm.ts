/** Ask before something is done that needs no more than a yes. */
import { shallowRef } from 'vue'

import type { Call } from '@/api/client'

export interface Question {
  title: string
  text: string
  /** On the button: what will be done. */
  action: string
  danger?: boolean
  call: () => Call<unknown>
  done: (answer: unknown) => void
}

export const question = shallowRef<Question>()

export function ask(asked: Question): void {
  question.value = asked
}
