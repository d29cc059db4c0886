//! What staff note about court orders and safety: who reads it, and what it withholds.

use anteroom::app;
use anteroom::features::access::permission::Basis;
use anteroom::kernel::ids::AccessId;
use anteroom::platform::db::schema::{audit_event, chart, staff_note, withheld};
use anteroom::platform::permissions::{Level, Needs, Permission, Right, Role, Scope};
use diesel::prelude::*;

use crate::access::contact;
use crate::portal_people::{account, document, enrolled, events, grant, sign_in};
use crate::rights::{Terms, level, mother_of, send, set};
use crate::stories;
use crate::support::rows::Rows;
use crate::support::world::Client;
use crate::support::{Browser, Page, World};

fn page_of(of: &Client) -> String {
    format!("/staff/charts/{}/notes", of.chart_id)
}

/// Sends the form of a new note with these fields.
async fn note(staff: &mut Browser, of: &Client, fields: &[(&str, &str)]) -> Page {
    let page = staff.get(&page_of(of)).await;
    let form = page.forms().into_iter().find(|form| form.action == page_of(of)).expect("a form");
    let mut sent = form.fields;
    for (name, value) in fields {
        sent.retain(|(known, _)| known != name || *name == "right");
        sent.push(((*name).to_owned(), (*value).to_owned()));
    }
    staff.post_fields(&page_of(of), &sent).await
}

/// The button that ends the only note.
async fn end(staff: &mut Browser, of: &Client, reason: &str) -> Page {
    let page = staff.get(&page_of(of)).await;
    staff.submit(&page, "/notes/end", &[("end_reason", reason)]).await
}

async fn counted(w: &World, of: &Client) -> i32 {
    let id = of.chart_id;
    w.look(move |c| chart::table.filter(chart::chart_id.eq(id)).select(chart::note_count).first(c)).await
}

fn order<'a>(about: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("about", about),
        ("kind", "court_order"),
        ("body", "Canary order of the court."),
        ("effect", "deny"),
        ("reason", "A paper of the court."),
    ];
    fields.extend(more);
    fields
}

/// A father beside the mother, with every right.
async fn father_of(w: &mut World, child: &Client) -> (String, AccessId) {
    let person = contact(w, child, "Tom", "tom.park@example.com").await;
    let id = account(w, "tom.park@example.com").await;
    let access = grant(w, &w.riverbend.scope, &id, &person, &child.chart_id, Some(Right::ALL)).await;
    set(w, access, Terms { basis: Some(Basis::Parent), ..Terms::default() }).await;
    ("tom.park@example.com".to_owned(), access)
}

