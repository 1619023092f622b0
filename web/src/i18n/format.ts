/** Moments, sizes and numbers as people read them. */
import { useI18n } from 'vue-i18n'

export const NOTHING = '–'

export function useFormat() {
  const { d, n } = useI18n()

  function moment(value: string | null | undefined): string {
    return value ? d(new Date(value), 'exact') : NOTHING
  }

  /** A size of so many GiB; from 1024 on in TiB, below 1 in MiB. */
  function gib(value: number | null | undefined): string {
    if (value == null) return NOTHING
    if (value >= 1024) return `${n(round(value / 1024))} TiB`
    return value >= 1 || value === 0 ? `${n(round(value))} GiB` : `${n(Math.round(value * 1024))} MiB`
  }

  function number(value: number | null | undefined): string {
    return value == null ? NOTHING : n(value)
  }

  return { moment, gib, number }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
