import { describe, expect, it } from 'vitest'

import { nextStep, type AdoptionDetail } from '@/adopt/adoptions'

const MOMENT = '2026-01-01T00:00:00Z'
const PLANNED = { planned_at: MOMENT, stale: false, verified_at: null, states: {}, progress: {} } as unknown as AdoptionDetail

describe('what comes next', () => {
  it.each([
    ['discover', { planned_at: null }],
    ['decide', { states: { undecided: 3 } }],
    ['decide', { states: { ready: 3 }, stale: true }],
    ['apply', { states: { ready: 3, undecided: 1 } }],
    ['apply', { states: { ready: 3 }, progress: { adopted: 1, failed: 2 } }],
    ['verify', { states: { ready: 3 }, progress: { adopted: 3 } }],
    [undefined, { states: { ready: 3 }, progress: { adopted: 3 }, verified_at: MOMENT }],
    [undefined, { states: { blocked: 3 } }],
  ])('is %s', (step, change) => {
    expect(nextStep({ ...PLANNED, ...change })).toBe(step)
  })
})
