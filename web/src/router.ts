/** Which view is at which path. Each is loaded when it is first gone to. */
import { createRouter, createWebHistory } from 'vue-router'

import { session } from './session/session'

const administration = { section: 'administration' } as const
const inventory = { section: 'inventory' } as const

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/login', name: 'login', component: () => import('./login/LoginPage.vue') },
    { path: '/console/:id', name: 'console', component: () => import('./console/ConsolePage.vue'), props: true },
    {
      path: '/',
      component: () => import('./shell/ShellLayout.vue'),
      children: [
        { path: '', name: 'overview', component: () => import('./overview/OverviewPage.vue'), meta: { section: 'overview' } },
        { path: 'inventory', redirect: { name: 'resources', params: { kind: 'server' } } },
        { path: 'inventory/:kind', name: 'resources', component: () => import('./resource/ResourcesPage.vue'), meta: inventory, props: true },
        { path: 'resource/:id/:tab?', name: 'resource', component: () => import('./resource/ResourcePage.vue'), meta: inventory, props: true },
        { path: 'cloud/:id/:tab?', name: 'cloud', component: () => import('./cloud/CloudPage.vue'), meta: inventory, props: true },
        { path: 'tenant/:id/:tab?', name: 'tenant', component: () => import('./tenant/TenantPage.vue'), meta: inventory, props: true },
        { path: 'adoption', name: 'adoptions', component: () => import('./adopt/AdoptionsPage.vue'), meta: { section: 'adoption' } },
        { path: 'adoption/:id/:tab?', name: 'adoption', component: () => import('./adopt/AdoptionPage.vue'), meta: { section: 'adoption' }, props: true },
        { path: 'operations', name: 'operations', component: () => import('./operation/OperationsPage.vue'), meta: { section: 'operations' } },
        { path: 'administration', redirect: { name: 'clouds' } },
        { path: 'administration/clouds', name: 'clouds', component: () => import('./cloud/CloudsPage.vue'), meta: administration },
        { path: 'administration/vcenters', name: 'vcenters', component: () => import('./adopt/VCentersPage.vue'), meta: administration },
        { path: 'administration/tenants', name: 'tenants', component: () => import('./tenant/TenantsPage.vue'), meta: administration },
        { path: 'administration/users', name: 'users', component: () => import('./user/UsersPage.vue'), meta: administration },
        { path: 'administration/roles', name: 'roles', component: () => import('./role/RolesPage.vue'), meta: administration },
        { path: 'administration/grants', name: 'grants', component: () => import('./grant/GrantsPage.vue'), meta: administration },
        { path: 'administration/tokens', name: 'tokens', component: () => import('./token/TokensPage.vue'), meta: administration },
        { path: 'administration/audit', name: 'audit', component: () => import('./audit/AuditPage.vue'), meta: administration },
        { path: 'administration/password', name: 'password', component: () => import('./user/OwnPassword.vue'), meta: administration },
        { path: ':rest(.*)*', name: 'nowhere', component: () => import('./shell/NowherePage.vue') },
      ],
    },
  ],
})

router.beforeEach((to) => {
  if (to.name === 'login') return session.value ? { path: '/' } : true
  return session.value ? true : { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
})
