/** Logging in and registering: one form, the address says which (#login, #register). */

import { call, Failure } from "./api.js";
import { focusFirst, mark, markAll, unmark } from "./fields.js";
import { byId, clearNotice, guarded, notice, noticeFailure, say, sayWait, show } from "./page.js";
import { remember } from "./session.js";
import { texts } from "./texts.js";

const NAMES = ["username", "email", "password"];
const SHORTEST_PASSWORD = 8;

let enter = () => {};

export function startGate(onEnter) {
  enter = onEnter;
  byId("gate-form").addEventListener("submit", guarded(byId("gate-submit"), submit));
  addEventListener("hashchange", () => {
    if (!byId("guest").hidden) setMode();
  });
}

export function showGate() {
  setMode();
  byId("password").value = "";
  show("guest");
}

const registering = () => location.hash === "#register";

function setMode() {
  const mode = registering() ? "register" : "login";
  byId("guest-mode").textContent = texts[`${mode}Title`];
  byId("gate-submit").textContent = texts[mode];
  byId("password").autocomplete = registering() ? "new-password" : "current-password";
  document.querySelector('[data-field="email"]').hidden = !registering();
  byId("password-hint").hidden = !registering();
  for (const tab of document.querySelectorAll(".tabs a")) {
    if (tab.dataset.mode === mode) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  unmark(...NAMES);
}

async function submit() {
  clearNotice();
  const filled = checked();
  if (!filled) return;
  say(texts.sending);
  try {
    if (registering()) await register(filled);
    await login(filled);
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    say("");
    refuse(failure);
  }
}

function checked() {
  unmark(...NAMES);
  const filled = {
    username: byId("username").value.trim(),
    email: byId("email").value.trim(),
    password: byId("password").value,
  };
  for (const name of registering() ? NAMES : ["username", "password"]) {
    if (!filled[name]) mark(name, texts.fields.required);
  }
  if (registering()) {
    if (filled.email && !byId("email").validity.valid) mark("email", texts.fields.email);
    const length = [...filled.password].length;
    if (length > 0 && length < SHORTEST_PASSWORD) mark("password", texts.fields.short);
  }
  return focusFirst(...NAMES) ? null : filled;
}

async function register({ username, email, password }) {
  const body = { username, email, password };
  await call("POST", "/auth/api/v1/registration", { body, onWait: sayWait });
  // From here on the account exists: should the log-in fail, the next press must only log in.
  history.replaceState(null, "", "#login");
  setMode();
}

async function login({ username, password }) {
  const body = { username, password };
  const { data } = await call("POST", "/auth/api/v1/login", { body, onWait: sayWait });
  remember(username, data);
  byId("password").value = "";
  say("");
  enter();
}

function refuse(failure) {
  if (failure.status === 401) {
    notice(texts.codes.invalid_credentials);
    byId("password").select();
    byId("password").focus();
    return;
  }
  const taken = { username_taken: "username", email_taken: "email" }[failure.code];
  if (taken) mark(taken, texts.codes[failure.code]);
  const placed = taken || markAll(failure, sentence);
  if (!placed) noticeFailure(failure);
  focusFirst(...NAMES);
}

function sentence(name) {
  return { username: texts.fields.username, email: texts.fields.email, password: texts.fields.common }[name];
}
