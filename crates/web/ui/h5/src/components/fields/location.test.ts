// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { inWecom } from '../../wecom.ts';
import { askLocation } from './location.ts';

type Ask = Geolocation['getCurrentPosition'];
const phone = (ask: Ask) => ({ getCurrentPosition: ask }) as unknown as Geolocation;
const here = phone((found) =>
  found({ coords: { latitude: 34.74661, longitude: 113.62536, accuracy: 30.4 }, timestamp: Date.parse('2020-03-04T08:00:00Z') } as GeolocationPosition),
);
const refused = (code: number) => phone((_, fail) => fail?.({ code, PERMISSION_DENIED: 1 } as GeolocationPositionError));

test('a place leaves the phone rounded, unless the form asks for more', async () => {
  expect(await askLocation(false, { wecom: null, browser: here })).toEqual({ latitude: 34.75, longitude: 113.63, accuracy: 30, source: 'browser', at: '2020-03-04T08:00:00.000Z' });
  expect(await askLocation(true, { wecom: null, browser: here })).toMatchObject({ latitude: 34.74661, longitude: 113.62536 });
});

test("inside 企业微信 its client is asked, and the browser when that can't tell", async () => {
  const there = () => Promise.resolve({ latitude: 31.23037, longitude: 121.47371, accuracy: 12 });
  expect(await askLocation(false, { wecom: there, browser: null })).toMatchObject({ latitude: 31.23, longitude: 121.47, accuracy: 12, source: 'wecom' });
  const silent = () => Promise.reject(new Error('getLocation:fail'));
  expect(await askLocation(false, { wecom: silent, browser: here })).toMatchObject({ latitude: 34.75, source: 'browser' });
  expect(await askLocation(false, { wecom: silent, browser: null })).toBe('unknown');
  const words = () => Promise.resolve({ latitude: Number.NaN, longitude: Number.NaN, accuracy: 0 });
  expect(await askLocation(false, { wecom: words, browser: here })).toMatchObject({ source: 'browser' });
  expect(inWecom('Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 wxwork/4.1.0 MicroMessenger/7.0.1')).toBe(true);
  expect(inWecom('Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 Chrome/80')).toBe(false);
});

test('why there is none can be told', async () => {
  await expect(askLocation(false, { wecom: null, browser: refused(1) })).resolves.toBe('denied');
  await expect(askLocation(false, { wecom: null, browser: refused(3) })).resolves.toBe('unknown');
  await expect(askLocation(false, { wecom: null, browser: null })).resolves.toBe('missing');
});
