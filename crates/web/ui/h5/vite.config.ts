import { defineConfig } from 'vite';
import { appConfig } from '../vite.shared.ts';

// Android WebView of Chrome 80, iOS 13.
export default defineConfig(appConfig('h5', ['chrome80', 'safari13']));
