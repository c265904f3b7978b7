import { expect, test } from 'vitest';
import { instantOf } from './instant.ts';

test('a wall-clock time is that of the school', () => {
  expect(instantOf('2020-03-04T08:00', 'Asia/Shanghai')).toBe('2020-03-04T00:00:00.000Z');
  expect(instantOf('2020-03-04T00:30', 'Asia/Shanghai')).toBe('2020-03-03T16:30:00.000Z');
  expect(instantOf('2020-07-01T12:00', 'Europe/Berlin')).toBe('2020-07-01T10:00:00.000Z');
  expect(instantOf('', 'Asia/Shanghai')).toBeNull();
});
