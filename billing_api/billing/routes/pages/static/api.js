/** The one place that talks to the server: time limits, Retry-After, repeats, problem+json. */

import { sleep } from "./pauses.js";

const TIME_LIMIT = 20_000;
const LONGEST_WAIT = 30;
const REPEATS = 4;
const PASSING = new Set([502, 503, 504]);

/** What went wrong, by the server's stable `code` or by our own: network, timeout. */
export class Failure extends Error {
  constructor(status, problem = {}, retryAfter = null) {
    super(problem.detail ?? problem.code ?? String(status));
    this.status = status;
    this.code = problem.code ?? null;
    this.detail = typeof problem.detail === "string" ? problem.detail : null;
    this.errors = Array.isArray(problem.errors) ? problem.errors : [];
    this.request = problem.instance ?? null;
    this.retryAfter = retryAfter;
  }

  /** The server may have done the work: asking again is safe only with the same key. */
  get unsure() {
    return this.status === 0 || this.status >= 500;
  }
}

/**
 * Calls the server until it answers for good.
 *
 * 429 was not processed, so it is repeated for every method once Retry-After has passed. A lost
 * answer is repeated for GET, and for POST only where an idempotency key makes it harmless.
 */
export async function call(method, url, options = {}) {
  const harmless = method === "GET" || options.key !== undefined;
  for (let tried = 0; ; tried += 1) {
    try {
      return await once(method, url, options);
    } catch (failure) {
      if (!(failure instanceof Failure) || tried >= REPEATS) throw failure;
      const seconds = pauseBefore(failure, harmless, tried);
      if (seconds === null) throw failure;
      options.onWait?.(seconds);
      await sleep(seconds);
      options.onWait?.(0);
    }
  }
}

function pauseBefore(failure, harmless, tried) {
  if (failure.status === 429) return Math.min(failure.retryAfter ?? 1, LONGEST_WAIT);
  const passing = PASSING.has(failure.status) || failure.code === "network";
  if (passing && harmless && tried < 2) return Math.min(failure.retryAfter ?? tried + 1, 5);
  return null;
}

async function once(method, url, { token, body, key }) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  let content;
  try {
    answer = await fetch(url, {
      method,
      headers,
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(TIME_LIMIT),
      cache: "no-store",
    });
    content = await answer.text();
  } catch (error) {
    throw new Failure(0, { code: error.name === "TimeoutError" ? "timeout" : "network" });
  }
  const data = parsed(content);
  const retryAfter = seconds(answer.headers.get("Retry-After"));
  if (!answer.ok || data === null) throw new Failure(answer.status, data ?? {}, retryAfter);
  return { status: answer.status, data, retryAfter };
}

function parsed(content) {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}

function seconds(header) {
  return header !== null && /^\d+$/.test(header) ? Math.max(1, Number(header)) : null;
}
