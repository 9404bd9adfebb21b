/**
 * Who is signed in.
 *
 * sessionStorage, because the same tab comes back from the checkout page and must still be signed
 * in, while other tabs, a later start of the browser and other sites never see the token. A cookie
 * would need protection against forged requests, local storage would outlive the visit. The token
 * lives 15 minutes and the refresh token is not kept at all: what is not stored cannot be stolen.
 */

const PLACE = "billing.session";

export function remember(username, login) {
  const session = {
    username,
    token: login.access_token,
    expiresAt: Date.now() + login.expires_in * 1000,
  };
  sessionStorage.setItem(PLACE, JSON.stringify(session));
  return session;
}

export function current() {
  try {
    const session = JSON.parse(sessionStorage.getItem(PLACE));
    return session && session.expiresAt > Date.now() ? session : null;
  } catch {
    return null;
  }
}

/** True when somebody was signed in here, even if the token has died since. */
export function wasKnown() {
  return sessionStorage.getItem(PLACE) !== null;
}

export function forget() {
  sessionStorage.removeItem(PLACE);
}
