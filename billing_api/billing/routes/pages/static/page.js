/** What the page's parts share: one section shown at a time, messages, busy buttons. */

import { explain, fill, texts } from "./texts.js";

export const byId = (id) => document.getElementById(id);

const SECTIONS = ["guest", "account", "waiting"];

/** Shows one section and moves the focus to its title, so that a screen reader follows. */
export function show(name) {
  const changed = byId(name).hidden;
  for (const section of SECTIONS) byId(section).hidden = section !== name;
  if (changed) byId(name).querySelector("h1").focus({ preventScroll: true });
}

export function notice(text, { calm = false, trace = null } = {}) {
  const box = byId("notice");
  box.classList.toggle("calm", calm);
  box.replaceChildren(text);
  if (trace) {
    const line = document.createElement("span");
    line.className = "trace";
    line.textContent = fill(texts.trace, trace.replace("urn:request:", ""));
    box.append(line);
  }
  box.hidden = false;
}

export function noticeFailure(failure) {
  const unplaced = failure.status === 422 ? failure.detail : null;
  notice(unplaced ?? explain(failure), { trace: failure.status >= 500 ? failure.request : null });
}

export function clearNotice() {
  byId("notice").hidden = true;
  say("");
}

/** A quiet line that screen readers announce. */
export function say(text) {
  byId("status").textContent = text;
}

/** How long until the next try, in seconds; 0 when the waiting is over. */
export const sayWait = (seconds) => say(seconds ? fill(texts.wait, seconds) : "");

/** Runs `work` once at a time: a second press while it runs does nothing. */
export function guarded(button, work) {
  let running = false;
  return async (event) => {
    event?.preventDefault();
    if (running) return;
    running = true;
    button.setAttribute("aria-disabled", "true");
    try {
      await work();
    } finally {
      running = false;
      button.removeAttribute("aria-disabled");
    }
  };
}
