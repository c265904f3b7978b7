// What may be wrong with a page, as a list of sentences.

import axe from 'axe-core';

/** Chinese names that are examples. */
const EXAMPLE = /^For example /;
const CHINESE = /[\u3400-\u9fff\uff08\uff09]/;

export async function look(person, language, { axe: accessible = false }) {
  const { page } = person;
  const seen = await page.evaluate(inspect);
  const found = person.complaints.splice(0).map((complaint) => `the browser complains: ${complaint}`);
  if (!seen.heading) found.push('no heading');
  for (const alert of seen.alerts) found.push(`says that something is wrong: ${alert}`);
  if (seen.overflow.length > 0) found.push(`wider than the window: ${seen.overflow.join(' ')}`);
  for (const notice of seen.bare) found.push(`nothing there, and not what would be: ${notice}`);
  for (const text of seen.texts) {
    if (/^[a-z][a-z_-]*(\.[a-z0-9_-]+)+$/.test(text) && !person.said.has(text)) found.push(`a key: ${text}`);
    if (/^[a-z]+(_[a-z]+)+$/.test(text)) found.push(`the server's word: ${text}`);
    if (/\{\w+\}/.test(text)) found.push(`a place nothing was put in: ${text}`);
    if (/\b(undefined|null|NaN)\b/.test(text)) found.push(`a value that is none: ${text}`);
  }
  if (language === 'en') {
    for (const text of seen.foreign) if (CHINESE.test(withoutData(text, person)) && !EXAMPLE.test(text)) found.push(`Chinese: ${text}`);
  }
  if (accessible) found.push(...(await violations(page)));
  return found;
}

async function violations(page) {
  // The page's own policy forbids strange scripts, so axe comes in by the debugger.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'], resultTypes: ['violations'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} (${nodes.length})`);
}

/** What is left of a text without what the server said. */
function withoutData(text, { said }) {
  const inside = [...said].filter((data) => data.length > 0 && CHINESE.test(data) && text.includes(data));
  inside.sort((one, other) => other.length - one.length);
  return inside.reduce((rest, data) => rest.replaceAll(data, ''), text);
}

/** Runs in the page. */
function inspect() {
  const visible = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const words = (element) => element.textContent.replace(/\s+/g, ' ').trim();
  const texts = [];
  const foreign = [];
  const note = (text, element) => {
    const plain = text.replace(/\s+/g, ' ').trim();
    if (plain === '') return;
    // What is typed in, and what may be typed, is nobody's sentence.
    if (!element.closest('code, textarea')) texts.push(plain);
    if (!element.closest('[lang^="zh"]')) foreign.push(plain);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent && !parent.closest('script, style, noscript')) note(walker.currentNode.data, parent);
  }
  for (const name of ['aria-label', 'placeholder', 'title', 'alt', 'label']) {
    for (const element of document.querySelectorAll(`[${name}]`)) note(element.getAttribute(name), element);
  }
  note(document.title, document.body);

  const { scrollWidth, clientWidth } = document.documentElement;
  const beyond = (element) => element.getBoundingClientRect().right > clientWidth + 1 && visible(element);
  const overflow = scrollWidth > clientWidth ? [...document.querySelectorAll('body *')].filter(beyond).slice(-3) : [];
  const alerts = [...document.querySelectorAll('[role="alert"], .el-message--error, .van-toast--fail')].filter((alert) => visible(alert) && words(alert) !== '' && !alert.hasAttribute('data-flaw'));
  const notices = [...document.querySelectorAll('.empty')].filter((notice) => visible(notice) && !notice.querySelector('.help'));
  return {
    heading: [...document.querySelectorAll('h1')].some((heading) => words(heading) !== ''),
    alerts: alerts.map(words),
    bare: notices.map(words),
    overflow: scrollWidth > clientWidth ? [`${scrollWidth} > ${clientWidth}`, ...overflow.map((element) => `<${element.tagName.toLowerCase()} class="${element.className}">`)] : [],
    texts: [...new Set(texts)],
    foreign: [...new Set(foreign)],
  };
}
