import { expect, it } from 'vitest';
import { t } from '../../locale/index.ts';
import { said } from './said.ts';

const nothing = { place_before: null, place: null, number_before: null, number_after: null, stay_before: null, stay_after: null };

it('says what a change replaced and what it left', () => {
  expect(said({ ...nothing, kind: 'transfer', place_before: '1班', place: '2班' }, t)).toBe('1班 → 2班');
  expect(said({ ...nothing, kind: 'graduation', place_before: '1班' }, t)).toBe('1班');
  expect(said({ ...nothing, kind: 'return', place: '1班' }, t)).toBe(`${t('app.none')} → 1班`);
  expect(said({ ...nothing, kind: 'number', number_before: 'K1', number_after: '2020' }, t)).toBe('K1 → 2020');
  const stay = { stay_before: { from: '2019-09-01', until: null }, stay_after: { from: '2019-10-01', until: '2020-07-01' } };
  expect(said({ ...nothing, ...stay, kind: 'stay' }, t)).toContain('2019-10-01 – 2020-07-01');
});
