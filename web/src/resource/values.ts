/** Attributes of resources as people read them; the units are in their names. */
import { useI18n } from 'vue-i18n'

import { NOTHING, useFormat } from '@/i18n/format'

const GIBI = 1024 ** 3

export function useValues() {
  const { t, te } = useI18n()
  const { gib, moment, number } = useFormat()

  function name(key: string): string {
    return te(`attribute.${key}`) ? t(`attribute.${key}`) : key
  }

  function text(key: string, value: unknown): string {
    if (value === null || value === undefined || value === '') return NOTHING
    if (typeof value === 'boolean') return value ? t('common.yes') : t('common.no')
    if (typeof value === 'number') return numeric(key, value)
    if (Array.isArray(value)) return value.map((one) => text('', one)).join(', ') || NOTHING
    if (typeof value === 'object') return named(value as Record<string, unknown>)
    if (typeof value === 'string') return worded(key, value)
    return NOTHING
  }

  function numeric(key: string, value: number): string {
    if (key.endsWith('_bytes') || key === 'size') return gib(value / GIBI)
    if (key.endsWith('_mb') || key.endsWith('_mb_used')) return gib(value / 1024)
    if (key.endsWith('_gb') || key.endsWith('_gb_used')) return gib(value)
    if (key.endsWith('_mhz')) return t('unit.ghz', { value: number(Math.round(value / 100) / 10) })
    return number(value)
  }

  function worded(key: string, value: string): string {
    if (key.endsWith('_at') && !Number.isNaN(Date.parse(value))) return moment(value)
    return te(`value.${key}.${value}`) ? t(`value.${key}.${value}`) : value
  }

  /** What a small object is best known by. */
  function named(value: Record<string, unknown>): string {
    const known = value.address ?? value.ip_address ?? value.cidr ?? value.name ?? value.server_id
    if (typeof known === 'string') return known
    return Object.entries(value)
      .filter(([, one]) => one !== null && one !== undefined)
      .map(([key, one]) => `${name(key)} ${text(key, one)}`)
      .join(', ')
  }

  return { name, text }
}


