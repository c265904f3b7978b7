import { describe, expect, test, vi } from 'vitest';
import { Problem } from './problem.ts';
import { upload, type Step } from './upload.ts';

/** XMLHttpRequest as far as uploads use it, with the server's pieces handed in by the test. */
class FakeRequest extends EventTarget {
  static last: FakeRequest;
  upload = new EventTarget();
  status = 200;
  responseText = '';
  headers: Record<string, string> = {};
  opened = '';
  constructor() {
    super();
    FakeRequest.last = this;
  }
  open(method: string, url: string) {
    this.opened = `${method} ${url}`;
  }
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value;
  }
  getResponseHeader() {
    return null;
  }
  send() {}
  piece(text: string) {
    this.responseText += text;
    this.dispatchEvent(new Event('progress'));
  }
  end(status = 200) {
    this.status = status;
    this.dispatchEvent(new Event('load'));
  }
}

function start() {
  vi.stubGlobal('XMLHttpRequest', FakeRequest);
  const steps: Step[] = [];
  const signedOut = vi.fn();
  const sent = upload<{ rows: number }>({
    path: '/api/v1/roster/preview?list=guess',
    file: new Blob(['学号']),
    on: (step) => steps.push(step),
    signedOut,
    origin: 'http://here',
  });
  return { request: FakeRequest.last, sent, steps, signedOut };
}

describe('an upload', () => {
  test('tells each step, wherever the lines are cut, and gives the result', async () => {
    const { request, sent, steps } = start();
    expect(request.opened).toBe('POST http://here/api/v1/roster/preview?list=guess');
    expect(request.headers).toMatchObject({ Accept: 'application/x-ndjson', 'X-Requested-With': 'rollcall' });
    request.upload.dispatchEvent(Object.assign(new Event('progress'), { lengthComputable: true, loaded: 1, total: 4 }));
    request.piece('{"step":"reading"}\n{"step":"writ');
    request.piece('ing","done":1000,"total":20000}\n');
    request.piece('{"step":"done","result":{"rows":2}}\n');
    request.end();
    await expect(sent).resolves.toEqual({ rows: 2 });
    expect(steps).toEqual([
      { step: 'sending', part: 0.25 },
      { step: 'reading' },
      { step: 'writing', done: 1000, total: 20000 },
    ]);
  });

  test('a refusal is the same problem whether it comes as status or as last line', async () => {
    const body = { title: '填写有误', status: 422, code: 'invalid', errors: [{ field: 'file', message: '读不懂' }] };
    const early = start();
    early.request.responseText = JSON.stringify(body);
    early.request.end(422);
    const late = start();
    late.request.piece(`{"step":"reading"}\n{"step":"failed","problem":${JSON.stringify(body)}}\n`);
    late.request.end();
    for (const { sent } of [early, late]) {
      await expect(sent).rejects.toMatchObject({ kind: 'refused', status: 422, fields: { file: '读不懂' } });
    }
  });

  test('lines that just end are no result, and an ended session leaves', async () => {
    const cut = start();
    cut.request.piece('{"step":"reading"}\n');
    cut.request.end();
    await expect(cut.sent).rejects.toEqual(new Problem('offline'));
    const out = start();
    out.request.end(401);
    await expect(out.sent).rejects.toMatchObject({ kind: 'signed_out' });
    expect(out.signedOut).toHaveBeenCalledOnce();
  });
});
