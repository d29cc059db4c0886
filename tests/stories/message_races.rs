//! Two people at one instant in one thread: the rows about messages of the table of races. What one does must count, or be
//! refused, as if the other had come first or last.
//!
//! Two staff who answer at once: `case_74` of the messages. A client who writes while staff close:
//! `race_a_client_writes_while_staff_close_and_the_message_opens_it_again`. Sent twice: `case_73`. Taken back while it is read: `case_76`.

use anteroom::features::access::lifecycle::State;
use anteroom::kernel::clock::Timestamp;
use anteroom::platform::db::schema::{due_job, message, message_draft, message_thread, outbox};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::appointments::{casey, moment};
use crate::message_drafts::save;
use crate::messages::{answer, begun, in_chart, messages, practice_writes, representative, standing};
use crate::portal_people::{self as people, enrolled, set_state, sign_in};
use crate::stories;
use crate::support::{Page, World};

/// Rounds of a race whose order nobody sets.
const ROUNDS: usize = 8;

fn text_of(page: &Page, form: &str) -> String {
    page.form(form).fields.into_iter().find(|(name, _)| name == "text").expect("a text").1
}

async fn due(w: &World) -> Option<Timestamp> {
    w.look(|c| message_thread::table.select(message_thread::due_at).first(c)).await
}

