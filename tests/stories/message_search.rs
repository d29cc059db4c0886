//! The search in messages: over what the reader reads, and nothing else; and the index of SQLite that it asks first.

use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{message, message_withdrawn, thread_party};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use crate::appointments::casey;
use crate::messages::{answer, begun, id_of, in_chart, practice_writes, representative, write};
use crate::portal_people::{self as people, enrolled, sign_in};
use crate::stories;
use crate::support::{Engine, World};

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many messages SQLite's index names for these groups of letters, and how many it knows at all. It is whole.
async fn named(w: &World, groups: &'static str) -> (i64, i64) {
    let check = "INSERT INTO message_words (message_words) VALUES ('integrity-check')";
    w.tamper(move |conn| sql_query(check).execute(conn)).await;
    let count = |conn: &mut Conn, sql: &str| -> QueryResult<i64> {
        sql_query(sql).get_result::<Counted>(conn).map(|counted| counted.count)
    };
    w.look(move |conn| {
        let named =
            format!("SELECT count(*) AS count FROM message_words WHERE message_words MATCH '{groups}'");
        Ok((count(conn, &named)?, count(conn, "SELECT count(*) AS count FROM message_words_key")?))
    })
    .await
}

stories! {
    async fn the_index_of_words_follows_every_message_and_keeps_nothing_of_one_that_was_taken_back(w: &mut World) {
        if w.engine == Engine::Postgres {
            return;
        }
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let thread = begun(&mut client, "front_desk", "Sobre el sueño", "When?").await;
        assert_eq!(named(w, r#""sue" AND "uen" AND "eno""#).await, (1, 1), "the subject, folded");
        let mut desk = w.staff(Role::FrontDesk).await;
        let path = in_chart(&ana.chart_id, &thread);
        answer(&mut desk, &path, "By the lantern.").await.must_be(303);
        let page = desk.get(&path).await;
        desk.submit(&page, "/note", &[("note", "Zebra among staff.")]).await.must_be(303);
        assert_eq!(named(w, r#""lan" AND "ant""#).await, (1, 2));
        assert_eq!(named(w, r#""zeb""#).await, (0, 2), "no note is in it");
        let page = desk.get(&path).await;
        desk.submit(&page, "/take-back", &[]).await.must_be(303);
        assert_eq!(named(w, r#""lan""#).await, (0, 2));
        desk.get("/staff/messages/search?q=lantern").await.must_say("No message has");
        // What is removed from the table is gone from it too.
        w.tamper(|c| {
            diesel::delete(message_withdrawn::table).execute(c)?;
            diesel::delete(message::table.filter(message::seq.eq(2))).execute(c)
        })
        .await;
        assert_eq!(named(w, r#""whe" AND "hen""#).await, (1, 1));
    }

    async fn a_word_that_thousands_of_messages_have_is_found_and_so_is_one_of_two_letters(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut client = sign_in(w, &who.name).await;
        let first = begun(&mut client, "front_desk", "A first question", "Zebra?").await;
        let thread = begun(&mut client, "front_desk", "A question", "Lantern 1, ñu.").await;
        let hex = id_of(&thread).to_string().replace('-', "");
        let (id, bytes) = match w.engine {
            Engine::Sqlite => (format!("X'{hex}'"), "randomblob(16)"),
            Engine::Postgres => (format!("'\\x{hex}'::bytea"), "decode(md5(n::text), 'hex')"),
        };
        let many = format!(
            "INSERT INTO message (practice_id, thread_id, seq, message_id, side, author_kind, author_id, author_name, \
             body, sent_at, search_text, kind) \
             WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2100) \
             SELECT m.practice_id, m.thread_id, n, {bytes}, m.side, m.author_kind, m.author_id, m.author_name, \
             'Lantern ' || n, m.sent_at, 'lantern ' || n, 'text' FROM numbers, message m \
             WHERE m.thread_id = {id} AND m.seq = 1"
        );
        w.tamper(move |c| sql_query(many.as_str()).execute(c)).await;
        let mut desk = w.staff(Role::FrontDesk).await;
        for (q, found, other) in [
            ("lantern", "A question", "A first question"),
            ("lantern+2099", "A question", "A first question"),
            ("%C3%B1u", "A question", "A first question"),
            ("zebra", "A first question", "A question"),
        ] {
            desk.get(&format!("/staff/messages/search?q={q}")).await.must_say(found).must_not_say(other);
        }
        desk.get(&in_chart(&ana.chart_id, &first)).await.must_say("Zebra?");
    }

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
