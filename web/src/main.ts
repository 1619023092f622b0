import { createApp } from 'vue'

import App from './App.vue'
import { onLoggedOut } from './api/client'
import { i18n, locale, setLocale } from './i18n'
import { router } from './router'
import { forget, restore } from './session/session'
import './style.css'

onLoggedOut(() => {
  forget()
  const { fullPath, name } = router.currentRoute.value
  if (name !== 'login') void router.push({ name: 'login', query: { next: fullPath } })
})

// The platform was upgraded while the page was open: the part that is wanted has another name now.
window.addEventListener('vite:preloadError', () => {
  location.reload()
})

// The language and who is logged in are asked for at the same time; the first view needs both.
const [, restored] = await Promise.allSettled([setLocale(locale.value), restore()])
const app = createApp(App, { failure: restored.status === 'rejected' ? (restored.reason as Error) : undefined })
app.use(i18n).use(router).mount('#app')
