import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin, Rollup } from 'vite';

type Options = {
  app: 'h5' | 'gate';
  /** Addresses that open without a network. */
  scope: string;
  /** Only what these pages need, by the end of their paths; the whole app where it is left out. */
  pages?: string[];
  /** Files of the public folder that belong to it. */
  extra?: string[];
  /** The worker's name. */
  name?: string;
};

/**
 * Writes a service worker that keeps the built files of an app, or of a few pages of it, so that they open without a
 * network. What it does is in `offline-worker.js`; here it learns the names of the files, which change with their content.
 */
export function offline({ app, scope, pages, extra = [], name = 'worker.js' }: Options): Plugin {
  return {
    name: 'rollcall-offline',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const files = [...new Set(pages ? filesOf(bundle, pages) : everything(bundle))].sort();
        const paths = [`/${app}/`, ...files.map((file) => `/${app}/${file}`), ...extra.map((file) => `/${app}/${file}`)];
        const source = readFileSync(fileURLToPath(new URL('./offline-worker.js', import.meta.url)), 'utf8');
        const index = bundle['index.html'];
        const html = index?.type === 'asset' ? index.source : '';
        const version = createHash('sha256').update(paths.join('\n')).update(html).digest('hex').slice(0, 16);
        const constants = { SCOPE: scope, INDEX: `/${app}/`, CACHE: `${name}-${version}`, FAMILY: `${name}-`, FILES: paths };
        const head = Object.entries(constants).map(([constant, value]) => `const ${constant} = ${JSON.stringify(value)};\n`);
        this.emitFile({ type: 'asset', fileName: name, source: head.join('') + source });
      },
    },
  };
}

const everything = (bundle: Rollup.OutputBundle): string[] => Object.keys(bundle).filter((file) => file.startsWith('assets/') && !file.endsWith('.map'));

/** The entry, these pages, and whatever they import, with their styles. */
function filesOf(bundle: Rollup.OutputBundle, pages: string[]): string[] {
  const chunks = Object.values(bundle).filter((one) => one.type === 'chunk');
  const wanted = chunks.filter((chunk) => chunk.isEntry || pages.some((page) => chunk.moduleIds.some((id) => id.endsWith(page))));
  const found = new Set<string>();
  const take = (file: string) => {
    if (found.has(file)) return;
    found.add(file);
    const chunk = bundle[file];
    if (chunk?.type !== 'chunk') return;
    for (const style of chunk.viteMetadata?.importedCss ?? []) found.add(style);
    chunk.imports.forEach(take);
  };
  for (const chunk of wanted) take(chunk.fileName);
  return [...found];
}
