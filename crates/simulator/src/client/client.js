// What the pages can't do by themselves: open the app in a window of a phone's size, and notice new messages.
"use strict";

const WIDE = 700; // CSS pixels from which the client lies on a bench, as in the style sheet
const LOOK_EVERY = 3000; // milliseconds

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-window]");
  if (!link || innerWidth < WIDE || event.ctrlKey || event.metaKey) return;
  // A window of its own for each person would still share their cookies, so one serves all.
  if (window.open(link.href, "app", "popup,width=412,height=860")) event.preventDefault();
});

const phone = document.querySelector(".phone");
if (phone) {
  document.querySelector(".conversation > :last-child")?.scrollIntoView();
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch("/client/unread").catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const { unread } = await answer.json();
    if (String(unread) !== phone.dataset.unread) location.reload();
  }, LOOK_EVERY);
}
