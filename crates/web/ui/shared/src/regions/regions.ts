/**
 * 行政区划: provinces, cities and counties by their six-digit codes. The names are the same as the server's
 * (fixtures/regions.txt); they come in a part of their own, which is fetched when the first region is shown.
 */
export type Regions = ReadonlyMap<string, string>;
export type Region = { code: string; name: string };

let fetched: Promise<Regions> | null = null;

/** All names. A fetch that failed is tried again at the next call. */
export function loadRegions(): Promise<Regions> {
  fetched ??= import('@vant/area-data').then(
    ({ areaList: { province_list, city_list, county_list } }) =>
      new Map([...Object.entries(province_list), ...Object.entries(city_list), ...Object.entries(county_list)]),
  );
  fetched.catch(() => (fetched = null));
  return fetched;
}

/** The whole way down: `410105` is 河南省郑州市金水区, `110101` 北京市东城区. An unknown code is given back. */
export function regionPath(regions: Regions, code: string): string {
  return regionParts(regions, code).join('') || code;
}

/** The same, part by part. */
export function regionParts(regions: Regions, code: string): string[] {
  const parts: string[] = [];
  for (const [digits, zeros] of [[2, '0000'], [4, '00'], [6, '']] as const) {
    const part = code.length >= digits ? regions.get(code.slice(0, digits) + zeros) : undefined;
    // Municipalities name themselves twice, and counties without a city stand under a makeshift one.
    if (part !== undefined && part !== parts[parts.length - 1] && !part.includes('直辖县')) parts.push(part);
  }
  return parts;
}

export function isCounty(regions: Regions, code: string): boolean {
  return regions.has(code) && !code.endsWith('00');
}

/** What lies directly under a region; of nothing, the provinces. In the order of their codes. */
export function regionsUnder(regions: Regions, code: string | null): Region[] {
  const level = code === null ? /^\d\d0000$/ : code.endsWith('0000') ? /^\d{4}00$/ : /^\d{6}$/;
  const within = code === null ? '' : code.slice(0, code.endsWith('0000') ? 2 : 4);
  const found: Region[] = [];
  for (const [one, name] of regions) if (one !== code && one.startsWith(within) && level.test(one)) found.push({ code: one, name });
  return found.sort((one, other) => (one.code < other.code ? -1 : 1));
}
