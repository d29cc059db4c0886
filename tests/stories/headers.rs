//! What every answer carries, whatever page it is for, errors included (WEB-01 to WEB-07).

use anteroom::app;
use anteroom::platform::permissions::Role;

use crate::stories;
use crate::support::{PASSWORD, Page, World};

/// What is missing on an answer.
fn lacking(page: &Page) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, part) in [
        ("content-security-policy", "default-src 'none'"),
        ("content-security-policy", "script-src 'self';"),
        ("content-security-policy", "style-src 'self';"),
        ("content-security-policy", "object-src 'none'"),
        ("content-security-policy", "base-uri 'none'"),
        ("content-security-policy", "form-action 'self'"),
        ("content-security-policy", "frame-ancestors 'none'"),
        ("content-security-policy", "require-trusted-types-for 'script'"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=()"),
        ("x-robots-tag", "noindex"),
    ] {
        if !page.answer.header(name).is_some_and(|value| value.contains(part)) {
            wrong.push(format!("{} ({}) lacks {name}: {part}", page.path, page.status()));
        }
    }
    let kept = page.answer.header("cache-control").unwrap_or_default();
    if kept != "no-store" && !page.path.starts_with("/assets/") {
        wrong.push(format!("{} ({}) may be kept: {kept:?}", page.path, page.status()));
    }
    for name in ["server", "x-powered-by"] {
        if let Some(value) = page.answer.header(name) {
            wrong.push(format!("{} tells {name}: {value}", page.path));
        }
    }
    wrong
}

