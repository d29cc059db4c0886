//! A window as a person uses it: things are found by their role and accessible name.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chromium::Chromium;

/// The key under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys, as WebDriver names them.
pub const TAB: &str = "\u{E004}";
/// Enter.
pub const ENTER: &str = "\u{E007}";
/// Escape.
pub const ESCAPE: &str = "\u{E00C}";
/// Arrow down.
pub const DOWN: &str = "\u{E015}";

/// How long the page may take to become what is expected.
const PATIENCE: Duration = Duration::from_secs(10);

/// How wide a window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 390 px: a phone.
    Phone,
    /// 1280 px: a desk.
    Desk,
    /// 320 px: what must not scroll sideways.
    Narrow,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Which of axe's rules are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rules {
    /// All of WCAG 2.2 A and AA, and what axe calls best practice.
    All,
    /// Those about colours.
    OfColours,
}

/// One browser with one window and its own profile.
pub struct Window {
    chromium: Chromium,
    session: String,
    /// The address of the server under test, without a slash at the end.
    origin: String,
    scripts: bool,
    _profile: tempfile::TempDir,
    asked: Vec<String>,
    complaints: Vec<String>,
}

/// A thing on the page.
#[derive(Clone, Debug)]
pub struct Element(String);

impl Window {
    /// Opens a window on nothing.
    pub async fn open(chromium: &Chromium, origin: &str, width: Width, scripts: bool) -> Self {
        let profile = tempfile::Builder::new().prefix("anteroom-chromium-").tempdir().expect("a folder");
        let wanted = super::driver::capabilities(profile.path());
        let made =
            chromium.driver().command("POST", "/session", wanted).await.unwrap_or_else(|(word, text)| {
                panic!("Chromium does not start: {word}: {text}");
            });
        let session = made["sessionId"].as_str().expect("a session id").to_owned();
        let window = Self {
            chromium: chromium.clone(),
            session,
            origin: origin.to_owned(),
            scripts,
            _profile: profile,
            asked: Vec::new(),
            complaints: Vec::new(),
        };
        window.resize(width).await;
        window.allow_scripts(scripts).await;
        window
    }

    async fn try_call(&self, method: &str, path: &str, body: Value) -> Result<Value, (String, String)> {
        let path = format!("/session/{}{path}", self.session);
        self.chromium.driver().command(method, &path, body).await
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        self.try_call(method, path, body)
            .await
            .unwrap_or_else(|(word, text)| panic!("{method} {path}: {word}: {text}"))
    }

