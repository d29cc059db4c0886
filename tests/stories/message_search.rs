//! The search in messages: over what the reader reads, and nothing else.

use anteroom::platform::db::schema::thread_party;
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::appointments::casey;
use crate::messages::{begun, practice_writes, representative, write};
use crate::portal_people::{self as people, enrolled, sign_in};
use crate::stories;

stories! {
    async fn words_of_a_message_or_its_subject_are_found_however_they_are_spelled(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let first = begun(&mut client, "front_desk", "Sobre el sueño", "Dormí tres horas, 50%_ menos.").await;
        begun(&mut client, "front_desk", "A receipt", "For my employer.").await;
        practice_writes(w, &first, "Bring the DIARY, please.").await;
        let mut desk = w.staff(Role::FrontDesk).await;
        for (q, found) in [
            ("SUE%C3%91O", true), ("sueno+dormi", true), ("diary", true), ("iar", true), ("50%25_", true),
            ("50%25x", false), ("sue%C3%B1o+diary", false), ("nothing", false), ("%25", true),
        ] {
            for (page, other) in [
                (client.get(&format!("/portal/messages?q={q}")).await, "A receipt"),
                (desk.get(&format!("/staff/messages/search?q={q}")).await, "A receipt"),
            ] {
                assert_eq!(page.says("Sobre el sueño"), found, "{q}: {}", page.words());
                page.must_not_say(other);
            }
        }
        client.get("/portal/messages?q=").await.must_say("A receipt").must_say("Sobre el sueño");
        client.get("/portal/messages?q=nothing").await.must_say("No message has all of these words");
    }

    async fn case_89_a_word_that_stands_in_a_thread_one_may_not_read_is_found_by_nobody_else(w: &mut World) {
        let kim = w.chart("Kim", "Serrano").await;
        people::appointment(w, &kim.chart_id, -48).await;
        let mut mother = representative(w, "Mara", &kim.chart_id).await;
        let mut father = representative(w, "Pablo", &kim.chart_id).await;
        let thread = begun(&mut mother, &casey(w).to_string(), "Canary subject", "Canary words.").await;
        let hit = mother.get("/portal/messages?q=canary").await;
        hit.must_say("Canary subject");
        father.get("/portal/messages?q=canary").await.must_say("No message has all of these words");
        for role in [Role::FrontDesk, Role::Administrator] {
            let mut staff = w.staff(role).await;
            let (none, other) = (staff.get("/staff/messages/search?q=canary").await, staff.get("/staff/messages/search?q=xyzzy").await);
            assert_eq!(none.html().replace("canary", "xyzzy"), other.html(), "{role} sees that there is a hit");
        }
        w.staff(Role::Clinician).await.get("/staff/messages/search?q=canary").await.must_say("Canary subject");
        let twin = w.twinoaks.clone();
        w.staff_of(&twin, Role::Clinician).await.get("/staff/messages/search?q=canary").await.must_say("No message has");
        // What was written after somebody's part had ended is not theirs.
        write(&mut mother, &thread, "The lantern.").await.must_be(303);
        w.tamper(|c| diesel::update(thread_party::table).set(thread_party::until_seq.eq(Some(2))).execute(c)).await;
        mother.get("/portal/messages?q=canary").await.must_say("Canary subject");
        mother.get("/portal/messages?q=lantern").await.must_not_say("Canary subject");
    }
}
