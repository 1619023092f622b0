/** What checks are called, and the way out: in the user's language where we know the check, else as the API says. */
import { useI18n } from 'vue-i18n'

interface Named {
  check: string
  title: string
}

export function useCheckNames() {
  const { t, te } = useI18n()

  function said(key: string, otherwise: string): string {
    return te(key) ? t(key) : otherwise
  }
  return {
    title: (one: Named) => said(`check.${one.check}.title`, one.title || one.check),
    wayOut: (one: { check: string; way_out: string }) => said(`check.${one.check}.wayOut`, one.way_out),
  }
}
