import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';
import type { MessageKey } from '../locale/index.ts';
import type { MenuName } from '../menu.ts';

declare module 'vue-router' {
  interface RouteMeta {
    /** The page's title, for the window and for screen readers. */
    title: MessageKey;
    /** Which entry of the main menu it belongs to. */
    menu?: MenuName;
    /** Shown without a session. */
    open?: true;
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: () => import('../pages/HomePage.vue'), meta: { title: 'hall.title' } },
  {
    path: '/statistics/:form?',
    name: 'statistics',
    component: () => import('../pages/statistics/StatisticsPage.vue'),
    props: true,
    meta: { title: 'statistics.title', menu: 'statistics' },
  },
  {
    path: '/unreported/:form?',
    name: 'unreported',
    component: () => import('../pages/unreported/UnreportedPage.vue'),
    props: true,
    meta: { title: 'unreported.title', menu: 'unreported' },
  },
  {
    path: '/trips',
    name: 'trips',
    component: () => import('../pages/trips/TripsPage.vue'),
    meta: { title: 'trips.title', menu: 'trips' },
  },
  {
    path: '/movements',
    name: 'movements',
    component: () => import('../pages/movements/MovementsPage.vue'),
    meta: { title: 'movements.title', menu: 'movements' },
  },
  {
    path: '/reminder-rules',
    name: 'reminder-rules',
    component: () => import('../pages/reminders/ReminderRulesPage.vue'),
    meta: { title: 'rules.title', menu: 'reminder-rules' },
  },
  {
    path: '/reminder-rules/:id(\\d+|new)',
    name: 'reminder-rule',
    component: () => import('../pages/reminders/ReminderRulePage.vue'),
    props: (route) => (route.params.id === 'new' ? {} : { id: Number(route.params.id) }),
    meta: { title: 'rules.one', menu: 'reminder-rules' },
  },
  {
    path: '/school-days',
    name: 'school-days',
    component: () => import('../pages/school-days/SchoolDaysPage.vue'),
    meta: { title: 'school_days.title', menu: 'school-days' },
  },
  {
    path: '/registration',
    name: 'registration',
    component: () => import('../pages/registration/RegistrationPage.vue'),
    meta: { title: 'registration.title', menu: 'registration' },
  },
  {
    path: '/residences',
    name: 'residences',
    component: () => import('../pages/residences/ResidencesPage.vue'),
    meta: { title: 'residences.title', menu: 'residences' },
  },
  {
    path: '/photos',
    name: 'photos',
    component: () => import('../pages/photos/PhotosPage.vue'),
    meta: { title: 'photos.title', menu: 'photos' },
  },
  {
    path: '/roster',
    name: 'roster',
    component: () => import('../pages/roster/RosterPage.vue'),
    meta: { title: 'roster.title', menu: 'roster' },
  },
  {
    path: '/exemptions',
    name: 'exemptions',
    component: () => import('../pages/exemptions/ExemptionsPage.vue'),
    meta: { title: 'exemptions.title', menu: 'exemptions' },
  },
  {
    path: '/corrections',
    name: 'corrections',
    component: () => import('../pages/corrections/CorrectionsPage.vue'),
    meta: { title: 'corrections.title', menu: 'corrections' },
  },
  {
    path: '/class-counsellors',
    name: 'class-counsellors',
    component: () => import('../pages/class-counsellors/ClassCounsellorsPage.vue'),
    meta: { title: 'class_counsellors.title', menu: 'class-counsellors' },
  },
  {
    path: '/exports',
    name: 'exports',
    component: () => import('../pages/exports/ExportsPage.vue'),
    meta: { title: 'exports.title', menu: 'exports' },
  },
  {
    path: '/statuses',
    name: 'statuses',
    component: () => import('../pages/statuses/StatusesPage.vue'),
    meta: { title: 'statuses.title', menu: 'statuses' },
  },
  {
    path: '/accounts',
    name: 'accounts',
    component: () => import('../pages/accounts/AccountsPage.vue'),
    meta: { title: 'accounts.title', menu: 'accounts' },
  },
  {
    path: '/sessions',
    name: 'sessions',
    component: () => import('../pages/sessions/SessionsPage.vue'),
    meta: { title: 'sessions.title' },
  },
  {
    path: '/write-back',
    name: 'write-back',
    component: () => import('../pages/write-back/WriteBackPage.vue'),
    meta: { title: 'write.title', menu: 'write-back' },
  },
  {
    path: '/write-back/:id(\\d+)',
    name: 'write-plan',
    component: () => import('../pages/write-back/WritePlanPage.vue'),
    props: (route) => ({ id: Number(route.params.id) }),
    meta: { title: 'write.title', menu: 'write-back' },
  },
  {
    path: '/kinds',
    name: 'kinds',
    component: () => import('../pages/kinds/KindsPage.vue'),
    meta: { title: 'kinds.title', menu: 'kinds' },
  },
  {
    path: '/sync-runs',
    name: 'sync-runs',
    component: () => import('../pages/sync-runs/SyncRunsPage.vue'),
    meta: { title: 'sync.title', menu: 'sync-runs' },
  },
  {
    path: '/sync-runs/:id(\\d+)',
    name: 'sync-run',
    component: () => import('../pages/sync-runs/SyncRunPage.vue'),
    props: (route) => ({ id: Number(route.params.id) }),
    meta: { title: 'sync.title', menu: 'sync-runs' },
  },
  {
    path: '/reviews',
    name: 'reviews',
    component: () => import('../pages/reviews/ReviewsPage.vue'),
    meta: { title: 'reviews.title', menu: 'reviews' },
  },
  {
    path: '/sign-offs/:form?',
    name: 'sign-offs',
    component: () => import('../pages/sign-offs/SignOffsPage.vue'),
    props: true,
    meta: { title: 'sign_off.title', menu: 'sign-offs' },
  },
  {
    path: '/outages',
    name: 'outages',
    component: () => import('../pages/outages/OutagesPage.vue'),
    meta: { title: 'outages.title', menu: 'outages' },
  },
  {
    path: '/privacy-notices',
    name: 'privacy-notices',
    component: () => import('../pages/privacy-notices/PrivacyNoticesPage.vue'),
    meta: { title: 'privacy.title', menu: 'privacy-notices' },
  },
  {
    path: '/campaigns',
    name: 'campaigns',
    component: () => import('../pages/campaigns/CampaignsPage.vue'),
    meta: { title: 'campaigns.title_page', menu: 'campaigns' },
  },
  {
    path: '/campaigns/:code',
    name: 'campaign',
    component: () => import('../pages/campaigns/CampaignPage.vue'),
    props: true,
    meta: { title: 'campaigns.designer', menu: 'campaigns' },
  },
  {
    path: '/grants',
    name: 'grants',
    component: () => import('../pages/grants/GrantsPage.vue'),
    meta: { title: 'grants.title', menu: 'grants' },
  },
  {
    path: '/passages/live',
    name: 'passages-live',
    component: () => import('../pages/passages/LivePage.vue'),
    meta: { title: 'live.title', menu: 'passages-live' },
  },
  {
    path: '/passages/table',
    name: 'passage-table',
    component: () => import('../pages/passages/PassageTablePage.vue'),
    meta: { title: 'passage_table.title', menu: 'passage-table' },
  },
  {
    path: '/passages',
    name: 'passages',
    component: () => import('../pages/passages/PassagesPage.vue'),
    meta: { title: 'passages.title', menu: 'passages' },
  },
  {
    path: '/passages/outside',
    name: 'outside',
    component: () => import('../pages/passages/OutsidePage.vue'),
    meta: { title: 'outside.title', menu: 'outside' },
  },
  {
    path: '/visitors',
    name: 'visitors',
    component: () => import('../pages/visitors/VisitorsPage.vue'),
    meta: { title: 'visitors.title', menu: 'visitors' },
  },
  {
    path: '/gate-alarms',
    name: 'gate-alarms',
    component: () => import('../pages/gate-alarms/GateAlarmsPage.vue'),
    meta: { title: 'alarms.title', menu: 'gate-alarms' },
  },
  {
    path: '/gate-permits',
    name: 'gate-permits',
    component: () => import('../pages/gate-permits/GatePermitsPage.vue'),
    meta: { title: 'permits.title', menu: 'gate-permits' },
  },
  {
    path: '/gates',
    name: 'gates',
    component: () => import('../pages/gates/GatesPage.vue'),
    meta: { title: 'gates.title', menu: 'gates' },
  },
  {
    path: '/gate-keys',
    name: 'gate-keys',
    component: () => import('../pages/gate-keys/GateKeysPage.vue'),
    meta: { title: 'gate_keys.title', menu: 'gate-keys' },
  },
  {
    path: '/digest-rules',
    name: 'digest-rules',
    component: () => import('../pages/digests/DigestRulesPage.vue'),
    meta: { title: 'digests.title', menu: 'digest-rules' },
  },
  {
    path: '/announcements',
    name: 'announcements',
    component: () => import('../pages/announcements/AnnouncementsPage.vue'),
    meta: { title: 'announcements.title', menu: 'announcements' },
  },
  {
    path: '/announcements/new',
    name: 'new-announcement',
    component: () => import('../pages/announcements/NewAnnouncementPage.vue'),
    meta: { title: 'announcements.new', menu: 'announcements' },
  },
  {
    path: '/announcements/:id(\\d+)',
    name: 'announcement',
    component: () => import('../pages/announcements/AnnouncementPage.vue'),
    props: (route) => ({ id: Number(route.params.id) }),
    meta: { title: 'announcements.title', menu: 'announcements' },
  },
  {
    path: '/portal',
    name: 'portal',
    component: () => import('../pages/portal/PortalPage.vue'),
    meta: { title: 'portal.title', menu: 'portal' },
  },
  {
    path: '/portal/:id(\\d+)',
    name: 'portal-entry',
    component: () => import('../pages/portal/PortalEntryPage.vue'),
    props: (route) => ({ id: Number(route.params.id) }),
    meta: { title: 'portal.one', menu: 'portal' },
  },
  {
    path: '/platform',
    name: 'platform',
    component: () => import('../pages/platform/PlatformPage.vue'),
    meta: { title: 'platform.title', menu: 'platform' },
  },
  {
    path: '/platform/briefing',
    name: 'platform-briefing',
    component: () => import('../pages/platform/BriefingPage.vue'),
    meta: { title: 'platform.briefing', menu: 'platform' },
  },
  {
    path: '/audit',
    name: 'audit',
    component: () => import('../pages/audit/AuditPage.vue'),
    meta: { title: 'audit.title', menu: 'audit' },
  },
  {
    path: '/reading-alarms',
    name: 'reading-alarms',
    component: () => import('../pages/reading-alarms/ReadingAlarmsPage.vue'),
    meta: { title: 'readings.title', menu: 'reading-alarms' },
  },
  {
    path: '/retention',
    name: 'retention',
    component: () => import('../pages/retention/RetentionPage.vue'),
    meta: { title: 'retention.title', menu: 'retention' },
  },
  {
    path: '/operations',
    name: 'operations',
    component: () => import('../pages/operations/OperationsPage.vue'),
    meta: { title: 'operations.title', menu: 'operations' },
  },
  {
    path: '/sign-in',
    name: 'sign-in',
    component: () => import('../pages/sign-in/SignInPage.vue'),
    meta: { title: 'sign_in.title', open: true },
  },
  {
    path: '/:rest(.*)*',
    name: 'not-found',
    component: () => import('../pages/NotFoundPage.vue'),
    meta: { title: 'app.not_found' },
  },
];

export function createAppRouter() {
  return createRouter({
    history: createWebHistory('/admin/'),
    routes,
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { left: 0, top: 0 }),
  });
}
