//! A client revokes an authorization by a letter or a call, and staff record it.

use anteroom::features::documents::Recipient;
use anteroom::features::documents::signing::actions::{Candidate, NewSigner};
use anteroom::platform::db::schema::{audit_event, document};
use anteroom::platform::permissions::Role;
use diesel::prelude::*;

use crate::portal_people::{enrolled, events, sign_in};
use crate::signing::{ask, sign, staff_page};
use crate::stories;
use crate::templates::release_until;

stories! {
    async fn d_32_staff_record_that_a_client_revoked_an_authorization_by_letter(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let who = enrolled(w, &ana).await;
        let mut casey = w.staff(Role::Clinician).await;
        let release = release_until(w, &mut casey, &ana, "2026-12-31").await;
        let (own, theirs) = (format!("/portal/documents/{release}"), staff_page(&ana, &release));
        let path = format!("{theirs}/record-revocation");
        ask(w, &release, vec![NewSigner { who: Candidate::Grant(Recipient::Owner), position: 1 }]).await;
        // What nobody signed allows nothing that could be revoked.
        casey.get(&theirs).await.must_not_say("Record that it was revoked");
        assert_eq!(casey.get(&path).await.location(), Some(theirs.as_str()));
        sign(w, &who, &release).await.1.must_be(303);
        w.clock.advance_seconds(5 * 86_400);
        let mut casey = w.staff(Role::Clinician).await;
        w.staff(Role::FrontDesk).await.get(&path).await.must_be(403);
        let shown = casey.get(&theirs).await;
        let form = casey.get(&shown.link("/record-revocation")).await;
        form.must_be(200).must_say("Ana Duarte").must_say("45 CFR 164.508(b)(5)");
        casey.submit(&form, &path, &[("day", "")]).await.must_be(422).must_say("Choose a day from the calendar.").must_say("Choose how it reached you.");
        let told = [("way", "writing"), ("day", "2027-01-01")];
        casey.submit(&form, &path, &told).await.must_be(422).must_say("This day is still to come.");
        let told = [("way", "writing"), ("day", "2026-11-30")];
        casey.submit(&form, &path, &told).await.must_be(422).must_say("It was not signed by that day.");
        let told = [("way", "writing"), ("who", "Somebody Else")];
        casey.submit(&form, &path, &told).await.must_be(422).must_say("Choose who revoked it.");
        assert_eq!(events(w, "document.revocation_recorded").await, 0);

        let told = [("way", "writing"), ("day", "2026-12-04"), ("note", "The letter lies in the paper file.")];
        let (first, second) = (casey.submit(&form, &path, &told).await, casey.submit(&form, &path, &told).await);
        let done = casey.follow(&first).await;
        done.must_say("Recorded. The authorization is revoked.").must_say("The letter lies in the paper file.");
        done.must_say("Ana Duarte revoked this authorization in writing on December 4, 2026. Casey Moreno recorded it.");
        done.must_not_say("Record that it was revoked").must_not_say("counts until");
        casey.follow(&second).await.must_be(200);
        assert_eq!(events(w, "document.revocation_recorded").await, 1);
        let details: String = w
            .look(|c| {
                audit_event::table
                    .filter(audit_event::action.eq("document.revocation_recorded"))
                    .select(audit_event::details)
                    .first(c)
            })
            .await;
        assert!(details.contains("2026-12-04") && details.contains("writing") && !details.contains("letter"), "{details}");
        let noted: Option<i64> = w.look(move |c| document::table.filter(document::document_id.eq(release)).select(document::revocation_seen_at).first(c)).await;
        assert_eq!(noted, None, "whoever acts on it is told first");

        // The client reads it, and not the note; nothing is left to revoke.
        let mut phone = sign_in(w, &who.name).await;
        let read = phone.get(&own).await;
        read.must_say("Ana Duarte revoked this authorization in writing on December 4, 2026. We no longer act on it.");
        read.must_not_say("paper file").must_not_say("Revoke this authorization");
        phone.get(&format!("{own}/revoke")).await.must_be(303);
        phone.get("/portal/documents").await.must_say("Revoked");
        // It takes the same way as one that was revoked in the portal.
        casey.get("/staff/worklist").await.must_say("Authorization revoked");
        casey.submit_and_follow(&done, "/revocation-noted", &[]).await.must_say("Noted.");
        casey.get("/staff/worklist").await.must_not_say("Authorization revoked");
        assert_eq!(casey.get(&path).await.location(), Some(theirs.as_str()));
    }
}
