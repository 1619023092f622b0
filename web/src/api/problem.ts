/** Errors as the API tells them, RFC 9457, and those of the way to it. */
import { i18n } from '@/i18n'
import { told } from './message'
import type { components } from './schema'

type ProblemOut = components['schemas']['ProblemOut']

export class Problem extends Error {
  constructor(
    readonly status: number,
    /** Never changes: messages.problem has a title for each. */
    readonly code: string,
    readonly detail: string,
    readonly fields: readonly { field: string; reason: string }[] = [],
    readonly requestId = '',
  ) {
    super(detail)
  }

  /** What is wrong with a field of a form, named as in the body: "name", "credential.auth_url". */
  of(name: string): string | undefined {
    const reasons = this.fields.filter((one) => isAbout(one.field, name)).map((one) => one.reason)
    return reasons.length ? reasons.join(i18n.global.t('common.separator')) : undefined
  }

  /** What is wrong with fields that are not among these. */
  others(names: readonly string[]): readonly { field: string; reason: string }[] {
    return this.fields.filter((one) => !names.some((name) => isAbout(one.field, name)))
  }
}

/** The server names the variant of a union too: "body.credential.clouds_yaml.entry" is "credential.entry". */
function isAbout(field: string, name: string): boolean {
  const parts = field.split('.').slice(1)
  const wanted = name.split('.')
  if (parts.at(-1) !== wanted.at(-1)) return false
  let place = 0
  for (const part of parts) if (part === wanted[place]) place++
  return place === wanted.length
}

/** What came instead of an answer. */
export function problemOf(status: number, body: unknown): Problem {
  if (isProblem(body)) {
    const fields = body.errors.map(({ field, message }) => ({ field, reason: told(message) }))
    return new Problem(status, body.code, told(body.message), fields, body.request_id)
  }
  return new Problem(status, 'unexpected', typeof body === 'string' ? body : '')
}

function isProblem(body: unknown): body is ProblemOut {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body
}

/** An error of any kind as a problem; the API did not answer, or we are wrong ourselves. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof TypeError) return new Problem(0, 'network', error.message)
  return new Problem(0, 'unexpected', error instanceof Error ? error.message : String(error))
}
