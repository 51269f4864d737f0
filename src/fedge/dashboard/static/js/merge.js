// JSON merge patch (RFC 7396) without mutation: untouched branches are shared, so a kept picture costs only what changed.
// Neighbour: stream.js. A null in a patch deletes the key, so absent and null mean the same everywhere on this page.

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** `target` with `patch` applied; neither is changed. */
export function mergePatch(target, patch) {
  if (!isObject(patch)) return patch;
  const out = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = isObject(value) ? mergePatch(out[key], value) : value;
  }
  return out;
}
