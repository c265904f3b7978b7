import { expect, test } from 'vitest';
import { chartsOf, extremes, written, type Metric, type Part } from './figures.ts';

function part(values: Record<string, number>, of = '', title: string | null = null): Part {
  const days = Object.entries(values).map(([day, value]) => ({ day, value, source: 'api' as const }));
  const last = days[days.length - 1] ?? { day: '2020-03-04', value: 0, source: 'api' as const };
  return { part: of, title, now: { ...last, as_of: '2020-03-04T00:00:00Z', note: null, entered_by: null }, others: [], days };
}
const metric = (name: string, ...parts: Part[]): Metric => ({
  metric: name, title: name, group: 'own', unit: 'people', per: 'day', window_days: 30, collected_from: 'api', collector: 'x', is_entered: true, has_parts: parts.length > 1, parts,
});

test('figures are grouped by thousands and keep what is behind the point', () => {
  expect(written(48_881)).toBe('48,881');
  expect(written(30.5)).toBe('30.5');
  expect(written(9999.9)).toBe('9,999.9');
  expect(written(0)).toBe('0');
});

test('the first day that has the most and the least', () => {
  const found = extremes(part({ '2020-03-01': 5, '2020-03-02': 400, '2020-03-03': 101, '2020-03-04': 400 }));
  expect(found?.most.day).toBe('2020-03-02');
  expect(found?.least.day).toBe('2020-03-01');
  expect(extremes(part({ '2020-03-01': 5 }))).toBeNull();
});

test('a curve has gaps where nothing is known, and one point is none', () => {
  const started = metric('meetings_started', part({ '2020-03-01': 7, '2020-03-02': 9 }));
  const attended = metric('meeting_attendees', part({ '2020-03-02': 726 }));
  const [chart] = chartsOf('meetings', [started, attended], (name) => name, 'rate');
  expect(chart?.days).toEqual(['2020-03-01', '2020-03-02']);
  expect(chart?.series.map(({ values }) => values)).toEqual([[7, 9], [null, 726]]);
  expect(chartsOf('activity', [metric('active_members', part({ '2020-03-01': 5 }))], (name) => name, 'rate')).toEqual([]);
});

test('the rate of a form never rounds up to a hundred', () => {
  const expected = metric('reports_expected', part({ '2020-03-03': 15_380, '2020-03-04': 100_000 }, 'health-daily', '学生健康日报'));
  const received = metric('reports_received', part({ '2020-03-03': 15_343, '2020-03-04': 99_999 }, 'health-daily'));
  const charts = chartsOf('own', [expected, received], (name) => name, '上报率');
  expect(charts).toHaveLength(1);
  expect(charts[0]?.series).toEqual([{ name: '学生健康日报', kind: 'line', values: [99.76, 99.99] }]);
});
