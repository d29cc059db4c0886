// Sends the file of a form in numbered parts: one that was cut off goes on where it stopped. Without it, or without any
// script, the form brings its file itself. It carries no word of its own.
"use strict";
(() => {
  const doc = document;
  const one = (what, root = doc) => root.querySelector(what);
  const pause = time => new Promise(done => setTimeout(done, time));
  class NotSent extends Error {}
  class Over extends Error {}
  const stay = event => event.preventDefault();
  // The page's own word for this file: a browser that is opened again finds what has arrived.
  const wordOf = file => `part:${file.size}:${file.lastModified}`;
  function markOf(file, fresh) {
    let mark = null;
    try { mark = fresh ? null : localStorage.getItem(wordOf(file)); } catch { /* nothing is kept here */ }
    mark ??= [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, "0")).join("");
    try { localStorage.setItem(wordOf(file), mark); } catch { /* then it goes on only as long as this page is open */ }
    return mark;
  }
  async function call(to, options, cut) {
    for (let tries = 0; ; tries += 1) {
      let answer = null;
      try { answer = await fetch(to, options); } catch { /* no connection */ }
      if (answer?.redirected) { doc.dispatchEvent(new Event("anteroom:over")); throw new NotSent(); }
      if (answer && answer.status < 500) return answer;
      if (tries === 12) throw new NotSent();
      cut();
      await pause(Math.min(500 * 2 ** tries, 10000));
    }
  }
  async function why(answer) {
    if ([404, 409, 410].includes(answer.status)) throw new Over();
    const told = answer.ok ? {} : await answer.json().catch(() => ({}));
    if (told.missing) return told.missing;
    if (!answer.ok) throw new NotSent(told.why);
    return [];
  }
  async function partsOf(form, file, fresh, show) {
    const to = form.dataset.parts, csrf = form.elements.csrf.value, cut = () => show(form.dataset.partCut);
    const post = (path, fields) => call(path, { method: "POST", body: new URLSearchParams({ csrf, ...fields }) }, cut);
    const begun = await post(to, { mark: markOf(file, fresh), name: file.name, size: file.size });
    await why(begun);
    const { upload, part_bytes: length, there } = await begun.json();
    const all = [...Array(Math.ceil(file.size / length)).keys()];
    let left = all.filter(number => !there.includes(number)), done = all.length - left.length;
    const sent = () => show(form.dataset.partSent, Math.floor(100 * done / all.length));
    const work = async () => {
      for (let number; (number = left.shift()) !== undefined; done += 1, sent()) {
        const piece = await file.slice(number * length, (number + 1) * length).arrayBuffer().catch(() => { throw new NotSent(); });
        const headers = { "x-anteroom-csrf": csrf, "content-type": "application/octet-stream" };
        if (crypto.subtle) {
          const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", piece));
          headers["content-digest"] = `sha-256=:${btoa(String.fromCharCode(...hash))}:`;
        }
        await why(await call(`${to}/${upload}/parts/${number}`, { method: "PUT", body: piece, headers }, cut));
      }
    };
    for (let again = 0; again < 3; again += 1) {
      sent();
      await Promise.all([work(), work(), work()]);
      show(form.dataset.partChecking);
      left = await why(await post(`${to}/${upload}/complete`, {}));
      if (!left.length) return upload;
      done = all.length - left.length;
    }
    throw new NotSent();
  }
  async function sendInParts(form, file, submitter) {
    one(".busy-line", form)?.remove();
    const line = doc.createElement("div"), bar = doc.createElement("progress"), text = doc.createElement("p");
    line.className = "busy-line";
    bar.className = "progress";
    bar.max = 100;
    bar.setAttribute("aria-hidden", "true");
    text.className = "muted";
    text.setAttribute("role", "status");
    line.append(bar, text);
    form.append(line);
    let last = "";
    // Each percent would be read out: tens are enough.
    const show = (words, percent) => {
      if (percent !== undefined) bar.value = percent;
      const next = words.replace("%", percent === undefined ? "" : percent - percent % 10);
      if (next !== last) text.textContent = last = next;
    };
    form.classList.add("is-busy");
    submitter?.setAttribute("aria-disabled", "true");
    addEventListener("beforeunload", stay);
    try {
      const upload = await partsOf(form, file, false, show).catch(error => {
        if (error instanceof Over) return partsOf(form, file, true, show);
        throw error;
      });
      try { localStorage.removeItem(wordOf(file)); } catch { /* nothing is kept here */ }
      const named = form.elements.upload ?? doc.createElement("input");
      named.type = "hidden";
      named.name = "upload";
      named.value = upload;
      form.append(named);
      one("[type=file]", form).disabled = true;
      removeEventListener("beforeunload", stay);
      delete form.dataset.sent;
      delete form.dataset.sends;
      form.requestSubmit(submitter);
    } catch (error) {
      removeEventListener("beforeunload", stay);
      line.remove();
      form.classList.remove("is-busy");
      submitter?.removeAttribute("aria-disabled");
      delete form.dataset.sent;
      wrong(one("[type=file]", form), error instanceof NotSent && error.message || form.dataset.partFailed);
    }
  }
  // Beside its field, as the server says it.
  function wrong(field, words) {
    const id = `e-${field.name}`, said = doc.getElementById(id) ?? doc.createElement("p");
    said.id = id;
    said.className = "field-error";
    said.textContent = words;
    field.before(said);
    field.setAttribute("aria-invalid", "true");
    const tied = (field.getAttribute("aria-describedby") ?? "").split(" ").filter(one => one && one !== id);
    field.setAttribute("aria-describedby", [...tied, id].join(" "));
    field.closest(".field").classList.add("has-error");
    field.focus();
  }
  for (const form of doc.querySelectorAll("form[data-parts]")) {
    form.dataset.sends = "1";
    form.addEventListener("anteroom:send", ({ detail }) => sendInParts(form, one("[type=file]", form).files[0], detail));
  }
})();
