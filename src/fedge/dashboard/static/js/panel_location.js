// Where a player's device is, and which consents let whom know that. Neighbour: panel_player.js.
// Source: GET /api/v1/devices/{ue}; a tenant is told a place only if the player's subscriber consented.

import { h } from "./dom.js";
import { get } from "./token.js";
import { left } from "./words.js";

/** Asks for one device; null if there is no answer. */
export async function askDevice(id) {
  try {
    const got = await get(`/api/v1/devices/${encodeURIComponent(id)}`);
    return got.ok ? await got.json() : null;
  } catch {
    return null;
  }
}

/** Facts for the panel's grid. A replayed picture has no location: it is asked live. */
export function locationFacts(device, live) {
  if (!live) return [["Location", ["not shown", "it is asked live, and no part of a replayed picture"], "wide"]];
  if (!device) return [["Location", "not asked yet", "wide"]];
  const { place, consents } = device;
  const where = place ? [`${place.latitude.toFixed(5)}, ${place.longitude.toFixed(5)}`, `± ${Math.round(place.radius_m)} m, ${place.age_s} s old`]
    : ["not shown", "not known, or its subscriber has not consented"];
  return [["Location", where, "wide"], ["Who may locate it", whoMay(consents), "wide"]];
}

const WHAT = { "location-retrieval": "place", "location-verification": "verification", "geofencing-subscriptions": "geofences" };

/** Scopes in words, each kind once. */
const what = (scopes) => [...new Set(scopes.map((scope) => WHAT[scope.split(":")[0]] ?? scope))].join(", ");

function whoMay(consents) {
  if (!consents.length) return h("small", {}, "The operator, to run its network. Its subscriber has given no consent.");
  return h("ul", {}, consents.map((one) => h("li", { title: one.scopes.join(" ") }, h("b", {}, one.client), " ",
    h("small", {}, `${what(one.scopes)} for ${one.purpose || "any purpose"}, ${one.left_s === null ? "for ever" : left(one.left_s)} (${one.id}, given by ${one.by})`))));
}
