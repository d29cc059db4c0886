//! AUZ-01: every route of the program, visited by every kind of stranger. The list is the router's
//! own, so a new route is visited from the day on which it is written.

use anteroom::app;
use anteroom::kernel::ids::{AccessId, ChartId, RequestId};
use anteroom::platform::db::schema::{appointment_request, portal_access};
use anteroom::platform::permissions::{Needs, Role, Scope};
use anteroom::platform::web::routes::Row;
use diesel::prelude::*;

use crate::api::key;
use crate::portal_people::document;
use crate::stories;
use crate::support::dump::difference;
use crate::support::{Browser, Page, World};

/// An id that nothing has.
const NOWHERE: &str = "019ac000-0000-7000-8000-000000000000";

/// The keys that the pages' addresses may carry.
const QUERY_KEYS: &[&str] = &[
    "after", "back", "before", "chart", "cursor", "done", "for", "kind", "lang", "limit", "name", "portal",
    "practice", "q", "report", "sent", "sort", "state", "wish",
];

/// What stands in a route's blanks.
#[derive(Clone)]
struct Blanks {
    practice: String,
    chart: String,
    access: String,
    token: String,
    document: String,
    request: String,
}

impl Blanks {
    /// Blanks that lead to rows that are there, as far as the story made them. A blank that is not
    /// named here has no row in these tables, and the stories fail until it has one.
    fn fill(&self, pattern: &str) -> String {
        pattern
            .split('/')
            .map(|part| match part {
                "{practice}" => self.practice.as_str(),
                "{chart}" => self.chart.as_str(),
                "{access}" | "{grant}" => self.access.as_str(),
                "{token}" => self.token.as_str(),
                "{document}" => self.document.as_str(),
                "{request}" => self.request.as_str(),
                "{act}" => "resend",
                "{staff}" | "{question}" | "{key}" | "{name}" => NOWHERE,
                part if part.contains('{') => panic!("{pattern}: say what stands in {part}"),
                part => part,
            })
            .collect::<Vec<_>>()
            .join("/")
    }
}

fn rows() -> Vec<Row> {
    let (_, rows) = app::routes().into_parts();
    assert!(rows.len() > 8, "the table of routes is empty");
    rows
}

/// An invited client and the blanks that lead to them.
async fn invited(w: &mut World) -> Blanks {
    let ana = w.chart("Ana", "Duarte").await;
    w.invite(&ana).await;
    let mail = w.mail_to(&ana.email).await;
    let token = w.link_in(&mail).rsplit('/').next().unwrap_or_default().to_owned();
    w.mail_has_settled().await;
    let chart = ana.chart_id.clone();
    let access = access_of(w, &chart).await;
    Blanks {
        practice: w.riverbend.slug().into(),
        chart: chart.to_string(),
        access: access.to_string(),
        token,
        document: NOWHERE.into(),
        request: NOWHERE.into(),
    }
}

async fn access_of(w: &World, chart: &ChartId) -> AccessId {
    let chart = chart.clone();
    w.look(move |c| {
        portal_access::table
            .filter(portal_access::chart_id.eq(chart))
            .select(portal_access::access_id)
            .first(c)
    })
    .await
}

/// Asks for a route as somebody; unsafe methods send an empty form (or object) without a form token.
async fn ask(browser: &mut Browser, row: &Row, path: &str) -> Page {
    let body: Option<(&str, &[u8])> = match row.method.as_str() {
        "GET" => None,
        _ if path.starts_with("/api/") => Some(("application/json", b"{}")),
        _ => Some(("application/x-www-form-urlencoded", b"")),
    };
    browser.send(row.method.as_str(), path, body).await
}

/// Turned away: sent to a sign-in, or told no, or told that there is nothing.
fn is_turned_away(page: &Page) -> bool {
    let to_sign_in = page.status() == 303 && page.location().is_some_and(|to| to.contains("sign-in"));
    to_sign_in || matches!(page.status(), 401 | 403 | 404)
}

fn may(needs: Needs, role: Role) -> Option<bool> {
    match needs {
        Needs::StaffSession => Some(true),
        Needs::Staff(permission) => Some(role.may(permission)),
        _ => None,
    }
}

/// Routes without a blank show the visitor's own practice; those with one lead to a row of
/// Riverbend's.
fn leads_to_a_row(row: &Row) -> bool {
    ["{chart}", "{access}", "{grant}"].iter().any(|blank| row.path.contains(blank))
}

