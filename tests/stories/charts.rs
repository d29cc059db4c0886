//! Charts: finding them, paging through them, making and changing them, several people at once.

use std::collections::BTreeSet;

use anteroom::features::charts::import::{Mode, Report};
use anteroom::features::charts::{self, Refused};
use anteroom::features::people::{self, ChartFile, Typed, TypedAddress, TypedContact, TypedPerson};
use anteroom::kernel::ids::ChartId;
use anteroom::platform::audit::{self, By, ChainCheck};
use anteroom::platform::db::PracticeScope;
use anteroom::platform::i18n::{Language, Words};
use anteroom::platform::permissions::Role;
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
    let id = *id;
    let file = w.app.db.read(scope, move |c| people::load_file(c, &id)).await.expect("no fault");
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
    async fn a_name_in_another_script_is_found_however_it_is_typed(w: &mut World) {
        for (first, last) in [("Νίκος", "Παπαδόπουλος"), ("Артём", "Семёнов"), ("أحمد", "الخطيب")] {
            made(w, &person(first, last, "1990-03-04")).await;
        }
        for (typed, name) in [
            ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "Παπαδόπουλος, Νίκος"),
            ("παπαδοπουλος", "Παπαδόπουλος, Νίκος"),
            ("семенов", "Семёнов, Артём"),
            ("АРТЕМ", "Семёнов, Артём"),
            ("احمد", "الخطيب, أحمد"),
        ] {
            assert_eq!(found(w, Role::FrontDesk, &[("q", typed)]).await, [name], "{typed}");
        }
    }

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
            "March 1990", "mar 1990", "ana marzo de 1990", "3/1990", "1990-03",
            "ana.nunez+portal@example.org", "ANA.NUNEZ", "rosa@example.com", "5550100142", "(555) 010-0142", "555-010-0142",
            "+1 555 010 0142", "010-0142", "0142",
        ] {
            assert_eq!(found(w, Role::FrontDesk, &[("q", q)]).await, [a], "{q}");
        }
        for q in ["mussig", "Muessig", "müßig", "juergen", "jurgen", "12/25/1985", "25/12/1985", "612 345 678", "+34612345678"] {
            assert_eq!(found(w, Role::Biller, &[("q", q)]).await, [j], "{q}");
        }
        for q in ["zzz", "ana okafor", "April 1990", "March 1991", "4/3/1990", "3/4/1991", "%", "_", "\\", "nunez.example.net", "' OR 1=1 --"] {
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
            &w.app, &w.riverbend.scope, w.riverbend.by(Role::FrontDesk), theirs, 1,
            person("Eve", "Duarte", "1990-03-04").check(TODAY).expect("fine"), charts::Why::AddressUse,
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
        answer.must_be(422).must_say("this day is in the future");
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

    async fn a_new_chart_that_is_sent_twice_is_one_chart_with_one_invitation(w: &mut World) {
        let desk = w.staff(Role::FrontDesk).await;
        let page = desk.clone().get("/staff/charts/new").await;
        let fields = [
            ("first_name", "Ana"), ("last_name", "Duarte"), ("birth_month", "3"), ("birth_day", "4"),
            ("birth_year", "1990"), ("email-0-value", "ana@example.org"),
        ];
        // Both clicks at once, and a third long after.
        let (mut one, mut other) = (desk.clone(), desk.clone());
        let (first, second) = tokio::join!(
            one.submit(&page, "/staff/charts/new", &fields),
            other.submit(&page, "/staff/charts/new", &fields),
        );
        first.must_be(303);
        assert_eq!(first.location(), second.location(), "{}", second.words());
        let third = one.submit_and_follow(&page, "/staff/charts/new", &fields).await;
        third.must_be(200).must_say("Ana Duarte").must_say("Invited");
        w.mail_has_settled().await;
        w.mail_to("ana@example.org").await;
        assert_eq!(w.unread_to("ana@example.org").await, 0, "one mail");
        assert_eq!(found(w, Role::FrontDesk, &[]).await, ["Duarte, Ana"]);
        // Back, somebody else's name, and sent again: that is another chart.
        let fields = [("first_name", "Ben"), ("last_name", "Duarte")];
        let done = one.submit_and_follow(&page, "/staff/charts/new", &without_invitation(&fields)).await;
        done.must_say("Ben Duarte").must_say("1002");
        // A form without its mark is none of ours.
        one.submit(&page, "/staff/charts/new", &[("mark", "")]).await.must_be(400);
    }

    async fn inv_02_a_doubtful_address_is_asked_about_on_the_new_charts_form_before_anything_is_saved(w: &mut World) {
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/charts/new").await;
        let fields = [
            ("first_name", "Ana"), ("last_name", "Duarte"), ("birth_month", "3"), ("birth_day", "4"),
            ("birth_year", "1990"), ("email-0-value", "ana@gmial.com"),
        ];
        let asked = desk.submit(&page, "/staff/charts/new", &fields).await;
        asked.must_be(422).must_say("ana@gmial.com looks mistyped. Did you mean gmail.com?").must_say("Correct the address, or tick the box below");
        let html = asked.html();
        assert!(html.contains("id=\"e-email-0-value\"") && html.contains("href=\"#f-email-0-value\""), "{html}");
        assert!(html.contains("value=\"ana@gmial.com\"") && html.contains("value=\"Duarte\""), "what was typed is kept");
        assert_eq!(found(w, Role::FrontDesk, &[]).await, Vec::<String>::new(), "nothing is saved");
        // Asked again while neither is done.
        let asked = desk.submit(&asked, "/staff/charts/new", &[]).await;
        asked.must_be(422).must_say("looks mistyped");
        // Another address is looked at anew, whatever was ticked about this one.
        let tick = [("confirmed", "likely_typing_error ana@gmial.com")];
        let other = desk.submit(&asked, "/staff/charts/new", &[tick[0], ("email-0-value", "ana@gmal.com")]).await;
        other.must_be(422).must_say("ana@gmal.com looks mistyped");
        // Sent all the same.
        assert!(html.contains("value=\"likely_typing_error ana@gmial.com\""), "{html}");
        let done = desk.submit_and_follow(&asked, "/staff/charts/new", &tick).await;
        done.must_say("the invitation is on its way").must_say("Invited").must_say("ana@gmial.com");
        // An address of somebody else, and the same person once more: both are asked at once.
        let page = desk.get("/staff/charts/new").await;
        let asked = desk.submit(&page, "/staff/charts/new", &fields).await;
        asked.must_be(422).must_say("Is it one of these?").must_say("is also used on another chart").must_say("looks mistyped");
        // Mended, it goes out without another word.
        let done = desk.submit_and_follow(&asked, "/staff/charts/new", &[("email-0-value", "ana2@example.org")]).await;
        done.must_say("the invitation is on its way").must_say("ana2@example.org");
        // Without an invitation nobody is asked.
        let page = desk.get("/staff/charts/new").await;
        let fields = [("first_name", "Kim"), ("last_name", "Lindgren"), ("email-0-value", "kim@gmial.com")];
        desk.submit_and_follow(&page, "/staff/charts/new", &without_invitation(&fields)).await.must_say("The chart is created");
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
        let id2 = id;
        let file = w.app.db.read(&w.riverbend.scope, move |c| people::load_file(c, &id2)).await.expect("no fault").expect("there");
        assert_eq!((file.client.preferred_name.as_str(), file.client.pronouns.as_str()), ("Anita", ""));
        // Having seen both, the second saves knowingly.
        let saved = clinician.submit_and_follow(&conflict, "/edit", &[("preferred_name", "Anita"), ("chart_number", "A-1")]).await;
        saved.must_say("The face sheet is saved").must_say("she/her");
        let events = w.app.db.read(&w.riverbend.scope, move |c| audit::newest(c, &audit::Wanted { chart: Some(id), ..audit::Wanted::default() }, None, 10)).await.expect("no fault");
        let recorded: Vec<(String, String)> = events.iter().map(|(e, _)| (e.action.clone(), e.details.clone())).collect();
        assert_eq!(recorded[0], ("chart.changed".into(), r#"{"fields":["pronouns"]}"#.into()));
        assert_eq!(recorded[1], ("chart.changed".into(), r#"{"fields":["chart_number","preferred_name"]}"#.into()));
        assert_eq!(recorded[2].0, "chart.created");
    }

    async fn twenty_savers_of_one_version_make_one_change(w: &mut World) {
        let id = made(w, &person("Ana", "Duarte", "1990-03-04")).await;
        let mut tasks = Vec::new();
        for i in 0..20 {
            let mut typed = person(&format!("Ana{i}"), "Duarte", "1990-03-04");
            typed.chart_number = "1001".into();
            let (app, scope, by, id) = (w.app.clone(), w.riverbend.scope.clone(), w.riverbend.by(Role::FrontDesk), id);
            tasks.push(tokio::spawn(async move {
                charts::update_face_sheet(&app, &scope, by, id, 1, typed.check(TODAY).expect("fine"), charts::Why::AddressUse).await.expect("no fault")
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

    async fn a_chart_number_is_the_same_in_capitals_or_not_whoever_types_it(w: &mut World) {
        let mut typed = person("Ana", "Duarte", "1990-03-04");
        typed.chart_number = "C1".into();
        let ana = made(w, &typed).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let page = desk.get("/staff/charts/new").await;
        let fields = [("first_name", "Ben"), ("last_name", "Okafor"), ("chart_number", "c1")];
        desk.submit(&page, "/staff/charts/new", &without_invitation(&fields)).await.must_be(422).must_say("Another chart has this number");
        // In the file it is the chart that is there, and the number stays as it is written on it.
        let report = import(w, "chart_number,first_name,last_name,preferred_name\nc1,Ana,Duarte,Anita\n", Mode::Apply).await;
        assert_eq!((report.created, report.updated), (0, 1), "{report:?}");
        let file = found_file(w, "anita").await;
        assert_eq!((file.chart.chart_id, file.chart.chart_number.as_str()), (ana, "C1"));
        // Its own number in other letters is no other chart's.
        let page = desk.get(&format!("/staff/charts/{ana}/edit")).await;
        desk.submit_and_follow(&page, "/edit", &[("chart_number", "c1")]).await.must_say("The face sheet is saved");
        let mut other = person("Ben", "Okafor", "1991-03-04");
        other.chart_number = "C2".into();
        let ben = made(w, &other).await;
        let page = desk.get(&format!("/staff/charts/{ben}/edit")).await;
        desk.submit(&page, "/edit", &[("chart_number", "C1")]).await.must_be(422).must_say("Another chart has this number");
        let both = "chart_number,first_name,last_name\nC9,Cleo,Park\nc9,Dan,Ito\n";
        let report = import(w, both, Mode::Apply).await;
        assert_eq!(in_words(&report),
            ["line 3, column chart_number: Line 2 has this chart number already, written C9; capitals do not count."]);
        assert_eq!(found(w, Role::FrontDesk, &[("q", "park")]).await.len(), 0);
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

    async fn an_import_is_rehearsed_then_applied_and_a_second_one_changes_nothing(w: &mut World) {
        let file = "chart_number,first_name,last_name,birth_date,email,phone,contact_relation,contact_first_name,contact_last_name,contact_email\n\
            A1,Ana,Duarte,1990-03-04,ana@example.org,555-0101,,,,\n\
            A2,Ben,Okafor,3/9/2001,,,parent,Ruth,Okafor,ruth@example.org\n";
        let dry = import(w, file, Mode::DryRun).await;
        assert_eq!((dry.rows, dry.created, dry.updated, dry.unchanged, dry.applied), (2, 2, 0, 0, false), "{dry:?}");
        assert_eq!(found(w, Role::FrontDesk, &[("q", "duarte")]).await.len(), 0, "a rehearsal writes nothing");
        let done = import(w, file, Mode::Apply).await;
        assert_eq!((done.created, done.updated, done.unchanged, done.applied), (2, 0, 0, true));
        assert_eq!(found(w, Role::FrontDesk, &[("q", "ruth@example.org")]).await, ["Okafor, Ben"]);
        let again = import(w, file, Mode::Apply).await;
        assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 2));
        // A cell that says something new changes it; an empty one leaves what stands there.
        let less = "chart_number,first_name,last_name,preferred_name,email,contact_relation,contact_first_name,contact_last_name,contact_phone\n\
            A1,Ana,Duarte,Anita,,,,,\nA2,Ben,Okafor,,,parent,ruth,okafor,555-0102\nA3,Cleo,Park,,cleo@example.org,,,,\n";
        let rehearsed = import(w, less, Mode::DryRun).await;
        let changed = import(w, less, Mode::Apply).await;
        assert_eq!((changed.created, changed.updated, changed.unchanged), (1, 2, 0));
        assert_eq!((rehearsed.created, rehearsed.updated, rehearsed.unchanged), (1, 2, 0));
        assert_eq!(found(w, Role::FrontDesk, &[("q", "anita ana@example.org 5550101 1990-03-04")]).await, ["Duarte, Ana"]);
        let ben = found_file(w, "okafor").await;
        assert_eq!(ben.contacts.len(), 1, "the same contact, not a second one");
        assert_eq!(ben.contacts[0].addresses.len(), 2);
        let check = w.app.db.read(&w.riverbend.scope, audit::check_chain).await.expect("no fault");
        assert!(matches!(check, ChainCheck::Whole(_)), "{check:?}");
    }

    async fn an_import_with_one_bad_row_writes_nothing_and_names_it(w: &mut World) {
        let good = "chart_number,first_name,last_name,birth_date,email\nA1,Ana,Duarte,1990-03-04,\n";
        for (rows, place) in [
            ("A2,Ben,Okafor,1990-02-30,\n", "line 3, column birth_date: There is no such day."),
            ("A2,Ben,Okafor,2090-01-01,\n", "line 3, column birth_date: This day is in the future."),
            ("A1,Ben,Okafor,,\n", "line 3, column chart_number: Line 2 has this chart number already."),
            ("A2,\"Ben,Okafor,,\n", "line 3: A quotation mark is opened on this line and never closed."),
            ("A2,Ben,Okafor,,ben at home\n", "line 3, column email: Enter an e-mail address like name@example.org."),
            ("A2,Ben,Okafor\n", "line 3: This row has 3 cells; the header has 5 columns."),
        ] {
            for mode in [Mode::DryRun, Mode::Apply] {
                let report = import(w, &format!("{good}{rows}"), mode).await;
                assert_eq!(in_words(&report), [place]);
                assert!(!report.applied);
            }
        }
        let latin = [good.as_bytes(), b"A2,Jos\xe9,N\xfa\xf1ez,,\n"].concat();
        let report = import_bytes(w, latin, Mode::Apply).await;
        assert!(in_words(&report)[0].starts_with("line 3: This line is not UTF-8"), "{report:?}");
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(good.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert!(in_words(&import_bytes(w, utf16, Mode::Apply).await)[0].contains("UTF-16"));
        assert_eq!(found(w, Role::FrontDesk, &[]).await, Vec::<String>::new());
        assert!(import_bytes(w, [b"\xef\xbb\xbf", good.as_bytes()].concat(), Mode::Apply).await.applied, "a mark is fine");
    }

    async fn two_imports_of_one_file_at_once_make_each_chart_once(w: &mut World) {
        let rows: String = (0..300).map(|i| format!("A{i},Ana{i},Duarte,ana{i}@example.org\n")).collect();
        let file = format!("chart_number,first_name,last_name,email\n{rows}");
        let (one, other) = tokio::join!(import(w, &file, Mode::Apply), import(w, &file, Mode::Apply));
        assert!(one.applied && other.applied, "{one:?} {other:?}");
        assert_eq!((one.created + other.created, one.unchanged + other.unchanged), (300, 300));
        // Somebody else's save between two imports is no reason to stop, and is not written over.
        let less = file.replace("Duarte", "Duarte-Reyes");
        let (one, other) = tokio::join!(import(w, &less, Mode::Apply), import(w, &less, Mode::Apply));
        assert_eq!((one.updated + other.updated, one.unchanged + other.unchanged), (300, 300), "{one:?} {other:?}");
        let check = w.app.db.read(&w.riverbend.scope, audit::check_chain).await.expect("no fault");
        assert!(matches!(check, ChainCheck::Whole(_)), "{check:?}");
    }

    async fn auz_06_an_import_touches_only_its_own_practice(w: &mut World) {
        let mut typed = person("Theirs", "Duarte", "1990-03-04");
        typed.chart_number = "A1".into();
        let theirs = made_at(w, &w.twinoaks, &typed).await;
        let report = import(w, "chart_number,first_name,last_name\nA1,Ours,Duarte\n", Mode::Apply).await;
        assert_eq!((report.created, report.updated), (1, 0));
        assert_eq!(version_of(w, &w.twinoaks.scope, &theirs).await, 1);
    }

    /// Not a test but a measurement of what another practice's sign-in waits for while a file comes in.
    #[ignore = "a measurement of minutes"]
    async fn how_long_an_import_keeps_another_practice_waiting(w: &mut World) {
        let mut file = String::from("chart_number,first_name,last_name,birth_date,email,phone\n");
        for i in 0..30_000usize {
            let (day, month, year) = (1 + i * 11 % 28, 1 + i * 7 % 12, 1930 + i * 31 % 85);
            file.push_str(&format!(
                "{},First{},Last{},{year}-{month:02}-{day:02},client{i}@example.org,555{:07}\n",
                10_000 + i, i * 7 % 700, i * 13 % 4_000, i * 199 % 10_000_000
            ));
        }
        let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (app, scope, stop) = (w.app.clone(), w.twinoaks.scope.clone(), done.clone());
        let waits = tokio::spawn(async move {
            let limit = anteroom::platform::limits::Limit { most: 1_000_000, seconds: 3_600 };
            let mut waits = Vec::new();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let began = std::time::Instant::now();
                // A save that waits for ten seconds is refused, and counts as a wait too.
                drop(app.db.write(&scope, move |c| anteroom::platform::limits::count(c, "measured", limit)).await);
                waits.push(began.elapsed());
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            waits.sort();
            waits
        });
        for what in ["new", "again"] {
            let began = std::time::Instant::now();
            let report = import(w, &file, Mode::Apply).await;
            println!("{:?}: 30,000 rows {what}: {:.2?} (created {})", w.engine, began.elapsed(), report.created);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        let waits = waits.await.expect("the other practice");
        println!("{:?}: of {} writes of another practice the longest waited {:.2?}", w.engine, waits.len(), waits[waits.len() - 1]);
    }

    /// Not a test but a measurement: `cargo test --release --test stories charts -- --ignored --nocapture`.
    #[ignore = "a measurement of minutes"]
    async fn fifty_thousand_charts_come_in_and_are_found(w: &mut World) {
        let mut file = String::from("chart_number,first_name,middle_name,last_name,birth_date,email,phone\n");
        let firsts = ["Ana", "José", "Chloe", "Dmitri", "Grace", "Hiro", "Keisha", "Liam", "Priya", "Rosa", "Samuel", "Yolanda"];
        let lasts = ["Duarte", "Smith", "Nguyen", "Müller", "O'Brien", "Okafor", "Tanaka", "Lopez", "Brown", "Wilson", "Campbell"];
        for i in 0..50_000usize {
            let (f, l) = (firsts[i * 7 % 12], lasts[i * 13 % 11]);
            let l = format!("{l}{}", ["", "son", "-Reyes", "berg", "ez"][i / 17 % 5]);
            let plain: String = l.chars().filter(char::is_ascii_alphabetic).collect();
            file.push_str(&format!(
                "{},{f},{},{l},{}-{:02}-{:02},{plain}{i}@example.org,555{:07}\n",
                10_000 + i, ["", "Lee", "J"][i % 3], 1930 + i * 31 % 85, 1 + i * 7 % 12, 1 + i * 11 % 28, i * 199 % 10_000_000
            ));
        }
        let engine = w.engine;
        for what in ["new", "again"] {
            let began = std::time::Instant::now();
            let report = import(w, &file, Mode::Apply).await;
            println!("{engine:?}: 50,000 rows {what}: {:.1?} (created {}, unchanged {})", began.elapsed(), report.created, report.unchanged);
        }
        let changed = file.replace("555", "556");
        let began = std::time::Instant::now();
        let report = import(w, &changed, Mode::Apply).await;
        println!("{engine:?}: 50,000 rows changed: {:.1?} (updated {})", began.elapsed(), report.updated);
        let mut desk = w.staff(Role::FrontDesk).await;
        for query in [
            "", "q=duarte", "q=ana+duarte", "q=ana+3%2F4%2F1990", "q=zzzz", "q=a", "q=qx", "q=smithson1234", "q=5560", "q=%28556%29+000-0199",
            "q=12345", "q=1990-03-04", "q=rosa&sort=number", "q=rosa&sort=newest", "q=zzzz&sort=newest", "sort=number", "sort=newest",
            "portal=not_invited", "portal=active", "portal=expired", "portal=undeliverable", "q=lopez&portal=not_invited", "q=lopez&portal=active",
        ] {
            let mut times = Vec::new();
            for _ in 0..40 {
                let began = std::time::Instant::now();
                desk.get(&format!("/staff/charts?{query}")).await.must_be(200);
                times.push(began.elapsed().as_secs_f64() * 1_000.0);
            }
            times.sort_by(f64::total_cmp);
            println!("{engine:?}: {query:34} median {:6.1} ms  p95 {:6.1} ms", times[20], times[37]);
        }
    }
}

async fn import(w: &World, file: &str, mode: Mode) -> Report {
    import_bytes(w, file.as_bytes().to_vec(), mode).await
}

/// What is wrong with a file, as the command says it.
fn in_words(report: &Report) -> Vec<String> {
    report.bad.iter().map(|bad| bad.worded(Words::of(Language::English))).collect()
}

async fn import_bytes(w: &World, file: Vec<u8>, mode: Mode) -> Report {
    charts::import(&w.app, &w.riverbend.scope, By::operator(), std::io::Cursor::new(file), mode, |_| ())
        .await
        .expect("no fault")
}

async fn found_file(w: &World, q: &str) -> ChartFile {
    let search = charts::Search::read(q, anteroom::kernel::civil::DateOrder::MonthFirst, TODAY);
    w.app
        .db
        .read(&w.riverbend.scope, move |c| {
            let found = charts::find(c, &search)?;
            people::load_file(c, &found.rows[0].chart_id)
        })
        .await
        .expect("no fault")
        .expect("there")
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
