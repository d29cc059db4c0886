//! Charts: finding them, paging through them, making and changing them, several people at once.

use std::collections::BTreeSet;

use anteroom::kernel::ids::ChartId;
use anteroom::platform::audit;
use anteroom::platform::db::PracticeScope;
use anteroom::platform::permissions::Role;
use anteroom::rooms::charts::{self, Refused, Typed, TypedAddress, TypedContact, TypedPerson};
use jiff::civil::{Date, date};

use crate::stories;
use crate::support::{House, World};

const TODAY: Date = date(2026, 12, 1);

fn person(first: &str, last: &str, born: &str) -> Typed {
    let client = TypedPerson { first_name: first.into(), last_name: last.into(), ..TypedPerson::default() };
    Typed { client: client.born(born), ..Typed::default() }
}

async fn made_at(w: &World, house: &House, typed: &Typed) -> ChartId {
    let sheet = typed.check(TODAY).expect("a face sheet");
    charts::create(&w.app, &house.scope, house.by(Role::FrontDesk), sheet)
        .await
        .expect("no fault")
        .unwrap_or_else(|refused| panic!("refused: {refused:?}"))
        .chart
}

async fn made(w: &World, typed: &Typed) -> ChartId {
    made_at(w, &w.riverbend, typed).await
}

async fn version_of(w: &World, scope: &PracticeScope, id: &ChartId) -> i64 {
    let id = id.clone();
    let file = w.app.db.read(scope, move |c| charts::load_file(c, &id)).await.expect("no fault");
    file.expect("the chart").chart.version
}

/// The clients on a list's page, in order.
fn names_on(html: &str) -> Vec<String> {
    html.split("class=\"row-link\"")
        .skip(1)
        .map(|part| {
            let text = part.split_once('>').map_or("", |(_, rest)| rest);
            text.split("</a>").next().unwrap_or_default().to_owned()
        })
        .collect()
}

async fn found(w: &World, role: Role, query: &[(&str, &str)]) -> Vec<String> {
    let query = crate::support::http::encode_form(query);
    let page = w.staff(role).await.get(&format!("/staff/charts?{query}")).await;
    page.must_be(200);
    names_on(&page.html())
}

