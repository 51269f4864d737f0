// The token that this tab asks with. None where reads are open; an address that ends in #token=… brings one, and forgets it at once.
// Neighbours: stream.js, panel_player.js, drain.js. Source: docs/tenants.md.

const KEY = "fedge-token"; // this tab only; gone when the tab closes
const BROUGHT = /^#token=(.+)$/;

function take() {
  const brought = BROUGHT.exec(location.hash);
  if (brought) {
    sessionStorage.setItem(KEY, decodeURIComponent(brought[1]));
    history.replaceState(null, "", "#/");
  }
  return brought !== null;
}

take();
addEventListener("hashchange", () => take() && location.reload());

export const token = () => sessionStorage.getItem(KEY);
export const keepToken = (value) => sessionStorage.setItem(KEY, value);
export const forgetToken = () => sessionStorage.removeItem(KEY);

/** A read of the API, as whoever this tab is. */
export function get(path, options = {}) {
  const headers = token() ? { Authorization: `Bearer ${token()}` } : {};
  return fetch(path, { cache: "no-store", headers, ...options });
}
