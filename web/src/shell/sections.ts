/** The parts of the UI, as the header has them. */
import type { Right } from '@/session/session'

export type SectionKey = 'overview' | 'inventory' | 'adoption' | 'operations' | 'administration'

export const SECTIONS: readonly { key: SectionKey; path: string; right?: Right }[] = [
  { key: 'overview', path: '/' },
  { key: 'inventory', path: '/inventory' },
  { key: 'adoption', path: '/adoption', right: 'adoption.read' },
  { key: 'operations', path: '/operations' },
  { key: 'administration', path: '/administration' },
]

declare module 'vue-router' {
  interface RouteMeta {
    section?: SectionKey
  }
}
