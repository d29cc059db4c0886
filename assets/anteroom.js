// Anteroom's own script. Every page works without it; with it, pages answer at once.
// It carries no word of its own: what it says stands in data attributes, from the catalogue.
"use strict";
(() => {
  const doc = document, body = doc.body;
  const one = (what, root = doc) => root.querySelector(what);
  const all = (what, root = doc) => [...root.querySelectorAll(what)];
  // The one door for HTML (Trusted Types): only answers of our own server pass it.
  const policy = window.trustedTypes?.createPolicy("anteroom", { createHTML: text => text }) ?? { createHTML: text => text };
  const page = text => new DOMParser().parseFromString(policy.createHTML(text), "text/html");
  const PAGE = { "x-anteroom-presence": "page" };

  // ---- Toasts -----------------------------------------------------------------------------------
  const toasts = one("#toasts");
  const fade = toast => setTimeout(() => toast.matches(":hover") ? fade(toast) : toast.remove(), 7000);
  // `look`: the classes of a toast, as the server chose them. Only what was done has a check mark.
  function say(text, look = "toast") {
    if (!toasts || !text) return;
    all(".toast", toasts).forEach(old => old.remove());
    const toast = doc.createElement("p");
    toast.className = look;
    toasts.append(toast);
    // A moment later, so that the region is seen to change and is read out.
    setTimeout(() => { toast.textContent = text; }, 30);
    fade(toast);
  }
  const offline = () => say(body.dataset.offline, "toast is-bad");
  const said = toasts && one(".toast", toasts);
  if (said) {
    say(said.textContent, said.className);
    const url = new URL(location.href);
    url.searchParams.delete("done");
    history.replaceState(history.state, "", url);
  }

  // ---- Swapping a part of the page ----------------------------------------------------------------
  // What the reader had open, and where they were, outlives the swap.
  const place = element => element?.id ? `#${CSS.escape(element.id)}`
    : element?.dataset?.dialog ? `[data-dialog="${CSS.escape(element.dataset.dialog)}"]`
    : element?.getAttribute?.("href") ? `[href="${CSS.escape(element.getAttribute("href"))}"]`
    : element?.matches?.("summary[aria-label]") ? `summary[aria-label="${CSS.escape(element.getAttribute("aria-label"))}"]` : null;
  function swap(old, fresh, focusInside, quiet) {
    all("details", old).forEach((details, i) => {
      const twin = all("details", fresh)[i];
      if (twin && !twin.matches(".menu")) twin.open = details.open;
    });
    if (old.isEqualNode(fresh)) return old;
    const held = old.contains(doc.activeElement) && doc.activeElement !== old ? doc.activeElement : null;
    const at = place(held), caret = held?.selectionStart;
    const next = doc.importNode(fresh, true);
    old.replaceWith(next);
    if (held || focusInside) {
      const again = (at && one(at, next)) || (focusInside && one("[data-focus], h1, h2, h3", next)) || (focusInside && next);
      if (again) {
        if (!again.matches("a, button, input, select, textarea, summary, [tabindex]")) again.tabIndex = -1;
        again.focus({ preventScroll: !focusInside });
        try { if (caret != null) again.setSelectionRange(caret, caret); } catch { /* not a text */ }
      }
    }
    if (!quiet) {
      // A mark for the eye, and gone before the next comparison.
      const mine = next.getAttribute("class");
      next.classList.add("is-fresh");
      setTimeout(() => { if (mine === null) next.removeAttribute("class"); else next.className = mine; }, 1300);
    }
    settle(next);
    return next;
  }
  // What stands elsewhere on the page and changes with this part.
  const swapWith = (id, fresh) => all(`[data-with="${CSS.escape(id)}"]`, fresh).forEach(part => {
    const here = doc.getElementById(part.id);
    if (here) swap(here, part, false, true);
  });

  let instantTurn = 0;
  async function send(form, submitter, quiet) {
    const data = new URLSearchParams(new FormData(form, submitter));
    const post = form.method === "post";
    const url = new URL(submitter?.formAction && submitter.hasAttribute("formaction") ? submitter.formAction : form.action, location.href);
    if (!post) url.search = data;
    const turn = ++instantTurn;
    form.classList.add("is-busy");
    try {
      const answer = await fetch(url, post ? { method: "POST", body: data } : {});
      const text = await answer.text();
      if (!post && turn !== instantTurn) return;
      const there = new URL(answer.url);
      if (answer.redirected && there.pathname.endsWith("/sign-in")) return over();
      const fresh = page(text), what = form.dataset.swap;
      const old = one(what), part = one(what, fresh);
      if (answer.ok && old && part) {
        form.closest("dialog")?.close();
        swap(old, part, post, !post);
        swapWith(part.id, fresh);
        const told = one("#toasts .toast", fresh);
        if (told) say(told.textContent, told.className);
        if (!post) history.replaceState(history.state, "", url);
        return;
      }
      // Refused: the same form comes back with what is wrong.
      const again = form.id && one(`#${CSS.escape(form.id)}`, fresh);
      if (answer.status === 422 && again) { swap(form, again, true); return; }
      const main = one("main", fresh);
      if (main) { form.closest("dialog")?.close(); swap(one("main"), main, true); doc.title = fresh.title; return; }
      location.assign(answer.url);
    } catch {
      if (!quiet) offline();
    } finally {
      form.classList.remove("is-busy");
      delete form.dataset.sent;
    }
  }

  function waitFor(form) {
    const line = doc.createElement("p"), bar = doc.createElement("progress");
    line.className = "busy-line muted";
    line.setAttribute("role", "status");
    bar.className = "progress";
    bar.setAttribute("aria-hidden", "true");
    line.append(bar);
    form.append(line);
    // A moment later, so that the region is seen to change and is read out.
    setTimeout(() => { line.append(form.dataset.busy); }, 30);
  }

  doc.addEventListener("submit", event => {
    const form = event.target, submitter = event.submitter;
    if (event.defaultPrevented || form.method === "dialog") return;
    // A double click sends once.
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (navigator.onLine === false) { event.preventDefault(); offline(); return; }
    if (form.dataset.swap) {
      event.preventDefault();
      if (form.method === "post") form.dataset.sent = "1";
      send(form, submitter);
    } else if (form.method === "post") {
      form.dataset.sent = "1";
      // A file goes in parts, by the script of its page.
      if (form.dataset.sends && one("[type=file]", form).files[0]) {
        event.preventDefault();
        form.dispatchEvent(new CustomEvent("anteroom:send", { detail: submitter }));
        return;
      }
      form.classList.add("is-busy");
      if (submitter && body.dataset.busy) submitter.setAttribute("aria-label", body.dataset.busy);
      // What takes long says so, and is sent once however long it takes.
      if (form.dataset.busy) { setTimeout(waitFor, 600, form); return; }
      // Should the answer not come, the form can be sent again.
      setTimeout(() => { delete form.dataset.sent; form.classList.remove("is-busy"); submitter?.removeAttribute("aria-label"); }, 10000);
    }
  });

  // Lists that narrow as one types.
  let typing;
  doc.addEventListener("input", event => {
    const form = event.target.form;
    if (form?.dataset.swap && form.hasAttribute("data-instant")) {
      clearTimeout(typing);
      typing = setTimeout(() => send(form, null, true), event.target.matches("select, [type=checkbox], [type=radio]") ? 0 : 160);
    }
    awake();
  });

  // The search on other pages offers charts while one types; Enter leads to the whole list.
  let offering, offerTurn = 0;
  const offer = async form => {
    const place = one("[data-offers]", form), q = form.elements.q.value.trim(), turn = ++offerTurn;
    const show = links => { place.replaceChildren(...links); place.hidden = links.length === 0; };
    if (q.length < 2) return show([]);
    try {
      const answer = await fetch(`${form.action}?${new URLSearchParams({ q })}`);
      const text = await answer.text();
      if (turn !== offerTurn || !answer.ok || answer.redirected) return;
      show(all("#results tr", page(text)).filter(row => one(".row-link", row)).slice(0, 8).map(row => {
        const item = doc.createElement("li"), link = doc.createElement("a"), found = one(".row-link", row);
        link.href = found.getAttribute("href");
        link.textContent = [found, one(".table-number", row), ...all("br + .muted", row)].map(part => part?.textContent.trim()).filter(Boolean).join(" · ");
        item.append(link);
        return item;
      }));
    } catch { show([]); }
  };
  doc.addEventListener("input", event => {
    const form = event.target.form;
    if (!form?.hasAttribute("data-suggest")) return;
    clearTimeout(offering);
    offering = setTimeout(() => offer(form), 160);
  });
  doc.addEventListener("focusout", event => {
    const form = event.target.closest?.("form[data-suggest]");
    if (form && !form.contains(event.relatedTarget)) one("[data-offers]", form).hidden = true;
  });
  doc.addEventListener("keydown", event => {
    const form = event.key === "Escape" && event.target.closest?.("form[data-suggest]");
    if (form) { one("[data-offers]", form).hidden = true; form.elements.q.focus(); }
  });

  // ---- Clicks --------------------------------------------------------------------------------------
  doc.addEventListener("click", event => {
    const target = event.target.closest?.("button, a, summary, [data-check-all]");
    all("details.menu[open]").forEach(menu => { if (!menu.contains(event.target)) menu.open = false; });
    // The second half of a double click on what opened it closes no dialog.
    if (event.target.matches?.("dialog") && event.detail < 2 && event.target.dataset.keep === undefined && event.target.id !== "session-end") {
      const box = event.target.getBoundingClientRect();
      const outside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
      if (outside) event.target.close();
    }
    if (!target || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const data = target.dataset;
    if (data.dialog) {
      const dialog = doc.getElementById(data.dialog);
      if (dialog?.showModal) {
        event.preventDefault();
        const menu = target.closest("details.menu");
        if (menu) {
          // The entry goes with its menu: the dialog gives the focus back to what stays.
          menu.open = false;
          one("summary", menu).focus({ preventScroll: true });
        }
        dialog.showModal();
        // What takes something away never has the focus first.
        if (doc.activeElement?.matches("button.danger")) one("[data-close]", dialog)?.focus();
      }
    } else if ("close" in data) {
      target.closest("dialog")?.close();
    } else if (data.showPassword) {
      const field = doc.getElementById(data.showPassword), shown = field.type === "password";
      field.type = shown ? "text" : "password";
      target.setAttribute("aria-pressed", shown);
      const words = target.textContent;
      target.textContent = data.hide;
      data.hide = words;
      field.focus();
    } else if (data.copy) {
      const field = doc.getElementById(data.copy);
      field.select();
      // Without the permission the text stands selected, ready for the keys.
      navigator.clipboard?.writeText(field.value).then(() => say(data.said), () => field.focus());
    } else if ("print" in data) {
      window.print();
    } else if ("back" in data) {
      history.back();
    } else if ("stay" in data) {
      ask(true).then(ok => ok && closeWarning());
    } else if (target.matches(".error-summary a[href^='#']")) {
      const field = doc.getElementById(decodeURIComponent(target.hash.slice(1)));
      if (field) {
        event.preventDefault();
        (field.matches("input, select, textarea, [tabindex]") ? field : one("input, select, textarea", field) ?? field).focus();
      }
    }
  });

  // What is typed or ticked belongs to one of the choices above it, and chooses that one.
  doc.addEventListener("input", event => {
    const part = event.target.closest?.("[data-chooses]");
    const is_filled = event.target.type === "checkbox" ? event.target.checked : event.target.value;
    if (part && is_filled) doc.getElementById(part.dataset.chooses).checked = true;
  });

  // Do the lines of a check add up to it? Said as they are typed; whether they do is checked when the form is sent.
  doc.addEventListener("input", event => {
    const form = event.target.closest?.("[data-adds-up]"), said = form && one("[data-difference]", form);
    if (!said) return;
    const money = new Intl.NumberFormat(doc.documentElement.lang, { style: "currency", currency: said.dataset.currency });
    const unit = 10 ** money.resolvedOptions().maximumFractionDigits;
    const read = field => Math.round(Number(field.value.replace(/[$\s,]/g, "").replace("\u2212", "-")) * unit) || 0;
    const lines = [...form.querySelectorAll("input[name=paid]")].reduce((sum, field) => sum + read(field), 0);
    const left = read(form.elements.total) - lines;
    said.textContent = left === 0 ? said.dataset.even : said.dataset.difference.replace("{}", money.format(left / unit));
  });

  // A menu opens upwards where the window ends below it.
  doc.addEventListener("toggle", event => {
    const menu = event.target, items = menu.matches?.("details.menu") && one(".menu-items", menu);
    if (!items) return;
    items.classList.remove("is-up");
    if (!menu.open) return;
    const box = items.getBoundingClientRect(), bar = one(".top")?.getBoundingClientRect().bottom ?? 0;
    if (box.bottom <= innerHeight) return;
    if (menu.getBoundingClientRect().top - bar > box.height) items.classList.add("is-up");
    else items.scrollIntoView({ block: "nearest" });
  }, true);

  // ---- Ticking many --------------------------------------------------------------------------------
  doc.addEventListener("change", event => {
    const box = event.target;
    if (box.dataset.checkAll) all(`input[type=checkbox][name="${CSS.escape(box.dataset.checkAll)}"]`).forEach(b => { b.checked = box.checked; });
    const name = box.dataset.checkAll ?? box.name;
    const boxes = name ? all(`input[type=checkbox][name="${CSS.escape(name)}"]`) : [];
    const lead = name && one(`[data-check-all="${CSS.escape(name)}"]`);
    if (!lead) return;
    const ticked = boxes.filter(b => b.checked).length;
    lead.checked = ticked > 0 && ticked === boxes.length;
    lead.indeterminate = ticked > 0 && ticked < boxes.length;
    all(`[data-checked-count="${CSS.escape(name)}"]`).forEach(place => { place.textContent = ticked; });
  });

  // No more are ticked than can be sent, and whoever is at the limit hears why the others cannot be.
  const limit = part => {
    const boxes = all("input[type=checkbox]", part), isFull = boxes.filter(box => box.checked).length >= Number(part.dataset.mostTicked);
    boxes.forEach(box => { box.disabled = isFull && !box.checked; });
    all("[data-full]", part).forEach(place => { place.textContent = isFull ? place.dataset.full : ""; });
  };
  doc.addEventListener("change", event => {
    const part = event.target.closest("[data-most-ticked]");
    if (part) limit(part);
  });

  // ---- Drafts: what is typed is kept on the server a moment later ------------------------------------
  const waiting = new WeakMap(), saving = new WeakMap();
  async function keepDraft(form) {
    const status = one("[data-draft-status]", form), fields = [...new FormData(form)].filter(([, value]) => typeof value === "string");
    let words = form.dataset.draftNot;
    try {
      const answer = await fetch(form.dataset.draft, { method: "POST", body: new URLSearchParams(fields), headers: { accept: "text/plain" }, keepalive: true });
      if (answer.ok && !answer.redirected) {
        form.elements.revision.value = await answer.text();
        words = form.dataset.draftSaved;
      }
    } catch { /* offline: the words say that nothing is kept */ }
    if (status) status.textContent = words;
  }
  // A file that is chosen goes along with a draft that is saved: the button then sends the form in parts, as Attach does.
  doc.addEventListener("change", ({ target }) => {
    const save = target.type === "file" && target.form && one("button[name=save]", target.form);
    if (!save) return;
    const attach = one("button[formenctype]", target.form), to = target.files.length ? attach.getAttribute("formaction") : target.form.dataset.draft;
    save.setAttribute("formaction", to);
    save.formEnctype = target.files.length ? attach.formEnctype : "application/x-www-form-urlencoded";
  });
  // A form without a draft of its own is kept under a token in the page's address: Back and a reload show what was typed.
  const inAddress = change => {
    const url = new URL(location.href), kept = url.searchParams.getAll("unsent");
    url.searchParams.delete("unsent");
    change(kept).forEach(token => url.searchParams.append("unsent", token));
    history.replaceState(history.state, "", url);
  };
  function tokenOf(form) {
    if (!form.dataset.kept) {
      const bytes = crypto.getRandomValues(new Uint8Array(32));
      const token = btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
      form.dataset.kept = token;
      inAddress(kept => [...kept, token]);
    }
    return form.dataset.kept;
  }
  async function keepTyped(form) {
    const fields = [...new FormData(form)].filter(([, value]) => typeof value === "string");
    try {
      await fetch(form.action, { method: "POST", body: new URLSearchParams(fields), headers: { "x-anteroom-keep": tokenOf(form) }, keepalive: true });
    } catch { /* offline: it stays on the page */ }
  }
  const isKept = form => form?.method === "post" && !form.dataset.swap && !form.closest("dialog") && one("textarea", form) && !one("[type=password]", form);
  const forgetTimer = form => { clearTimeout(waiting.get(form)); waiting.delete(form); };
  function keepNow(form) {
    forgetTimer(form);
    return form.dataset.draft ? keepDraft(form) : keepTyped(form);
  }
  // What was typed last is kept, after what is on its way; whoever waits for it hears when it is.
  function flush(form) {
    forgetTimer(form);
    saving.set(form, (saving.get(form) ?? Promise.resolve()).then(() => keepNow(form)));
    return saving.get(form);
  }
  doc.addEventListener("input", event => {
    const form = event.target.form;
    if (event.target.type === "file" || !(form?.dataset.draft || isKept(form))) return;
    if (!form.dataset.draft) tokenOf(form);
    clearTimeout(waiting.get(form));
    waiting.set(form, setTimeout(flush, 1500, form));
  });
  // A page that is left waits for no answer: what is on its way already is not waited for either.
  addEventListener("pagehide", () => all("form").filter(form => waiting.has(form)).forEach(keepNow));
  // The page in another language keeps what was typed; here that counts for every form without a password.
  const typedInto = new Set();
  doc.addEventListener("input", event => { if (event.target.form) typedInto.add(event.target.form); });
  doc.addEventListener("click", event => {
    const link = event.target.closest?.("a[hreflang][href^='?lang=']"), asked = new URL(location.href).searchParams;
    const forms = all("form").filter(form => form.method === "post" && !form.closest("dialog") && !one("[type=password]", form))
      .filter(form => typedInto.has(form) || form.dataset.kept || asked.has("draft") && (form.dataset.draft || one("textarea", form)));
    if (!link || !forms.length || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    Promise.all(forms.map(keepNow)).then(() => {
      const there = new URL(link.href);
      new URL(location.href).searchParams.getAll("unsent").forEach(token => there.searchParams.append("unsent", token));
      location.assign(there);
    });
  });
  // Before anything else is sent from this page, what was typed into its other forms is kept.
  doc.addEventListener("submit", event => {
    const form = event.target;
    // Nothing is sent then, and what was typed stays under its token.
    if (navigator.onLine === false) return;
    forgetTimer(form);
    const others = all("form").filter(other => other !== form && waiting.has(other));
    if (form.dataset.kept) inAddress(kept => kept.filter(token => token !== form.dataset.kept));
    if (!others.length || form.method === "dialog" || form.dataset.swap) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    Promise.all(others.map(flush)).then(() => form.requestSubmit(event.submitter));
  }, true);

  // ---- Keys ----------------------------------------------------------------------------------------
  doc.addEventListener("keydown", event => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const menu = event.target.closest?.("details.menu[open]");
    if (menu) {
      const items = all(".menu-items a, .menu-items button", menu), at = items.indexOf(doc.activeElement);
      if (event.key === "Escape") { menu.open = false; one("summary", menu).focus(); event.preventDefault(); }
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) { items[(at + step + items.length) % items.length]?.focus(); event.preventDefault(); }
      return;
    }
    // What looks like a button and is a link underneath answers the space bar like one.
    if (event.key === " " && event.target.matches?.("a[role=button]")) { event.target.click(); event.preventDefault(); return; }
    const search = one("[data-shortcut='/']");
    const typed = event.target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !one("dialog[open]") && (!typed || event.target.type === "search")) {
      // A list of offers that was closed is still there, and nothing in it takes the focus.
      const rows = all("[data-rows] tbody th a, .table tbody th a, [data-rows] > li > a").filter(a => a.checkVisibility());
      const at = rows.findIndex(a => a === doc.activeElement || a.closest("tr")?.contains(doc.activeElement));
      const next = at < 0 ? (step > 0 ? rows[0] : null) : rows[at + step] ?? (at === 0 && step < 0 ? one("input[type=search]", one("main")) ?? search : null);
      if (next) { next.focus(); event.preventDefault(); }
      return;
    }
    if (typed) return;
    if (event.key === "/" && search) { search.focus(); search.select(); event.preventDefault(); }
    if (event.key === "?") { const keys = one("#keys"); if (keys && !one("dialog[open]")) { keys.showModal(); event.preventDefault(); } }
  });

  // ---- Password meter ------------------------------------------------------------------------------
  // A hint, not the judge: the server decides.
  function strength(text) {
    const letters = [...text.normalize("NFC")];
    const left = 15 - letters.length;
    if (!letters.length) return [0, 0];
    if (left > 0) return [1, left];
    const unlike = new Set(letters.map(c => c.toLowerCase())).size;
    const runs = letters.filter((c, i) => i && Math.abs(c.codePointAt(0) - letters[i - 1].codePointAt(0)) <= 1).length;
    if (unlike < 7 || runs > letters.length / 2 || /^(.{1,6})\1+$/.test(text)) return [2, 0];
    return [letters.length >= 20 && unlike >= 10 ? 4 : 3, 0];
  }
  doc.addEventListener("input", event => {
    const meter = event.target.dataset.meter && doc.getElementById(event.target.dataset.meter);
    if (!meter) return;
    const [level, left] = strength(event.target.value);
    const words = (body.dataset.meter ?? "").split("|");
    if (level) meter.dataset.level = level; else delete meter.dataset.level;
    meter.textContent = level ? (words[level - 1] ?? "").replace("%", left) : "";
  });

  // ---- The practice's colour, as it is chosen --------------------------------------------------------
  // A first look: the pages themselves darken or lighten it where the contrast needs it.
  doc.addEventListener("input", event => {
    const sample = event.target.type === "color" && one(`[data-accent-of="${CSS.escape(event.target.id)}"]`);
    if (!sample) return;
    const [r, g, b] = [1, 3, 5].map(at => parseInt(event.target.value.slice(at, at + 2), 16));
    sample.style.setProperty("--accent", event.target.value);
    sample.style.setProperty("--on-accent", r * .299 + g * .587 + b * .114 > 150 ? "#000" : "#fff");
  });

  // ---- Somebody has begun to fill a form ---------------------------------------------------------
  // Told once, by the first key; opening a link tells nothing, because scanners open links.
  doc.addEventListener("input", event => {
    const form = event.target.form, seen = form?.dataset.seen;
    if (!seen) return;
    delete form.dataset.seen;
    fetch(seen, { method: "POST", body: new URLSearchParams({ typed: 1 }), keepalive: true }).catch(() => { /* only a note in a timeline */ });
  });

  // ---- The session -----------------------------------------------------------------------------------
  const from = body.dataset.sessionFrom;
  const dialog = one("#session-end");
  let ends = 0, touched = Date.now(), who = null, isOver = false;
  const WARN = 120;
  const left = () => Math.round((ends - Date.now()) / 1000);

  // How does the session stand? `person`: somebody is here, keep it; else only look.
  async function ask(person) {
    if (!from) return false;
    try {
      const answer = await fetch(from, { redirect: "manual", headers: person ? {} : PAGE });
      if (!answer.ok) return false;
      const now = await answer.json();
      if (who && who !== now.who) { location.reload(); return false; }
      who = now.who;
      ends = Date.now() + now.seconds * 1000;
      if (person) touched = Date.now();
      // After a sign-in in another tab the form's token is another one.
      all("input[name=csrf]").forEach(input => { input.value = now.csrf; });
      return now.seconds > 0;
    } catch { return null; }
  }
  function closeWarning() {
    if (isOver) say(body.dataset.done);
    isOver = false;
    body.classList.remove("is-locked");
    dialog?.close();
  }
  function show(when) {
    if (!dialog) return;
    all("[data-when]", dialog).forEach(part => { part.hidden = part.dataset.when !== when; });
    all("[data-close]", dialog).forEach(part => { part.hidden = when === "over"; });
    if (!dialog.open) dialog.showModal();
    // What can be done now has the focus, also when the one before it is gone.
    one(".button:not([hidden])", dialog)?.focus();
  }
  function over() {
    if (!dialog) { location.reload(); return; }
    isOver = true;
    body.classList.add("is-locked");
    show("over");
  }
  doc.addEventListener("anteroom:over", over);
  async function tick() {
    if (isOver || !ends) return;
    const rest = left();
    if (rest <= WARN && rest > 0 && !dialog?.open) {
      // Another tab may have kept the session.
      await ask(false);
      if (left() <= WARN) show("soon");
    }
    if (dialog?.open && !isOver) {
      const now = Math.max(0, left());
      if (now > WARN) { dialog.close(); return; }
      const clock = one("[data-countdown]", dialog);
      if (clock) clock.textContent = `${Math.floor(now / 60)}:${String(now % 60).padStart(2, "0")}`;
    }
    if (left() <= 0) {
      const alive = await ask(false);
      if (alive === false) over();
    }
  }
  // Typing is being here; it keeps the session, now and then.
  function awake() {
    if (from && !isOver && Date.now() - touched > 240000) { touched = Date.now(); ask(true); }
  }
  if (from && dialog && +body.dataset.sessionSeconds > 0) {
    ends = Date.now() + body.dataset.sessionSeconds * 1000;
    dialog.addEventListener("cancel", event => { if (isOver) event.preventDefault(); else ask(true); });
    setInterval(tick, 1000);
    const back = async () => { if (isOver && await ask(true)) closeWarning(); else if (!isOver) tick(); };
    doc.addEventListener("visibilitychange", () => { if (!doc.hidden) back(); });
    window.addEventListener("focus", back);
  }

  // ---- Live sections -----------------------------------------------------------------------------------
  // One connection a section, and only while somebody looks: a browser has few to give.
  // After an error that the server answers, the browser does not try again by itself: so often we do, ever later.
  const lines = new Map(), tries = new Map(), MOST_TRIES = 5;
  async function refresh(section) {
    const busy = () => one("dialog[open], details.menu[open]", section) || section.contains(doc.activeElement) && doc.activeElement.matches("input, textarea, select");
    if (busy()) { section.dataset.stale = "1"; return; }
    try {
      const answer = await fetch(section.dataset.liveFrom, { headers: PAGE });
      if (!answer.ok || answer.redirected) return;
      const news = page(await answer.text());
      const fresh = one(`#${CSS.escape(section.id)}`, news);
      const here = doc.getElementById(section.id);
      if (fresh && here && !busy()) { swap(here, fresh, false); swapWith(section.id, news); }
    } catch { /* the line will come back, or the next click will say so */ }
  }
  function connect() {
    for (const [id, line] of lines) if (doc.hidden || !doc.getElementById(id)?.dataset.live) { line.close(); lines.delete(id); }
    if (doc.hidden) return;
    all("[data-live]").forEach(section => {
      if (lines.has(section.id)) return;
      const line = new EventSource(section.dataset.live);
      lines.set(section.id, line);
      let first = !tries.has(section.id);
      line.addEventListener("open", () => { if (!first) refresh(doc.getElementById(section.id) ?? section); first = false; tries.delete(section.id); });
      line.addEventListener("changed", () => refresh(doc.getElementById(section.id) ?? section));
      line.addEventListener("error", () => {
        if (line.readyState !== EventSource.CLOSED) return;
        lines.delete(section.id);
        const n = tries.get(section.id) ?? 0;
        if (n < MOST_TRIES) { tries.set(section.id, n + 1); setTimeout(connect, 15_000 * 2 ** n); }
      });
    });
  }
  // News that came while somebody was in a dialog or a menu is shown when they have left it.
  for (const left of ["close", "toggle"]) doc.addEventListener(left, event => {
    const section = event.target.closest?.("[data-live]");
    if (section?.dataset.stale && !event.target.open) refresh(section);
  }, true);
  doc.addEventListener("visibilitychange", () => {
    connect();
    if (!doc.hidden) all("[data-live]").forEach(refresh);
  });
  window.addEventListener("pagehide", () => lines.forEach(line => line.close()));

  // ---- A signature that is drawn: lines of points in a field of 600 by 200, whatever the screen ---------------
  function draw(box) {
    const field = doc.getElementById(box.dataset.draw), svg = one("svg", box);
    let lines = field.value ? JSON.parse(field.value) : [];
    const show = () => {
      one("path", svg).setAttribute("d", lines.map(line => "M" + line.join("L")).join(""));
      field.value = lines.length ? JSON.stringify(lines) : "";
    };
    const point = event => {
      const at = svg.getBoundingClientRect();
      const within = (part, most) => Math.max(0, Math.min(most, Math.round(part * most)));
      return [within((event.clientX - at.left) / at.width, 600), within((event.clientY - at.top) / at.height, 200)];
    };
    svg.addEventListener("pointerdown", event => {
      event.preventDefault();
      svg.setPointerCapture(event.pointerId);
      lines.push([point(event)]);
      show();
    });
    svg.addEventListener("pointermove", event => {
      if (!svg.hasPointerCapture(event.pointerId)) return;
      lines.at(-1).push(point(event));
      show();
    });
    one("[data-draw-clear]", box).addEventListener("click", () => { lines = []; show(); });
    show();
  }

  // ---- A page, or a part of it, has arrived --------------------------------------------------------------
  function settle(root) {
    const focus = one("[data-focus]", root);
    if (focus && root === doc) focus.focus();
    all("[data-draw]", root).forEach(draw);
    all("[data-most-ticked]", root).forEach(limit);
    connect();
  }
  window.addEventListener("pageshow", event => {
    // A page from the browser's own memory may be a signed-out one.
    if (event.persisted && from) location.reload();
    all("form[data-sent]").forEach(form => { delete form.dataset.sent; form.classList.remove("is-busy"); });
    all(".busy-line").forEach(line => line.remove());
  });
  window.addEventListener("offline", () => { if (from && !one("form.is-busy")) offline(); });
  settle(doc);
})();
