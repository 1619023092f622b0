import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { reasonOf, told, type Message } from '@/api/message'
import { problemOf } from '@/api/problem'
import { setLocale } from '@/i18n'

const busy: Message = { text: 'stop is under way …', code: 'busy', params: { action: 'stop', name: 'web', operation: 'o-1' } }
const short: Message = { text: 'too short', code: 'input_string_too_short', params: { min_length: '2' } }

function of(code: string, params: Message['params']): Message {
  return { text: '…', code, params }
}

function noPlace(): Message {
  const image = of('other_image', { hypervisor: 'kvm', hosts: 'vmware' })
  const nova = of('cloud_says', { text: 'No valid host was found.' })
  return of('no_place', { reasons: [of('at_place', { where: 'north az0', reason: image }), of('at_place', { where: 'north az1', reason: nova })] })
}

describe('a message of the API', () => {
  beforeEach(() => setLocale('zh-CN'))
  afterEach(() => setLocale('en'))

  it('is in the language of the page, and so are names in it', () => {
    expect(told(busy)).toContain('web 正在执行“关机”')
  })

  it('is of other messages, in the same language; what a cloud has said stays as it is', () => {
    expect(told(noPlace())).toBe('没有可用位置：north az0：镜像适用于 KVM，而此处的主机是 VMware vSphere；north az1：云返回：No valid host was found.')
  })

  it('names a check as its finding is named', () => {
    expect(told(of('wants_decision', { check: 'rdm' }))).toBe('裸设备映射')
  })

  it('is in its own words if there are no others', () => {
    expect(told({ ...busy, code: 'of_a_later_release' })).toBe(busy.text)
  })

  it('tells of a problem and of its fields', () => {
    const body = { status: 409, code: 'conflict', detail: busy.text, message: busy, errors: [{ field: 'body.name', reason: short.text, message: short }], request_id: '' }
    const problem = problemOf(409, body)
    expect(problem.detail).toContain('正在执行')
    expect(problem.of('name')).toBe('至少需要 2 个字符')
  })
})

describe('a reason', () => {
  it("is a message's if there is one, else a cloud's own word", () => {
    expect(reasonOf('stop is under way …', busy)).toBe('Power off is under way with web (operation o-1): wait for it or cancel it')
    expect(reasonOf('powering-off', null)).toBe('powering-off')
    expect(reasonOf(null, null)).toBeUndefined()
  })
})
