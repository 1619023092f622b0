import { describe, expect, it } from 'vitest'

import { readWait } from '@/adopt/waits'

describe('what a VM waits for', () => {
  it.each([
    ['adopt it or not', 'adopt', ''],
    ['no addresses', 'addresses', ''],
    ['no addresses: NIC 4000 (00:50:56:00:00:01)', 'addresses', 'NIC 4000 (00:50:56:00:00:01)'],
    ['network physnet1-30 has no project', 'networkOwner', 'physnet1-30'],
  ])('%s', (said, key, of) => {
    expect(readWait(said)).toEqual({ key, of })
  })

  it('is the id of a check otherwise', () => {
    expect(readWait('switch-unmapped')).toBeUndefined()
  })
})
