import { expect, test } from 'vitest';
import { asksForPermits, bodyOf, draftOf, looksAtReports, type Gate } from './gate.ts';

const gate: Gate = {
  id: 1,
  zone: 2,
  zone_name: '东校区',
  name: '东门',
  directions: 'both',
  failure: 'closed',
  rules: { forms: ['health-daily'], entering: { report: true } },
  closed_at: null,
  devices: 0,
};

test('a new gate asks for a good code alone', () => {
  const draft = draftOf({ zone: 2 });
  expect(draft).toMatchObject({ zone: 2, name: '', directions: 'both', failure: 'closed', closed: false });
  expect(looksAtReports(draft)).toBe(false);
});

test('what a gate says is there to be changed, and what it leaves out too', () => {
  const draft = draftOf(gate);
  expect(draft.rules).toEqual({ forms: ['health-daily'], hours: [], leave: false, entering: { report: true, normal: false, permit: 'never' }, leaving: { report: false, normal: false, permit: 'never' } });
  draft.rules.forms.push('trips');
  expect(gate.rules.forms).toEqual(['health-daily']);
});

test('of a direction that is not served nothing is asked', () => {
  const out = bodyOf({ ...draftOf(gate), name: ' 东门 ', directions: 'out' });
  expect(out.name).toBe('东门');
  expect(out.rules.entering.report).toBe(false);
  expect(out.rules.forms).toEqual([]);
  expect(bodyOf(draftOf(gate)).rules.forms).toEqual(['health-daily']);
});

test('leave is asked about where a permit is asked for', () => {
  const draft = draftOf(gate);
  expect(asksForPermits(draft)).toBe(false);
  draft.rules.leaving.permit = 'outside_hours';
  expect(asksForPermits(draft)).toBe(true);
  expect(asksForPermits({ ...draft, directions: 'in' })).toBe(false);
});
