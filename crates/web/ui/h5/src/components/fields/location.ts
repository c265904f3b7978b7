/** Where the phone says it is, as an answer. */
export type Claim = { latitude: number; longitude: number; accuracy: number; source: 'browser' | 'wecom'; at: string };

/** Why there is none: this browser has none, the person said no, or it can't be found out here. */
export type Refused = 'missing' | 'denied' | 'unknown';

const PATIENCE = 15_000;
/** Two digits of a degree are about a kilometre. */
const COARSE = 100;

/** Asks the browser, which asks the person. Not precise, the place leaves the phone rounded. */
export function askLocation(precise: boolean, geolocation: Geolocation | null = navigator.geolocation ?? null): Promise<Claim | Refused> {
  return new Promise((resolve) => {
    if (!geolocation) {
      resolve('missing');
      return;
    }
    geolocation.getCurrentPosition(
      ({ coords, timestamp }) => {
        const kept = (degrees: number) => (precise ? degrees : Math.round(degrees * COARSE) / COARSE);
        resolve({
          latitude: kept(coords.latitude),
          longitude: kept(coords.longitude),
          accuracy: Math.min(Math.round(coords.accuracy), 1_000_000),
          source: 'browser',
          at: new Date(timestamp).toISOString(),
        });
      },
      (error) => resolve(error.code === error.PERMISSION_DENIED ? 'denied' : 'unknown'),
      { enableHighAccuracy: precise, timeout: PATIENCE, maximumAge: 60_000 },
    );
  });
}
