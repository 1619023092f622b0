/** Adopting VMs: the call, and what a dry run has said. */
import type { Call, Schemas } from '@/api/client'
import type { Message } from '@/api/message'
import type { Operation } from '@/operation/operations'
import type { Vm } from './adoptions'

export interface ApplyWish {
  parallel: number | null
}

export function applyCall(adoption: string, vms: readonly Vm[] | undefined, wish: ApplyWish, isDryRun: boolean, key: string): Call<Operation> {
  const params = { path: { adoption_id: adoption }, header: { 'Idempotency-Key': key } }
  const body: Schemas['ApplyArguments'] = { vms: vms?.map((one) => one.id) ?? null, parallel: wish.parallel ?? 1, dry_run: isDryRun }
  return (api) => api.POST('/api/v1/adoptions/{adoption_id}/apply', { params, body })
}

export interface Verdict {
  /** How many would be adopted. */
  waiting: number
  /** Which would not be, and why. */
  refused: { vm: string; message: Message }[]
}

export function verdictOf(operation: Operation): Verdict {
  const { waiting, messages } = operation.result as { waiting?: string[]; messages?: Record<string, Message> }
  return { waiting: waiting?.length ?? 0, refused: Object.entries(messages ?? {}).map(([vm, message]) => ({ vm, message })) }
}
