import { describe, expect, it } from 'vitest'

import en from '@/i18n/en.json'
import zh from '@/i18n/zh-CN.json'

function flat(messages: object, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(messages) as [string, string | object][]) {
    if (typeof value === 'string') found.set(prefix + key, value)
    else for (const [name, text] of flat(value, `${prefix}${key}.`)) found.set(name, text)
  }
  return found
}

function parametersOf(text: string): string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((one) => one[1] ?? ''))].sort()
}

const english = flat(en)
const chinese = flat(zh)

describe('messages', () => {
  it('are the same ones in all languages', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
  })

  it('have the same parameters in all languages', () => {
    for (const [key, text] of english) expect([key, parametersOf(chinese.get(key) ?? '')]).toEqual([key, parametersOf(text)])
  })

  it('are none of them empty', () => {
    expect([...english, ...chinese].filter(([, text]) => !text.trim())).toEqual([])
  })
})
