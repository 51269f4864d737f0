// Where a player's device is, and which consents let whom know that. Neighbour: panel_player.js.
// Source: GET /api/v1/devices/{ue}; a tenant is told a place only if the player's subscriber consented.

import { get } from "./token.js";

/** Asks for one device; null if there is no answer. */
export async function askDevice(id) {
  try {
    const got = await get(`/api/v1/devices/${encodeURIComponent(id)}`);
    return got.ok ? await got.json() : null;
  } catch {
    return null;
  }
}

/** Facts for the panel's grid. */
export function locationFacts(device) {
  if (!device) return [["Location", "not asked yet"]];
  const { place, consents } = device;
  const where = place ? [`${place.latitude.toFixed(5)}, ${place.longitude.toFixed(5)}`, `± ${Math.round(place.radius_m)} m, ${place.age_s} s old`] : "not known, or not consented to";
  return [["Location", where], ["Located by", locatedBy(consents)]];
}

function locatedBy(consents) {
  if (!consents.length) return ["the operator", "network operation; nobody else has consent"];
  const clients = [...new Set(consents.map((one) => one.client))];
  const left = consents.map((one) => `${one.id}: ${one.left_s === null ? "for ever" : days(one.left_s)}${one.purpose ? `, ${one.purpose}` : ""}`);
  return [clients.join(", "), left.join("; ")];
}

const days = (seconds) => (seconds < 172800 ? `${Math.ceil(seconds / 3600)} h left` : `${Math.round(seconds / 86400)} days left`);
