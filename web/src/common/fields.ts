/** What all fields of forms have in common. */
import { computed, onUnmounted, useId, type ComputedRef } from 'vue'

import type { Form } from '@/api/form'

export interface FieldProps {
  form: Form
  /** As in the body of the request: "name", "credential.auth_url". */
  name: string
  label: string
  help?: string
  required?: boolean
}

/** The field's id, and what the API has against it. */
export function useField(props: FieldProps): { id: string; wrong: ComputedRef<string | undefined> } {
  props.form.names.add(props.name)
  onUnmounted(() => props.form.names.delete(props.name))
  return { id: useId(), wrong: computed(() => props.form.problem.value?.of(props.name)) }
}
