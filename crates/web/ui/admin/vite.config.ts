import { defineConfig } from 'vite';
import { appConfig } from '../vite.shared.ts';

export default defineConfig(appConfig('admin', ['chrome88', 'safari14', 'firefox90']));
