import { describe, expect, test } from 'vitest';
import figures from '../../../../../../fixtures/school/figures.json' with { type: 'json' };
import { addDays, count, createFormat, rate } from './index.ts';

const zh = createFormat('zh-CN', 'Asia/Shanghai');
const en = createFormat('en', 'Asia/Shanghai');

describe('times', () => {
  test("are the school's, wherever this runs", () => {
    expect(zh.time('2020-03-03T23:42:10Z')).toBe('07:42');
    expect(zh.seconds('2020-03-03T23:42:10.5+00:00')).toBe('07:42:10');
    expect(zh.dayOf('2020-03-03T16:00:00Z')).toBe('2020-03-04');
    expect(createFormat('zh-CN', 'America/New_York').time('2020-03-03T23:42:10Z')).toBe('18:42');
  });

  test('begin the day at 00:00, never at 24:00', () => {
    expect(zh.time('2020-03-03T16:00:00Z')).toBe('00:00');
  });

  test('name the day only when it is another', () => {
    expect(zh.moment('2020-03-03T23:42:00Z', '2020-03-04')).toBe('07:42');
    expect(zh.moment('2020-03-02T23:42:00Z', '2020-03-04')).toBe('3月3日 07:42');
    expect(zh.moment('2019-12-31T00:00:00Z', '2020-03-04')).toBe('2019年12月31日 08:00');
    expect(en.moment('2020-03-02T23:42:00Z', '2020-03-04')).toBe('3 Mar 07:42');
  });

  test('end the day at 24:00', () => {
    expect(zh.until('2020-03-04T16:00:00Z', '2020-03-04')).toBe('24:00');
    expect(zh.until('2020-03-04T12:00:00Z', '2020-03-04')).toBe('20:00');
    expect(zh.until('2020-03-04T16:00:00Z', '2020-03-03')).toBe('3月4日 24:00');
    expect(zh.until('2021-03-04T16:00:00Z', '2020-03-04')).toBe('2021年3月4日 24:00');
  });
});

test('days', () => {
  expect([zh.day('2020-03-04'), zh.weekday('2020-03-04')]).toEqual(['3月4日', '周三']);
  expect([en.day('2020-03-04'), en.weekday('2020-03-04')]).toEqual(['4 Mar', 'Wed']);
  expect(zh.day('2019-12-31', '2020-03-04')).toBe('2019年12月31日');
  expect([addDays('2020-03-01', -1), addDays('2019-12-31', 1)]).toEqual(['2020-02-29', '2020-01-01']);
});

test('lengths of time', () => {
  expect([zh.duration(1_234), zh.duration(85_000), en.duration(85_000)]).toEqual(['1.2 秒', '1 分 25 秒', '1 min 25 s']);
  expect([zh.duration(3_600_000), zh.duration(5_399_000), en.duration(7_800_000)]).toEqual(['1 小时', '1 小时 29 分', '2 h 10 min']);
});

test('counts', () => {
  expect([0, 999, 1000, 15343, 1234567].map(count)).toEqual(['0', '999', '1,000', '15,343', '1,234,567']);
});

describe('rates', () => {
  test("are the reference school's", () => {
    const [, reported = 0, unreported = 0] = figures.health_daily_table.total as [string, number, number];
    expect(rate(reported, reported + unreported)).toBe('99.76%');
  });

  test('reach 100 % only when nobody is missing, and 0 % only when nobody is there', () => {
    expect(rate(15380, 15380)).toBe('100.00%');
    expect(rate(99999, 100000)).toBe('99.99%');
    expect(rate(0, 15380)).toBe('0.00%');
    expect(rate(1, 100000)).toBe('0.01%');
  });

  test('of nobody there is none', () => {
    expect(rate(0, 0)).toBeNull();
  });
});
