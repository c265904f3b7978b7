import { describe, expect, test, vi } from 'vitest';
import { json, serve } from '../testing/server.ts';
import { answer, createApi, newIdempotencyKey, remembering } from './client.ts';
import { Problem } from './problem.ts';

const forms = (api: ReturnType<typeof createApi>, signal?: AbortSignal) => answer(api.GET('/api/v1/forms', { signal }));

describe('the client', () => {
  test('gives the data of a good answer and says who asks', async () => {
    const { origin, seen } = await serve((_, response) => json(response, 200, { items: [] }));
    await expect(forms(createApi({ origin, signedOut: () => undefined }))).resolves.toEqual({ items: [] });
    expect(seen[0]?.headers['x-requested-with']).toBe('rollcall');
  });

  test('makes a problem of a refusal: words, fields, id', async () => {
    const { origin } = await serve((_, response) =>
      json(
        response,
        422,
        {
          type: 'about:blank',
          title: '填写有误',
          status: 422,
          code: 'invalid',
          detail: '请改正后再提交',
          errors: [
            { field: 'temperature', message: '体温应在 34.0 到 43.0 之间' },
            { field: 'temperature', message: '第二句不显示' },
          ],
        },
        { 'X-Request-Id': '01J8' },
      ),
    );
    const problem = await forms(createApi({ origin, signedOut: () => undefined })).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({
      kind: 'refused',
      status: 422,
      code: 'invalid',
      title: '填写有误',
      detail: '请改正后再提交',
      fields: { temperature: '体温应在 34.0 到 43.0 之间' },
      requestId: '01J8',
      passing: false,
    });
  });

  test('takes an error page of a proxy for what it is', async () => {
    const { origin } = await serve((_, response) => void response.writeHead(502, { 'Content-Type': 'text/html', 'Retry-After': '7' }).end('<h1>Bad Gateway</h1>'));
    await expect(forms(createApi({ origin, signedOut: () => undefined }))).rejects.toMatchObject({
      kind: 'server',
      status: 502,
      title: '',
      retryAfter: 7,
      passing: true,
    });
  });

  test('tells when the session has ended', async () => {
    const { origin } = await serve((_, response) => json(response, 401, { title: '请先登录', status: 401 }));
    const signedOut = vi.fn();
    await expect(forms(createApi({ origin, signedOut }))).rejects.toMatchObject({ kind: 'signed_out' });
    expect(signedOut).toHaveBeenCalledOnce();
  });

  test('tells when a fresh sign-in is wanted, and not of any other refusal', async () => {
    const codes = ['sign_in_again', 'forbidden'];
    const { origin } = await serve((_, response) => json(response, 403, { title: '此操作需要重新登录确认', status: 403, code: codes.shift() }));
    const signInAgain = vi.fn();
    const api = createApi({ origin, signedOut: () => undefined, signInAgain });
    await expect(forms(api)).rejects.toMatchObject({ kind: 'refused', code: 'sign_in_again' });
    expect(signInAgain).toHaveBeenCalledOnce();
    await expect(forms(api)).rejects.toMatchObject({ kind: 'refused', code: 'forbidden' });
    expect(signInAgain).toHaveBeenCalledOnce();
  });

  test('asks once more, with the same body and key, when a code was shown, and leaves the refusal when none was', async () => {
    const refused = { title: '此操作需要二次验证', status: 403, code: 'second_factor_needed' };
    const { origin, seen } = await serve((_, response) => (seen.length === 2 ? json(response, 200, { removed: true }) : json(response, 403, refused)));
    const secondFactor = vi.fn().mockResolvedValueOnce(true).mockResolvedValueOnce(false);
    const api = createApi({ origin, signedOut: () => undefined, secondFactor });
    const reset = () => answer(api.POST('/api/v1/accounts/second-factor/reset', { body: { userid: 'T1' }, headers: { 'Idempotency-Key': 'a-key-of-its-own' } }));
    await expect(reset()).resolves.toEqual({ removed: true });
    expect(seen.map(({ body, headers }) => [body, headers['idempotency-key']])).toEqual([
      [{ userid: 'T1' }, 'a-key-of-its-own'],
      [{ userid: 'T1' }, 'a-key-of-its-own'],
    ]);
    await expect(reset()).rejects.toMatchObject({ kind: 'refused', code: 'second_factor_needed' });
    expect(seen).toHaveLength(3);
    expect(secondFactor).toHaveBeenCalledTimes(2);
  });

  test('knows a dropped connection', async () => {
    const { origin } = await serve((_, response) => void response.destroy());
    await expect(forms(createApi({ origin, signedOut: () => undefined }))).rejects.toMatchObject({ kind: 'offline', passing: true });
  });

  test('gives up on a server that never answers', async () => {
    const { origin } = await serve(() => undefined);
    await expect(forms(createApi({ origin, timeout: 1, signedOut: () => undefined }))).rejects.toMatchObject({ kind: 'timeout', passing: true });
  });

  test('a request that its page called off is no problem of the network', async () => {
    const caller = new AbortController();
    const { origin } = await serve(() => caller.abort());
    const error = await forms(createApi({ origin, signedOut: () => undefined }), caller.signal).catch((thrown: unknown) => thrown);
    expect(error).not.toBeInstanceOf(Problem);
  });
});

test('keys are of the allowed letters, long, and each its own', () => {
  const keys = Array.from({ length: 500 }, newIdempotencyKey);
  for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(new Set(keys).size).toBe(500);
});

test('what has not changed is taken from memory with the new hour', async () => {
  const asked: (string | null)[] = [];
  const answers = [
    new Response(JSON.stringify({ total: 1, as_of: '10:00' }), { headers: { ETag: 'W/"1"' } }),
    new Response(null, { status: 304, headers: { ETag: 'W/"1"', 'X-As-Of': '10:15' } }),
    new Response(JSON.stringify({ total: 2, as_of: '10:30' }), { headers: { ETag: 'W/"2"' } }),
  ];
  const fetchIt = remembering((request) => {
    asked.push(request.headers.get('If-None-Match'));
    return Promise.resolve(answers.shift() ?? Response.error());
  });
  const get = async () => (await fetchIt(new Request('http://school.test/api/v1/statistics/health-daily'))).json() as Promise<unknown>;
  expect([await get(), await get(), await get()]).toEqual([
    { total: 1, as_of: '10:00' },
    { total: 1, as_of: '10:15' },
    { total: 2, as_of: '10:30' },
  ]);
  expect(asked).toEqual([null, 'W/"1"', 'W/"1"']);
});
