import { defineConfig } from 'vite';
import { offline } from '../vite.offline.ts';
import { appConfig } from '../vite.shared.ts';

// Android WebView of Chrome 80, iOS 13.
const config = appConfig('h5', ['chrome80', 'safari13']);
// The code one shows at a gate opens without a network.
const code = offline({ app: 'h5', scope: '/h5/gate-code', pages: ['/pages/gate-codes/GateCodePage.vue', '/h5/src/locale/en.ts'], name: 'gate-code-worker.js' });

export default defineConfig({ ...config, plugins: [...(config.plugins ?? []), code] });
