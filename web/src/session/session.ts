/** Who is logged in, and what they may do where: the rules of polyvisor.op.identity.access, to show or not. */
import { shallowRef } from 'vue'

import { run, useCsrf, type Schemas } from '@/api/client'
import { Problem } from '@/api/problem'

type Session = Schemas['SessionOut']
export type Right = Schemas['Right']

export const session = shallowRef<Session>()

export function begin(found: Session): void {
  session.value = found
  useCsrf(found.csrf ?? null)
}

export function forget(): void {
  session.value = undefined
  useCsrf(null)
}

/** Find out whether somebody is logged in. Throws Problem if the API does not answer. */
export async function restore(): Promise<void> {
  try {
    begin(await run((api) => api.GET('/api/v1/session')))
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) throw error
    forget()
  }
}

/** Whether the right is held at one of the nodes. */
export function may(right: Right, ...nodes: string[]): boolean {
  const wanted = nodes.length ? nodes : ['/']
  return held(right).some((one) => wanted.some((node) => covers(one, node)))
}

/** Whether the right is held at any node. */
export function mayAnywhere(right: Right): boolean {
  return held(right).length > 0
}

function held(right: Right): Schemas['HeldOut'][] {
  return session.value?.held.filter((one) => one.rights.includes(right)) ?? []
}

function covers(held: Schemas['HeldOut'], node: string): boolean {
  if (node === held.node) return true
  return held.inherited && node.startsWith(held.node.endsWith('/') ? held.node : `${held.node}/`)
}
