/** The parts of the UI, as the header has them. */
export type SectionKey = 'overview' | 'inventory' | 'operations' | 'administration'

export const SECTIONS: readonly { key: SectionKey; path: string }[] = [
  { key: 'overview', path: '/' },
  { key: 'inventory', path: '/inventory' },
  { key: 'operations', path: '/operations' },
  { key: 'administration', path: '/administration' },
]

declare module 'vue-router' {
  interface RouteMeta {
    section?: SectionKey
  }
}
