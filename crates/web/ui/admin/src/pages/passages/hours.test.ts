import { expect, test } from 'vitest';
import { tabulate } from './hours.ts';

const row = (gate: number, hour: number, entered: number, left = 0, refused = 0) => ({ gate, gate_name: `${gate} 号门`, hour, entered, left, refused });

test('hours between the first and the last are there, each gate has a cell of each, and the sums are sums', () => {
  const table = tabulate([row(1, 7, 10, 1), row(2, 9, 3, 4, 5), row(1, 9, 2)]);
  expect(table.hours).toEqual([7, 8, 9]);
  expect(table.gates.map(({ name }) => name)).toEqual(['1 号门', '2 号门']);
  expect(table.gates[0]?.cells).toEqual([
    { entered: 10, left: 1, refused: 0 },
    { entered: 0, left: 0, refused: 0 },
    { entered: 2, left: 0, refused: 0 },
  ]);
  expect(table.sums[2]).toEqual({ entered: 5, left: 4, refused: 5 });
  expect(table.sum).toEqual({ entered: 15, left: 5, refused: 5 });
});

test('a day without a scan is an empty table', () => {
  expect(tabulate([])).toEqual({ hours: [], gates: [], sums: [], sum: { entered: 0, left: 0, refused: 0 } });
});