/// AppointmentLabels that there is nothing; or, where what was sent is looked at first, that it cannot be read.
fn found_nothing(row: &Row, page: &Page) -> bool {
    page.status() == 404 || (row.method != "GET" && matches!(page.status(), 400 | 422))
}

stories! {
    async fn auz_01_nobody_comes_through_a_door_that_needs_somebody(w: &mut World) {
        let blanks = invited(w).await;
        let before = w.dump().await;
        let mut wrong = Vec::new();
        for row in rows() {
            // The holder of a link may do what its page offers; somebody without it holds another text.
            let link = if row.method == "GET" { blanks.token.clone() } else { "A".repeat(43) };
            let path = Blanks { token: link, ..blanks.clone() }.fill(row.path);
            let page = ask(&mut w.browser(), &row, &path).await;
            let told = format!("{} {} ({:?}): {}", row.method, row.path, row.needs, page.status());
            let broke = page.status() >= 500 && row.path != "/readyz";
            let open = matches!(row.needs, Needs::Nothing | Needs::Link);
            if broke || (!open && !is_turned_away(&page)) {
                wrong.push(told);
            }
        }
        assert!(wrong.is_empty(), "nobody came through:\n{}", wrong.join("\n"));
        let changed = difference(&before, &w.dump().await);
        assert!(changed.is_empty(), "nobody changed the database:\n{}", changed.join("\n"));
    }

    async fn auz_01_each_role_comes_as_far_as_the_table_says(w: &mut World) {
        let blanks = invited(w).await;
        let mut wrong = Vec::new();
        for role in Role::ALL {
            for row in rows() {
                let Some(may) = may(row.needs, *role) else { continue };
                if row.path.ends_with("sign-out") {
                    continue;
                }
                let mut browser = w.staff(*role).await;
                let page = ask(&mut browser, &row, &blanks.fill(row.path)).await;
                let to_sign_in =
                    page.status() == 303 && page.location().is_some_and(|to| to.contains("sign-in"));
                let fits = if may {
                    !to_sign_in && page.status() != 403 && page.status() < 500
                } else {
                    page.status() == 403
                };
                if !fits {
                    wrong.push(format!(
                        "{role} {} {} ({:?}): {}",
                        row.method, row.path, row.needs, page.status()
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "the table says otherwise:\n{}", wrong.join("\n"));
    }

    async fn auz_03_another_practices_staff_find_nothing_here(w: &mut World) {
        let blanks = invited(w).await;
        let mut wrong = Vec::new();
        for row in rows().into_iter().filter(leads_to_a_row) {
            if may(row.needs, Role::Administrator).is_none() {
                continue;
            }
            let mut browser = w.staff_of(&w.twinoaks.clone(), Role::Administrator).await;
            let page = ask(&mut browser, &row, &blanks.fill(row.path)).await;
            // A form without its token is refused before the row is looked for.
            let fits = page.status() == 404 || (row.method != "GET" && page.status() == 400);
            if !fits || page.html().contains("Duarte") {
                wrong.push(format!("{} {}: {}", row.method, row.path, page.status()));
            }
        }
        assert!(wrong.is_empty(), "Twin Oaks found Riverbend's:\n{}", wrong.join("\n"));
    }

    async fn auz_01_a_client_is_nobody_on_the_staff_side_and_staff_are_nobody_on_the_clients(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let client = w.registered(&ana).await;
        let staff = w.staff(Role::Administrator).await;
        let blanks = Blanks {
            practice: w.riverbend.slug().into(),
            chart: ana.chart_id.to_string(),
            access: access_of(w, &ana.chart_id).await.to_string(),
            token: "x".repeat(43),
            document: NOWHERE.into(),
            request: NOWHERE.into(),
        };
        let mut wrong = Vec::new();
        for row in rows() {
            let mut stranger = match row.needs {
                Needs::StaffSession | Needs::Staff(_) => client.clone(),
                Needs::ClientSession | Needs::Client(_) => staff.clone(),
                _ => continue,
            };
            let page = ask(&mut stranger, &row, &blanks.fill(row.path)).await;
            if !is_turned_away(&page) {
                wrong.push(format!("{} {} ({:?}): {}", row.method, row.path, row.needs, page.status()));
            }
        }
        assert!(wrong.is_empty(), "came through by the wrong door:\n{}", wrong.join("\n"));
    }

    async fn auz_01_a_key_comes_as_far_as_its_scopes_say_and_nowhere_else(w: &mut World) {
        let blanks = invited(w).await;
        let mut wrong = Vec::new();
        for scopes in Scope::ALL.chunks(1) {
            let text = key(w, &w.riverbend, scopes).await;
            for row in rows() {
                let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
                let page = ask(&mut caller, &row, &blanks.fill(row.path)).await;
                let fits = match row.needs {
                    Needs::ApiKey(scope) if scopes.contains(&scope) => {
                        !matches!(page.status(), 401 | 403) && page.status() < 500
                    }
                    Needs::ApiKey(_) => page.status() == 403,
                    // To people's pages a key is nobody.
                    Needs::StaffSession | Needs::Staff(_) | Needs::ClientSession | Needs::Client(_) => {
                        is_turned_away(&page)
                    }
                    Needs::Nothing | Needs::Link | Needs::Machine => page.status() < 500 || row.path == "/readyz",
                };
                if !fits {
                    wrong.push(format!("{scopes:?} {} {} ({:?}): {}", row.method, row.path, row.needs, page.status()));
                }
            }
        }
        assert!(wrong.is_empty(), "the table says otherwise:\n{}", wrong.join("\n"));
    }

    async fn auz_03_another_practices_key_finds_nothing_here(w: &mut World) {
        let blanks = invited(w).await;
        let text = key(w, &w.twinoaks, Scope::ALL).await;
        let before = w.dump().await;
        let (mut wrong, mut seen) = (Vec::new(), 0);
        for row in rows().into_iter().filter(|row| matches!(row.needs, Needs::ApiKey(_))) {
            let mut caller = w.browser().with("authorization", &format!("Bearer {text}"));
            let page = ask(&mut caller, &row, &blanks.fill(row.path)).await;
            seen += usize::from(leads_to_a_row(&row));
            if (leads_to_a_row(&row) && !found_nothing(&row, &page)) || page.html().contains("Duarte") {
                wrong.push(format!("{} {}: {}", row.method, row.path, page.status()));
            }
        }
        assert!(seen > 8, "only {seen} routes of the API lead to a row");
        assert!(wrong.is_empty(), "Twin Oaks found Riverbend's:\n{}", wrong.join("\n"));
        let changed = difference(&before, &w.dump().await);
        let changed: Vec<_> = changed.into_iter().filter(|line| !line.starts_with("api_key ")).collect();
        assert!(changed.is_empty(), "Twin Oaks changed the database:\n{}", changed.join("\n"));
    }

    async fn auz_03_a_client_finds_nothing_of_another_clients_chart(w: &mut World) {
        let (ana, bo) = (w.chart("Ana", "Duarte").await, w.chart("Bo", "Lindgren").await);
        let (mut hers, mut his) = (w.registered(&ana).await, w.registered(&bo).await);
        let paper = document(w, &ana.chart_id, "A plan with lanterns", "Lanterns by the river.").await;
        let form = hers.get("/portal/appointments/request").await;
        let asked = [("kind", "session"), ("place", "office"), ("day1", "2026-12-03"), ("part1", "morning")];
        hers.submit(&form, "/portal/appointments/request", &asked).await.must_be(303);
        let request: RequestId = w.look(|c| appointment_request::table.select(appointment_request::request_id).first(c)).await;
        let blanks = Blanks {
            practice: w.riverbend.slug().into(),
            chart: ana.chart_id.to_string(),
            access: access_of(w, &ana.chart_id).await.to_string(),
            token: "x".repeat(43),
            document: paper.to_string(),
            request: request.to_string(),
        };
        w.mail_has_settled().await;
        let me = his.get("/portal/me").await;
        let csrf = me.form("/portal/me/language").fields.into_iter().find(|(name, _)| name == "csrf").expect("a token").1;
        let before = w.dump().await;
        let (mut wrong, mut seen) = (Vec::new(), 0);
        for row in rows().into_iter().filter(|row| matches!(row.needs, Needs::ClientSession | Needs::Client(_))) {
            let path = blanks.fill(row.path);
            if path == "/portal/sign-out" {
                continue;
            }
            let (page, names_hers) = if row.method == "GET" {
                (his.get(&path).await, row.path.contains('{'))
            } else {
                // With his own form token, and her grant's name where one is asked for.
                let mut fields = vec![("csrf", csrf.as_str())];
                if path == "/portal/switch" {
                    fields.push(("access", blanks.access.as_str()));
                }
                (his.post(&path, &fields).await, row.path.contains('{') || path == "/portal/switch")
            };
            seen += usize::from(names_hers);
            let told = page.html().contains("lanterns") || page.html().contains("Duarte") || page.html().contains("Lanterns");
            if told || page.status() >= 500 || (names_hers && page.status() != 404) {
                wrong.push(format!("{} {}: {}", row.method, row.path, page.status()));
            }
            if row.method == "GET" && names_hers {
                hers.get(&path).await.must_be(200);
            }
        }
        assert!(seen >= 4, "only {seen} routes lead to what is hers");
        assert!(wrong.is_empty(), "Bo found Ana's:\n{}", wrong.join("\n"));
        let changed = difference(&before, &w.dump().await);
        // What she herself opened.
        let changed: Vec<_> =
            changed.into_iter().filter(|line| !line.starts_with("audit_") && !line.starts_with("document ")).collect();
        assert!(changed.is_empty(), "Bo changed the database:\n{}", changed.join("\n"));
    }

    async fn inv_05_get_and_head_change_nothing_however_often(w: &mut World) {
        let blanks = invited(w).await;
        let staff = w.staff(Role::Administrator).await;
        let bo = w.chart("Bo", "Lindgren").await;
        let client = w.registered(&bo).await;
        w.mail_has_settled().await;
        let before = w.dump().await;
        for row in rows().into_iter().filter(|row| row.method == "GET") {
            let path = blanks.fill(row.path);
            for visitor in [w.browser(), staff.clone(), client.clone()] {
                for method in ["GET", "HEAD", "GET", "HEAD", "GET"] {
                    visitor.clone().send(method, &path, None).await;
                }
            }
            let changed = difference(&before, &w.dump().await);
            // That a document was opened, and a chart looked at, is what these pages are to record.
            let changed: Vec<_> = changed.into_iter().filter(|line| !line.starts_with("audit_")).collect();
            assert!(changed.is_empty(), "GET {path} changed the database:\n{}", changed.join("\n"));
        }
    }

    async fn web_01_a_form_from_elsewhere_is_refused_on_every_route(w: &mut World) {
        let blanks = invited(w).await;
        let mut wrong = Vec::new();
        for row in rows() {
            if row.method == "GET" || matches!(row.needs, Needs::ApiKey(_) | Needs::Machine) {
                continue;
            }
            let path = blanks.fill(row.path);
            for (name, value) in [
                ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Site", "same-site"),
                ("Sec-Fetch-Site", "none"),
                ("Sec-Fetch-Site", "nonsense"),
            ] {
                let mut browser = w.staff(Role::Administrator).await.with(name, value);
                let page = ask(&mut browser, &row, &path).await;
                if page.status() != 403 {
                    wrong.push(format!("{} {} with {name}: {value}: {}", row.method, row.path, page.status()));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn web_04_05_every_answer_carries_its_headers(w: &mut World) {
        let blanks = invited(w).await;
        let staff = w.staff(Role::Administrator).await;
        let mut pages = Vec::new();
        for row in rows() {
            pages.push(ask(&mut staff.clone(), &row, &blanks.fill(row.path)).await);
        }
        pages.push(w.browser().get("/nothing/here").await);
        pages.push(w.browser().get(&format!("/{}", "x".repeat(4_000))).await);
        pages.push(w.browser().send("TRACE", "/staff", None).await);
        pages.push(w.browser().send("POST", "/riverbend/staff/sign-in", Some(("text/plain", &[b'x'; 900_000]))).await);
        let wanted = [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-frame-options", "DENY"),
            ("x-robots-tag", "noindex"),
        ];
        let mut wrong = Vec::new();
        for page in &pages {
            for (name, value) in wanted {
                if page.answer.header(name) != Some(value) {
                    wrong.push(format!("{} ({}): {name} is {:?}", page.path, page.status(), page.answer.header(name)));
                }
            }
            let csp = page.answer.header("content-security-policy").unwrap_or_default();
            for part in ["default-src 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"] {
                if !csp.contains(part) || csp.contains("unsafe-") {
                    wrong.push(format!("{} ({}): the policy is {csp:?}", page.path, page.status()));
                }
            }
            let cache = page.answer.header("cache-control").unwrap_or_default();
            if !page.path.starts_with("/assets/") && !cache.contains("no-store") {
                wrong.push(format!("{} ({}): Cache-Control is {cache:?}", page.path, page.status()));
            }
            if page.answer.header("server").is_some() {
                wrong.push(format!("{}: says which server it is", page.path));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn inv_13_a_link_that_is_nobodys_says_the_same_to_everybody(w: &mut World) {
        let blanks = invited(w).await;
        let unknown = format!("/riverbend/i/{}", "A".repeat(43));
        let foreign = format!("/twinoaks/i/{}", blanks.token);
        let (unknown, foreign) = (w.browser().get(&unknown).await, w.browser().get(&foreign).await);
        unknown.must_be(404);
        foreign.must_be(404);
        foreign.must_not_say("Duarte").must_not_say("Riverbend");
    }

    async fn web_10_a_nul_character_finds_nothing_and_breaks_nothing(w: &mut World) {
        let blanks = invited(w).await;
        let bo = w.chart("Bo", "Lindgren").await;
        let (staff, client) = (w.staff(Role::Administrator).await, w.registered(&bo).await);
        let text = key(w, &w.riverbend, Scope::ALL).await;
        let caller = w.browser().with("authorization", &format!("Bearer {text}"));
        let mut wrong = Vec::new();
        for row in rows().into_iter().filter(|row| row.path != "/readyz") {
            let visitors = match row.needs {
                Needs::ApiKey(_) => vec![caller.clone()],
                Needs::StaffSession | Needs::Staff(_) => vec![staff.clone()],
                Needs::ClientSession | Needs::Client(_) => vec![client.clone()],
                _ => vec![w.browser(), staff.clone()],
            };
            let parts: Vec<&str> = row.path.split('/').collect();
            let filled = blanks.fill(row.path);
            let whole: Vec<&str> = filled.split('/').collect();
            for mut visitor in visitors {
                // In each blank, and at the end of each.
                for (at, _) in parts.iter().enumerate().filter(|(_, part)| part.contains('{')) {
                    for nul in ["%00".to_owned(), format!("{}%00", whole[at])] {
                        let mut path = whole.clone();
                        path[at] = &nul;
                        let page = ask(&mut visitor, &row, &path.join("/")).await;
                        if page.status() != 404 {
                            wrong.push(format!("{} {}: {}", row.method, path.join("/"), page.status()));
                        }
                    }
                }
                if row.method == "GET" && !row.path.ends_with("/live") {
                    // In each key that some page of ours reads, and as a key.
                    for asked in QUERY_KEYS.iter().map(|key| format!("{key}=a%00b")).chain(["%00=1".to_owned()]) {
                        let page = ask(&mut visitor, &row, &format!("{filled}?{asked}")).await;
                        if page.status() >= 500 {
                            wrong.push(format!("GET {filled}?{asked}: {}", page.status()));
                        }
                    }
                }
            }
        }
        for path in ["/%00", "/%00/sign-in", "/river%00bend/letter", "/nowhere/%00"] {
            let page = w.browser().get(path).await;
            if page.status() != 404 {
                wrong.push(format!("{path}: {}", page.status()));
            }
        }
        assert!(wrong.is_empty(), "a NUL character came through:\n{}", wrong.join("\n"));
        for path in ["/portal/sign-in?practice=%00", "/staff/sign-in?practice=%00"] {
            let status = w.browser().get(path).await.status();
            assert!(status < 500, "{path}: {status}");
        }
        staff.clone().get("/staff/audit?chart=%00").await.must_be(200);
        // In a field it is one more wrong character.
        for (path, name) in [("/riverbend/sign-in", "name"), ("/riverbend/staff/sign-in", "email")] {
            let mut browser = w.browser();
            let page = browser.get(path).await;
            let fields = [(name, "a\0b@example.org"), ("password", "quiet\0stones")];
            let status = browser.submit(&page, "sign-in", &fields).await.status();
            assert!((400..500).contains(&status), "{path}: {status}");
        }
        let mut browser = w.browser();
        let page = browser.get("/riverbend/forgot").await;
        let status = browser.submit(&page, "forgot", &[("address", "a\0b@example.org")]).await.status();
        assert!(status < 500, "forgot: {status}");
        // And the API's texts.
        let at = format!("/api/v1/charts/{}", blanks.chart);
        for (path, body) in [
            ("/api/v1/charts".to_owned(), r#"{"chart_number":"a\u0000b","client":{"last_name":"x"}}"#),
            ("/api/v1/charts".to_owned(), r#"{"client":{"last_name":"a\u0000b"}}"#),
            (format!("{at}/invite"), r#"{"address":"a\u0000b@example.org","confirm":["\u0000"]}"#),
            (format!("{at}/change-owner"), r#"{"person_id":"\u0000"}"#),
            (format!("/api/v1/grants/{}/revoke", blanks.access), r#"{"reason":"a\u0000b"}"#),
        ] {
            let page = caller.clone().send("POST", &path, Some(("application/json", body.as_bytes()))).await;
            assert!((400..500).contains(&page.status()), "{path} {body}: {}", page.status());
        }
    }
}
