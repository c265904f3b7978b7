// @ts-check
// After the build: proves of the built files what the pages promise.
//
// - the HTML holds no inline script or style, no script evaluates text, no font is inlined: all of
//   these the content security policy would block;
// - the H5 scripts keep to the syntax and the built-ins of Chrome 80 and iOS 13;
// - the H5 first load is at most 150 KB of compressed JS and CSS.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import ts from 'typescript';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const FIRST_LOAD_LIMIT = 150 * 1024;
/** @type {string[]} */
const faults = [];

for (const app of ['h5', 'admin', 'gate']) {
  const files = filesUnder(join(dist, app));
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    if (file.endsWith('.html')) checkHtml(file, text);
    if (file.endsWith('.css')) checkCss(file, text);
    if (file.endsWith('.js')) checkScript(file, text, app === 'h5');
  }
  const first = firstLoad(app);
  console.log(`${app}: first load ${(first / 1024).toFixed(1)} KB gzip`);
  if (app === 'h5' && first > FIRST_LOAD_LIMIT) faults.push(`h5: first load above ${FIRST_LOAD_LIMIT / 1024} KB`);
}

if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}

/** @param {string} folder @returns {string[]} */
function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

/** @param {string} file @param {string} html */
function checkHtml(file, html) {
  if (/<script(?![^>]*\ssrc=)[^>]*>/.test(html)) faults.push(`${file}: inline script`);
  if (/<style[\s>]/.test(html) || /\sstyle=/.test(html)) faults.push(`${file}: inline style`);
  if (/\son\w+=/.test(html)) faults.push(`${file}: inline event handler`);
}

/** @param {string} file @param {string} css */
function checkCss(file, css) {
  for (const [rule] of css.matchAll(/@font-face\s*\{[^}]*\}/g)) {
    if (/url\(["']?(data|https?):/.test(rule)) faults.push(`${file}: font that font-src 'self' blocks`);
  }
  if (/url\(["']?(https?:)?\/\//.test(css)) faults.push(`${file}: address of another host`);
}

/** @param {string} file @param {string} script @param {boolean} old */
function checkScript(file, script, old) {
  const source = ts.createSourceFile(file, script, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const seen = new Set();
  /** @param {ts.Node} node */
  const visit = (node) => {
    const fault = evaluates(node) ?? (old ? tooNew(node, script) : null);
    if (fault) seen.add(fault);
    ts.forEachChild(node, visit);
  };
  visit(source);
  for (const fault of seen) faults.push(`${file}: ${fault}`);
}

/** @param {ts.Node} node */
function evaluates(node) {
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'eval') return 'eval()';
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Function') return 'new Function()';
  return null;
}

/**
 * What iOS 13.0 or Chrome 80 cannot parse, or does not have.
 * @param {ts.Node} node @param {string} script
 */
function tooNew(node, script) {
  if ('questionDotToken' in node && node.questionDotToken) return 'optional chaining';
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.kind;
    if (operator === ts.SyntaxKind.QuestionQuestionToken) return 'nullish coalescing';
    if (
      operator === ts.SyntaxKind.QuestionQuestionEqualsToken ||
      operator === ts.SyntaxKind.BarBarEqualsToken ||
      operator === ts.SyntaxKind.AmpersandAmpersandEqualsToken
    ) {
      return 'logical assignment';
    }
  }
  if (ts.isPrivateIdentifier(node)) return 'private class member';
  if (ts.isPropertyDeclaration(node)) return 'class field';
  if (ts.isClassStaticBlockDeclaration(node)) return 'static block';
  if (ts.isBigIntLiteral(node)) return 'bigint';
  if (ts.isNumericLiteral(node) && script.slice(node.pos, node.end).includes('_')) return 'numeric separator';
  if (ts.isRegularExpressionLiteral(node) && /\(\?<[=!]/.test(node.text)) return 'lookbehind';
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const name = node.expression.name.text;
    // Vue passes `toSorted` and its like on when they are called; our own code is held to ES2020 by tsconfig.json.
    if (['at', 'replaceAll', 'findLast', 'findLastIndex', 'hasOwn', 'randomUUID', 'withResolvers'].includes(name)) {
      return `.${name}()`;
    }
  }
  if ((ts.isCallExpression(node) || ts.isNewExpression(node)) && ts.isIdentifier(node.expression)) {
    const { text } = node.expression;
    if (['structuredClone', 'WeakRef', 'FinalizationRegistry'].includes(text) && !isLookedFor(node, text)) return text;
  }
  return null;
}

/**
 * Compressed bytes of the scripts and styles that index.html asks for.
 * @param {string} app
 */
function firstLoad(app) {
  const html = readFileSync(join(dist, app, 'index.html'), 'utf8');
  const asked = [...html.matchAll(/(?:src|href)="\/[^/"]+\/([^"]+\.(?:js|css))"/g)].map(([, file]) => file ?? '');
  return asked.reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, app, file)), { level: 9 }).length, 0);
}

/**
 * Whether a built-in is used only where a condition found that there is one: `typeof WeakRef < 'u' ? new WeakRef(…) : …`.
 *
 * @param {ts.Node} node @param {string} name @returns {boolean}
 */
function isLookedFor(node, name) {
  for (let above = node.parent; above && !ts.isFunctionLike(above); above = above.parent) {
    if (!ts.isConditionalExpression(above)) continue;
    let found = false;
    /** @param {ts.Node} part */
    const look = (part) => {
      found ||= ts.isTypeOfExpression(part) && ts.isIdentifier(part.expression) && part.expression.text === name;
      ts.forEachChild(part, look);
    };
    look(above.condition);
    if (found) return true;
  }
  return false;
}
