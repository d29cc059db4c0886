//! What staff note about court orders and safety: who reads it, and what it withholds.

use anteroom::app;
use anteroom::features::access::permission::Basis;
use anteroom::features::documents::Recipient;
use anteroom::features::documents::signing::actions::Candidate;
use anteroom::kernel::ids::{AccessId, AccountId, PersonId, SignerId};
use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{audit_event, chart, portal_access, signer, staff_note, withheld};
use anteroom::platform::permissions::{Level, Needs, Permission, Right, Role, Scope};
use diesel::prelude::*;

use crate::access::contact;
use crate::portal_people::{Enrolled, account, document, enrolled, events, grant, sign_in};
use crate::rights::{Terms, level, mother_of, send, set};
use crate::stories;
use crate::support::rows::Rows;
use crate::support::world::Client;
use crate::support::{Browser, Page, World, papers};

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

async fn account_of(w: &World, access: AccessId) -> AccountId {
    let row = move |c: &mut Conn| {
        portal_access::table
            .filter(portal_access::access_id.eq(access))
            .select(portal_access::account_id)
            .first::<Option<AccountId>>(c)
    };
    w.look(row).await.expect("an account")
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

    async fn where_both_parents_must_sign_nobody_asks_one_of_them_alone_and_none_signs_alone(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2012-12-02", "").await;
        let (mother, hers) = mother_of(w, &leo).await;
        let (father, his) = father_of(w, &leo).await;
        let by_grant = |access| Candidate::Grant(Recipient::Grant(access));
        // Before the order the mother is asked alone.
        let early = papers::draft(w, &leo.chart_id, "Early plan", "We agree.").await;
        papers::ask_to_sign(w, &early, vec![by_grant(hers)]).await;
        let mut desk = w.staff(Role::Clinician).await;
        let both = [("about", "chart"), ("kind", "court_order"), ("body", "Canary: both decide."), ("effect", "both_sign"), ("from", "2026-12-01"), ("until", "2026-12-03"), ("reason", "A paper.")];
        note(&mut desk, &leo, &both).await.must_be(303);
        let mut joan = sign_in(w, &mother).await;
        let page = joan.get(&format!("/portal/documents/{early}")).await;
        page.must_be(200).must_say("We ask you to sign");
        // She learns no reason, and that it does not go is said before she signs.
        joan.get(&format!("/portal/documents/{early}/sign")).await
            .must_say("cannot be signed right now").must_not_say("parent").must_not_say("Tom").must_not_say("court");
        let of_staff = format!("/staff/charts/{}/documents/{early}", leo.chart_id);
        desk.get(&of_staff).await.must_say("only one is asked. Nobody can sign this.");
        // One alone is not asked, by the page as by the API; both are, and then each signs.
        let paper = papers::draft(w, &leo.chart_id, "School trip", "We agree.").await;
        let ask = format!("/staff/charts/{}/documents/{paper}/ask-to-sign", leo.chart_id);
        let form = desk.get(&ask).await;
        form.must_say("Canary: both decide.").must_say("Both parents must sign");
        let him = format!("at.grant:{his}");
        desk.submit(&form, "/ask-to-sign", &[]).await.must_be(422).must_say("Ask both of them, or neither.");
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let at = format!("/api/v1/documents/{paper}/signing");
        let alone = serde_json::json!({ "signers": [{ "grant": his }] });
        send(&mut api, "POST", &at, &alone).await.must_be(409).must_say("both-must-sign");
        desk.submit(&form, "/ask-to-sign", &[(him.as_str(), "1")]).await.must_be(303);
        // Neither is anybody put in the place of one of them.
        let replace = format!("/staff/charts/{}/documents/{paper}/replace-signer", leo.chart_id);
        let page = desk.get(&replace).await;
        let staff = format!("staff:{}", w.riverbend.member(Role::Clinician).staff_id);
        let signer = w.look(move |c| signer::table.filter(signer::access_id.eq(Some(his))).select(signer::signer_id).first::<SignerId>(c)).await.to_string();
        desk.submit(&page, "/replace-signer", &[("signer", &signer), ("by", &staff)]).await.must_be(422).must_say("Ask both");
        for (name, access) in [(&mother, hers), (&father, his)] {
            let account = account_of(w, access).await;
            let who = Enrolled { account, access, name: name.clone() };
            crate::signing::sign(w, &who, &paper).await.1.must_be(303);
        }
        desk.get(&format!("/staff/charts/{}/documents/{paper}", leo.chart_id)).await.must_say("Signed");
        // After its last day the mother signs alone what she was asked for.
        w.clock.advance_seconds(3 * 24 * 3_600);
        let mut joan = sign_in(w, &mother).await;
        joan.get(&format!("/portal/documents/{early}/sign")).await.must_not_say("cannot be signed right now");
    }

    async fn whoever_is_supervised_is_not_let_into_a_conversation_with_the_client(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2010-12-02", "leo.park@example.com").await;
        let own = enrolled(w, &leo).await;
        let (mother, hers) = mother_of(w, &leo).await;
        let (_, his) = father_of(w, &leo).await;
        let mut desk = w.staff(Role::Clinician).await;
        let mut phone = sign_in(w, &own.name).await;
        let thread = crate::messages::begun(&mut phone, "front_desk", "Homework", "Words of Leo.").await;
        let mut joan = sign_in(w, &mother).await;
        let of_hers = crate::messages::begun(&mut joan, "front_desk", "Trip", "Words of Joan.").await;
        let about = his.to_string();
        let supervised = [("about", about.as_str()), ("kind", "court_order"), ("body", "Canary: with Ms. Vale."), ("effect", "supervised"), ("reason", "A paper.")];
        note(&mut desk, &leo, &supervised).await.must_be(303);
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let id_of = |thread: &str| thread.rsplit('/').next().unwrap_or_default().to_owned();
        let people = |thread: &str| format!("{}/people", crate::messages::in_chart(&leo.chart_id, thread));
        let page = desk.get(&people(&thread)).await;
        page.must_say("Canary: with Ms. Vale.").must_say("Contact only under supervision");
        let typed = [("holder", about.as_str()), ("reason", "He asked for it.")];
        desk.submit(&page, "/people", &typed).await.must_be(422).must_say("contact is only under supervision");
        let at = format!("/api/v1/threads/{}/parties", id_of(&thread));
        let join = serde_json::json!({ "grant_id": about, "reason": "He asked for it." });
        send(&mut api, "POST", &at, &join).await.must_be(409).must_say("needs-supervision");
        // The mother joins her child; and the father a conversation without the child, into which the child then does not.
        let typed = [("holder", hers.to_string()), ("reason", "Asked for.".to_owned())];
        let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        desk.submit(&page, "/people", &typed).await.must_be(303);
        let page = desk.get(&people(&of_hers)).await;
        desk.submit(&page, "/people", &[("holder", &about), ("reason", "Asked for.")]).await.must_be(303);
        let child = own.access.to_string();
        desk.submit(&page, "/people", &[("holder", &child), ("reason", "Asked for.")]).await.must_be(422).must_say("under supervision");
        // The note stands wherever staff let somebody see or do more, and the front desk learns that there is one.
        let base = format!("/staff/charts/{}", leo.chart_id);
        let paper = papers::draft(w, &leo.chart_id, "Plan", "Text.").await;
        let to: String = w.look(move |c| portal_access::table.filter(portal_access::access_id.eq(his)).select(portal_access::person_id).first::<PersonId>(c)).await.to_string();
        for page in [
            format!("{base}/documents/{paper}/share"),
            format!("{base}/documents/{paper}/ask-to-sign"),
            format!("{base}/change-owner?to={to}"),
            format!("{base}/messages/new"),
            format!("{base}/representatives/new"),
        ] {
            let said = desk.get(&page).await;
            said.must_be(200);
            // On the page of somebody new stands what is about the whole chart.
            if !page.ends_with("representatives/new") {
                said.must_say("Canary: with Ms. Vale.");
            }
        }
        let mut front = w.staff(Role::FrontDesk).await;
        for page in [format!("{base}/change-owner?to={to}"), format!("{base}/messages/new")] {
            front.get(&page).await.must_be(200).must_say("is on file").must_not_say("Canary");
        }
    }

    async fn a_note_names_its_paper_which_stays_with_staff_and_out_of_the_clients_log(w: &mut World) {
        let leo = w.chart_with("Leo", "Park", "2010-12-02", "leo.park@example.com").await;
        let own = enrolled(w, &leo).await;
        let other = w.chart("Ana", "Duarte").await;
        let paper = papers::draft(w, &leo.chart_id, "Canary order", "Text.").await;
        let foreign = papers::draft(w, &other.chart_id, "Elsewhere", "Text.").await;
        let mut desk = w.staff(Role::Clinician).await;
        let (id, wrong) = (paper.to_string(), foreign.to_string());
        let fields = |paper| [("about", "chart"), ("kind", "court_order"), ("body", "See the order."), ("effect", "nothing"), ("paper", paper), ("reason", "A paper.")];
        desk.get(&page_of(&leo)).await.must_say("Canary order").must_not_say("Elsewhere");
        note(&mut desk, &leo, &fields(&wrong)).await.must_be(422).must_say("Choose a document from the list.");
        note(&mut desk, &leo, &fields(&id)).await.must_be(303);
        let shown = format!("/staff/charts/{}/documents/{paper}", leo.chart_id);
        let tab = desk.get(&format!("/staff/charts/{}/communications", leo.chart_id)).await;
        tab.must_say("See the order.").must_say("Open the paper");
        assert!(tab.html().contains(&shown));
        desk.get(&shown).await.must_be(200);
        // Nobody new sees it, and it is not deleted, while the note holds.
        let share = desk.get(&format!("{shown}/share")).await;
        desk.submit(&share, "/share", &[]).await.must_be(422).must_say("nobody new sees it");
        let ask = desk.get(&format!("{shown}/ask-to-sign")).await;
        desk.submit(&ask, "/ask-to-sign", &[]).await.must_be(422).must_say("nobody new sees it");
        let delete = desk.get(&format!("{shown}/withdraw")).await;
        desk.submit(&delete, "/withdraw", &[]).await.must_be(422).must_say("End that note first.");
        let key = crate::api::key(w, &w.riverbend, Scope::ALL).await;
        let mut api = w.browser().with("authorization", &format!("Bearer {key}"));
        let to = serde_json::json!({ "with": ["owner"] });
        send(&mut api, "POST", &format!("/api/v1/documents/{paper}/share"), &to).await.must_be(409).must_say("named-by-note");
        // That staff read it is in the trail, and not in the client's log.
        assert!(events(w, "document.read_by_staff").await > 0);
        let mut phone = sign_in(w, &own.name).await;
        phone.get("/portal/who-looked").await.must_be(200).must_not_say("read a document");
        api.get(&format!("/api/v1/charts/{}/access-log", leo.chart_id)).await.must_not_say("document.read_by_staff");
        end(&mut desk, &leo, "The order was lifted.").await.must_be(303);
        let share = desk.get(&format!("{shown}/share")).await;
        desk.submit(&share, "/share", &[]).await.must_be(303);
        phone.get("/portal/documents").await.must_say("Canary order");
        // Shared, it is a document like others.
        phone.get("/portal/who-looked").await.must_say("read a document");
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
