import { describe, expect, it } from 'vitest'

import { bodyOf, emptyWish, labelsOf } from '@/server/create'

describe('a wish for a server, as the API takes it', () => {
  it('has either a flavor or a size', () => {
    const wish = { ...emptyWish(), flavor: 'small' }
    expect(bodyOf(wish)).toMatchObject({ flavor: 'small' })
    expect(bodyOf(wish)).not.toHaveProperty('vcpus')
    expect(bodyOf({ ...wish, by: 'size', vcpus: 2, ram_gb: 4 })).toMatchObject({ vcpus: 2, ram_mb: 4096 })
    expect(bodyOf({ ...wish, by: 'size' })).not.toHaveProperty('flavor')
  })

  it('leaves out what nobody cares about', () => {
    expect(bodyOf(emptyWish())).toMatchObject({ host: null, datastore: null, zone: null, labels: {} })
  })
})

describe('labels', () => {
  it('are names and values', () => {
    expect(labelsOf(' tier = gold,ssd=true,')).toEqual({ tier: 'gold', ssd: 'true' })
  })

  it('that are only half written do not count', () => {
    expect(labelsOf('tier=, gold')).toEqual({})
  })
})
