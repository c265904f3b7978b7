import { defineConfig } from 'vite';
import { appConfig } from '../vite.shared.ts';
import { offline } from '../vite.offline.ts';

const config = appConfig('gate', ['chrome88', 'safari14', 'firefox90']);

// It opens without a network: at a gate somebody always stands and waits.
export default defineConfig({ ...config, plugins: [...(config.plugins ?? []), offline({ app: 'gate', scope: '/gate/', extra: ['icon.svg', 'gate.webmanifest'] })] });
