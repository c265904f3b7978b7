import { describe, expect, test } from 'vitest';
import type { Code } from '../code/code.ts';
import { isRight, noteOf, serverNow } from './clock.ts';
import { decide, type Guide, type Refusal, type Scene, type Why } from './decide.ts';
import { dayOf, isOpen, minuteOf } from './hours.ts';

// 08:00 at the school.
const NOW = Date.parse('2020-03-04T00:00:00Z');
const SHOWN = NOW / 1000;

const guide: Guide = {
  now: '2020-03-04T00:00:00Z',
  time_zone: 'Asia/Shanghai',
  gate: '东门',
  zone: '东校区',
  directions: 'both',
  failure: 'closed',
  closed: false,
  rules: {},
  keys: [{ id: 'a1b2c3d4', public_key: '', from: '2020-03-03T15:59:55Z', until: '2020-03-04T16:15:00Z', denied_in: ['Ill-and-home-aaa'], denied_out: [], permitted_in: ['Permitted-aaaaaa'], permitted_out: ['Permitted-aaaaaa'] }],
  killed: ['deadbeef'],
};

const code: Code = { kid: 'a1b2c3d4', pseudonym: 'Somebody-aaaaaaa', visitor: false, end: SHOWN + 20, jti: '0909090909090909', signed: new Uint8Array(0), signature: new Uint8Array(64) };
const scene: Scene = { guide, code, signed: true, direction: 'in', now: NOW, clockIsRight: true, used: false };

const at = (time: string) => Date.parse(`2020-03-04T${time}+08:00`);
/** The scene at another time, with a code of that time. */
const then = (time: string): Partial<Scene> => ({ now: at(time), code: { ...code, end: at(time) / 1000 + 20 } });
const ruled = (rules: Partial<Guide['rules']>, rest: Partial<Guide> = {}): Guide => ({ ...guide, ...rest, rules: { ...guide.rules, ...rules } });
const permit = (when: 'never' | 'outside_hours' | 'always') => ({ report: false, normal: false, permit: when });
const hours = [{ from: '06:00', until: '23:00' }];

type Case = [string, Partial<Scene>, Refusal | null, Why?];
const cases: Case[] = [
  ['a good code', {}, null],
  ['no guide yet', { guide: null }, 'device', 'no_guide'],
  ['a gate out of use', { guide: { ...guide, closed: true, failure: 'open' } }, 'device', 'closed'],
  ['a clock that is off', { clockIsRight: false }, 'device', 'clock'],
  ['no code of ours', { code: null }, 'unreadable'],
  ['a killed key', { code: { ...code, kid: 'deadbeef' } }, 'killed_key'],
  ['a key nobody knows', { code: { ...code, kid: '00000000' } }, 'unreadable'],
  ['keys of a day the guide does not reach', { ...then('20:00'), guide: { ...guide, keys: [] } }, 'device', 'stale_guide'],
  ['somebody else’s signature', { signed: false }, 'unreadable'],
  ['five seconds early', { now: NOW - 5000 }, null],
  ['six seconds early', { now: NOW - 6000 }, 'early'],
  ['nearly twenty-five seconds old', { now: NOW + 24_999 }, null],
  ['twenty-five seconds old', { now: NOW + 25_000 }, 'expired'],
  ['a key of yesterday', { ...then('00:20'), now: at('00:20') + 86_400_000, code: { ...code, end: (at('00:20') + 86_400_000) / 1000 + 20 } }, 'expired'],
  ['a code that was used', { used: true }, 'used'],
  ['the wrong way', { guide: { ...guide, directions: 'out' } }, 'direction'],
  ['a visitor', { code: { ...code, visitor: true } }, 'device', 'visitor'],
  ['a visitor who is late with their code', { now: NOW + 25_000, code: { ...code, visitor: true } }, 'expired'],
  ['whom not to let in', { code: { ...code, pseudonym: 'Ill-and-home-aaa' } }, 'device', 'listed'],
  ['… who may go out', { direction: 'out', code: { ...code, pseudonym: 'Ill-and-home-aaa' } }, null],
  ['before the hours', { ...then('05:59'), guide: ruled({ hours }) }, 'hours'],
  ['within the hours', { ...then('06:00'), guide: ruled({ hours }) }, null],
  ['after the hours', { ...then('23:00'), guide: ruled({ hours }) }, 'hours'],
  ['outside the hours without a permit', { ...then('23:30'), guide: ruled({ hours, entering: permit('outside_hours') }) }, 'no_permit'],
  ['outside the hours with one', { ...then('23:30'), code: { ...code, end: at('23:30') / 1000 + 20, pseudonym: 'Permitted-aaaaaa' }, guide: ruled({ hours, entering: permit('outside_hours') }) }, null],
  ['no permit where one is always needed', { direction: 'out', guide: ruled({ leaving: permit('always') }) }, 'no_permit'],
  ['a permit where one is always needed', { direction: 'out', code: { ...code, pseudonym: 'Permitted-aaaaaa' }, guide: ruled({ leaving: permit('always') }) }, null],
  ['a permit does not help who is on the list', { code: { ...code, pseudonym: 'Ill-and-home-aaa' }, guide: { ...ruled({ entering: permit('always') }), keys: guide.keys.map((key) => ({ ...key, permitted_in: ['Ill-and-home-aaa'] })) } }, 'device', 'listed'],
];

describe('a device that hears nothing', () => {
  test.each(cases)('%s', (_, change, reason, why) => {
    expect(decide({ ...scene, ...change })).toEqual({ allowed: reason === null, reason, why: why ?? null, despite: null });
  });

  test('lets everybody through where the gate says so, and says what it let through', () => {
    for (const [, change, reason, why] of cases) {
      const given = { ...scene, ...change };
      if (!given.guide || given.guide.closed) continue;
      expect(decide({ ...given, guide: { ...given.guide, failure: 'open' } })).toEqual({ allowed: true, reason: null, why: why ?? null, despite: reason });
    }
  });
});

test('hours may go past midnight, and none are all day', () => {
  const night = [{ from: '22:00', until: '02:00' }];
  expect([1319, 1320, 1439, 0, 119, 120, 720].map((minute) => isOpen(night, minute))).toEqual([false, true, true, true, true, false, false]);
  expect(isOpen([], 0)).toBe(true);
});

test('time is the school’s', () => {
  expect(minuteOf(NOW, 'Asia/Shanghai')).toBe(480);
  expect(minuteOf(NOW - 8 * 3_600_000, 'Asia/Shanghai')).toBe(0);
  expect(dayOf(NOW - 8 * 3_600_000, 'Asia/Shanghai')).toBe('2020-03-04');
  expect(dayOf(NOW - 8 * 3_600_000 - 1, 'Asia/Shanghai')).toBe('2020-03-03');
});

test('a clock that is off by more than half a minute, or went backwards, is no clock', () => {
  const note = noteOf('2020-03-04T00:00:00Z', NOW - 2000, NOW + 2000);
  expect(note).toEqual({ offset: 0, at: NOW + 2000 });
  expect(isRight(note, NOW + 60_000)).toBe(true);
  expect(isRight(note, NOW - 60_000)).toBe(false);
  expect(isRight(null, NOW)).toBe(false);
  const ahead = noteOf('2020-03-04T00:00:29Z', NOW, NOW);
  expect([isRight(ahead, NOW), serverNow(ahead, NOW)]).toEqual([true, NOW + 29_000]);
  expect(isRight(noteOf('2020-03-04T00:00:31Z', NOW, NOW), NOW)).toBe(false);
});
