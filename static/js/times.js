// <time datetime data-relative>: "2 hours ago" stays true while the page stands open.
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const lang = document.documentElement.lang || "en";
const said = new Intl.RelativeTimeFormat(lang, { numeric: "always" });
const now = new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(0, "second");

function refresh() {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const seconds = (Date.parse(element.dateTime) - Date.now()) / 1000;
    if (Number.isNaN(seconds)) continue;
    const step = STEPS.find(([, length]) => Math.abs(seconds) >= length);
    element.textContent = step ? said.format(Math.trunc(seconds / step[1]), step[0]) : now;
  }
}

refresh();
setInterval(refresh, 60_000);
document.addEventListener("htmx:afterSwap", refresh);

// <span data-yours="time" data-words="your time" hidden>: the same moment on this computer's clock, where it differs.
for (const element of document.querySelectorAll("[data-yours]")) {
  const when = new Date(element.dataset.yours);
  const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  const there = element.parentElement.textContent;
  const here = clock.format(when);
  if (there.includes(here.slice(0, 5))) continue;
  element.textContent = ` (${element.dataset.words} ${here})`;
  element.hidden = false;
}
