/** Errors at the fields they belong to: ours before sending, the server's (422) after. */

import { byId } from "./page.js";
import { texts } from "./texts.js";

export function mark(name, text) {
  const input = byId(name);
  const place = byId(`${name}-error`);
  if (!input || !place) return false;
  place.textContent = text;
  place.hidden = false;
  input.setAttribute("aria-invalid", "true");
  return true;
}

export function unmark(...names) {
  for (const name of names) {
    byId(`${name}-error`).hidden = true;
    byId(name).removeAttribute("aria-invalid");
  }
}

export function focusFirst(...names) {
  const wrong = names.find((name) => byId(name).getAttribute("aria-invalid") === "true");
  if (wrong) byId(wrong).focus();
  return wrong !== undefined;
}

/** Puts the server's complaints at their fields; `words` turns (name, message) into our sentence. */
export function markAll(failure, words) {
  let placed = 0;
  for (const { pointer = "", message = "" } of failure.errors) {
    // A complaint about the whole body may begin with the field's name instead.
    const name = pointer.replace(/^[#/]+/, "").split("/").pop() || message.split(":")[0];
    if (mark(name, words(name, message) ?? texts.fields.invalid)) placed += 1;
  }
  return placed > 0;
}
