import { describe, expect, it } from 'vitest'

import { readVmFilter, writeVmFilter } from '@/adopt/vmFilter'

describe('a filter of VMs in the address of the page', () => {
  it('comes back as it was', () => {
    const filter = { q: 'app', folder: '/dc1/vm', severity: 'blocks', differing: true } as const
    expect(readVmFilter(writeVmFilter(filter))).toEqual(filter)
  })

  it('has nothing that is empty or not known', () => {
    expect(readVmFilter({ q: '', other: 'x' })).toEqual({})
    expect(writeVmFilter({ q: '', differing: false })).toEqual({})
  })
})
