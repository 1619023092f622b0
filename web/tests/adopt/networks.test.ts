import { describe, expect, it } from 'vitest'

import { isUndecided, networkBody, wishOf, type Network } from '@/adopt/networks'

const NETWORK: Network = {
  key: 'physnet1/30',
  network: 'physnet1-30',
  id: null,
  physical_network: 'physnet1',
  vlan: 30,
  project: null,
  shared_with: [],
  subnets: [],
  decisions: {},
  port_groups: ['dvs1/vlan30'],
  findings: [],
}

describe('a decision about a network', () => {
  it('has only what has changed', () => {
    const now = { ...wishOf(NETWORK), project: 'shop', subnets: [{ cidr: '10.0.0.0/24', gateway: '' }, { cidr: ' ', gateway: '' }] }
    expect(networkBody(NETWORK, wishOf(NETWORK), now)).toEqual({ key: 'physnet1/30', project: 'shop', subnets: [{ cidr: '10.0.0.0/24', gateway: null }] })
  })
})

describe('a network', () => {
  it('that is to be made waits for an owner', () => {
    expect(isUndecided(NETWORK)).toBe(true)
    expect(isUndecided({ ...NETWORK, project: 'shop' })).toBe(false)
    expect(isUndecided({ ...NETWORK, id: 'there' })).toBe(false)
  })
})
