/** What VMs wait for, as the plan says it in English, in the user's language. */
import { useI18n } from 'vue-i18n'

import { useCheckNames } from './checks'

/** Messages of adopt.waits, and how polyvisor.adoption.verdict says the same. */
const SAID: readonly [string, RegExp][] = [
  ['adopt', /^adopt it or not$/],
  ['project', /^no project$/],
  ['flavor', /^no flavor$/],
  ['compute', /^no compute$/],
  ['mac', /^no MAC address(?:: (?<of>.*))?$/],
  ['addresses', /^no addresses(?:: (?<of>.*))?$/],
  ['networkGone', /^network (?<of>.*) is not in the plan$/],
  ['networkOwner', /^network (?<of>.*) has no project$/],
  ['network', /^network (?<of>.*) is undecided$/],
]

export interface Wait {
  key: string
  of: string
}

/** None: it is the id of a check whose finding nobody has accepted. */
export function readWait(said: string): Wait | undefined {
  for (const [key, pattern] of SAID) {
    const found = pattern.exec(said)
    if (found) return { key, of: found.groups?.of ?? '' }
  }
  return undefined
}

export function useWaits(): (said: string) => string {
  const { t } = useI18n()
  const names = useCheckNames()

  return (said) => {
    const wait = readWait(said)
    if (!wait) return names.title({ check: said, title: said })
    return t(`adopt.waits.${wait.key}`, { of: wait.of }).trim()
  }
}