fn filled(pattern: &str) -> String {
    pattern
        .split('/')
        .map(|part| match part {
            "{practice}" => "riverbend",
            part if part.starts_with('{') => "019ac000-0000-7000-8000-000000000000",
            part => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

stories! {
    async fn web_02_04_05_every_answer_carries_every_header(w: &mut World) {
        let (_, rows) = app::routes().into_parts();
        let mut admin = w.staff(Role::Administrator).await;
        let mut wrong = Vec::new();
        for row in rows {
            let path = filled(row.path);
            if path.ends_with("/live") {
                continue;
            }
            let method = row.method.as_str();
            let body: Option<(&str, &[u8])> =
                (method != "GET").then_some(("application/x-www-form-urlencoded", b"".as_slice()));
            for page in [
                w.browser().send(method, &path, body).await,
                admin.clone().send(method, &path, body).await,
                w.browser().with("sec-fetch-site", "cross-site").send(method, &path, body).await,
            ] {
                wrong.extend(lacking(&page));
            }
        }
        for path in ["/nowhere", "/riverbend/nowhere/x.css", "/staff/team/x.css", "/assets/none.css"] {
            wrong.extend(lacking(&admin.get(path).await));
        }
        wrong.extend(lacking(&admin.send("DELETE", "/staff/team", None).await));
        let large = vec![b'a'; 1_200_000];
        let large = admin.send("POST", "/riverbend/staff/sign-in", Some(("application/x-www-form-urlencoded", &large))).await;
        assert!(matches!(large.status(), 400 | 413), "{}", large.status());
        wrong.extend(lacking(&large));
        wrong.sort();
        wrong.dedup();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn web_01_a_form_is_taken_only_from_our_own_pages(w: &mut World) {
        let email = w.riverbend.member(Role::FrontDesk).email.clone();
        let body = format!("email={email}&password=x&back=");
        let sent = |pairs: &'static [(&'static str, &'static str)], own: bool| {
            let (address, url, body) = (w.address, w.app.settings.public_url.clone(), body.clone());
            async move {
                let mut headers: Vec<(String, String)> =
                    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
                if own {
                    headers.push(("Origin".into(), url));
                }
                headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
                let path = "/riverbend/staff/sign-in";
                crate::support::http::send(address, "POST", path, &headers, body.as_bytes()).await.expect("an answer").status
            }
        };
        assert_eq!(sent(&[("Sec-Fetch-Site", "same-origin")], false).await, 422);
        assert_eq!(sent(&[], true).await, 422);
        for pairs in [
            &[("Sec-Fetch-Site", "cross-site")][..],
            &[("Sec-Fetch-Site", "same-site")],
            &[("Sec-Fetch-Site", "none")],
            &[("Origin", "https://evil.example")],
            &[("Origin", "null")],
            &[],
        ] {
            assert_eq!(sent(pairs, false).await, 403, "{pairs:?}");
        }
        // A wrong origin is not outweighed by a right one.
        assert_eq!(sent(&[("Sec-Fetch-Site", "cross-site")], true).await, 403);
    }

    async fn web_01_browsers_without_fetch_metadata_register_and_sign_in(w: &mut World) {
        // Under `Referrer-Policy: no-referrer` such a browser posts `Origin: null` (Fetch, 3.2), under
        // `same-origin` our own origin. It sends no Sec-Fetch-Site: an empty one is not ours.
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        let old = |w: &World| w.browser().without_fetch_metadata().with("origin", &w.app.settings.public_url);
        let mut browser = old(w);
        let page = browser.get(&link).await;
        assert_eq!(page.answer.header("referrer-policy"), Some("same-origin"), "the token goes to no other site");
        let fields = [
            ("last_name", "Duarte"),
            ("month", "4"),
            ("day", "12"),
            ("year", "1990"),
            ("password", "lanterns over the quiet river"),
        ];
        let done = browser.submit_and_follow(&page, "/i/", &fields).await;
        done.must_say("You are all set");
        let fields = [("name", ana.email.as_str()), ("password", "lanterns over the quiet river")];
        let mut browser = old(w);
        assert_eq!(browser.post("/riverbend/sign-in", &fields).await.location(), Some("/portal"));
        browser.get("/portal").await.must_be(200);
    }

    async fn cookies_that_are_switched_off_are_named_as_the_cause(w: &mut World) {
        let email = w.riverbend.member(Role::FrontDesk).email.clone();
        let door = "/riverbend/staff/sign-in";
        let fields = [("email", email.as_str()), ("password", PASSWORD), ("back", "")];
        let welcome = w.browser().post(door, &fields).await;
        assert_eq!(welcome.location(), Some("/staff"));
        // What the browser does next, when it kept nothing.
        let mut without = w.browser().with("referer", &format!("{}{door}", w.app.settings.public_url));
        let back = without.get("/staff").await;
        assert_eq!(back.location(), Some("/riverbend/staff/sign-in?cookies=off"));
        without.follow(&back).await.must_say("did not send our cookie back");
        let mut without = w.browser().with("referer", &format!("{}/riverbend/sign-in?x=1", w.app.settings.public_url));
        let back = without.get("/portal").await;
        assert_eq!(back.location(), Some("/riverbend/sign-in?cookies=off"));
        without.follow(&back).await.must_say("did not send our cookie back");
        // Another site's page, or a made-up address, is no sign-in page of ours.
        for other in ["https://evil.example/riverbend/sign-in", "/a//evil.example/sign-in", "/riverbend/forgot"] {
            let origin = if other.starts_with('/') { w.app.settings.public_url.clone() } else { String::new() };
            let mut browser = w.browser().with("referer", &format!("{origin}{other}"));
            assert_eq!(browser.get("/portal").await.location(), Some("/portal/sign-in"), "{other}");
        }
    }

    async fn web_01_a_form_without_its_token_changes_nothing(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/practice").await;
        let mut other = w.staff(Role::Administrator).await;
        let foreign = other.get("/staff/practice").await.form("/staff/practice").fields.iter()
            .find(|(name, _)| name == "csrf").expect("a token").1.clone();
        for token in ["", "x", foreign.as_str()] {
            admin.submit(&page, "/staff/practice", &[("csrf", token), ("name", "Taken Over")]).await.must_be(400);
        }
        admin.get("/staff/practice").await.must_not_say("Taken Over");
    }

    async fn web_10_unknown_fields_are_refused(w: &mut World) {
        let mut admin = w.staff(Role::Administrator).await;
        let page = admin.get("/staff/team/new").await;
        let fields = [("name", "A B"), ("email", "ab@example.org"), ("role", "biller"), ("state", "active")];
        admin.submit(&page, "/staff/team/new", &fields).await.must_be(400);
    }

    async fn assets_are_kept_for_a_year_compressed_and_known_by_their_tag(w: &mut World) {
        let page = w.browser().get("/riverbend/staff/sign-in").await;
        let html = page.html();
        let mut sum = html.len();
        for start in ["/assets/anteroom-", "/assets/anteroom.", "/assets/icon."] {
            let at = html.find(start).expect("an asset");
            let path = html[at..].split('"').next().unwrap_or_default().to_owned();
            let plain = w.browser().get(&path).await;
            plain.must_be(200);
            assert_eq!(plain.answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
            let zipped = w.browser().with("accept-encoding", "gzip, br").get(&path).await;
            assert_eq!(zipped.answer.header("content-encoding"), Some("gzip"));
            assert_eq!(zipped.answer.header("vary"), Some("accept-encoding"));
            sum += zipped.answer.body.len();
            let tag = plain.answer.header("etag").expect("a tag").to_owned();
            w.browser().with("if-none-match", &tag).get(&path).await.must_be(304);
        }
        assert!(sum < 30 * 1_024, "a first visit costs {sum} bytes");
        // Nothing on the page points anywhere else (WEB-06).
        for mark in ["src=\"http", "href=\"http", "url(http", "//cdn"] {
            assert!(!html.contains(mark), "{mark}");
        }
    }
}
