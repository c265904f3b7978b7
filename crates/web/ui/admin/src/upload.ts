import { Problem, problemOf } from '#shared/api/problem.ts';
import { signedOut } from './api.ts';

/**
 * Sends a large file and tells how much of it is on its way. `fetch` can't tell that; the server's answer and its problems
 * are the same as elsewhere. No end is set: a large file over a slow line takes as long as it takes.
 */
export function sendFile<T>(path: string, file: File, sent: (bytes: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('X-Requested-With', 'rollcall');
    request.upload.onprogress = (event) => sent(event.loaded);
    request.onerror = () => reject(new Problem('offline'));
    request.onload = () => {
      let body: unknown;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        body = undefined;
      }
      if (request.status >= 200 && request.status < 300) {
        resolve(body as T);
        return;
      }
      if (request.status === 401) signedOut();
      const header = (name: string) => request.getResponseHeader(name) ?? '';
      const headers = { 'Retry-After': header('Retry-After'), 'X-Request-Id': header('X-Request-Id') };
      reject(problemOf(new Response(null, { status: request.status, headers }), body));
    };
    request.send(file);
  });
}
