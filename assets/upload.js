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
  async function call(ask, cut) {
    for (let tries = 0; ; tries += 1) {
      let answer = null;
      try { answer = await ask(); } catch { /* no connection */ }
      if (answer?.redirected) { doc.dispatchEvent(new Event("anteroom:over")); throw new NotSent(); }
      if (answer && answer.status < 500) return answer;
      if (tries === 12) throw new NotSent();
      cut();
      await pause(Math.min(500 * 2 ** tries, 10000));
    }
  }
  // fetch does not say how much of a body has left.
  const put = (to, body, headers, moved) => new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PUT", to);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = event => moved(event.loaded);
    request.onload = () => done({
      status: request.status,
      ok: request.status < 300,
      redirected: new URL(request.responseURL).pathname !== to,
      json: async () => JSON.parse(request.responseText),
    });
    request.onerror = request.onabort = failed;
    request.send(body);
  });
  async function why(answer) {
    if ([404, 409, 410].includes(answer.status)) throw new Over();
    const told = answer.ok ? {} : await answer.json().catch(() => ({}));
    if (told.missing) return told.missing;
    if (!answer.ok) throw new NotSent(told.why);
    return [];
  }
  async function partsOf(form, file, fresh, show) {
    const to = form.dataset.parts, csrf = form.elements.csrf.value, cut = () => show(form.dataset.partCut);
    const post = (path, fields) => call(() => fetch(path, { method: "POST", body: new URLSearchParams({ csrf, ...fields }) }), cut);
    const begun = await post(to, { mark: markOf(file, fresh), name: file.name, size: file.size });
    await why(begun);
    const { upload, part_bytes: length, there } = await begun.json();
    const all = [...Array(Math.ceil(file.size / length)).keys()];
    const whole = number => Math.min(length, file.size - number * length);
    // Bytes of each part that are there or on their way.
    const moved = new Map(there.map(number => [number, whole(number)]));
    let left = all.filter(number => !there.includes(number));
    const sent = () => show(form.dataset.partSent, Math.floor(100 * [...moved.values()].reduce((sum, part) => sum + part, 0) / file.size));
    const note = (number, bytes) => { moved.set(number, Math.min(bytes, whole(number))); sent(); };
    const work = async () => {
      for (let number; (number = left.shift()) !== undefined; note(number, length)) {
        const piece = await file.slice(number * length, (number + 1) * length).arrayBuffer().catch(() => { throw new NotSent(); });
        const headers = { "x-anteroom-csrf": csrf, "content-type": "application/octet-stream" };
        if (crypto.subtle) {
          const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", piece));
          headers["content-digest"] = `sha-256=:${btoa(String.fromCharCode(...hash))}:`;
        }
        const part = number;
        const lost = () => { moved.delete(part); cut(); };
        await why(await call(() => put(`${to}/${upload}/parts/${part}`, piece, headers, bytes => note(part, bytes)), lost));
      }
    };
    for (let again = 0; again < 3; again += 1) {
      sent();
      await Promise.all([work(), work(), work()]);
      show(form.dataset.partChecking);
      left = await why(await post(`${to}/${upload}/complete`, {}));
      if (!left.length) return upload;
      left.forEach(number => moved.delete(number));
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
      while (navigator.onLine === false) {
        show(form.dataset.partCut);
        await pause(500);
      }
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
      wrong(form, error instanceof NotSent && error.message || form.dataset.partFailed);
    }
  }
  // In a summary and beside its field, as the server says it. What was wrong before goes: the other fields are filled now.
  function wrong(form, words) {
    const field = one("[type=file]", form), { partWrong, partMark } = form.dataset;
    for (const other of form.querySelectorAll("[aria-invalid]")) if (other !== field && other.value?.trim()) {
      const said = doc.getElementById(`e-${other.name}`);
      other.removeAttribute("aria-invalid");
      const tied = (other.getAttribute("aria-describedby") ?? "").split(" ").filter(one => one && one !== said?.id);
      if (tied.length) other.setAttribute("aria-describedby", tied.join(" ")); else other.removeAttribute("aria-describedby");
      other.closest(".field")?.classList.remove("has-error");
      said?.remove();
    }
    const id = `e-${field.name}`, said = doc.getElementById(id) ?? doc.createElement("p");
    said.id = id;
    said.className = "field-error";
    said.textContent = words;
    field.before(said);
    field.setAttribute("aria-invalid", "true");
    const tied = (field.getAttribute("aria-describedby") ?? "").split(" ").filter(one => one && one !== id);
    field.setAttribute("aria-describedby", [...tied, id].join(" "));
    field.closest(".field").classList.add("has-error");
    one(".error-summary", form)?.remove();
    const summary = doc.createElement("div"), title = doc.createElement("h2"), list = doc.createElement("ul"), link = doc.createElement("a");
    summary.className = "error-summary";
    summary.tabIndex = -1;
    summary.setAttribute("role", "alert");
    summary.setAttribute("aria-labelledby", title.id = "error-summary-title");
    title.textContent = partWrong;
    link.href = `#${field.id}`;
    link.textContent = words;
    list.append(doc.createElement("li"));
    list.firstChild.append(link);
    summary.append(title, list);
    one("[name=csrf]", form).after(summary);
    if (!doc.title.startsWith(partMark)) doc.title = `${partMark} ${doc.title}`;
    summary.focus();
  }
  for (const form of doc.querySelectorAll("form[data-parts]")) {
    form.dataset.sends = "1";
    form.addEventListener("anteroom:send", ({ detail }) => sendInParts(form, one("[type=file]", form).files[0], detail));
  }
})();
