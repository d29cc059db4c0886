//! WEB-02, WEB-03: even if a text came into a page as markup, the browser would not run it.

use serde_json::json;

use super::chromium::Chromium;
use super::window::{Width, Window};
use crate::support::{Engine, World, tell};
use anteroom::platform::permissions::Role;

/// Each way of turning a text into markup or into a program, and whether it was stopped by a throw.
const TURN_TEXT_INTO_MARKUP: &str = r#"
    const markup = "<img src=/nothing onerror='window.ran = 1'>";
    const fresh = () => document.body.appendChild(document.createElement("div"));
    const ways = {
        "innerHTML": () => { fresh().innerHTML = markup; },
        "outerHTML": () => { fresh().outerHTML = markup; },
        "insertAdjacentHTML": () => document.body.insertAdjacentHTML("beforeend", markup),
        "document.write": () => document.write(markup),
        "a parser": () => new DOMParser().parseFromString(markup, "text/html"),
        "a frame's text": () => { document.createElement("iframe").srcdoc = markup; },
        "a script's text": () => { document.createElement("script").text = "window.ran = 1"; },
        "a script's address": () => { document.createElement("script").src = "/assets/anteroom.js"; },
        "eval": () => (0, eval)("window.ran = 1"),
        "a function": () => new Function("window.ran = 1")(),
        "a second policy of our name": () => trustedTypes.createPolicy("anteroom", { createHTML: text => text }),
        "a policy of another name": () => trustedTypes.createPolicy("other", { createHTML: text => text }),
    };
    const passes = ([, way]) => { try { way(); return true; } catch { return false; } };
    // Later, on the page's own time: what the driver itself runs may be excused from the policy.
    return new Promise(done => setTimeout(() => done(Object.entries(ways).filter(passes).map(([name]) => name)), 0));
"#;

/// What no throw stops: nodes put together by hand, as markup from the server would be.
const PUT_SCRIPTS_INTO_THE_PAGE: &str = r#"
    const attempt = way => { try { way(); } catch { /* stopped even earlier */ } };
    attempt(() => {
        const script = document.createElement("script");
        script.append("window.ran = 1");
        document.body.append(script);
    });
    attempt(() => {
        const button = document.createElement("button");
        button.setAttribute("onclick", "window.ran = 1");
        document.body.append(button);
        button.click();
    });
    attempt(() => {
        const link = document.createElement("a");
        link.href = "javascript:window.ran = 1";
        document.body.append(link);
        link.click();
    });
    attempt(() => {
        const frame = document.createElement("iframe");
        frame.src = "javascript:parent.ran = 1";
        document.body.append(frame);
    });
"#;

async fn nothing_runs(window: &mut Window, path: &str) {
    window.visit(path).await;
    let passed = window.script(TURN_TEXT_INTO_MARKUP, json!([])).await;
    assert_eq!(passed, json!([]), "{path}: these ways did not throw");
    window.script(PUT_SCRIPTS_INTO_THE_PAGE, json!([])).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let ran = window
        .script("return window.ran === undefined && document.querySelector('main') !== null", json!([]))
        .await;
    assert_eq!(ran, json!(true), "{path}: an injected script ran");
}

#[test]
fn web_02_03_no_text_becomes_a_program_on_any_side() {
    tell(Engine::Sqlite, async |w: &mut World| {
        let ana = w.chart("Ana", "Duarte").await;
        let bo = w.chart("Bo", "Lindgren").await;
        w.invite(&bo).await;
        let link = {
            let mail = w.mail_to(&bo.email).await;
            w.link_in(&mail)
        };
        let chromium = Chromium::start();
        let mut window = chromium.window(w, Width::Desk).await;
        // Where no policy stands in the way it all works: the silence of our pages means something.
        window.visit("data:text/html,<title>t</title><main>m</main>").await;
        window.script(PUT_SCRIPTS_INTO_THE_PAGE, json!([])).await;
        assert_eq!(
            window.script("return window.ran", json!([])).await,
            json!(1),
            "the scripts of this test do not work"
        );
        let passed = window.script(TURN_TEXT_INTO_MARKUP, json!([])).await;
        assert!(passed.as_array().is_some_and(|ways| ways.len() == 12), "{passed}");
        for path in [link.as_str(), "/riverbend/sign-in", "/riverbend/staff/sign-in", "/nothing-here"] {
            nothing_runs(&mut window, path).await;
        }
        let staff = w.staff(Role::Administrator).await;
        window.become_user(&staff).await;
        for path in ["/staff/charts".to_owned(), format!("/staff/charts/{}/communications", ana.chart_id)] {
            nothing_runs(&mut window, &path).await;
        }
        let client = w.registered(&ana).await;
        window.become_user(&client).await;
        nothing_runs(&mut window, "/portal").await;
        window.close().await;
    });
}
