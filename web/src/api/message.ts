/** What the API says, in the language of the page. */
import { i18n } from '@/i18n'
import type { components } from './schema'

export type Message = components['schemas']['MessageOut']

/** Parameters that are the platform's own names, and where the words of each are. */
const NAMED: Record<string, string> = {
  action: 'operation.named.*',
  check: 'check.*.title',
  fact: 'adopt.fact.*',
  hosts: 'server.hypervisors.*',
  hypervisor: 'server.hypervisors.*',
  kind: 'kind.one.*',
  outcome: 'outcome.*',
  role: 'role.named.*',
  state: 'status.*',
  thing: 'thing.*',
}

/** A message in the language of the page, or the API's own words, which are English. */
export function told(message: Message): string {
  const { t, te } = i18n.global
  if (!te(`message.${message.code}`)) return message.text
  const words = Object.entries(message.params).map(([name, value]) => [name, word(name, value)])
  return t(`message.${message.code}`, Object.fromEntries(words) as Record<string, string>)
}

function word(name: string, value: Message['params'][string]): string {
  const { t, te } = i18n.global
  if (Array.isArray(value)) return value.map(told).join(t('common.separator'))
  if (typeof value !== 'string') return told(value)
  const key = NAMED[name]?.replace('*', value)
  return key && te(key) ? t(key) : value
}

/** A reason as it is stored: the platform's in the language of the page, a cloud's own word as it is. */
export function reasonOf(text: string | null | undefined, message: Message | null | undefined): string | undefined {
  return message ? told(message) : (text ?? undefined)
}
