import { describe, expect, it } from 'vitest'

import { toneOf } from '@/common/status'

describe('the tone of a state', () => {
  it.each([
    ['ACTIVE', 'ok'],
    ['BUILD', 'busy'],
    ['VERIFY_RESIZE', 'warn'],
    ['ERROR', 'bad'],
    ['SHUTOFF', 'off'],
    ['of a driver of its own', 'off'],
  ])('of %s is %s', (status, tone) => {
    expect(toneOf(status)).toBe(tone)
  })
})
