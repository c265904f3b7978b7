import createClient, { type Client } from 'openapi-fetch';
import { Problem, problemOf } from './problem.ts';
import type { paths } from './schema.d.ts';
import type { ProblemBody } from './types.ts';

export type Api = Client<paths, 'application/json'>;

type ApiOptions = {
  /** Called when the server no longer knows the session; the page then leaves for the sign-in. */
  signedOut: () => void;
  /** Called when the server wants a fresh sign-in before it does what was asked. */
  signInAgain?: () => void;
  /** Called when the server wants a code of the second factor first; whether one was shown, so that the same is asked again. */
  secondFactor?: () => Promise<boolean>;
  /** Milliseconds after which a request is given up. */
  timeout?: number;
  /** Where the API is; the page's own origin. */
  origin?: string;
};

/** Answers that pages ask for again and again, by address: the server need not send what has not changed. */
const MOST_KEPT = 20;
type Kept = { tag: string; body: Record<string, unknown> };

/** Sends along which answer is there already, and takes "nothing has changed" for that one with the new hour. In memory only. */
export function remembering(fetchIt: (request: Request) => Promise<Response>): (request: Request) => Promise<Response> {
  const kept = new Map<string, Kept>();
  return async (request) => {
    const known = request.method === 'GET' ? kept.get(request.url) : undefined;
    if (known) request.headers.set('If-None-Match', known.tag);
    const response = await fetchIt(request);
    if (known && response.status === 304) {
      const body = { ...known.body, as_of: response.headers.get('X-As-Of') ?? known.body.as_of };
      return new Response(JSON.stringify(body), { status: 200, headers: { 'Content-Type': 'application/json' } });
    }
    const tag = response.headers.get('ETag');
    if (request.method === 'GET' && response.ok && tag) {
      kept.delete(request.url);
      kept.set(request.url, { tag, body: (await response.clone().json()) as Record<string, unknown> });
      const [oldest] = kept.keys();
      if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    }
    return response;
  };
}

/** The code of a refusal, read from a copy; empty where there is none. */
async function codeOf(response: Response): Promise<string> {
  try {
    const body = (await response.clone().json()) as Partial<ProblemBody>;
    return body.code ?? '';
  } catch {
    return '';
  }
}

/** Whether a request has JSON in its body, or nothing. */
function isJson(request: Request): boolean {
  return (request.headers.get('Content-Type') ?? 'application/json').startsWith('application/json');
}

/** The typed client of the JSON API. Requests carry the session cookie and never follow to another origin. */
export function createApi({ signedOut, signInAgain, secondFactor, timeout = 15_000, origin = location.origin }: ApiOptions): Api {
  /** What was asked, and once more after a code was shown. */
  async function provenFetch(request: Request): Promise<Response> {
    // What was sent is gone with it, so a copy is kept; not of files, for which no code is wanted.
    const again = secondFactor && request.method !== 'GET' && isJson(request) ? request.clone() : null;
    const response = await patientFetch(request);
    if (!again || response.status !== 403 || (await codeOf(response)) !== 'second_factor_needed') return response;
    return (await secondFactor?.()) ? patientFetch(again) : response;
  }

  async function patientFetch(request: Request): Promise<Response> {
    const giveUp = new AbortController();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      giveUp.abort();
    }, timeout);
    const caller = request.signal;
    const stop = () => giveUp.abort();
    caller.addEventListener('abort', stop);
    try {
      const response = await fetch(request, { signal: giveUp.signal });
      if (response.status === 401) signedOut();
      if (response.status === 403 && signInAgain && (await codeOf(response)) === 'sign_in_again') signInAgain();
      return response;
    } catch (error) {
      if (caller.aborted) throw error;
      throw new Problem(late ? 'timeout' : 'offline');
    } finally {
      clearTimeout(timer);
      caller.removeEventListener('abort', stop);
    }
  }

  return createClient<paths, 'application/json'>({
    baseUrl: origin,
    credentials: 'same-origin',
    headers: { Accept: 'application/json', 'X-Requested-With': 'rollcall' },
    fetch: remembering(provenFetch),
  });
}

type Answered<T> = { data?: T; error?: unknown; response: Response };

/** The answer's data; throws the {@link Problem} where there is none. */
export async function answer<T>(request: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await request;
  if (!response.ok) throw problemOf(response, error);
  return data as T;
}

/** A key that makes a write safe to repeat (22 of [A-Za-z0-9_-], 128 bits or more). */
export function newIdempotencyKey(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';
  let key = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(22))) key += alphabet.charAt(byte % 64);
  return key;
}
