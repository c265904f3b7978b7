// What the pages' sources say there is: so that nothing is left out of the table.

import { readFileSync, readdirSync } from 'node:fs';

const UI = new URL('../../../crates/web/ui/', import.meta.url);
const read = (path) => readFileSync(new URL(path, UI), 'utf8');

/** The names of an app's routes. */
export function routesOf(app) {
  const written = read(`${app}/src/router/index.ts`);
  const named = [...written.matchAll(/\bpath: '[^']*',\s*name: '([^']+)'/g)].map(([, name]) => name);
  if (named.length !== [...written.matchAll(/\bpath: '/g)].length) throw new Error(`a route of ${app} has no name beside its path`);
  return named;
}

/** Where an app's pages fetch lists page by page, as the API document writes it: `/people/{id}/phones`. */
export function listsOf(app) {
  const folder = new URL(`${app}/src/`, UI);
  const files = readdirSync(folder, { recursive: true }).filter((file) => /\.(vue|ts)$/.test(file) && !file.endsWith('.test.ts'));
  const asked = files.flatMap((file) => {
    const lists = readFileSync(new URL(file, folder), 'utf8').split(/usePages\(/).slice(1);
    return lists.flatMap((list) => list.slice(0, 400).match(/api\.GET\(\s*'\/api\/v1([^']+)'/)?.[1] ?? []);
  });
  return [...new Set(asked)];
}
