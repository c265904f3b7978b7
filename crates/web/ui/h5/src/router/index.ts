import { createRouter, createWebHistory, type LocationQueryValue, type RouteRecordRaw } from 'vue-router';
import type { MessageKey } from '../locale/index.ts';
import TodayPage from '../pages/forms/TodayPage.vue';

declare module 'vue-router' {
  interface RouteMeta {
    /** The page's title, for the window and for screen readers. */
    title: MessageKey;
    /** Which tab of the main menu it belongs to; none: a page of its own, without the menu. */
    tab?: 'today' | 'unreported' | 'statistics' | 'me';
    /** Shown without a session. */
    open?: true;
  }
}

/** A value of the address, if there is exactly one. */
function one(value: LocationQueryValue | LocationQueryValue[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function number(value: LocationQueryValue | LocationQueryValue[] | undefined): number | undefined {
  const text = one(value);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'today', component: TodayPage, meta: { title: 'today.title', tab: 'today' } },
  {
    path: '/forms/:form',
    name: 'form',
    component: () => import('../pages/reports/ReportPage.vue'),
    // Which turn, or which report, or for whom: ids and days, never a name.
    props: ({ params, query }) => ({
      form: params.form,
      day: one(query.day),
      slot: number(query.slot),
      receipt: one(query.receipt),
      person: number(query.person),
    }),
    meta: { title: 'today.title' },
  },
  {
    path: '/reports',
    name: 'my-reports',
    component: () => import('../pages/reports/MyReportsPage.vue'),
    meta: { title: 'history.title' },
  },
  {
    path: '/forms/:form/reports',
    name: 'reports',
    component: () => import('../pages/reports/HistoryPage.vue'),
    props: true,
    meta: { title: 'history.title' },
  },
  {
    path: '/forms/:form/reports/:receipt',
    name: 'receipt',
    component: () => import('../pages/reports/ReceiptPage.vue'),
    props: true,
    meta: { title: 'receipt.title' },
  },
  {
    path: '/forms/:form/reports/:receipt/revisions',
    name: 'revisions',
    component: () => import('../pages/reports/RevisionsPage.vue'),
    props: true,
    meta: { title: 'revisions.title' },
  },
  {
    path: '/unreported/:form?',
    name: 'unreported',
    component: () => import('../pages/unreported/UnreportedPage.vue'),
    props: true,
    meta: { title: 'unreported.title', tab: 'unreported' },
  },
  {
    path: '/reminders/:round(\\d+)',
    name: 'round',
    component: () => import('../pages/reminders/RoundPage.vue'),
    props: (route) => ({ round: Number(route.params.round) }),
    meta: { title: 'round.title' },
  },
  {
    path: '/statistics/:form?',
    name: 'statistics',
    component: () => import('../pages/statistics/StatisticsPage.vue'),
    props: true,
    meta: { title: 'statistics.title', tab: 'statistics' },
  },
  {
    path: '/statistics/:form/people',
    name: 'people',
    component: () => import('../pages/statistics/PeoplePage.vue'),
    props: true,
    meta: { title: 'statistics.title' },
  },
  {
    path: '/trips',
    name: 'trips',
    component: () => import('../pages/trips/TripsPage.vue'),
    meta: { title: 'trips.title' },
  },
  {
    path: '/movements',
    name: 'movements',
    component: () => import('../pages/movements/MovementsPage.vue'),
    meta: { title: 'movements.title' },
  },
  { path: '/me', name: 'me', component: () => import('../pages/me/MePage.vue'), meta: { title: 'me.title', tab: 'me' } },
  {
    path: '/me/access-log',
    name: 'access-log',
    component: () => import('../pages/me/AccessLogPage.vue'),
    meta: { title: 'access_log.title' },
  },
  {
    path: '/me/sessions',
    name: 'sessions',
    component: () => import('../pages/me/SessionsPage.vue'),
    meta: { title: 'sessions.title' },
  },
  {
    path: '/me/data',
    name: 'my-data',
    component: () => import('../pages/me/MyDataPage.vue'),
    meta: { title: 'my_data.title' },
  },
  {
    path: '/me/held',
    name: 'held-data',
    component: () => import('../pages/me/HeldDataPage.vue'),
    meta: { title: 'held.title' },
  },
  {
    path: '/gate-code',
    name: 'gate-code',
    component: () => import('../pages/gate-codes/GateCodePage.vue'),
    // It finds out by itself who one is: it is to open without a network.
    meta: { title: 'gate_code.title', open: true },
  },
  {
    path: '/gate-scan',
    name: 'gate-scan',
    component: () => import('../pages/gate-scans/GateScanPage.vue'),
    meta: { title: 'gate_scan.title' },
  },
  {
    path: '/gate-alarms',
    name: 'gate-alarms',
    component: () => import('../pages/gate-alarms/GateAlarmsPage.vue'),
    meta: { title: 'alarms.title' },
  },
  {
    path: '/visitors',
    name: 'visitors',
    component: () => import('../pages/visitors/VisitorsPage.vue'),
    meta: { title: 'visitors.title' },
  },
  {
    path: '/visit',
    name: 'visit',
    component: () => import('../pages/visits/VisitPage.vue'),
    // Whoever opens it has no account.
    meta: { title: 'visit.title', open: true },
  },
  {
    path: '/corrections',
    name: 'corrections',
    component: () => import('../pages/corrections/CorrectionsPage.vue'),
    meta: { title: 'corrections.title' },
  },
  {
    path: '/reviews',
    name: 'reviews',
    component: () => import('../pages/reviews/ReviewsPage.vue'),
    meta: { title: 'reviews.title' },
  },
  {
    path: '/reviews/:receipt',
    name: 'review',
    component: () => import('../pages/reviews/ReviewPage.vue'),
    props: true,
    meta: { title: 'reviews.title' },
  },
  {
    path: '/sign-offs/:form',
    name: 'sign-offs',
    component: () => import('../pages/sign-offs/SignOffsPage.vue'),
    props: true,
    meta: { title: 'sign_off.title' },
  },
  {
    path: '/announcements/:id(\\d+)',
    name: 'announcement',
    component: () => import('../pages/announcements/AnnouncementPage.vue'),
    props: ({ params }) => ({ id: Number(params.id) }),
    meta: { title: 'announcement.title' },
  },
  {
    path: '/portal/:id(\\d+)',
    name: 'portal-entry',
    component: () => import('../pages/portal/EntryPage.vue'),
    props: ({ params }) => ({ id: Number(params.id) }),
    meta: { title: 'portal.title' },
  },
  {
    path: '/signed-out',
    name: 'signed-out',
    component: () => import('../pages/me/SignedOutPage.vue'),
    meta: { title: 'signed_out.title', open: true },
  },
  {
    path: '/:rest(.*)*',
    name: 'not-found',
    component: () => import('../pages/NotFoundPage.vue'),
    meta: { title: 'app.not_found', open: true },
  },
];

export function createAppRouter() {
  return createRouter({
    history: createWebHistory('/h5/'),
    routes,
    scrollBehavior: (_to, _from, saved) => saved ?? { left: 0, top: 0 },
  });
}
