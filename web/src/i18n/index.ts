/** Languages. English is in the first file that is loaded; others come when they are chosen. */
import { watch } from 'vue'
import { createI18n } from 'vue-i18n'

import { remembered } from '@/preferences'
import en from './en.json'

export const LOCALES = { en: 'English', 'zh-CN': '简体中文' } as const
export type Locale = keyof typeof LOCALES

const others: Record<Exclude<Locale, 'en'>, () => Promise<{ default: typeof en }>> = {
  'zh-CN': () => import('./zh-CN.json'),
}
const moment = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hour12: false } as const
const formats = { moment, exact: { ...moment, second: '2-digit' } } as const

const preferred: Locale = navigator.language.startsWith('zh') ? 'zh-CN' : 'en'
export const locale = remembered<Locale>('locale', preferred)

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en },
  datetimeFormats: { en: formats, 'zh-CN': formats },
})

/** Load the language that is chosen, and have the whole page in it. */
export async function setLocale(wanted: Locale): Promise<void> {
  if (wanted !== 'en') {
    const { default: messages } = await others[wanted]()
    i18n.global.setLocaleMessage(wanted as 'en', messages)
  }
  i18n.global.locale.value = wanted
  document.documentElement.lang = wanted
}

watch(locale, setLocale)
