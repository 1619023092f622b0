import { describe, expect, it } from 'vitest'

import { asProblem, problemOf } from '@/api/problem'
import { setLocale } from '@/i18n'

const BODY = {
  title: 'Invalid request',
  status: 422,
  detail: 'body.name: is taken',
  code: 'invalid',
  errors: [
    { field: 'body.name', reason: 'is taken' },
    { field: 'body.credential.clouds_yaml.entry', reason: 'has no auth_url' },
  ],
  request_id: 'req-1',
}

describe('a message of the API', () => {
  const body = {
    status: 422,
    code: 'invalid',
    detail: 'stop is under way …',
    message: { code: 'busy', params: { action: 'stop', name: 'web', operation: 'o-1' } },
    errors: [{ field: 'body.name', reason: 'too short', message: { code: 'input_string_too_short', params: { min_length: '2' } } }],
    request_id: '',
  }

  it('is in the language of the page, and so are names in it', async () => {
    await setLocale('zh-CN')
    const problem = problemOf(422, body)
    expect(problem.detail).toContain('web 正在执行“关机”')
    expect(problem.of('name')).toBe('至少需要 2 个字符')
    await setLocale('en')
  })

  it('is in its own words if there are no others', () => {
    expect(problemOf(422, { ...body, message: { code: 'new', params: {} } }).detail).toBe(body.detail)
  })
})

describe('a problem of the API', () => {
  it('says what is wrong with a field, and nothing of fields that are right', () => {
    const problem = problemOf(422, BODY)
    expect(problem.of('name')).toBe('is taken')
    expect(problem.of('description')).toBeUndefined()
  })

  it('finds a field below a variant of a union, which only the server names', () => {
    expect(problemOf(422, BODY).of('credential.entry')).toBe('has no auth_url')
  })

  it('leaves for the top of a form what none of its fields will show', () => {
    expect(problemOf(422, BODY).others(['name'])).toEqual([BODY.errors[1]])
  })

  it('keeps the id by which the log can be searched', () => {
    expect(problemOf(422, BODY).requestId).toBe('req-1')
  })
})

describe('what is no answer of the API', () => {
  it('is the network when fetch says so', () => {
    expect(asProblem(new TypeError('Failed to fetch')).code).toBe('network')
  })

  it('keeps what a proxy has said instead', () => {
    const problem = problemOf(502, 'Bad Gateway')
    expect([problem.status, problem.code, problem.detail]).toEqual([502, 'unexpected', 'Bad Gateway'])
  })
})