stories! {
    async fn race_a_client_writes_while_staff_move_the_thread_and_the_new_readers_have_it_due_once(w: &mut World) {
        // It is Tuesday, December 1, 10:00 in New York; both promise two business days.
        let ana = w.chart("Ana", "Duarte").await;
        people::appointment(w, &ana.chart_id, -48).await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let path = in_chart(&ana.chart_id, &thread);
        let to = casey(w).to_string();
        let (mut desk, mut clinician) = (w.staff(Role::FrontDesk).await, w.staff(Role::Clinician).await);
        for round in 0..ROUNDS {
            let (mine, form) = (client.get(&thread).await, desk.get(&format!("{path}/move")).await);
            let text = format!("Message {round}.");
            let typed = [("text", text.as_str())];
            let there = [("to", to.as_str()), ("earlier", "yes")];
            let (written, moved) =
                tokio::join!(client.submit(&mine, &thread, &typed), desk.submit(&form, "/move", &there));
            written.must_be(303);
            moved.must_be(303);
            clinician.get(&path).await.must_be(200).must_say(&text);
            desk.get(&path).await.must_be(404);
            assert_eq!(standing(w).await, ("open".into(), "practice".into()), "round {round}");
            assert_eq!(due(w).await, Some(moment("2026-12-03T15:00:00Z")), "round {round}");
            let planned: i64 =
                w.look(|c| due_job::table.filter(due_job::kind.eq("message-late")).count().get_result(c)).await;
            assert_eq!(planned, 1, "round {round}: due once");
            // Answered and given back.
            answer(&mut clinician, &path, "Yes.").await.must_be(303);
            let form = clinician.get(&format!("{path}/move")).await;
            clinician.submit(&form, "/move", &[("to", "front_desk"), ("earlier", "yes")]).await.must_be(303);
        }
        let numbers: Vec<i32> = w.look(|c| message::table.order(message::seq).select(message::seq).load(c)).await;
        assert_eq!(numbers, (1..=i32::try_from(1 + 4 * ROUNDS).expect("few")).collect::<Vec<_>>());
    }

    async fn race_a_message_that_is_sent_and_an_autosave_of_another_tab_leave_no_draft(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        let path = in_chart(&ana.chart_id, &thread);
        for (browser, here, form) in [(&mut client, &thread, thread.clone()), (&mut desk, &path, "/reply".to_owned())] {
            for round in 0..ROUNDS {
                let page = browser.get(here).await;
                let (half, whole) = (format!("Half {round}"), format!("Whole {round}."));
                let mut tab = browser.clone().with("accept", "text/plain");
                let (typed, saved) = ([("text", whole.as_str())], [("text", half.as_str())]);
                let (sent, kept) =
                    tokio::join!(browser.submit(&page, &form, &typed), save(&mut tab, &page, &form, here, &saved));
                sent.must_be(303);
                assert!(matches!(kept.status(), 200 | 409), "round {round}: {}", kept.status());
                assert_eq!(text_of(&browser.get(here).await, &form), "", "round {round}");
            }
        }
        let drafts: i64 = w.look(|c| message_draft::table.filter(message_draft::body.ne("")).count().get_result(c)).await;
        assert_eq!((drafts, messages(w).await), (0, i64::try_from(1 + 2 * ROUNDS).expect("few")));
    }

    async fn race_two_tabs_that_save_one_draft_at_once_lose_neither_text(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        for round in 0..ROUNDS {
            let page = client.get(&thread).await;
            let (mut one, mut other) = (client.clone(), client.clone());
            let (first, second) = (format!("One {round}."), format!("Other {round}."));
            let (typed, typed_too) = ([("text", first.as_str())], [("text", second.as_str())]);
            let (saved, saved_too) = tokio::join!(
                save(&mut one, &page, &thread, &thread, &typed),
                save(&mut other, &page, &thread, &thread, &typed_too)
            );
            let (kept, asked) = if saved.status() == 303 { (saved, saved_too) } else { (saved_too, saved) };
            kept.must_be(303);
            asked.must_be(422).must_say("changed on another page");
            let both = text_of(&asked, &thread);
            assert!(both.contains(&first) && both.contains(&second), "round {round}: {both}");
            save(&mut client, &asked, &thread, &thread, &[]).await.must_be(303);
            let there = text_of(&client.get(&thread).await, &thread);
            assert!(there.contains(&first) && there.contains(&second), "round {round}: {there}");
        }
    }

    async fn race_a_message_that_is_sent_while_the_grant_is_revoked_is_stored_or_stays_on_the_page(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut desk = w.staff(Role::Administrator).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        let (mut stored, mut refused) = (1, 0);
        for round in 0..ROUNDS {
            let mut client = sign_in(w, &who.name).await;
            let page = client.get(&thread).await;
            let revoke = format!("/staff/charts/{}/access/revoke", ana.chart_id);
            let form = desk.get(&revoke).await;
            let text = format!("Message {round}, to be kept.");
            let typed = [("text", text.as_str())];
            let reason = [("reason", "Asked for.")];
            let (sent, revoked) =
                tokio::join!(client.submit(&page, &thread, &typed), desk.submit(&form, &revoke, &reason));
            revoked.must_be(303);
            let is_sent = sent.location().is_some_and(|to| to.starts_with(thread.as_str()));
            stored += i64::from(is_sent);
            refused += i64::from(!is_sent);
            assert_eq!(messages(w).await, stored, "round {round}: {} {:?}", sent.status(), sent.location());
            if !is_sent && sent.status() == 404 {
                sent.must_say("was not sent").must_say(&text);
            }
            assert_ne!(client.get(&thread).await.status(), 200);
            set_state(w, &who.access, State::Active).await;
        }
        assert_eq!(stored + refused, 1 + i64::try_from(ROUNDS).expect("few"));
    }

    async fn race_a_page_that_is_read_while_a_message_comes_counts_as_read_what_it_showed(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        for round in 0..ROUNDS {
            let text = format!("Answer {round}.");
            let (page, ()) = tokio::join!(client.get(&thread), practice_writes(w, &thread, &text));
            let home = client.get("/portal").await;
            assert_ne!(page.says(&text), home.says("New message"), "round {round}");
            client.get(&thread).await.must_say(&text);
            client.get("/portal").await.must_not_say("New message");
        }
        // A page of earlier messages that is opened now shows none of the newest, and reads none.
        for n in 0..60 {
            practice_writes(w, &thread, &format!("Part {n}.")).await;
        }
        client.get(&format!("{thread}?before=20")).await.must_be(200).must_not_say("Part 59.");
        client.get("/portal").await.must_say("New message");
        client.get(&thread).await.must_say("Part 59.");
        client.get("/portal").await.must_not_say("New message");
    }

    async fn race_a_notice_that_falls_due_while_its_reader_reads_everything_tells_of_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "A question", "When?").await;
        for round in 0..ROUNDS {
            w.stop_sending().await;
            practice_writes(w, &thread, &format!("Answer {round}.")).await;
            w.clock.advance_seconds(3 * 3_600);
            let mut client = sign_in(w, &who.name).await;
            let (page, _) = tokio::join!(client.get(&thread), w.run_due_jobs());
            page.must_be(200);
            assert_eq!(w.unread_to(&ana.email).await, 0, "round {round}");
            let left: i64 = w
                .look(|c| {
                    outbox::table
                        .filter(outbox::kind.eq("messages.notice"))
                        .filter(outbox::state.ne("cancelled"))
                        .count()
                        .get_result(c)
                })
                .await;
            assert_eq!(left, 0, "round {round}");
        }
    }

    async fn race_somebody_joins_while_the_thread_is_moved_and_reads_it_where_it_is(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        people::appointment(w, &kim.chart_id, -48).await;
        let mut mother = representative(w, "Mara", &kim.chart_id).await;
        let to = casey(w).to_string();
        for round in 0..ROUNDS {
            let first = format!("Pablo{}", char::from(b'a' + u8::try_from(round).expect("few")));
            let mut father = representative(w, &first, &kim.chart_id).await;
            let thread = begun(&mut mother, "front_desk", "Canary subject", &format!("Canary words {round}.")).await;
            let path = in_chart(&kim.chart_id, &thread);
            let (mut desk, mut other) = (w.staff(Role::FrontDesk).await, w.staff(Role::FrontDesk).await);
            let (people, form) = (desk.get(&format!("{path}/people")).await, other.get(&format!("{path}/move")).await);
            let holder = people.html();
            let holder = holder.split("<option value=\"").filter(|part| part.contains(&first)).find_map(|part| part.split('"').next()).expect("who joins").to_owned();
            let typed = [("holder", holder.as_str()), ("reason", "Asked for.")];
            let there = [("to", to.as_str()), ("earlier", "yes")];
            let (joined, moved) =
                tokio::join!(desk.submit(&people, "/people", &typed), other.submit(&form, "/move", &there));
            moved.must_be(303);
            // Moved first, it is not the desk's any more.
            assert!(matches!(joined.status(), 303 | 404), "round {round}: {}", joined.status());
            father.get(&thread).await.must_be(if joined.status() == 303 { 200 } else { 404 }).must_not_say("Canary");
        }
    }
}
