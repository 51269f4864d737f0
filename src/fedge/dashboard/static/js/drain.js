// The drain dialog: says how many sessions will move, asks for the token once, then says until when.
// Neighbours: panel_site.js. Source: GET /api/v1/sites/{site}, POST /api/v1/sites/{site}/drain.

import { h } from "./dom.js";
import { liveView } from "./pictures.js";
import { problem } from "./stream.js";
import { forgetToken, get, keepToken, token } from "./token.js";
import { lasting, plural, siteName } from "./words.js";

const dialog = document.getElementById("drain");

/** Opens the dialog for a site of the live picture. */
export async function openDrain(id) {
  const view = liveView();
  const name = siteName(view, id);
  const ask = h("p", { data_testid: "drain-question" }, `${plural(view.sites[id].sessions, "session")} will move to other sites.`);
  const note = h("p", { class: "note" }, `${name} takes no new session from now on. Each session is warmed at its new site first; players keep playing.`);
  const input = h("input", { type: "password", autocomplete: "off", spellcheck: "false", data_testid: "drain-token" });
  const known = token();
  const field = h("label", {}, "Token (from the file that `fedge up` names; kept for this tab only)", input);
  field.hidden = Boolean(known);
  const error = h("p", { class: "error", role: "alert" });
  const confirm = h("button", { type: "submit", class: "danger", data_testid: "drain-confirm" }, `Drain ${name}`);
  const cancel = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const actions = h("div", { class: "actions" }, cancel, confirm);
  const form = h("form", { method: "dialog" }, h("h2", { id: "drain-title" }, `Drain ${name}?`), ask, note, field, error, actions);
  dialog.replaceChildren(form);
  dialog.showModal();
  (known ? cancel : input).focus();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    confirm.disabled = true;
    error.textContent = "";
    const value = input.value.trim() || known || "";
    try {
      const answer = await fetch(`/api/v1/sites/${encodeURIComponent(id)}/drain`, { method: "POST", headers: { Authorization: `Bearer ${value}` } });
      if (!answer.ok) {
        const { code, message } = await problem(answer);
        if (answer.status === 401 || answer.status === 403) {
          if (answer.status === 401) forgetToken(); // 403: a tenant's, which still reads
          field.hidden = false;
          input.focus();
        }
        error.textContent = `Refused: ${message} (${code})`;
        confirm.disabled = false;
        return;
      }
      keepToken(value);
      done(name, await answer.json());
    } catch {
      error.textContent = "The platform does not answer. Nothing is known to have changed.";
      confirm.disabled = false;
    }
  });
  try {
    const site = await (await get(`/api/v1/sites/${encodeURIComponent(id)}`)).json();
    if (Array.isArray(site.sessions_list)) ask.textContent = `${plural(site.sessions_list.length, "session")} will move to other sites.`;
  } catch {
    // the count from the picture stays
  }
}

/** `deadline_ms` is a moment of the run when it lies ahead of its clock. */
function done(name, { sessions, deadline_ms }) {
  const left_ms = Math.max(0, deadline_ms - liveView().at_ms);
  const until = new Date(Date.now() + left_ms).toLocaleTimeString([], { hourCycle: "h23" });
  const close = h("button", { type: "button", onclick: () => dialog.close() }, "Done");
  dialog.replaceChildren(h("h2", { id: "drain-title" }, `${name} is draining`),
    h("p", { data_testid: "drain-done" }, `${plural(sessions, "session")} will move until ${until}, within ${lasting(left_ms)}. Watch them leave on the map.`), h("div", { class: "actions" }, close));
  close.focus();
}
