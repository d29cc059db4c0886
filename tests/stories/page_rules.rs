//! Rules of pages that no single feature owns: how fields are typed into, titles, the language switch, times in
//! tables, and a phone number beside "ask the client".

use anteroom::features::NAVIGATION;
use anteroom::features::people::{Typed, TypedAddress, TypedPerson};
use anteroom::platform::permissions::Role;

use crate::stories;
use crate::support::rows::Rows;
use crate::support::{Browser, Page};

/// The tags of the page that begin so, whole.
fn tags(page: &Page, start: &str) -> Vec<String> {
    let html = page.html();
    let tag = |(at, _): (usize, &str)| html[at..].split_inclusive('>').next().unwrap_or_default().to_owned();
    html.match_indices(start).map(tag).collect()
}

/// The text of the page's title.
fn title(page: &Page) -> String {
    let html = page.html();
    let from = html.find("<title>").expect("a title") + "<title>".len();
    html[from..].split("</title>").next().unwrap_or_default().to_owned()
}

async fn titles_of(browser: &mut Browser, paths: &[String]) -> Vec<String> {
    let mut titles = Vec::new();
    for path in paths {
        let page = browser.get(path).await;
        page.must_be(200);
        titles.push(title(&page));
    }
    titles
}

stories! {
    async fn a_keyboard_neither_corrects_nor_capitalises_an_address(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let chart = rows.value("{chart}");
        let mut admin = w.staff(Role::Administrator).await;
        let mut seen = 0;
        for path in [
            "/staff/team/new".to_owned(),
            "/staff/practice".to_owned(),
            "/staff/charts/new".to_owned(),
            format!("/staff/charts/{chart}/edit"),
            format!("/staff/charts/{chart}/access/change-email"),
        ] {
            let page = admin.get(&path).await;
            page.must_be(200);
            let is_address = |tag: &String| ["type=\"email\"", "inputmode=\"email\""].iter().any(|kind| tag.contains(kind));
            for tag in tags(&page, "<input ").into_iter().filter(is_address) {
                seen += 1;
                for part in ["spellcheck=\"false\"", "autocapitalize=\"none\"", "autocorrect=\"off\""] {
                    assert!(tag.contains(part), "{path}: {part} is missing in {tag}");
                }
            }
        }
        assert!(seen >= 5, "only {seen} fields of an address");
        // A name that is signed in with is no word either, and the parts of a date are digits.
        let mut reader = w.browser();
        let page = reader.get("/riverbend/sign-in").await;
        let name = tags(&page, "<input ").into_iter().find(|tag| tag.contains("autocomplete=\"username\""));
        assert!(name.as_ref().is_some_and(|tag| tag.contains("autocapitalize=\"none\"")), "{name:?}");
        let page = reader.get(&rows.fill("/{practice}/i/{token}")).await;
        for part in ["month", "day", "year"] {
            let field = format!("name=\"{part}\"");
            let tag = tags(&page, "<input ").into_iter().find(|tag| tag.contains(&field)).expect("the field");
            assert!(tag.contains("inputmode=\"numeric\""), "{tag}");
        }
    }

    async fn the_languages_are_offered_above_the_page(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        for path in ["/riverbend", "/riverbend/sign-in", "/riverbend/letter", &rows.fill("/{practice}/i/{token}")] {
            let page = w.browser().get(path).await;
            page.must_be(200);
            let place = |what: &str| page.html().find(what).unwrap_or_else(|| panic!("{path} lacks {what}"));
            assert!(place("hreflang=\"es\"") < place("<main"), "{path}");
        }
    }

    async fn each_tab_and_page_has_its_own_title(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let chart = rows.value("{chart}");
        let staff: Vec<String> = ["charts", "charts/new", "charts/import", "worklist", "requests", "calendar", "messages", "messages/away", "messages/search?q=lanterns", "team", "team/new",
            "practice", "practice/policies", "practice/questions", "audit", "api-keys", "me"]
            .iter().map(|page| format!("/staff/{page}"))
            .chain(NAVIGATION.tabs.iter().map(|tab| tab.path).chain(["/edit"]).map(|tab| format!("/staff/charts/{chart}{tab}")))
            .collect();
        let client: Vec<String> =
            ["", "/documents", "/appointments", "/appointments/request", "/messages", "/messages/new", "/account",
                "/account/why", "/help", "/me"]
                .iter().map(|page| format!("/portal{page}")).collect();
        let theirs = titles_of(&mut rows.client.clone(), &client).await;
        for titles in [titles_of(&mut w.staff(Role::Administrator).await, &staff).await, theirs] {
            let mut distinct = titles.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), titles.len(), "{titles:#?}");
        }
    }

    async fn a_time_in_a_table_is_short_and_its_exact_words_are_there_for_everybody(w: &mut World) {
        let _ = Rows::of_riverbend(w).await;
        let mut admin = w.staff(Role::Administrator).await;
        for path in ["/staff/audit", "/staff/requests", "/staff/me"] {
            let page = admin.get(path).await;
            let html = page.html();
            let at = html.find("<time class=\"stamp\"").unwrap_or_else(|| panic!("{path} has no short time"));
            let stamp = html[at..].split("</time>").next().unwrap_or_default();
            assert!(stamp.contains("title=\"Tuesday, December 1, 2026"), "{path}: {stamp}");
            assert!(stamp.contains("<span aria-hidden=\"true\">Dec 1, "), "{path}: {stamp}");
            assert!(stamp.contains("<span class=\"visually-hidden\">Tuesday, December 1, 2026"), "{path}: {stamp}");
        }
    }

    async fn where_staff_should_ask_the_client_a_number_is_there_to_call(w: &mut World) {
        let mut person = TypedPerson { first_name: "Ana".into(), last_name: "Duarte".into(), ..TypedPerson::default() }
            .born("1990-04-12");
        person.emails.push(TypedAddress::mailable("ana.duarte@example.com"));
        person.phones.push(TypedAddress { label: "mobile".into(), ..TypedAddress::mailable("(555) 010-0142") });
        let scope = w.riverbend.scope.clone();
        let ana = w.chart_of(&scope, Typed { client: person, ..Typed::default() }).await;
        w.invite_and_refuse(&ana).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        for path in ["/staff/worklist?kind=declined".to_owned(), format!("/staff/charts/{}/communications", ana.chart_id)] {
            let page = desk.get(&path).await;
            page.must_say("(555) 010-0142");
            assert!(page.html().contains("href=\"tel:5550100142\""), "{path}: {}", page.words());
        }
        // A label that the form offers is in the reader's language.
        desk.get(&format!("/staff/charts/{}?lang=es", ana.chart_id)).await.must_say("móvil").must_not_say("mobile");
    }
}
