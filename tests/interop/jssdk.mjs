// Tencent's own @wecom/jssdk in a real Chromium that names itself 企业微信, on a page of a running Rollcall: the page
// signs in, asks our API for signatures, and gives them to the SDK. The SDK hands them to the client's bridge, of which
// this is a stand-in: it refuses, as the client does, what @wecom/crypto would have signed otherwise.
//
// Run by tests/src/jssdk.rs, which starts the server and says where it is.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { getJsApiSignature } from '@wecom/crypto';
import { chromium } from 'playwright-core';

const { SERVER_URL, SIMULATOR_URL, STUDENT, CORP, AGENT, CONFIG_TICKET, AGENT_TICKET, CHROMIUM } = process.env;
const CLIENT = 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120 Mobile wxwork/4.1.30 MicroMessenger/7.0.1';
const sdk = createRequire(import.meta.url).resolve('@wecom/jssdk/dist/wecom.global.prod.js');

let page;
/** Whose signature a call carries: that of the last configuration. */
let ticket;

const fits = (ticket, nonceStr, timestamp, signature) =>
  getJsApiSignature({ ticket, nonceStr, timestamp, url: page.url().split('#')[0] }).signature === signature;

/** What the client answers, in its own spelling. */
function bridge(name, params) {
  let genuine;
  if (name === 'agentConfig') {
    ticket = AGENT_TICKET;
    const { corpid, agentid, nonceStr, timestamp, signature } = params;
    genuine = corpid === CORP && agentid === AGENT && fits(ticket, nonceStr, timestamp, signature);
  } else {
    if (name === 'preVerifyJSAPI') ticket = CONFIG_TICKET;
    const { verifyAppId, verifyNonceStr, verifyTimestamp, verifySignature } = params;
    genuine = verifyAppId === CORP && fits(ticket, verifyNonceStr, verifyTimestamp, verifySignature);
  }
  return { err_msg: genuine ? `${name}:ok` : `${name}:fail_invalid signature` };
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
const context = await browser.newContext({ userAgent: CLIENT });
page = await context.newPage();
await page.exposeFunction('client', bridge);
await page.addInitScript({
  content: `window.WeixinJSBridge = {
    invoke: (name, params, done) => client(name, params).then(done),
    on: () => {},
  };
  ${readFileSync(sdk, 'utf8')}
  window.ww = ww;`,
});

await page.goto(`${SIMULATOR_URL}/choose?userid=${STUDENT}`);
await page.goto(`${SERVER_URL}/auth/start?to=/h5/`);
await page.waitForURL(`${SERVER_URL}/h5/**`);

/** What the SDK makes of a page's signatures: `ok`, or its reason. */
const tryOut = (path, spoil) =>
  page.evaluate(async ([path, spoil]) => {
    history.pushState(null, '', path);
    const sign = (kind) => async (url) => {
      const reply = await fetch(`/api/v1/jssdk?${new URLSearchParams({ kind: spoil === 'kind' ? 'config' : kind, url })}`);
      if (!reply.ok) throw new Error(`GET /jssdk: ${reply.status}`);
      const signed = await reply.json();
      return spoil === 'nonce' ? { ...signed, nonceStr: `${signed.nonceStr}x` } : signed;
    };
    const { corpId, agentId } = await sign('config')(location.href.split('#')[0]);
    const outcome = (promise) => promise.then(() => 'ok', (error) => error.errMsg ?? String(error));
    const app = { corpId, agentId, jsApiList: ['getContext'], getConfigSignature: sign('config') };
    // One after the other: with both at once the SDK may send the second's signature with the first.
    ww.register(app);
    const config = await outcome(ww.ensureCorpConfigReady());
    const call = await outcome(ww.getContext());
    ww.register({ ...app, getAgentConfigSignature: sign('agent') });
    const agentConfig = await outcome(ww.ensureAgentConfigReady());
    const agentCall = await outcome(ww.getContext());
    return [config, call, agentConfig, agentCall];
  }, [path, spoil]);

const all = ['ok', 'ok', 'ok', 'ok'];
const [noConfig, noAgentConfig] = ['preVerifyJSAPI:invalid signature', 'agentConfig:invalid signature'];
const expected = [
  ['/h5/', undefined, all],
  ['/h5/?from=%E5%B7%A5%E4%BD%9C%E5%8F%B0&a=1+2', undefined, all],
  ['/h5/forms/health-daily#history', undefined, all],
  // That the stand-in can refuse: a signature by the wrong ticket, and for another nonce.
  ['/h5/spoilt-ticket', 'kind', ['ok', 'ok', noAgentConfig, noAgentConfig]],
  ['/h5/spoilt-nonce', 'nonce', [noConfig, noConfig, noAgentConfig, noAgentConfig]],
];
let failures = 0;
for (const [path, spoil, wanted] of expected) {
  const found = await tryOut(path, spoil);
  wanted.forEach((step, at) => {
    if (found[at] === step) return;
    failures += 1;
    console.error(`${path}, step ${at + 1}: ${found[at]} instead of ${step}`);
  });
}
await browser.close();
const steps = expected.length * all.length;
console.log(`@wecom/jssdk in Chromium: ${steps - failures} of ${steps} steps as the client answers them`);
process.exitCode = failures ? 1 : 0;