    /// One command of Chromium's own protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.call("POST", "/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    async fn allow_scripts(&self, allowed: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !allowed })).await;
    }

    /// Sets the window's width.
    pub async fn resize(&self, width: Width) {
        let (width, height, mobile) = match width {
            Width::Phone => (390, 844, true),
            Width::Desk => (1280, 900, false),
            Width::Narrow => (320, 640, true),
        };
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile }),
        )
        .await;
    }

    /// Light or dark, as the system would say. Motion is reduced, so that nothing is half-way.
    pub async fn prefer(&self, scheme: Scheme) {
        let value = if scheme == Scheme::Dark { "dark" } else { "light" };
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [
                { "name": "prefers-color-scheme", "value": value },
                { "name": "prefers-reduced-motion", "value": "reduce" },
            ] }),
        )
        .await;
        // The page hears of it a moment later; half of it in one scheme and half in the other is
        // nothing to judge.
        let script = "const probe = document.createElement('i'); probe.style.colorScheme = 'light dark'; \
            probe.style.color = 'light-dark(rgb(1, 1, 1), rgb(2, 2, 2))'; document.body.append(probe); \
            const colour = getComputedStyle(probe).color; probe.remove(); \
            return colour === (arguments[0] === 'dark' ? 'rgb(2, 2, 2)' : 'rgb(1, 1, 1)') \
              && matchMedia('(prefers-color-scheme: ' + arguments[0] + ')').matches;";
        let began = Instant::now();
        while self.script(script, json!([value])).await != json!(true) && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The language that the browser asks for.
    pub async fn speak(&self, language: &str) {
        self.devtools("Network.enable", json!({})).await;
        let headers = json!({ "headers": { "Accept-Language": language } });
        self.devtools("Network.setExtraHTTPHeaders", headers).await;
    }

    /// High contrast, as the system would ask for: grounds and inks are the system's own.
    pub async fn force_colours(&self, scheme: Scheme) {
        let value = if scheme == Scheme::Dark { "dark" } else { "light" };
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [
                { "name": "forced-colors", "value": "active" },
                { "name": "prefers-color-scheme", "value": value },
                { "name": "prefers-reduced-motion", "value": "reduce" },
            ] }),
        )
        .await;
    }

    /// Pulls the plug, or puts it back.
    pub async fn go_offline(&self, offline: bool) {
        self.devtools("Network.enable", json!({})).await;
        self.devtools(
            "Network.emulateNetworkConditions",
            json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 }),
        )
        .await;
    }

    /// Opens an address of the server, or any absolute one.
    pub async fn visit(&mut self, address: &str) {
        let address =
            if address.starts_with('/') { format!("{}{address}", self.origin) } else { address.to_owned() };
        self.call("POST", "/url", json!({ "url": address })).await;
        self.read_logs().await;
    }

    /// Waits until a click has led to this path: a page opened before would cut the way short.
    pub async fn must_come_to(&self, path: &str) {
        let began = Instant::now();
        while self.path().await != path {
            assert!(began.elapsed() < PATIENCE, "stood at {} and not at {path}", self.path().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Takes over the cookies of a browser without a screen, as if its user had signed in here.
    pub async fn become_user(&mut self, browser: &crate::support::Browser) {
        self.visit("/healthz").await;
        self.take_cookies_of(browser).await;
    }

    /// The same without leaving the page: as if its user had signed in in another tab.
    pub async fn take_cookies_of(&self, browser: &crate::support::Browser) {
        self.call("DELETE", "/cookie", Value::Null).await;
        for (name, value) in browser.cookies() {
            let cookie =
                json!({ "name": name, "value": value, "path": "/", "httpOnly": true, "sameSite": "Lax" });
            self.call("POST", "/cookie", json!({ "cookie": cookie })).await;
        }
    }

    /// The present address, without the origin.
    pub async fn path(&self) -> String {
        let address = self.call("GET", "/url", Value::Null).await;
        let address = address.as_str().unwrap_or_default();
        address.strip_prefix(&self.origin).unwrap_or(address).to_owned()
    }

    /// The page's title.
    pub async fn title(&self) -> String {
        self.call("GET", "/title", Value::Null).await.as_str().unwrap_or_default().to_owned()
    }

    /// The page's HTML as it stands.
    pub async fn source(&self) -> String {
        self.call("GET", "/source", Value::Null).await.as_str().unwrap_or_default().to_owned()
    }

    /// Back, as the button does.
    pub async fn back(&self) {
        self.call("POST", "/back", json!({})).await;
    }

    /// Reload.
    pub async fn reload(&self) {
        self.call("POST", "/refresh", json!({})).await;
    }

    /// Runs a script in the page. WebDriver's scripts run whether or not the page may run its own,
    /// and the page's Content-Security-Policy does not concern them.
    pub async fn script(&self, text: &str, arguments: Value) -> Value {
        self.call("POST", "/execute/sync", json!({ "script": text, "args": arguments })).await
    }

    /// The visible words.
    pub async fn words(&self) -> String {
        let found =
            self.try_call("POST", "/element", json!({ "using": "css selector", "value": "body" })).await;
        let Ok(found) = found else { return String::new() };
        let Some(id) = found[ELEMENT].as_str() else { return String::new() };
        match self.try_call("GET", &format!("/element/{id}/text"), Value::Null).await {
            Ok(text) => text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "),
            Err(_) => String::new(),
        }
    }

    /// Waits until the reader sees this; panics with what they see instead.
    #[track_caller]
    pub fn must_say<'a>(&'a self, words: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let began = Instant::now();
            loop {
                let seen = self.words().await;
                if seen.to_lowercase().contains(&words.to_lowercase()) {
                    return;
                }
                if began.elapsed() > PATIENCE {
                    panic!("{caller}: {} does not say {words:?}:\n{seen}", self.path().await);
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    /// Panics if the reader sees this.
    pub async fn must_not_say(&self, words: &str) {
        let seen = self.words().await;
        assert!(!seen.to_lowercase().contains(&words.to_lowercase()), "the page says {words:?}:\n{seen}");
    }

    /// Everything that matches a CSS selector.
    pub async fn all(&self, selector: &str) -> Vec<Element> {
        let found =
            self.call("POST", "/elements", json!({ "using": "css selector", "value": selector })).await;
        found
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|e| e[ELEMENT].as_str().map(|id| Element(id.to_owned())))
            .collect()
    }

    async fn role_and_name(&self, element: &Element) -> Option<(String, String)> {
        let id = &element.0;
        let role = self.try_call("GET", &format!("/element/{id}/computedrole"), Value::Null).await.ok()?;
        let name = self.try_call("GET", &format!("/element/{id}/computedlabel"), Value::Null).await.ok()?;
        // A space at which no line breaks reads like any other.
        Some((role.as_str()?.to_owned(), name.as_str()?.replace('\u{a0}', " ")))
    }

    async fn is_shown(&self, element: &Element) -> bool {
        let shown = self.try_call("GET", &format!("/element/{}/displayed", element.0), Value::Null).await;
        shown.ok().and_then(|v| v.as_bool()).unwrap_or(false)
    }

    async fn look_for(&self, role: &str, name: &str) -> (Option<Element>, Vec<String>) {
        let selector = match role {
            "button" => "button, input[type=submit], summary, [role=button]",
            "link" => "a[href]",
            "textbox" => "input, textarea",
            "checkbox" => "input[type=checkbox]",
            "radio" => "input[type=radio]",
            "combobox" => "select, [role=combobox]",
            "heading" => "h1, h2, h3, h4",
            "dialog" => "dialog, [role=dialog]",
            "menuitem" => "[role=menuitem], .menu a, .menu button",
            other => other,
        };
        let (mut exact, mut within, mut seen) = (None, None, Vec::new());
        for element in self.all(selector).await {
            let Some((its_role, its_name)) = self.role_and_name(&element).await else { continue };
            if !self.is_shown(&element).await {
                continue;
            }
            // A disclosure is a button to its user, whatever the engine calls it.
            let fits = its_role == role
                || (role == "button" && its_role.starts_with("Disclosure"))
                || (role == "menuitem" && matches!(its_role.as_str(), "button" | "link" | "menuitem"))
                || (role == "textbox" && its_role == "searchbox")
                || (role == "combobox" && its_role == "listbox");
            if !fits {
                continue;
            }
            if its_name.eq_ignore_ascii_case(name) && exact.is_none() {
                exact = Some(element.clone());
            } else if its_name.to_lowercase().contains(&name.to_lowercase()) && within.is_none() {
                within = Some(element.clone());
            }
            seen.push(its_name);
        }
        (exact.or(within), seen)
    }

    /// Waits for the shown thing of this role whose accessible name is, or else contains, `name`.
    #[track_caller]
    pub fn find<'a>(&'a self, role: &'a str, name: &'a str) -> impl Future<Output = Element> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let began = Instant::now();
            loop {
                let (found, seen) = self.look_for(role, name).await;
                if let Some(element) = found {
                    return element;
                }
                if began.elapsed() > PATIENCE {
                    panic!(
                        "{caller}: {} has no {role} named {name:?}, only {seen:?}:\n{}",
                        self.path().await,
                        self.words().await
                    );
                }
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
        }
    }

    /// Is there such a thing at this moment?
    pub async fn has(&self, role: &str, name: &str) -> bool {
        self.look_for(role, name).await.0.is_some()
    }

    /// Clicks an element.
    pub async fn click_on(&mut self, element: &Element) {
        // As a reader scrolls before a click: no bar covers it then.
        let script = "arguments[0].scrollIntoView({ block: 'nearest', behavior: 'instant' })";
        self.script(script, json!([{ ELEMENT: element.0.as_str() }])).await;
        self.call("POST", &format!("/element/{}/click", element.0), json!({})).await;
        self.read_logs().await;
    }

    /// Presses the mouse twice in a row where this stands, whatever came up under it in between.
    pub async fn double_click_on(&mut self, element: &Element) {
        let there = json!({ ELEMENT: element.0 });
        self.press_mouse(there, 2).await;
    }

    /// Presses the mouse in the corner of the window.
    pub async fn click_beside(&mut self) {
        self.press_mouse(json!("viewport"), 1).await;
    }

    async fn press_mouse(&mut self, origin: Value, times: usize) {
        let at = if origin.is_string() { 3 } else { 0 };
        let mut steps =
            vec![json!({ "type": "pointerMove", "duration": 0, "origin": origin, "x": at, "y": at })];
        for _ in 0..times {
            steps.push(json!({ "type": "pointerDown", "button": 0 }));
            steps.push(json!({ "type": "pointerUp", "button": 0 }));
        }
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": steps });
        self.call("POST", "/actions", json!({ "actions": [mouse] })).await;
        self.read_logs().await;
    }

    /// Clicks what has this role and name.
    pub async fn click(&mut self, role: &str, name: &str) {
        let element = self.find(role, name).await;
        self.click_on(&element).await;
    }

    /// Types into the field with this name, in place of what stands there.
    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.field(name).await;
        self.call("POST", &format!("/element/{}/clear", field.0), json!({})).await;
        self.type_into(&field, text).await;
    }

    /// The field with this label, of any kind that takes text (a password field has no role).
    async fn field(&self, name: &str) -> Element {
        let began = Instant::now();
        loop {
            let (mut within, mut seen) = (None, Vec::new());
            for element in self.all("input:not([type=hidden]), textarea, select").await {
                let Some((_, its_name)) = self.role_and_name(&element).await else { continue };
                if !self.is_shown(&element).await {
                    continue;
                }
                if its_name.eq_ignore_ascii_case(name) {
                    return element;
                }
                if its_name.to_lowercase().contains(&name.to_lowercase()) && within.is_none() {
                    within = Some(element);
                }
                seen.push(its_name);
            }
            if let Some(element) = within {
                return element;
            }
            if began.elapsed() > PATIENCE {
                panic!("{} has no field {name:?}, only {seen:?}:\n{}", self.path().await, self.words().await);
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    /// What stands in the field with this name.
    pub async fn value(&self, name: &str) -> String {
        let field = self.field(name).await;
        let value = self.call("GET", &format!("/element/{}/property/value", field.0), Value::Null).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Chooses an option by its words.
    pub async fn choose(&mut self, name: &str, option: &str) {
        let select = self.field(name).await;
        let options = self
            .call(
                "POST",
                &format!("/element/{}/elements", select.0),
                json!({ "using": "css selector", "value": "option" }),
            )
            .await;
        for entry in options.as_array().into_iter().flatten() {
            let Some(id) = entry[ELEMENT].as_str() else { continue };
            let text = self.call("GET", &format!("/element/{id}/text"), Value::Null).await;
            if text.as_str().unwrap_or_default().trim() == option {
                self.click_on(&Element(id.to_owned())).await;
                return;
            }
        }
        panic!("{name:?} has no option {option:?}");
    }

    /// Types into an element.
    pub async fn type_into(&self, element: &Element, text: &str) {
        self.call("POST", &format!("/element/{}/value", element.0), json!({ "text": text })).await;
    }

    /// Presses keys where the focus is.
    pub async fn press(&self, keys: &str) {
        let mut actions = Vec::new();
        for key in keys.chars() {
            actions.push(json!({ "type": "keyDown", "value": key.to_string() }));
            actions.push(json!({ "type": "keyUp", "value": key.to_string() }));
        }
        self.call(
            "POST",
            "/actions",
            json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }),
        )
        .await;
    }

    /// Role and name of what has the focus.
    pub async fn focused(&self) -> (String, String) {
        let found = self.call("GET", "/element/active", Value::Null).await;
        let element = Element(found[ELEMENT].as_str().unwrap_or_default().to_owned());
        self.role_and_name(&element).await.unwrap_or_default()
    }

    /// Goes on by the tab key until what has this name, or else contains it, has the focus.
    #[track_caller]
    pub fn tab_to<'a>(&'a self, name: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let mut seen = Vec::new();
            for _ in 0..80 {
                self.press(TAB).await;
                let (_, its_name) = self.focused().await;
                if its_name.to_lowercase().contains(&name.to_lowercase()) {
                    return;
                }
                seen.push(its_name);
            }
            panic!("{caller}: the tab key does not come to {name:?}, only to {seen:?}");
        }
    }

    /// Waits until what has this name has the focus.
    #[track_caller]
    pub fn must_have_focus<'a>(&'a self, name: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let began = Instant::now();
            loop {
                let (role, its_name) = self.focused().await;
                if its_name.to_lowercase().contains(&name.to_lowercase()) {
                    return;
                }
                if began.elapsed() > PATIENCE {
                    panic!("{caller}: the focus is on {role} {its_name:?}, not on {name:?}");
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    /// Does the focus stand within what matches this selector?
    pub async fn focus_is_in(&self, selector: &str) -> bool {
        let script = "return !!document.activeElement?.closest(arguments[0]);";
        self.script(script, json!([selector])).await.as_bool().unwrap_or(false)
    }

    /// A picture of the window.
    pub async fn picture(&self) -> Vec<u8> {
        use base64::Engine;
        let text = self.call("GET", "/screenshot", Value::Null).await;
        base64::engine::general_purpose::STANDARD
            .decode(text.as_str().unwrap_or_default())
            .expect("a picture in base64")
    }

    /// Reads what the browser logged: which addresses it asked for, and what it complains about.
    async fn read_logs(&mut self) {
        let entries = self.call("POST", "/se/log", json!({ "type": "performance" })).await;
        for entry in entries.as_array().into_iter().flatten() {
            let Ok(event) = serde_json::from_str::<Value>(entry["message"].as_str().unwrap_or_default())
            else {
                continue;
            };
            let message = &event["message"];
            if message["method"] == "Network.requestWillBeSent"
                && let Some(address) = message["params"]["request"]["url"].as_str()
            {
                self.asked.push(address.to_owned());
            }
        }
        let entries = self.call("POST", "/se/log", json!({ "type": "browser" })).await;
        for entry in entries.as_array().into_iter().flatten() {
            let text = entry["message"].as_str().unwrap_or_default();
            // A page that answers 4xx on purpose is logged as a failed load; that is no complaint. Nor is
            // what a page of Chromium itself logs, as the one that shows the window's tabs.
            let of_chromium = text.starts_with("chrome://");
            if entry["level"] == "SEVERE"
                && !of_chromium
                && !text.contains("the server responded with a status of")
            {
                self.complaints.push(text.to_owned());
            }
        }
    }

    /// Every address that was asked for since the window was opened.
    pub async fn asked(&mut self) -> &[String] {
        self.read_logs().await;
        &self.asked
    }

    /// WEB-06: nothing but our own origin was asked, and the page's script and policies never
    /// complained.
    pub async fn must_have_asked_no_other_host(&mut self) {
        self.read_logs().await;
        let foreign: Vec<&String> = self
            .asked
            .iter()
            .filter(|a| !a.starts_with(&self.origin) && !a.starts_with("data:") && !a.starts_with("chrome"))
            .collect();
        assert!(foreign.is_empty(), "asked of others: {foreign:?}");
        assert!(self.complaints.is_empty(), "the browser complains: {:#?}", self.complaints);
    }

    /// A11-01: axe finds nothing on the present page, in light and in dark, and nothing scrolls
    /// sideways.
    #[track_caller]
    pub fn must_be_accessible<'a>(&'a mut self, page: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let found = self.violations_in_both().await;
            assert!(
                found.is_empty(),
                "{caller}: axe on {page} ({}):\n{}",
                self.path().await,
                found.join("\n")
            );
            let wider = self.sideways().await;
            assert!(wider <= 0, "{caller}: {page} scrolls sideways by {wider} px");
        }
    }

    /// By how many pixels the page is wider than the window. What is too wide counts when it is still so
    /// a moment later: a window that was just resized may be laid out anew only in part.
    pub async fn sideways(&self) -> i64 {
        let wider = self.sideways_now().await;
        if wider <= 0 {
            return wider;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.sideways_now().await
    }

    async fn sideways_now(&self) -> i64 {
        let script = "const e = document.scrollingElement; return e.scrollWidth - e.clientWidth;";
        self.script(script, json!([])).await.as_i64().unwrap_or(0)
    }

    /// The things that reach beyond the window, innermost last.
    pub async fn too_wide(&self) -> String {
        let script = "const w = document.documentElement.clientWidth; return [...document.querySelectorAll('body *')] \
            .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > w + 1).slice(0, 12) \
            .map(e => e.tagName.toLowerCase() + '.' + e.className).join(' > ');";
        self.script(script, json!([])).await.as_str().unwrap_or_default().to_owned()
    }

    /// What axe finds on the present page in the present scheme, a line each. What it finds counts when it is still
    /// there a moment later: a page that is changing its scheme is half in the one and half in the other.
    pub async fn violations(&self) -> Vec<String> {
        self.violations_of(Rules::All).await
    }

    /// What axe finds on the present page in dark and in light, a line each. The two differ in their colours alone, so
    /// in dark only the rules about colours are asked. The page stays in light.
    pub async fn violations_in_both(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (scheme, rules) in [(Scheme::Dark, Rules::OfColours), (Scheme::Light, Rules::All)] {
            self.prefer(scheme).await;
            found.extend(self.violations_of(rules).await.iter().map(|what| format!("{scheme:?}: {what}")));
        }
        found
    }

    async fn violations_of(&self, rules: Rules) -> Vec<String> {
        let found = self.violations_now(rules).await;
        if found.is_empty() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.violations_now(rules).await
    }

    async fn violations_now(&self, rules: Rules) -> Vec<String> {
        let only = match rules {
            Rules::All => json!(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]),
            Rules::OfColours => json!({ "type": "rule", "values": ["color-contrast", "link-in-text-block"] }),
        };
        // axe waits for timers, which do not run where scripts are off. The page as it stands stays
        // as it was served: what did not run when it was loaded does not run now.
        self.allow_scripts(true).await;
        // Half a megabyte: sent once a page.
        if self.script("return Boolean(window.axe);", json!([])).await != json!(true) {
            // A function of its own around it, so that it leaves nothing on a page without `module`.
            let axe = super::chromium::axe();
            self.script(&format!("if (!window.axe) {{ {axe} }}"), json!([])).await;
        }
        let answer = self
            .call(
                "POST",
                "/execute/async",
                json!({
                    "script": "const done = arguments[arguments.length - 1]; \
                        document.getAnimations().forEach(a => { try { a.finish(); } catch { /* it has no end */ } }); \
                        axe.run(document, { resultTypes: ['violations'], runOnly: arguments[0] }) \
                        .then(r => done(r.violations.flatMap(v => v.nodes.map(n => \
                           v.id + ': ' + n.target.join(' ') + ': ' + n.failureSummary + '\\n    ' + n.html)))) \
                        .catch(e => done(['axe failed: ' + e]));",
                    "args": [only],
                }),
            )
            .await;
        self.allow_scripts(self.scripts).await;
        answer.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    }

    /// Closes the browser.
    pub async fn close(self) {
        let _ = self.try_call("DELETE", "", Value::Null).await;
    }
}
