import type { ProblemBody } from './types.ts';

/**
 * What kept a request from being answered:
 *
 * - `offline`: no answer came at all (network dropped, server away);
 * - `timeout`: it took too long, and the server may or may not have done the work;
 * - `signed_out`: the session ended, the browser is on its way to the sign-in;
 * - `server`: the server failed (5xx);
 * - `refused`: the server understood and said no (4xx), with a reason for people.
 */
export type ProblemKind = 'offline' | 'timeout' | 'signed_out' | 'server' | 'refused';

type ProblemParts = { status?: number; body?: Partial<ProblemBody>; requestId?: string; retryAfter?: number };

/** The one error type of the pages: everything that can go wrong between a page and the server. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  /** HTTP status, 0 where no answer came. */
  readonly status: number;
  /** The server's own word for it, e.g. `answer_invalid`; empty where it gave none. */
  readonly code: string;
  /** The server's sentence, in Chinese; empty where it gave none. */
  readonly title: string;
  /** What to do about it, in Chinese; empty where the server gave none. */
  readonly detail: string;
  /** Message by field name, of the answers that were not accepted. */
  readonly fields: Readonly<Record<string, string>>;
  /** What to tell support, empty where no answer came. */
  readonly requestId: string;
  /** Seconds the server asks to wait, 0 where it does not say. */
  readonly retryAfter: number;

  constructor(kind: ProblemKind, { status = 0, body = {}, requestId = '', retryAfter = 0 }: ProblemParts = {}) {
    super(body.title ?? kind);
    this.name = 'Problem';
    this.kind = kind;
    this.status = status;
    this.code = body.code ?? '';
    this.title = body.title ?? '';
    this.detail = body.detail ?? '';
    this.requestId = requestId;
    this.retryAfter = retryAfter;
    const fields: Record<string, string> = {};
    for (const { field, message } of body.errors ?? []) fields[field] ??= message;
    this.fields = fields;
  }

  /** Whether the same request may succeed a moment later, unchanged. A budget of the day is spent for the day. */
  get passing(): boolean {
    if (this.code === 'budget_spent') return false;
    return this.kind === 'offline' || this.kind === 'timeout' || [408, 429, 502, 503, 504].includes(this.status);
  }
}

/** Reads a refused answer; a body that is no problem document leaves the words empty. */
export function problemOf(response: Response, body: unknown): Problem {
  const kind = response.status === 401 ? 'signed_out' : response.status >= 500 ? 'server' : 'refused';
  const retryAfter = Number(response.headers.get('Retry-After') ?? 0);
  return new Problem(kind, {
    status: response.status,
    body: typeof body === 'object' && body !== null ? body : {},
    requestId: response.headers.get('X-Request-Id') ?? '',
    retryAfter: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : 0,
  });
}

/** Makes a `Problem` of anything thrown. A bug of ours stays what it is and goes to the console. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  console.error(error);
  return new Problem('server');
}
