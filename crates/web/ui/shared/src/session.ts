import { computed, reactive, shallowRef, type ComputedRef } from 'vue';
import { answer, type Api } from './api/client.ts';
import { asProblem, Problem } from './api/problem.ts';
import type { Me } from './api/types.ts';
import { createFormat } from './format/index.ts';
import type { Locale } from './i18n/index.ts';
import type { Notes } from './storage.ts';

/** Who is signed in, for the whole app; each app makes one. */
export function createSession(api: Api, locale: ComputedRef<Locale>) {
  const me = shallowRef<Me | null>(null);
  const problem = shallowRef<Problem | null>(null);
  const loading = shallowRef(false);

  async function load(): Promise<void> {
    loading.value = true;
    problem.value = null;
    try {
      me.value = await answer(api.GET('/api/v1/me', {}));
    } catch (error) {
      problem.value = asProblem(error);
    } finally {
      loading.value = false;
    }
  }

  /** Ends the session on the server; the caller leaves the page afterwards. */
  async function signOut(): Promise<void> {
    const response = await fetch('/auth/sign-out', {
      method: 'POST',
      credentials: 'same-origin',
      redirect: 'manual',
      headers: { 'X-Requested-With': 'rollcall' },
    }).catch(() => {
      throw new Problem('offline');
    });
    if (response.status >= 400 && response.status !== 401) throw new Problem('server', { status: response.status });
    me.value = null;
  }

  /** The person signed in. Pages are mounted only once this is known. */
  const known = computed(() => {
    if (!me.value) throw new Error('a page was mounted before the session was known');
    return me.value;
  });

  const format = computed(() => createFormat(locale.value, me.value?.school.time_zone ?? 'Asia/Shanghai'));

  // Unwrapped: pages read `session.me`, not `session.me.value`.
  return reactive({ me, known, format, problem, loading, load, signOut });
}

const PLACE = 'rollcall.sign_in';
const WITHIN = 30_000;
const ENOUGH = 3;

/**
 * Keeps a browser that cannot hold a session (cookies off) from running in circles between page and
 * sign-in: after three departures within half a minute the page stays and says so.
 */
export function createSignInGuard(notes: Notes, now: () => number) {
  return {
    /** Whether another departure for the sign-in is all right; counts it if so. */
    mayLeave: (): boolean => {
      const departures = (notes.read(PLACE) as number[] | null) ?? [];
      const recent = departures.filter((at) => now() - at < WITHIN);
      if (recent.length >= ENOUGH) return false;
      notes.write(PLACE, [...recent, now()]);
      return true;
    },
    /** The session is known: start counting anew. */
    arrived: () => notes.remove(PLACE),
  };
}

/** Where the server starts a sign-in that comes back to `path`. */
export function signInAddress(path: string): string {
  return `/auth/start?to=${encodeURIComponent(path)}`;
}