stories! {
    async fn a_chart_is_found_by_any_part_of_what_staff_know(w: &mut World) {
        let mut ana = person("Ana María", "Núñez-O’Brien", "1990-03-04");
        ana.chart_number = "C-1042".into();
        ana.client.preferred_name = "Anita".into();
        ana.client.former_last_names = "García Márquez".into();
        ana.client.emails = vec![TypedAddress::mailable("Ana.Nunez+portal@Example.org")];
        ana.client.phones = vec![TypedAddress::mailable("(555) 010-0142")];
        ana.contacts.push(TypedContact {
            relation: "parent".into(),
            person: TypedPerson {
                first_name: "Rosa".into(),
                last_name: "Brien".into(),
                emails: vec![TypedAddress::mailable("rosa@example.com")],
                ..TypedPerson::default()
            },
            ..TypedContact::default()
        });
        made(w, &ana).await;
        let mut jürgen = person("Jürgen", "Müßig", "1985-12-25");
        jürgen.client.phones = vec![TypedAddress::mailable("+34 612 345 678")];
        made(w, &jürgen).await;
        made(w, &person("Ben", "Okafor", "2001-03-09")).await;
        made_at(w, &w.twinoaks, &person("Ana", "Nunez", "1990-03-04")).await;

        let (a, j) = ("Núñez-O’Brien, Ana María", "Müßig, Jürgen");
        for q in [
            "nunez", "NÚÑEZ", "obrien", "o'brien", "O’Brien", "nunez obrien", "brien", "ana", "ana nunez", "Nunez, Ana",
            "maría ana", "anita", "garcia", "marquez garcia", "uñe", "Nu\u{301}n", "c-1042", "C1042", "#c1042", "1042",
            "3/4/1990", "03/04/1990", "03-04-1990", "1990-03-04", "March 4 1990", "march 4, 1990", "4 mar 1990",
            "19900304", "3/4/90", "ana 3/4/1990", "3/4/1990 nunez", "4 de marzo de 1990",
            "ana.nunez+portal@example.org", "ANA.NUNEZ", "rosa@example.com", "5550100142", "(555) 010-0142", "555-010-0142",
            "+1 555 010 0142", "010-0142", "0142",
        ] {
            assert_eq!(found(w, Role::FrontDesk, &[("q", q)]).await, [a], "{q}");
        }
        for q in ["mussig", "Muessig", "müßig", "juergen", "jurgen", "12/25/1985", "25/12/1985", "612 345 678", "+34612345678"] {
            assert_eq!(found(w, Role::Biller, &[("q", q)]).await, [j], "{q}");
        }
        for q in ["zzz", "ana okafor", "4/3/1990", "3/4/1991", "%", "_", "\\", "nunez.example.net", "' OR 1=1 --"] {
            assert_eq!(found(w, Role::FrontDesk, &[("q", q)]).await, Vec::<String>::new(), "{q}");
        }
        assert_eq!(found(w, Role::FrontDesk, &[("q", "  ")]).await.len(), 3, "blanks find everybody");
    }

    async fn paging_leaves_no_gap_and_repeats_nobody(w: &mut World) {
        let typed: Vec<Typed> = (0..137)
            .map(|i| {
                let mut typed = person(["Ana", "Ben", "Chloe"][i % 3], ["Li", "Liang", "de Haan"][i % 7 % 3], "1990-03-04");
                typed.chart_number = format!("N{:04}", (i * 71) % 997);
                typed
            })
            .collect();
        for typed in &typed {
            made(w, typed).await;
        }
        for sort in ["name", "number", "newest"] {
            for q in ["", "li"] {
                let mut desk = w.staff(Role::FrontDesk).await;
                let mut page = desk.get(&format!("/staff/charts?sort={sort}&q={q}")).await;
                let (mut forward, mut pages) = (Vec::new(), Vec::new());
                loop {
                    let hrefs = hrefs_on(&page.html());
                    forward.extend(hrefs.clone());
                    pages.push(hrefs);
                    let Some(next) = after(&page.html(), "rel=\"next\"") else { break };
                    page = desk.get(&next).await;
                    page.must_be(200);
                }
                let all: BTreeSet<&String> = forward.iter().collect();
                assert_eq!(all.len(), forward.len(), "somebody stands twice: {sort} {q:?}");
                assert_eq!(forward.len(), if q.is_empty() { 137 } else { typed.iter().filter(|t| t.client.last_name.starts_with("Li")).count() });
                // And back again, page by page.
                let mut back = vec![hrefs_on(&page.html())];
                while let Some(previous) = after(&page.html(), "rel=\"prev\"") {
                    page = desk.get(&previous).await;
                    back.push(hrefs_on(&page.html()));
                }
                back.reverse();
                assert_eq!(back, pages, "{sort} {q:?}");
            }
        }
        let page = w.staff(Role::FrontDesk).await.get("/staff/charts").await;
        page.must_say("137 charts");
        let names = names_on(&page.html());
        let li = names.iter().position(|n| n.starts_with("Li, "));
        let liang = names.iter().position(|n| n.starts_with("Liang, "));
        assert!(li < liang || liang.is_none(), "Li stands before Liang: {names:?}");
    }

    async fn auz_03_another_practices_chart_is_not_there(w: &mut World) {
        let theirs = made_at(w, &w.twinoaks, &person("Ana", "Duarte", "1990-03-04")).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        for path in ["", "/edit"] {
            desk.get(&format!("/staff/charts/{theirs}{path}")).await.must_be(404);
        }
        desk.get("/staff/charts/not-an-id").await.must_be(404);
        desk.get(&format!("/staff/charts?after={theirs}")).await.must_be(200).must_not_say("Duarte");
        let outcome = charts::update_face_sheet(
            &w.app, &w.riverbend.scope, w.riverbend.by(Role::FrontDesk), theirs.clone(), 1,
            person("Eve", "Duarte", "1990-03-04").check(TODAY).expect("fine"),
        ).await.expect("no fault");
        assert!(matches!(outcome, Err(Refused::NotFound)));
        assert_eq!(version_of(w, &w.twinoaks.scope, &theirs).await, 1);
    }

    async fn a_name_that_is_a_script_stays_a_name(w: &mut World) {
        let name = "<script>alert(1)</script>\" onload=\"x";
        let mut typed = person(name, "O'<b>Bold</b>", "1990-03-04");
        typed.client.pronouns = "<i>they</i>".into();
        let id = made(w, &typed).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        for path in ["/staff/charts".to_owned(), format!("/staff/charts/{id}"), format!("/staff/charts/{id}/edit")] {
            let page = desk.get(&path).await;
            page.must_be(200);
            let html = page.html();
            assert!(!html.contains("<script>alert") && !html.contains("<b>Bold") && !html.contains("<i>they"), "{path}");
            assert!(html.contains("&#60;script&#62;") || html.contains("&lt;script&gt;"), "{path}");
        }
    }

    async fn a_new_chart_is_made_by_form_and_every_mistake_is_named_beside_its_field(w: &mut World) {
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/charts/new").await;
        page.must_be(200);
        let long = "x".repeat(10_000);
        let answer = desk
            .submit(&page, "/staff/charts/new", &[
                ("first_name", &long), ("last_name", "Du\u{202e}arte"), ("birth_month", "2"), ("birth_day", "30"),
                ("birth_year", "1980"), ("email-0-value", "ana at home"), ("pronouns", "she/her"),
            ])
            .await;
        answer.must_be(422);
        for sentence in ["First name: at most 100 characters", "there is no such day", "name@example.org", "cannot be shown"] {
            answer.must_say(sentence);
        }
        assert!(answer.html().contains("value=\"she/her\""), "what was typed is kept");
        assert!(answer.html().contains("href=\"#f-birth_month\"") && answer.html().contains("id=\"f-birth_month\""));
        let answer = desk
            .submit(&page, "/staff/charts/new", &[
                ("first_name", "Ana"), ("last_name", "Duarte"), ("birth_month", "3"), ("birth_day", "4"),
                ("birth_year", "2090"), ("email-0-value", "ana@example.org"),
            ])
            .await;
        answer.must_be(422).must_say("this day lies in the future");
        // Buttons that add a row keep what was typed.
        let more = desk.submit(&page, "/staff/charts/new", &[("first_name", "Ana"), ("email-0-value", "ana@example.org"), ("add", "email")]).await;
        more.must_be(200);
        assert!(more.html().contains("name=\"email-1-value\"") && more.html().contains("value=\"ana@example.org\""));
        let rest = [("last_name", "Duarte"), ("birth_month", "3"), ("birth_day", "4"), ("birth_year", "1990")];
        let done = desk.submit_and_follow(&more, "/staff/charts/new", &without_invitation(&rest)).await;
        done.must_be(200).must_say("The chart is created").must_say("Ana Duarte").must_say("March 4, 1990").must_say("1001");
        // The same person again: asked first, made on the second word.
        let page = desk.get("/staff/charts/new").await;
        let fields = [("first_name", "ANA"), ("last_name", "duarte"), ("birth_month", "03"), ("birth_day", "04"), ("birth_year", "1990")];
        let asked = desk.submit(&page, "/staff/charts/new", &without_invitation(&fields)).await;
        asked.must_be(422).must_say("Is it one of these?").must_say("Ana Duarte, Chart 1001");
        desk.submit_and_follow(&asked, "/staff/charts/new", &without_invitation(&[])).await.must_say("1002");
    }

    async fn two_who_edit_at_once_never_overwrite_each_other_silently(w: &mut World) {
        let id = made(w, &person("Ana", "Duarte", "1990-03-04")).await;
        let edit = format!("/staff/charts/{id}/edit");
        let (mut desk, mut clinician) = (w.staff(Role::FrontDesk).await, w.staff(Role::Clinician).await);
        let (first, second) = (desk.get(&edit).await, clinician.get(&edit).await);
        desk.submit_and_follow(&first, "/edit", &[("preferred_name", "Anita"), ("chart_number", "A-1")]).await.must_say("The face sheet is saved");
        let conflict = clinician.submit(&second, "/edit", &[("pronouns", "she/her"), ("preferred_name", "Annie")]).await;
        conflict.must_be(409).must_say("Somebody else saved this face sheet meanwhile").must_say("Anita").must_say("A-1");
        assert!(conflict.html().contains("value=\"she/her\"") && conflict.html().contains("value=\"Annie\""));
        let id2 = id.clone();
        let file = w.app.db.read(&w.riverbend.scope, move |c| charts::load_file(c, &id2)).await.expect("no fault").expect("there");
        assert_eq!((file.client.preferred_name.as_str(), file.client.pronouns.as_str()), ("Anita", ""));
        // Having seen both, the second saves knowingly.
        let saved = clinician.submit_and_follow(&conflict, "/edit", &[("preferred_name", "Anita"), ("chart_number", "A-1")]).await;
        saved.must_say("The face sheet is saved").must_say("she/her");
        let events = w.app.db.read(&w.riverbend.scope, move |c| audit::newest(c, Some(&id), None, 10)).await.expect("no fault");
        let told: Vec<(String, String)> = events.iter().map(|e| (e.action.clone(), e.details.clone())).collect();
        assert_eq!(told[0], ("chart.changed".into(), r#"{"fields":["pronouns"]}"#.into()));
        assert_eq!(told[1], ("chart.changed".into(), r#"{"fields":["chart_number","preferred_name"]}"#.into()));
        assert_eq!(told[2].0, "chart.created");
    }

    async fn twenty_savers_of_one_version_make_one_change(w: &mut World) {
        let id = made(w, &person("Ana", "Duarte", "1990-03-04")).await;
        let mut tasks = Vec::new();
        for i in 0..20 {
            let mut typed = person(&format!("Ana{i}"), "Duarte", "1990-03-04");
            typed.chart_number = "1001".into();
            let (app, scope, by, id) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::FrontDesk), id.clone());
            tasks.push(tokio::spawn(async move {
                charts::update_face_sheet(&app, &scope, by, id, 1, typed.check(TODAY).expect("fine")).await.expect("no fault")
            }));
        }
        let mut saved = 0;
        for task in tasks {
            match task.await.expect("the task ran") {
                Ok(_) => saved += 1,
                Err(Refused::Stale(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((saved, version_of(w, &w.riverbend.scope, &id).await), (1, 2));
    }

    async fn chart_numbers_are_unique_in_a_practice_and_free_ones_are_found_by_twenty_at_once(w: &mut World) {
        let mut typed = person("Ana", "Duarte", "1990-03-04");
        typed.chart_number = "1003".into();
        made(w, &typed).await;
        made_at(w, &w.twinoaks, &typed).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/charts/new").await;
        let fields = [("first_name", "Ben"), ("last_name", "Okafor"), ("chart_number", "1003")];
        desk.submit(&page, "/staff/charts/new", &without_invitation(&fields)).await.must_be(422).must_say("Another chart has this number");
        let mut tasks = Vec::new();
        for i in 0..20 {
            let (app, scope, by) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::FrontDesk));
            let typed = person(&format!("Client{i}"), "Okafor", "1990-03-04");
            tasks.push(tokio::spawn(async move {
                charts::create(&app, &scope, by, typed.check(TODAY).expect("fine")).await.expect("no fault").expect("made").number
            }));
        }
        let mut numbers = BTreeSet::new();
        for task in tasks {
            numbers.insert(task.await.expect("the task ran"));
        }
        assert_eq!(numbers.len(), 20);
        assert!(!numbers.contains("1003"));
    }

    async fn who_may_not_edit_sees_the_face_sheet_and_no_form(w: &mut World) {
        let id = made(w, &person("Ana", "Duarte", "1990-03-04")).await;
        let mut biller = w.staff(Role::Biller).await;
        let page = biller.get(&format!("/staff/charts/{id}")).await;
        page.must_be(200).must_say("Ana Duarte").must_not_say("Edit face sheet");
        assert!(!page.html().contains("/documents\""), "a biller has no documents tab");
        biller.get(&format!("/staff/charts/{id}/edit")).await.must_be(403);
        biller.get("/staff/charts/new").await.must_be(403);
        biller.get("/staff/charts").await.must_be(200).must_not_say("New chart");
    }
}

fn hrefs_on(html: &str) -> Vec<String> {
    html.split("class=\"row-link\" href=\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap_or_default().to_owned())
        .collect()
}

/// The address of the link that carries this attribute.
fn after(html: &str, attribute: &str) -> Option<String> {
    let at = html.find(attribute)?;
    let tag = &html[html[..at].rfind("<a ")?..at];
    let href = tag.split("href=\"").nth(1)?.split('"').next()?;
    Some(href.replace("&#38;", "&").replace("&amp;", "&"))
}

/// The new chart's form without the tick at "Send an invitation".
fn without_invitation<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = fields.to_vec();
    all.push(("invite", ""));
    all
}
