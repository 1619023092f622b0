/** Rules and addresses as people write them, and as the API takes them. */
import { Problem } from '@/api/problem'
import type { Call, Schemas } from '@/api/client'

type RulesIn = Schemas['RulesIn']
type Address = Schemas['AddressIn']

/** A rules file as `polyvisor adopt` reads it. Throws Problem about the field. */
export async function readRules(text: string, notRules: string): Promise<RulesIn['rules']> {
  const { parse } = await import('yaml')
  try {
    const found: unknown = parse(text) ?? {}
    if (typeof found !== 'object' || Array.isArray(found)) throw new Error(notRules)
    return found as RulesIn['rules']
  } catch (error) {
    throw wrong('rules', error instanceof Error ? error.message : String(error))
  }
}

/** Only what somebody has said; the API names every list, empty or not. */
export async function writeRules(rules: object): Promise<string> {
  const { stringify } = await import('yaml')
  const said = withoutNothing(rules)
  return Object.keys(said as object).length ? stringify(said) : ''
}

function withoutNothing(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNothing)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value)
    .map(([key, one]) => [key, withoutNothing(one)] as const)
    .filter(([key, one]) => key === 'vlan' || (one !== null && !(typeof one === 'object' && !Object.keys(one).length)))
  return Object.fromEntries(kept)
}

const COLUMNS = ['vm', 'mac', 'address']

/** Lines of VM, MAC and address with commas between; a line of their names may be the first. Throws Problem. */
export function readAddresses(text: string, notThree: (line: number) => string): Address[] {
  return text.split('\n').flatMap((line, place) => {
    const words = line.split(',').map((one) => one.trim())
    if (!line.trim() || words.join() === COLUMNS.join()) return []
    const [vm, mac, address] = words
    if (words.length !== COLUMNS.length || !vm || !address) throw wrong('addresses', notThree(place + 1))
    return [{ vm, mac: mac?.toLowerCase() ?? '', address }]
  })
}

export function writeAddresses(addresses: readonly Address[]): string {
  return addresses.map((one) => [one.vm, one.mac, one.address].join(', ')).join('\n')
}

function wrong(field: string, reason: string): Problem {
  return new Problem(422, 'invalid', reason, [{ field: `body.${field}`, reason }])
}

export interface RulesText {
  rules: string
  addresses: string
}

/** The call that has the next plan filled by these rules. */
export function rulesCall(adoption: string, text: RulesText, t: (key: string, named?: Record<string, unknown>) => string): Call<unknown> {
  const params = { path: { adoption_id: adoption } }
  return async (api) => {
    const rules = await readRules(text.rules, t('adopt.notRules'))
    const addresses = readAddresses(text.addresses, (line) => t('adopt.notAddress', { line }))
    return api.PUT('/api/v1/adoptions/{adoption_id}/rules', { params, body: { rules, addresses } })
  }
}
