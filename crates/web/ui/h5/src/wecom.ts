import type * as Kit from '@wecom/jssdk';
import { answer } from '#shared/api/client.ts';
import { api } from './api.ts';

/** Whether the page is open inside 企业微信: its client says so itself. */
export const inWecom = (agent: string = navigator.userAgent): boolean => /wxwork/i.test(agent);

/** A place as 企业微信's client gives it, in degrees and metres. */
export type WecomPlace = { latitude: number; longitude: number; accuracy: number };

let ready: Promise<typeof Kit> | null = null;

async function register(): Promise<typeof Kit> {
  const ww = await import('@wecom/jssdk');
  const sign = (kind: 'config' | 'agent') => async (url: string) => {
    const { timestamp, nonceStr, signature } = await answer(api.GET('/api/v1/jssdk', { params: { query: { kind, url } } }));
    return { timestamp, nonceStr, signature };
  };
  const { corpId, agentId } = await answer(api.GET('/api/v1/jssdk', { params: { query: { kind: 'config', url: location.href.split('#')[0] ?? '' } } }));
  ww.register({ corpId, agentId, jsApiList: ['getLocation'], getConfigSignature: sign('config'), getAgentConfigSignature: sign('agent') });
  return ww;
}

/**
 * Asks 企业微信's client where the phone is. Its kit is loaded only here and only when somebody asks; it waits for its own signatures.
 * A failure leaves the next try a fresh one.
 */
export async function wecomPlace(): Promise<WecomPlace> {
  ready ??= register();
  try {
    const ww = await ready;
    const { latitude, longitude, accuracy } = await ww.getLocation({ type: ww.LocationType.wgs84 });
    return { latitude: Number(latitude), longitude: Number(longitude), accuracy: Number(accuracy) };
  } catch (error) {
    ready = null;
    throw error;
  }
}
