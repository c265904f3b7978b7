import { Problem, problemOf } from './problem.ts';
import type { components } from './schema.d.ts';
import type { ProblemBody } from './types.ts';

type Line = components['schemas']['ProgressLine'];
/** How far a file is: so much of it is sent, or what the server does with it. */
export type Step = { step: 'sending'; part: number } | Exclude<Line, { step: 'done' | 'failed' }>;

type Upload = {
  /** Path and query; no personal data in it. */
  path: string;
  file: Blob;
  /** Told of every step. */
  on: (step: Step) => void;
  /** Called when the server no longer knows the session. */
  signedOut: () => void;
  origin?: string;
};

/**
 * Sends a file and gives the server's result. XMLHttpRequest, because `fetch` does not tell how much is sent; the
 * answer comes as lines (application/x-ndjson), each a step, the last one the result or what went wrong.
 */
export function upload<T>({ path, file, on, signedOut, origin = location.origin }: Upload): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let read = 0;
    /** Whole lines that have come since the last look. */
    const lines = (): Line[] => {
      const end = request.responseText.lastIndexOf('\n') + 1;
      const fresh = request.responseText.slice(read, end);
      read = Math.max(read, end);
      return fresh.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line);
    };
    let result: { value: T } | undefined;
    let failed: Problem | undefined;
    const take = () => {
      if (request.status !== 200) return;
      for (const line of lines()) {
        if (line.step === 'done') result = { value: line.result as T };
        else if (line.step === 'failed') failed = problemFrom(line.problem, request);
        else on(line);
      }
    };

    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) on({ step: 'sending', part: event.loaded / Math.max(event.total, 1) });
    });
    request.addEventListener('progress', take);
    request.addEventListener('load', () => {
      if (request.status === 401) signedOut();
      if (request.status !== 200) return reject(problemFrom(parsed(request.responseText), request));
      take();
      // Lines that end without a last one: the server went away in the middle.
      if (result) resolve(result.value);
      else reject(failed ?? new Problem('offline'));
    });
    request.addEventListener('error', () => reject(new Problem('offline')));
    request.addEventListener('abort', () => reject(new Problem('offline')));

    request.open('POST', origin + path);
    request.setRequestHeader('Accept', 'application/x-ndjson');
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('X-Requested-With', 'rollcall');
    request.send(file);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A problem as any other request would have had it: in a stream the status stands in the document. */
function problemFrom(body: unknown, request: XMLHttpRequest): Problem {
  const status = (body as Partial<ProblemBody> | undefined)?.status ?? request.status;
  const headers: Record<string, string> = {};
  for (const name of ['X-Request-Id', 'Retry-After']) {
    const value = request.getResponseHeader(name);
    if (value) headers[name] = value;
  }
  return problemOf(new Response(null, { status: status >= 400 ? status : 500, headers }), body);
}
