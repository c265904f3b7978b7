import { expect, test } from 'vitest';
import { askLocation } from './location.ts';

type Ask = Geolocation['getCurrentPosition'];
const phone = (ask: Ask) => ({ getCurrentPosition: ask }) as unknown as Geolocation;
const here = phone((found) =>
  found({ coords: { latitude: 34.74661, longitude: 113.62536, accuracy: 30.4 }, timestamp: Date.parse('2020-03-04T08:00:00Z') } as GeolocationPosition),
);
const refused = (code: number) => phone((_, fail) => fail?.({ code, PERMISSION_DENIED: 1 } as GeolocationPositionError));

test('a place leaves the phone rounded, unless the form asks for more', async () => {
  expect(await askLocation(false, here)).toEqual({ latitude: 34.75, longitude: 113.63, accuracy: 30, source: 'browser', at: '2020-03-04T08:00:00.000Z' });
  expect(await askLocation(true, here)).toMatchObject({ latitude: 34.74661, longitude: 113.62536 });
});

test('why there is none can be told', async () => {
  await expect(askLocation(false, refused(1))).resolves.toBe('denied');
  await expect(askLocation(false, refused(3))).resolves.toBe('unknown');
  await expect(askLocation(false, null)).resolves.toBe('missing');
});