stories! {
    async fn a_note_on_a_court_order_withholds_rights_of_one_parent_until_it_ends(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (mother, hers) = mother_of(w, &leo).await;
        let (father, his) = father_of(w, &leo).await;
        document(w, &leo.chart_id, "For Leo", "Text.").await;
        w.mail_has_settled().await;
        let before = (w.unread_to(&mother).await, w.unread_to(&father).await);
        let mut desk = w.staff(Role::Clinician).await;
        let about = his.to_string();
        desk.get(&page_of(&leo)).await.must_be(200).must_say("No note holds.").must_say("Tom");
        // Everything that is missing is said at once; nothing is noted.
        note(&mut desk, &leo, &[("effect", "deny")]).await.must_be(422)
            .must_say("Choose the person from whom it is withheld").must_say("Choose what kind of note it is.")
            .must_say("Write the note").must_say("Say why it is noted");
        note(&mut desk, &leo, &order(&about, &[])).await.must_be(422).must_say("Choose what is withheld.");
        let over = [("right", "documents"), ("until", "2026-11-30")];
        note(&mut desk, &leo, &order(&about, &over)).await.must_be(422).must_say("This day is over");
        let turned = [("right", "documents"), ("from", "2026-12-05"), ("until", "2026-12-04")];
        note(&mut desk, &leo, &order(&about, &turned)).await.must_be(422);
        note(&mut desk, &leo, &order("nobody", &[("right", "documents")])).await.must_be(422).must_say("Choose whom");
        assert_eq!(counted(w, &leo).await, 0);
        let (mut tom, mut joan) = (sign_in(w, &father).await, sign_in(w, &mother).await);
        tom.get("/portal/documents").await.must_be(200);
        let denied = [("right", "documents"), ("right", "messages")];
        for _ in 0..2 {
            // The same note sent twice is one.
            note(&mut desk, &leo, &order(&about, &denied)).await.must_be(303);
        }
        let rows: i64 = w.look(|c| withheld::table.filter(withheld::note_id.is_not_null()).count().get_result(c)).await;
        assert_eq!((counted(w, &leo).await, rows, events(w, "access.note_added").await), (1, 2, 1));
        // From his next request on; hers is as it was.
        tom.get("/portal/documents").await.must_be(404);
        tom.get("/portal/messages").await.must_be(404);
        tom.get("/portal/appointments").await.must_be(200);
        joan.get("/portal/documents").await.must_be(200).must_say("For Leo");
        assert_eq!(level(w, hers, Right::Messages).await, Level::Act);
        // In red where staff invite and decide, and nowhere without its permission.
        let grant = format!("/staff/charts/{}/grants/{his}", leo.chart_id);
        for page in [format!("/staff/charts/{}/communications", leo.chart_id), grant.clone(), page_of(&leo)] {
            desk.get(&page).await.must_say("Canary order of the court.").must_say("withheld: Documents, Messages");
        }
        let of_hers = desk.get(&format!("/staff/charts/{}/grants/{hers}", leo.chart_id)).await;
        of_hers.must_not_say("Canary");
        let mut front = w.staff(Role::FrontDesk).await;
        front.get(&format!("/staff/charts/{}/communications", leo.chart_id)).await
            .must_say("A note about a court order or about safety is on file.").must_not_say("Canary");
        front.get(&format!("/staff/charts/{}/access/invite", leo.chart_id)).await
            .must_say("is on file").must_not_say("Canary");
        front.get(&page_of(&leo)).await.must_be(403);
        // What a note withholds is given back with the note alone, by the page as by the API.
        let page = desk.get(&grant).await;
        page.must_say("Given back when the note ends").must_not_say("Give back");
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let said = api.get(&format!("/api/v1/grants/{his}")).await;
        said.must_be(200).must_not_say("Canary");
        let said: serde_json::Value = serde_json::from_str(&said.answer.text()).expect("JSON");
        let back = serde_json::json!({ "withheld": said["withheld"][0]["id"] });
        send(&mut api, "POST", &format!("/api/v1/grants/{his}/give-back"), &back).await
            .must_be(409).must_say("kept-by-note");
        end(&mut desk, &leo, "").await.must_be(422).must_say("Say why the note ends");
        tom.get("/portal/documents").await.must_be(404);
        end(&mut desk, &leo, "The order was lifted.").await.must_be(303);
        tom.get("/portal/documents").await.must_be(200).must_say("For Leo");
        assert_eq!((counted(w, &leo).await, level(w, his, Right::Messages).await), (0, Level::Act));
        desk.get(&page_of(&leo)).await.must_say("No note holds.").must_say("Ended notes").must_say("The order was lifted.");
        desk.get(&grant).await.must_not_say("Canary");
        front.get(&format!("/staff/charts/{}/communications", leo.chart_id)).await.must_not_say("is on file");
        w.mail_has_settled().await;
        assert_eq!((w.unread_to(&mother).await, w.unread_to(&father).await), before, "somebody was told");
        // The trail says that there was a note, and nothing of its text.
        let trail: Vec<String> = w.look(|c| {
            audit_event::table.filter(audit_event::action.like("access.note%"))
                .order(audit_event::event_id.asc()).select(audit_event::details).load(c)
        }).await;
        assert_eq!(trail.len(), 2);
        assert!(trail.iter().all(|details| !details.contains("Canary") && details.contains("court_order")), "{trail:?}");
    }

    async fn the_days_of_a_note_are_computed_and_the_clients_own_access_is_not_limited(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let own = enrolled(w, &ana).await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let id = account(w, "rosa@example.com").await;
        let hers = grant(w, &w.riverbend.scope, &id, &rosa, &ana.chart_id, Some(Right::ALL)).await;
        set(w, hers, Terms { basis: Some(Basis::ClientChoice), ..Terms::default() }).await;
        let mut desk = w.staff(Role::Administrator).await;
        let (about, herself) = (hers.to_string(), own.access.to_string());
        note(&mut desk, &ana, &order(&herself, &[("right", "billing")])).await.must_be(422).must_say("own access is not limited");
        note(&mut desk, &ana, &order("chart", &[("right", "billing")])).await.must_be(422);
        let days = [("right", "billing"), ("from", "2026-12-02"), ("until", "2026-12-03")];
        note(&mut desk, &ana, &order(&about, &days)).await.must_be(303);
        assert_eq!(level(w, hers, Right::Billing).await, Level::Act, "its first day is tomorrow");
        let said = desk.get(&page_of(&ana)).await;
        said.must_say("from December 2, 2026").must_say("until the end of December 3, 2026");
        w.clock.advance_seconds(24 * 3_600);
        assert_eq!(level(w, hers, Right::Billing).await, Level::None);
        assert_eq!(level(w, hers, Right::Documents).await, Level::Act);
        w.clock.advance_seconds(2 * 24 * 3_600);
        assert_eq!(level(w, hers, Right::Billing).await, Level::Act, "its last day is over");
        let mut desk = w.staff(Role::Administrator).await;
        desk.get(&page_of(&ana)).await.must_say("No note holds.").must_say("Ended notes");
        // Without an effect it withholds nothing, whatever is ticked.
        let ticked = [("effect", "supervised"), ("right", "documents")];
        note(&mut desk, &ana, &order(&about, &ticked)).await.must_be(303);
        assert_eq!(level(w, hers, Right::Documents).await, Level::Act);
        desk.get(&page_of(&ana)).await.must_say("Contact only under supervision").must_not_say("withheld: Documents");
    }

    async fn case_7_a_note_stands_on_no_page_of_a_client_and_in_no_answer_mail_or_search(w: &mut World) {
        let rows = Rows::of_riverbend(w).await;
        let mut admin = w.staff(Role::Administrator).await;
        for of in [&rows.registered, &rows.invited] {
            let about = ("kind", "safety");
            let fields = [("about", "chart"), about, ("body", "Canary of safety."), ("effect", "nothing"), ("reason", "Asked for.")];
            note(&mut admin, of, &fields).await.must_be(303);
        }
        let notes: i64 = w.look(|c| staff_note::table.count().get_result(c)).await;
        assert_eq!(notes, 2);
        // In the database it stands in its own table alone.
        for (table, lines) in w.dump().await {
            let has = lines.iter().any(|line| line.to_lowercase().contains("canary"));
            assert_eq!(has, table == "staff_note", "{table}");
        }
        let (mut client, mut front) = (rows.client.clone(), w.staff(Role::FrontDesk).await);
        let text = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let (_, routes) = app::routes().into_parts();
        let mut seen = 0;
        for row in routes.iter().filter(|row| row.method == "GET") {
            let path = rows.fill(row.path);
            let page = match row.needs {
                Needs::ClientSession | Needs::Client(..) => client.get(&path).await,
                Needs::ApiKey(_) => w.browser().with("authorization", &format!("Bearer {text}")).get(&path).await,
                Needs::Nothing | Needs::Link => w.browser().get(&path).await,
                Needs::Staff(permission)
                    if permission != Permission::SafetyNotes
                        && Role::FrontDesk.may(permission)
                        && !path.ends_with("/live")
                        && !path.ends_with("/stream") =>
                {
                    front.get(&path).await
                }
                _ => continue,
            };
            seen += 1;
            assert!(!page.html().to_lowercase().contains("canary"), "{path}: {}", page.words());
        }
        assert!(seen > 60, "{seen}");
    }
}
