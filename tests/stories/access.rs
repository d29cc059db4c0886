//! The invitation loop, by its actions: invitation.md §8 A, B, D, E and G as far as no page is needed.

use std::collections::BTreeSet;

use anteroom::features::access::Doubt;
use anteroom::features::access::actions::{
    self, Act, Authority, DeclineAnswer, Disowning, Done, Key, LinkView, NewCredential, Refused,
    RegisterOrder, Registered, Sent, Target,
};
use anteroom::features::access::lifecycle::{Phase, Refusal, State};
use anteroom::features::access::permission::Basis;
use anteroom::features::access::{AccessRow, GrantRole, Overview, overview_of, overviews_of_chart};
use anteroom::features::accounts::held_by;
use anteroom::features::practice::Policy;
use anteroom::kernel::civil::BirthDate;
use anteroom::kernel::clock::Timestamp;
use anteroom::kernel::email::EmailAddress;
use anteroom::kernel::ids::{AccessId, AddressId, ChartId, InvitationId, PersonId};
use anteroom::kernel::secrets::{Secret, Token, sha256_hex};
use anteroom::platform::audit::{self, Actor, By, ChainCheck};
use anteroom::platform::db::Conn;
use anteroom::platform::db::schema::{
    audit_event, chart, invitation, outbox, person, person_address, portal_access, portal_account, practice,
    related_contact, session,
};
use anteroom::platform::i18n::Language;
use anteroom::platform::mail::receiver::ReceivedMail;
use anteroom::platform::permissions::{Role, Terms};
use diesel::prelude::*;

use crate::stories;
use crate::support::world::Client;
use crate::support::{PASSWORD, World};

const WEEK: u32 = 7 * 86_400;

fn link_holder() -> By {
    By { actor: Actor::LinkHolder, source: "127.0.0.1".into() }
}

fn day(iso: &str) -> BirthDate {
    BirthDate::from_iso(iso, jiff::civil::date(2100, 1, 1)).expect("a date")
}

/// What a client types who is right about everything.
fn right(token: &Token, client: &Client) -> RegisterOrder {
    RegisterOrder {
        key: Key::Token(token.clone()),
        last_name: client.last_name.clone(),
        birth_date: day(&client.born),
        credential: NewCredential::Password(Secret::new(PASSWORD.to_owned())),
        nonce: format!("form of {}", client.chart_id),
        language: Language::English,
        ip_bucket: "198.51.100.7".into(),
        device: None,
        session: None,
    }
}

fn wrong(token: &Token, client: &Client) -> RegisterOrder {
    RegisterOrder { last_name: "Nobody".into(), ..right(token, client) }
}

async fn post(w: &World, order: RegisterOrder) -> Registered {
    actions::register(&w.app, &w.riverbend.scope, link_holder(), order).await.expect("no fault")
}

async fn look(w: &World, token: &Token) -> LinkView {
    actions::look_at_link(&w.app, &w.riverbend.scope, token).await.expect("no fault")
}

/// The link's token, from where it is kept for the reminder.
async fn token(w: &World, sent: &Sent) -> Token {
    let id = sent.invitation;
    let sealed: Option<Vec<u8>> = w
        .look(move |c| {
            invitation::table
                .filter(invitation::invitation_id.eq(id))
                .select(invitation::sealed_token)
                .first(c)
        })
        .await;
    let place = format!("{}/invitation/sealed_token/{}", w.riverbend.scope.id(), sent.invitation);
    let opened = w.app.keys.open(&place, &sealed.expect("the link is live")).expect("it opens");
    Token::read(std::str::from_utf8(&opened).expect("text")).expect("a token")
}

async fn invited(w: &World, client: &Client) -> (Sent, Token) {
    let sent = w.invite(client).await;
    let token = token(w, &sent).await;
    (sent, token)
}

async fn act(w: &World, target: Target, act: Act) -> Result<Done, Refused> {
    let by = w.riverbend.by(Role::FrontDesk);
    actions::act(&w.app, &w.riverbend.scope, by, target, act).await.expect("no fault")
}

async fn on_grant(w: &World, access: &AccessId, wanted: Act) -> Result<Done, Refused> {
    act(w, Target::Grant(access.clone()), wanted).await
}

fn allowed() -> Option<Authority> {
    Authority::of("asked by phone".into(), "the client".into())
}

fn sent_by(done: Done) -> Sent {
    done.link.expect("a link was made").sent
}

async fn resend(w: &World, access: &AccessId, seen: Option<i32>) -> Result<Sent, Refused> {
    on_grant(w, access, Act::Resend { seen, confirmed: vec![] }).await.map(sent_by)
}

async fn invite(
    w: &World,
    client: &Client,
    address: Option<&str>,
    confirmed: Vec<Doubt>,
) -> Result<Sent, Refused> {
    let address = address.map(|text| EmailAddress::parse(text).expect("an address"));
    act(w, Target::Owner(client.chart_id.clone()), Act::Invite { address, confirmed }).await.map(sent_by)
}

async fn overview(w: &World, chart: &ChartId) -> Overview {
    let chart = *chart;
    let found = w.app.db.read(&w.riverbend.scope, move |c| overviews_of_chart(c, &chart)).await;
    found.expect("no fault").remove(0)
}

async fn phase(w: &World, client: &Client) -> Phase {
    overview(w, &client.chart_id).await.phase
}

/// Mails of a kind by their state, oldest first: "access.invitation queued", …
async fn mails(w: &World, client: &Client) -> Vec<String> {
    let chart = client.chart_id;
    let rows: Vec<(String, String)> = w
        .look(move |c| {
            outbox::table
                .filter(outbox::chart_id.eq(chart))
                .order((outbox::created_at.asc(), outbox::mail_id.asc()))
                .select((outbox::kind, outbox::state))
                .load(c)
        })
        .await;
    rows.into_iter().map(|(kind, state)| format!("{kind} {state}")).collect()
}

/// The newest mail to this address, once nothing is waiting.
async fn arrived(w: &World, address: &str) -> ReceivedMail {
    w.mail_has_settled().await;
    w.mailbox.mails_to(address).pop().expect("a mail has come")
}

async fn accounts(w: &World) -> i64 {
    w.look(|c| portal_account::table.count().get_result(c)).await
}

async fn set_policy(w: &World, policy: Policy) {
    let text = serde_json::to_string(&policy).expect("JSON");
    w.tamper(move |c| diesel::update(practice::table).set(practice::policy.eq(text.clone())).execute(c))
        .await;
}

async fn change_person(w: &World, client: &Client, last_name: &str, born: &str) {
    let (id, chart_id) = (client.person_id, client.chart_id);
    let (last_name, born) = (last_name.to_owned(), born.to_owned());
    w.tamper(move |c| {
        diesel::update(person::table.filter(person::person_id.eq(id)))
            .set((person::last_name.eq(last_name.clone()), person::birth_date.eq(Some(born.clone()))))
            .execute(c)?;
        diesel::update(chart::table.filter(chart::chart_id.eq(chart_id)))
            .set(chart::version.eq(chart::version + 1))
            .execute(c)
    })
    .await;
}

async fn revoke(w: &World, access: &AccessId) -> Result<(), Refused> {
    on_grant(w, access, Act::Revoke { reason: "left the practice".into() }).await.map(drop)
}

async fn cancel(w: &World, access: &AccessId) -> Result<(), Refused> {
    on_grant(w, access, Act::Cancel).await.map(drop)
}

async fn restore(w: &World, access: &AccessId) -> Result<(), Refused> {
    on_grant(w, access, Act::Restore).await.map(drop)
}

/// A related contact on a client's chart, with an e-mail address.
pub async fn contact(w: &World, client: &Client, first: &str, email: &str) -> PersonId {
    let (chart_id, first, email) = (client.chart_id, first.to_owned(), email.to_owned());
    let address = EmailAddress::parse(&email).expect("an address");
    w.app
        .db
        .write(&w.riverbend.scope, move |c| {
            let (id, now) = (PersonId::fresh(c.rng(), c.now()), c.now());
            c.insert(
                person::table,
                (
                    (
                        person::person_id.eq(id),
                        person::first_name.eq(first.clone()),
                        person::middle_name.eq(""),
                        person::last_name.eq("Contact"),
                        person::suffix.eq(""),
                        person::former_last_names.eq(""),
                        person::preferred_name.eq(""),
                    ),
                    (
                        person::pronouns.eq(""),
                        person::language.eq("es"),
                        person::time_zone.eq(""),
                        person::version.eq(1i64),
                        person::created_at.eq(now),
                        person::updated_at.eq(now),
                    ),
                ),
            )?;
            c.insert(
                person_address::table,
                (
                    person_address::address_id.eq(anteroom::kernel::ids::AddressId::fresh(c.rng(), c.now())),
                    person_address::person_id.eq(id),
                    person_address::kind.eq("email"),
                    person_address::label.eq(""),
                    person_address::value.eq(address.as_str()),
                    person_address::value_key.eq(address.key()),
                    person_address::may_mail.eq(true),
                    person_address::position.eq(0),
                ),
            )?;
            c.insert(
                related_contact::table,
                (
                    related_contact::chart_id.eq(chart_id),
                    related_contact::person_id.eq(id),
                    related_contact::relation.eq("parent"),
                    related_contact::created_at.eq(now),
                ),
            )?;
            Ok(id)
        })
        .await
        .expect("make a contact")
}

/// What must hold of the whole database at every moment.
async fn invariants(w: &World) {
    let (live, dead_mail, states): (Vec<AccessId>, i64, Vec<(AccessId, String, i32, Option<Timestamp>)>) = w
        .look(|c: &mut Conn| {
            let live = invitation::table
                .filter(invitation::state.eq("live"))
                .select(invitation::access_id)
                .load(c)?;
            let dead_mail = outbox::table
                .inner_join(
                    invitation::table.on(invitation::practice_id
                        .eq(outbox::practice_id)
                        .and(outbox::subject_id.eq(invitation::invitation_id.nullable()))),
                )
                .filter(invitation::state.ne("live"))
                .filter(outbox::state.eq_any(["queued", "deferred"]))
                .count()
                .get_result(c)?;
            let states = portal_access::table
                .select((
                    portal_access::access_id,
                    portal_access::state,
                    portal_access::generation,
                    portal_access::expires_at,
                ))
                .load(c)?;
            Ok((live, dead_mail, states))
        })
        .await;
    for (access, state, generation, expires_at) in states {
        let out = matches!(state.as_str(), "invited" | "locked");
        let links = live.iter().filter(|id| **id == access).count();
        assert_eq!(links, usize::from(out), "live links of a grant that is {state}");
        assert_eq!(expires_at.is_some(), out);
        let made: i64 = {
            w.look(move |c| invitation::table.filter(invitation::access_id.eq(access)).count().get_result(c))
                .await
        };
        assert_eq!(made, i64::from(generation), "each generation has its row");
        let last: Option<String> = {
            w.look(move |c| {
                audit_event::table
                    .filter(audit_event::access_id.eq(access))
                    .filter(audit_event::action.like("access.%"))
                    .order(audit_event::event_id.desc())
                    .select(audit_event::new_state)
                    .first(c)
                    .optional()
            })
            .await
        };
        let told = last.expect("every grant has its events");
        let told = if told == "expired" { "invited".to_owned() } else { told };
        let told = if told == "no_portal_access" { "revoked".to_owned() } else { told };
        assert_eq!(told, state, "the trail ends where the grant stands");
    }
    assert_eq!(dead_mail, 0, "no mail is waiting for a dead link");
    let chain = w.app.db.read(&w.riverbend.scope, audit::check_chain).await.expect("no fault");
    assert!(matches!(chain, ChainCheck::Whole(_)), "{chain:?}");
}

stories! {
    async fn an_invited_client_registers_and_the_practice_sees_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let before = overview(w, &ana.chart_id).await;
        assert_eq!((before.phase, before.access_id.is_none()), (Phase::NotInvited, true));
        assert_eq!(before.address_on_file.as_deref(), Some("ana.duarte@example.com"));
        let (sent, token) = invited(w, &ana).await;
        assert_eq!(sent.expires_at.seconds_since(w.now()), i64::from(WEEK));
        assert!(matches!(look(w, &token).await, LinkView::Open { for_contact: false, has_account: false, .. }));
        let welcome = post(w, right(&token, &ana)).await;
        let Registered::Welcome { sign_in_name, account } = welcome else { panic!("{welcome:?}") };
        assert_eq!(sign_in_name, "ana.duarte@example.com");
        let after = overview(w, &ana.chart_id).await;
        assert_eq!(after.phase, Phase::Active);
        assert_eq!(after.account_id, Some(account));
        assert_eq!(after.registered_at, Some(w.now()));
        assert_eq!(look(w, &token).await, LinkView::Used(Disowning::Open));
        let said: Vec<_> = after.timeline.iter().map(|e| e.what.word().to_owned()).collect();
        assert!(said.starts_with(&["access.invited".into()]) && said.contains(&"access.registered".into()), "{said:?}");
        invariants(w).await;
    }

    async fn inv_03_an_invite_seven_days_and_a_second_old_is_resent_and_the_new_link_registers(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, old) = invited(w, &ana).await;
        w.clock.advance_seconds(WEEK + 1);
        assert_eq!(phase(w, &ana).await, Phase::Expired);
        assert_eq!(post(w, right(&old, &ana)).await,
            Registered::NotOpen(LinkView::Expired { expired_at: sent.expires_at, asked: false, zone: None }));
        let again = resend(w, &sent.access, Some(1)).await.expect("sent");
        assert_eq!(phase(w, &ana).await, Phase::Invited);
        assert_eq!(look(w, &old).await, LinkView::Replaced);
        let new = token(w, &again).await;
        assert!(matches!(post(w, right(&new, &ana)).await, Registered::Welcome { .. }));
        invariants(w).await;
    }

    async fn inv_03_the_form_posts_a_second_before_the_end_and_not_at_the_end(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Okafor").await;
        let (_, early) = invited(w, &ana).await;
        let (sent, late) = invited(w, &ben).await;
        w.clock.advance_seconds(WEEK - 1);
        assert!(matches!(post(w, right(&early, &ana)).await, Registered::Welcome { .. }));
        assert_eq!(phase(w, &ben).await, Phase::Invited);
        w.clock.advance_seconds(1);
        assert_eq!(phase(w, &ben).await, Phase::Expired);
        assert_eq!(post(w, right(&late, &ben)).await,
            Registered::NotOpen(LinkView::Expired { expired_at: sent.expires_at, asked: false, zone: None }));
    }

    async fn inv_09_a_registered_client_is_not_resent_to(w: &mut World) {
        w.stop_sending().await;
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, token) = invited(w, &ana).await;
        post(w, right(&token, &ana)).await;
        let before = mails(w, &ana).await;
        assert_eq!(resend(w, &sent.access, Some(1)).await,
            Err(Refused::LifeCycle(Refusal::AlreadyRegistered)));
        assert_eq!(invite(w, &ana, None, vec![]).await, Err(Refused::LifeCycle(Refusal::AlreadyRegistered)));
        assert_eq!(mails(w, &ana).await, before);
    }

    async fn inv_04_resent_three_times_only_the_last_link_lives(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, first) = invited(w, &ana).await;
        let mut tokens = vec![first];
        for seen in 1..=3 {
            let again = resend(w, &sent.access, Some(seen)).await.expect("sent");
            tokens.push(token(w, &again).await);
            invariants(w).await;
        }
        for old in &tokens[..3] {
            assert_eq!(look(w, old).await, LinkView::Replaced);
            assert_eq!(post(w, right(old, &ana)).await, Registered::NotOpen(LinkView::Replaced));
        }
        assert!(matches!(post(w, right(&tokens[3], &ana)).await, Registered::Welcome { .. }));
    }

    async fn inv_12_two_who_confirm_the_same_resend_make_one_mail(w: &mut World) {
        w.stop_sending().await;
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, _) = invited(w, &ana).await;
        let posts = (0..20).map(|_| resend(w, &sent.access, Some(1)));
        let answers = futures_util::future::join_all(posts).await;
        assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1);
        let joined = Err(Refused::LifeCycle(Refusal::AlreadyResent));
        assert_eq!(answers.iter().filter(|a| **a == joined).count(), 19);
        // Both were queued in the same instant of the held clock, so their order says nothing.
        let mut fates = mails(w, &ana).await;
        fates.sort();
        assert_eq!(fates, ["access.invitation cancelled", "access.invitation queued"]);
        invariants(w).await;
    }

    async fn two_first_invitations_at_once_make_one_grant_and_one_mail(w: &mut World) {
        w.stop_sending().await;
        let ana = w.chart("Ana", "Duarte").await;
        let posts = (0..12).map(|_| invite(w, &ana, None, vec![]));
        let answers = futures_util::future::join_all(posts).await;
        assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1, "{answers:?}");
        assert_eq!(mails(w, &ana).await, ["access.invitation queued"]);
        invariants(w).await;
    }

    async fn inv_07_revoked_while_invited_the_link_is_withdrawn_and_a_fresh_invite_works(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, old) = invited(w, &ana).await;
        revoke(w, &sent.access).await.expect("revoked");
        assert_eq!(look(w, &old).await, LinkView::Withdrawn);
        assert_eq!(post(w, right(&old, &ana)).await, Registered::NotOpen(LinkView::Withdrawn));
        assert_eq!(resend(w, &sent.access, None).await, Err(Refused::LifeCycle(Refusal::UseInvite)));
        let fresh = invite(w, &ana, None, vec![]).await.expect("sent");
        let token = token(w, &fresh).await;
        assert!(matches!(post(w, right(&token, &ana)).await, Registered::Welcome { .. }));
    }

    async fn ses_06_revoked_after_registration_sessions_end_and_restored_the_old_sign_in_counts_again(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, token) = invited(w, &ana).await;
        let Registered::Welcome { account, .. } = post(w, right(&token, &ana)).await else { panic!() };
        let scope = w.riverbend.scope.clone();
        let _browser = w
            .signed_in(&scope, anteroom::platform::web::session::Audience::Client, account.to_string())
            .await;
        revoke(w, &sent.access).await.expect("revoked");
        let open: i64 = w.look(|c| session::table.filter(session::ended_at.is_null()).count().get_result(c)).await;
        assert_eq!(open, 0);
        let shown = overview(w, &ana.chart_id).await;
        assert_eq!((shown.phase, shown.reason.as_str()), (Phase::NoPortalAccess, "left the practice"));
        assert_eq!(invite(w, &ana, None, vec![]).await, Err(Refused::LifeCycle(Refusal::UseRestore)));
        restore(w, &sent.access).await.expect("restored");
        let shown = overview(w, &ana.chart_id).await;
        assert_eq!((shown.phase, shown.account_id, shown.generation), (Phase::Active, Some(account), 1));
        assert!(mails(w, &ana).await.iter().any(|m| m.starts_with("access.restored")));
        assert_eq!(accounts(w).await, 1);
        invariants(w).await;
    }

    async fn a_chart_that_cannot_be_invited_says_why_and_nothing_is_sent(w: &mut World) {
        let nowhere = w.chart_with("Ana", "Duarte", "1990-04-12", "").await;
        assert_eq!(invite(w, &nowhere, None, vec![]).await, Err(Refused::NoAddress));
        let ageless = w.chart_with("Ben", "Okafor", "", "ben@example.com").await;
        assert_eq!(invite(w, &ageless, None, vec![]).await, Err(Refused::NotCheckable));
        let quiet = w.chart("Cleo", "Marsh").await;
        let id = quiet.person_id;
        w.tamper(move |c| {
            diesel::update(person_address::table.filter(person_address::person_id.eq(id)))
                .set(person_address::may_mail.eq(false))
                .execute(c)
        }).await;
        assert_eq!(invite(w, &quiet, None, vec![]).await, Err(Refused::NoAddress));
        let closed = w.chart("Dov", "Reiss").await;
        let id = closed.chart_id;
        w.tamper(move |c| {
            diesel::update(chart::table.filter(chart::chart_id.eq(id)))
                .set(chart::state.eq("closed"))
                .execute(c)
        }).await;
        assert_eq!(invite(w, &closed, None, vec![]).await, Err(Refused::ChartClosed));
        let mails: i64 = w.look(|c| outbox::table.count().get_result(c)).await;
        let grants: i64 = w.look(|c| portal_access::table.count().get_result(c)).await;
        assert_eq!((mails, grants), (0, 0));
    }

    async fn an_address_typed_while_inviting_goes_onto_the_face_sheet(w: &mut World) {
        let ana = w.chart_with("Ana", "Duarte", "1990-04-12", "").await;
        let sent = invite(w, &ana, Some("ana@example.com"), vec![]).await.expect("sent");
        assert_eq!(sent.address.map(|a| a.as_str().to_owned()).as_deref(), Some("ana@example.com"));
        assert_eq!(overview(w, &ana.chart_id).await.address_on_file.as_deref(), Some("ana@example.com"));
    }

    async fn idp_02_a_doubtful_address_is_asked_about_once(w: &mut World) {
        let ana = w.chart_with("Ana", "Duarte", "1990-04-12", "home@example.com").await;
        let ben = w.chart_with("Ben", "Duarte", "1988-01-30", "home@example.com").await;
        let doubts = |list: &[(Doubt, &str)]| {
            Err(Refused::Doubtful(list.iter().map(|(d, s)| (*d, (*s).to_owned())).collect()))
        };
        assert_eq!(invite(w, &ana, None, vec![]).await, doubts(&[(Doubt::UsedByAnotherChart, "")]));
        let sent = invite(w, &ana, None, vec![Doubt::UsedByAnotherChart]).await.expect("sent");
        resend(w, &sent.access, Some(1)).await.expect("a resend repeats what was looked at");
        let cleo = w.chart_with("Cleo", "Marsh", "1990-04-12", "cleo@gmial.com").await;
        assert_eq!(invite(w, &cleo, None, vec![]).await, doubts(&[(Doubt::LikelyTypingError, "gmail.com")]));
        let dana = w.riverbend.member(Role::FrontDesk).email.clone();
        assert_eq!(invite(w, &cleo, Some(&dana), vec![]).await, doubts(&[(Doubt::StaffMembersOwn, "")]));
        let teen = w.chart_with("Ida", "Marsh", "2012-04-12", "").await;
        contact(w, &teen, "Rosa", "rosa@example.com").await;
        assert_eq!(invite(w, &teen, Some("rosa@example.com"), vec![]).await, doubts(&[(Doubt::GuardiansOwn, "")]));
        // In a batch a doubtful one is passed over.
        let many = actions::send_many(&w.app, &w.riverbend.scope, w.riverbend.by(Role::FrontDesk),
            vec![ben.chart_id]).await.expect("no fault");
        assert!(matches!(many[0].1, Err(Refused::Doubtful(_))));
        invariants(w).await;
    }

    async fn a_bulk_resend_of_fifty_with_three_invalid_sends_forty_seven(w: &mut World) {
        w.stop_sending().await;
        let mut charts = Vec::new();
        for n in 0..50 {
            let email = if n % 20 == 7 { String::new() } else { format!("client{n}@example.com") };
            charts.push(w.chart_with("Ana", &format!("Number{n}"), "1990-04-12", &email).await.chart_id);
        }
        let by = w.riverbend.by(Role::FrontDesk);
        let answers = actions::send_many(&w.app, &w.riverbend.scope, by.clone(), charts.clone()).await.expect("no fault");
        assert_eq!(answers.iter().map(|(c, _)| c).collect::<Vec<_>>(), charts.iter().collect::<Vec<_>>());
        assert_eq!(answers.iter().filter(|(_, a)| a.is_ok()).count(), 47);
        assert_eq!(answers.iter().filter(|(_, a)| *a == Err(Refused::NoAddress)).count(), 3);
        let again = actions::send_many(&w.app, &w.riverbend.scope, by, charts).await.expect("no fault");
        assert!(again.iter().filter_map(|(_, a)| a.as_ref().ok()).all(|sent| sent.generation == 2));
        let waiting: i64 = w.look(|c| outbox::table.filter(outbox::state.eq("queued")).count().get_result(c)).await;
        assert_eq!(waiting, 47, "of the earlier mails none leaves any more");
        invariants(w).await;
    }

    async fn more_resends_than_a_day_allows_name_the_wait_and_the_last_link_works(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, _) = invited(w, &ana).await;
        let began = w.now();
        let mut last = None;
        for _ in 0..5 {
            w.clock.advance_seconds(60);
            last = Some(resend(w, &sent.access, None).await.expect("sent"));
        }
        let wait = began.plus_seconds(60).plus_hours(24);
        assert_eq!(resend(w, &sent.access, None).await, Err(Refused::TooManyToday(wait)));
        // Not by way of a cancel either.
        cancel(w, &sent.access).await.expect("canceled");
        assert_eq!(invite(w, &ana, None, vec![]).await, Err(Refused::TooManyToday(wait)));
        let ben = w.chart("Ben", "Okafor").await;
        let (other, _) = invited(w, &ben).await;
        for _ in 0..5 {
            last = Some(resend(w, &other.access, None).await.expect("sent"));
        }
        let shown = overview(w, &ben.chart_id).await;
        assert_eq!((shown.resends_left, shown.next_resend_at), (0, Some(w.now().plus_hours(24))));
        let token = token(w, &last.expect("the last")).await;
        assert!(matches!(post(w, right(&token, &ben)).await, Registered::Welcome { .. }));
        w.clock.advance_seconds(86_400);
        assert!(invite(w, &ana, None, vec![]).await.is_ok());
    }

    async fn inv_03_a_week_is_168_hours_across_both_changes_of_the_clocks(w: &mut World) {
        // From December on: the clocks go forward on March 14 and back on November 7, 2027.
        for (until, words) in [("2027-03-10T15:00:00Z", "EDT"), ("2027-11-03T15:00:00Z", "EST")] {
            let there: Timestamp = until.parse::<jiff::Timestamp>().expect("a moment").into();
            w.clock.advance_seconds(u32::try_from(there.seconds_since(w.now())).expect("ahead"));
            let ana = w.chart("Ana", "Duarte").await;
            let sent = invite(w, &ana, Some(&format!("ana{words}@example.com")), vec![Doubt::UsedByAnotherChart])
                .await.expect("sent");
            let link = token(w, &sent).await;
            let mail = arrived(w, &format!("ana{words}@example.com")).await;
            assert!(mail.text.contains(words), "the zone of the end:\n{}", mail.text);
            w.clock.advance_seconds(WEEK - 1);
            assert!(matches!(look(w, &link).await, LinkView::Open { .. }));
            w.clock.advance_seconds(1);
            assert_eq!(look(w, &link).await, LinkView::Expired { expired_at: sent.expires_at, asked: false, zone: None });
        }
    }

    async fn inv_05_looking_a_hundred_times_changes_nothing(w: &mut World) {
        w.stop_sending().await;
        let ana = w.chart("Ana", "Duarte").await;
        let (_, link) = invited(w, &ana).await;
        let rows = |w: &World| {
            let app = w.app.clone();
            async move {
                app.db.system_read(|s| {
                    let grants: Vec<(i64, String, i32)> = portal_access::table
                        .select((portal_access::version, portal_access::state, portal_access::mismatches))
                        .load(s.conn)?;
                    let opened: Vec<Option<Timestamp>> = invitation::table.select(invitation::opened_at).load(s.conn)?;
                    let events: i64 = audit_event::table.count().get_result(s.conn)?;
                    Ok((grants, opened, events))
                }).await.expect("no fault")
            }
        };
        let before = rows(w).await;
        for _ in 0..100 {
            assert!(matches!(look(w, &link).await, LinkView::Open { .. }));
        }
        assert_eq!(rows(w).await, before);
    }

    async fn inv_06_fifty_parallel_posts_make_one_account_and_the_same_form_gets_the_same_answer(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (_, link) = invited(w, &ana).await;
        let posts = (0..50).map(|n| {
            let mut order = right(&link, &ana);
            if n % 2 == 1 {
                order.nonce = format!("another form {n}");
            }
            post(w, order)
        });
        let answers = futures_util::future::join_all(posts).await;
        assert_eq!(accounts(w).await, 1);
        let welcomes = answers.iter().filter(|a| matches!(a, Registered::Welcome { .. })).count();
        let used = answers.iter().filter(|a| **a == Registered::NotOpen(LinkView::Used(Disowning::Open))).count();
        assert_eq!(welcomes + used, 50, "{answers:?}");
        assert!(welcomes == 25 || welcomes == 1, "{welcomes} welcomes");
        // Afterwards too, the form that won gets its page, and no other.
        if welcomes == 25 {
            assert!(matches!(post(w, right(&link, &ana)).await, Registered::Welcome { .. }));
        }
        let strange = RegisterOrder { nonce: "a third form".into(), ..right(&link, &ana) };
        assert_eq!(post(w, strange).await, Registered::NotOpen(LinkView::Used(Disowning::Open)));
        invariants(w).await;
    }

    async fn idp_05_wrong_name_or_wrong_day_get_one_answer_and_only_staff_hear_which(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (_, link) = invited(w, &ana).await;
        let other_day = RegisterOrder { birth_date: day("1990-04-13"), ..right(&link, &ana) };
        let both = RegisterOrder { birth_date: day("1990-04-13"), ..wrong(&link, &ana) };
        let answers = [post(w, wrong(&link, &ana)).await, post(w, other_day).await, post(w, both).await];
        assert_eq!(answers, [4, 3, 2].map(|left| Registered::Mismatch { left }));
        let shown = overview(w, &ana.chart_id).await;
        assert_eq!(shown.mismatches, 3);
        let differed: Vec<_> = shown.timeline.iter().filter(|e| e.what.word() == "access.check_failed")
            .map(|e| e.details["differed"].to_string()).collect();
        assert_eq!(differed, [r#"["last_name"]"#, r#"["birth_date"]"#, r#"["last_name","birth_date"]"#]);
        let details: Vec<String> = w.look(|c| audit_event::table.select(audit_event::details).load(c)).await;
        let all = details.join(" ");
        for secret in ["Nobody", "1990", "Duarte", link.reveal()] {
            assert!(!all.contains(secret), "the trail holds {secret}");
        }
        assert!(matches!(post(w, right(&link, &ana)).await, Registered::Welcome { .. }));
    }

    async fn idp_01_the_chart_is_read_at_the_post_and_survives_its_correction(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (_, link) = invited(w, &ana).await;
        change_person(w, &ana, "Méndez-Ruiz", "1991-05-13").await;
        assert_eq!(post(w, right(&link, &ana)).await, Registered::Mismatch { left: 4 });
        let typed = RegisterOrder {
            last_name: "mendez ruiz".into(), birth_date: day("1991-05-13"), ..right(&link, &ana)
        };
        assert!(matches!(post(w, typed).await, Registered::Welcome { .. }));
    }

    async fn pwd_01_a_weak_password_costs_no_attempt(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (_, link) = invited(w, &ana).await;
        let with = |password: &str| RegisterOrder {
            credential: NewCredential::Password(Secret::new(password.to_owned())), ..right(&link, &ana)
        };
        let weak = |key: &str| Registered::WeakPassword(key.to_owned());
        assert_eq!(post(w, with("short")).await, weak("password-too-short"));
        assert_eq!(post(w, with("passwordpassword")).await, weak("password-common"));
        assert_eq!(post(w, with("duarte on the window sill")).await, weak("password-has-name"));
        // Who fails the check hears nothing of what the chart says.
        let stranger = RegisterOrder {
            credential: NewCredential::Password(Secret::new("duarte on the window sill".into())),
            ..wrong(&link, &ana)
        };
        assert_eq!(post(w, stranger).await, Registered::Mismatch { left: 4 });
        assert_eq!(overview(w, &ana.chart_id).await.mismatches, 1);
        assert!(matches!(post(w, right(&link, &ana)).await, Registered::Welcome { .. }));
    }

    async fn rat_01_ten_parallel_wrong_guesses_count_as_they_come_and_the_fifth_locks(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, link) = invited(w, &ana).await;
        let answers = futures_util::future::join_all((0..10).map(|_| post(w, wrong(&link, &ana)))).await;
        assert_eq!(answers.iter().filter(|a| matches!(a, Registered::Mismatch { .. })).count(), 4);
        assert_eq!(answers.iter().filter(|a| **a == Registered::NotOpen(LinkView::Locked)).count(), 6);
        let shown = overview(w, &ana.chart_id).await;
        assert_eq!((shown.phase, shown.mismatches), (Phase::Locked, 5));
        assert_eq!(post(w, right(&link, &ana)).await, Registered::NotOpen(LinkView::Locked));
        // The mismatch desk corrects the chart, and the same link goes on working.
        on_grant(w, &sent.access, Act::Unlock)
            .await.expect("unlocked");
        assert!(matches!(post(w, right(&link, &ana)).await, Registered::Welcome { .. }));
        invariants(w).await;
    }

    async fn rat_01_a_resend_opens_what_was_locked_and_fifteen_failures_a_day_stop_a_chart(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, mut link) = invited(w, &ana).await;
        for round in 1..=3 {
            for _ in 0..5 {
                post(w, wrong(&link, &ana)).await;
            }
            assert_eq!(phase(w, &ana).await, Phase::Locked);
            link = token(w, &resend(w, &sent.access, Some(round)).await.expect("sent")).await;
        }
        assert_eq!(post(w, right(&link, &ana)).await, Registered::TooManyTries);
        assert_eq!(post(w, wrong(&link, &ana)).await, Registered::TooManyTries);
        assert_eq!(overview(w, &ana.chart_id).await.mismatches, 0, "none of them counted");
        w.clock.advance_seconds(86_400);
        assert!(matches!(post(w, right(&link, &ana)).await, Registered::Welcome { .. }));
    }

    async fn rat_01_thirty_clients_of_one_clinic_register_and_none_waits(w: &mut World) {
        for n in 0..30 {
            let client = w.chart_with("Ana", &format!("Number{n}"), "1990-04-12", &format!("c{n}@example.com")).await;
            let (_, link) = invited(w, &client).await;
            assert!(matches!(post(w, right(&link, &client)).await, Registered::Welcome { .. }), "client {n}");
        }
        assert_eq!(accounts(w).await, 30);
    }

    async fn inv_13_a_link_of_another_practice_or_of_nobody_finds_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (_, link) = invited(w, &ana).await;
        let there = actions::look_at_link(&w.app, &w.twinoaks.scope, &link).await.expect("no fault");
        assert_eq!(there, LinkView::Unknown);
        let order = right(&link, &ana);
        let answer = actions::register(&w.app, &w.twinoaks.scope, link_holder(), order).await.expect("no fault");
        assert_eq!(answer, Registered::NotOpen(LinkView::Unknown));
        let nobodys = Token::fresh(w.app.rng.as_ref());
        assert_eq!(post(w, right(&nobodys, &ana)).await, Registered::NotOpen(LinkView::Unknown));
        assert!(matches!(post(w, right(&link, &ana)).await, Registered::Welcome { .. }), "a real link still counts");
    }

    async fn a_printed_letters_code_registers_too(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, mailed) = invited(w, &ana).await;
        let printed = on_grant(w, &sent.access, Act::Letter { seen: Some(1) }).await.expect("printed");
        let Some(actions::Link { sent: letter, token: link, code: Some(code) }) = printed.link else { panic!() };
        assert_eq!((letter.generation, letter.address), (2, None));
        assert_eq!(look(w, &mailed).await, LinkView::Replaced);
        assert!(matches!(look(w, &link).await, LinkView::Open { .. }));
        let order = RegisterOrder { key: Key::Code(code), ..right(&link, &ana) };
        let welcome = post(w, order).await;
        assert!(matches!(&welcome, Registered::Welcome { sign_in_name, .. } if sign_in_name == &ana.email), "{welcome:?}");
        let ben = w.chart_with("Ben", "Okafor", "1988-01-30", "").await;
        let printed = act(w, Target::Owner(ben.chart_id.clone()), Act::Letter { seen: None }).await.expect("printed");
        let link = printed.link.expect("a link was made").token;
        let welcome = post(w, right(&link, &ben)).await;
        assert!(matches!(&welcome, Registered::Welcome { sign_in_name, .. } if sign_in_name == "client-ben"), "{welcome:?}");
        invariants(w).await;
    }

    async fn this_isnt_me_ends_the_link_and_staff_see_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, link) = invited(w, &ana).await;
        let view = actions::decline(&w.app, &w.riverbend.scope, link_holder(), Key::Token(link.clone()),
            DeclineAnswer::NotMe).await;
        assert_eq!(view.expect("no fault"), LinkView::Declined);
        assert_eq!(phase(w, &ana).await, Phase::Declined);
        assert_eq!(post(w, right(&link, &ana)).await, Registered::NotOpen(LinkView::Declined));
        assert_eq!(resend(w, &sent.access, None).await, Err(Refused::LifeCycle(Refusal::UseInvite)));
        // Sending there again asks first, at every door, until staff say so.
        let refused = Err(Refused::Doubtful(vec![(Doubt::Refused, String::new())]));
        assert_eq!(invite(w, &ana, None, vec![]).await, refused);
        let bulk = actions::send_many(&w.app, &w.riverbend.scope, w.riverbend.by(Role::FrontDesk), vec![ana.chart_id.clone()]);
        assert_eq!(bulk.await.expect("no fault"), [(ana.chart_id.clone(), refused)]);
        assert_eq!(overview(w, &ana.chart_id).await.address_marks, [Doubt::Refused]);
        let again = invite(w, &ana, None, vec![Doubt::Refused]).await.expect("sent");
        assert_eq!(overview(w, &ana.chart_id).await.address_marks, []);
        assert!(resend(w, &again.access, None).await.is_ok(), "staff have looked at it");
        invariants(w).await;
    }

    async fn not_now_keeps_the_link_and_stops_its_reminders(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Okafor").await;
        let (sent, link) = invited(w, &ana).await;
        invited(w, &ben).await;
        let view = actions::decline(&w.app, &w.riverbend.scope, link_holder(), Key::Token(link.clone()),
            DeclineAnswer::NotNow).await.expect("no fault");
        assert!(matches!(view, LinkView::Open { expires_at, .. } if expires_at == sent.expires_at), "{view:?}");
        let shown = overview(w, &ana.chart_id).await;
        assert_eq!((shown.phase, shown.not_now_at, shown.next_reminder_at), (Phase::Invited, Some(w.now()), None));
        assert_eq!(shown.address_marks, []);
        assert!(shown.timeline.iter().any(|e| e.what.word() == "access.not_now"));
        w.clock.advance_seconds(4 * 86_400);
        assert_eq!(w.run_due_jobs().await, 1, "Ben's alone");
        assert!(matches!(look(w, &link).await, LinkView::Open { .. }));
        assert!(matches!(post(w, right(&link, &ana)).await, Registered::Welcome { .. }));
        // A new link is a new question.
        let cleo = w.chart("Cleo", "Lindqvist").await;
        let (sent, link) = invited(w, &cleo).await;
        actions::decline(&w.app, &w.riverbend.scope, link_holder(), Key::Token(link), DeclineAnswer::NotNow)
            .await.expect("no fault");
        resend(w, &sent.access, Some(1)).await.expect("sent");
        let shown = overview(w, &cleo.chart_id).await;
        assert_eq!((shown.not_now_at, shown.next_reminder_at.is_some()), (None, true));
        invariants(w).await;
    }

    async fn asking_for_a_new_link_reaches_staff_once_and_sends_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, link) = invited(w, &ana).await;
        let ask = || actions::ask_for_new_link(&w.app, &w.riverbend.scope, link_holder(), Key::Token(link.clone()));
        ask().await.expect("no fault");
        assert_eq!(overview(w, &ana.chart_id).await.asked_at, None, "a good link needs no new one");
        w.clock.advance_seconds(WEEK);
        let before = mails(w, &ana).await.len();
        for _ in 0..3 {
            ask().await.expect("no fault");
        }
        let shown = overview(w, &ana.chart_id).await;
        assert_eq!(shown.asked_at, Some(w.now()));
        assert_eq!(shown.timeline.iter().filter(|e| e.what.word() == "access.asked").count(), 1);
        assert_eq!(mails(w, &ana).await.len(), before);
        assert_eq!(look(w, &link).await, LinkView::Expired { expired_at: sent.expires_at, asked: true, zone: None });
        resend(w, &sent.access, Some(1)).await.expect("sent");
        assert_eq!(overview(w, &ana.chart_id).await.asked_at, None);
    }

    async fn inv_08_another_address_gets_the_link_and_the_old_one_is_told(w: &mut World) {
        w.stop_sending().await;
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, old) = invited(w, &ana).await;
        let to = EmailAddress::parse("ana.new@example.com").expect("an address");
        let change = Act::ChangeEmail { address: to, confirmed: vec![], reason: "asked by phone".into() };
        let again = on_grant(w, &sent.access, change).await.map(sent_by).expect("sent");
        assert_eq!(look(w, &old).await, LinkView::Withdrawn);
        let mut all = mails(w, &ana).await;
        all.sort();
        assert_eq!(
            all,
            ["access.address_changed queued", "access.invitation cancelled", "access.invitation queued"]
        );
        let shown = overview(w, &ana.chart_id).await;
        assert_eq!(shown.address.as_deref(), Some("ana.new@example.com"));
        assert_eq!(shown.address_on_file.as_deref(), Some("ana.new@example.com"));
        let link = token(w, &again).await;
        assert!(matches!(post(w, right(&link, &ana)).await, Registered::Welcome { .. }));
        invariants(w).await;
    }

    async fn g1_one_address_however_it_is_written_is_one_sign_in(w: &mut World) {
        let ana = w.chart_with("Ann", "Duarte", "1990-04-12", "Ann@Example.org").await;
        let (_, link) = invited(w, &ana).await;
        let Registered::Welcome { sign_in_name, account } = post(w, right(&link, &ana)).await else { panic!() };
        assert_eq!(sign_in_name, "Ann@example.org", "a host has no capitals");
        // The same person on a second chart signs in with what she has.
        let ben = w.chart_with("Ben", "Duarte", "2015-01-30", "").await;
        let person = ana.person_id;
        let (chart_id, practice_id) = (ben.chart_id, *w.riverbend.scope.id());
        w.tamper(move |c| {
            diesel::insert_into(related_contact::table)
                .values((
                    related_contact::practice_id.eq(practice_id),
                    related_contact::chart_id.eq(chart_id),
                    related_contact::person_id.eq(person),
                    related_contact::relation.eq("parent"),
                    related_contact::created_at.eq(Timestamp::from_micros(0)),
                ))
                .execute(c)
        }).await;
        act(w, Target::Owner(ben.chart_id.clone()), Act::ChangeOwner { to: ana.person_id.clone(), authority: allowed(), seen: None })
            .await.expect("changed");
        let (_, link) = invited(w, &ben).await;
        assert!(matches!(look(w, &link).await, LinkView::Open { for_contact: true, has_account: true, .. }));
        assert_eq!(post(w, right(&link, &ben)).await, Registered::HasSignIn);
        let existing = |name: &str, password: &str| RegisterOrder {
            credential: NewCredential::Existing { name: name.into(), password: Secret::new(password.into()) },
            ..right(&link, &ben)
        };
        assert_eq!(post(w, existing("ann@example.org", "not the password")).await, Registered::WrongSignIn);
        assert_eq!(post(w, existing("nobody@example.org", PASSWORD)).await, Registered::WrongSignIn);
        let welcome = post(w, existing("ann@example.ORG", PASSWORD)).await;
        assert_eq!(welcome, Registered::Welcome { sign_in_name: "Ann@example.org".into(), account });
        assert_eq!(accounts(w).await, 1);
        assert_eq!(charts_held(w, &account).await, BTreeSet::from([ana.chart_id, ben.chart_id]));
        invariants(w).await;
    }

    async fn idp_07_a_proxys_grant_gives_nothing_after_its_last_day_in_the_practices_zone(w: &mut World) {
        let ana = w.chart_with("Ana", "Duarte", "1990-04-12", "ann@example.org").await;
        let ben = w.chart_with("Ben", "Duarte", "2012-09-30", "").await;
        let (_, account) = w.register(&ana).await;
        let (home, holder, person, chart) =
            (*w.riverbend.scope.id(), account, ana.person_id, ben.chart_id);
        w.app.db.write(&w.riverbend.scope, move |c| {
            let mut proxy = AccessRow::fresh(c, &chart, &person, GrantRole::Representative, Basis::Parent)
                .allowing(&Terms::all());
            proxy.state = State::Active;
            proxy.ends_on = Some("2026-12-01".into());
            (proxy.account_practice_id, proxy.account_id) = (Some(home), Some(holder));
            c.insert_rows(&[proxy])?;
            Ok(())
        }).await.expect("no fault");
        // December 1 is the last day; it is 10 AM in New York. At 11 PM it is December 2 in UTC.
        let both = BTreeSet::from([ana.chart_id, ben.chart_id]);
        assert_eq!(charts_held(w, &account).await, both);
        w.clock.advance_seconds(13 * 3_600);
        assert_eq!(charts_held(w, &account).await, both);
        w.clock.advance_seconds(3_600 - 1);
        assert_eq!(charts_held(w, &account).await, both, "the last second of the day");
        w.clock.advance_seconds(1);
        assert_eq!(charts_held(w, &account).await, BTreeSet::from([ana.chart_id]), "their own chart stays");
    }

    async fn g2_two_who_share_a_mailbox_get_two_sign_ins_and_hear_nothing_of_each_other(w: &mut World) {
        let ana = w.chart_with("Ana", "Duarte", "1990-04-12", "home@example.com").await;
        let ben = w.chart_with("Ben", "Duarte", "1988-01-30", "home@example.com").await;
        let mut names = Vec::new();
        for client in [&ana, &ben] {
            let sent = invite(w, client, None, vec![Doubt::UsedByAnotherChart]).await.expect("sent");
            let link = token(w, &sent).await;
            let Registered::Welcome { sign_in_name, .. } = post(w, right(&link, client)).await else { panic!() };
            names.push(sign_in_name);
        }
        assert_eq!(names, ["home@example.com", "home+ben@example.com"]);
    }

    async fn rat_02_failed_sign_ins_before_the_registration_do_not_pause_the_new_account(w: &mut World) {
        use anteroom::platform::web::session::Audience;
        use anteroom::platform::web::sign_in;
        let ana = w.chart("Ana", "Duarte").await;
        let (_, link) = invited(w, &ana).await;
        for _ in 0..12 {
            w.app.db.write(&w.riverbend.scope, |c| {
                let attempt = sign_in::Attempt {
                    name_key: "ana.duarte@example.com",
                    subject: None,
                    ip_bucket: "198.51.100.9",
                    device: None,
                };
                sign_in::decide(c, Audience::Client, attempt, false)
            }).await.expect("no fault");
        }
        assert!(matches!(post(w, right(&link, &ana)).await, Registered::Welcome { .. }));
        let paused = w.app.db.read(&w.riverbend.scope, |c| {
            sign_in::paused_until(c, Audience::Client, "ana.duarte@example.com")
        }).await.expect("no fault");
        assert_eq!(paused, None);
    }

    async fn an_adults_record_is_given_away_and_a_minor_made_owner_only_with_a_reason(w: &mut World) {
        let adult = w.chart_with("Ana", "Duarte", "1990-04-12", "ana@example.com").await;
        let minor = w.chart_with("Ben", "Duarte", "2012-04-12", "ben@example.com").await;
        let friend = contact(w, &adult, "Rosa", "rosa@example.com").await;
        let mother = contact(w, &minor, "Eva", "eva@example.com").await;
        let change = |chart: &Client, to: &PersonId, authority| {
            act(w, Target::Owner(chart.chart_id.clone()), Act::ChangeOwner { to: to.clone(), authority, seen: None })
        };
        let needs = Err(Refused::NeedsAuthority);
        assert_eq!(change(&adult, &friend, None).await.map(drop), needs);
        assert_eq!(change(&adult, &friend, Authority::of("asked".into(), String::new())).await.map(drop), needs);
        assert_eq!(shown_owner(w, &adult).await, adult.person_id, "nothing was changed");
        let born = person::table.filter(person::person_id.eq(friend));
        w.tamper(move |c| diesel::update(born).set(person::birth_date.eq("1985-02-03")).execute(c)).await;
        assert_eq!(change(&adult, &friend, None).await.map(drop), needs, "to somebody who is known to be an adult too");
        change(&adult, &friend, allowed()).await.expect("changed");
        change(&adult, &adult.person_id, None).await.expect("an adult gets the own record back");
        assert_eq!(change(&minor, &mother, None).await.map(drop), needs, "who has no birth date may be a minor");
        let born = person::table.filter(person::person_id.eq(mother));
        w.tamper(move |c| diesel::update(born).set(person::birth_date.eq("1985-02-03")).execute(c)).await;
        change(&minor, &mother, None).await.expect("a parent owns a minor's chart");
        assert_eq!(change(&minor, &minor.person_id, None).await.map(drop), needs);
        let details: Vec<String> = w.look(|c| {
            audit_event::table.filter(audit_event::action.eq("access.owner_changed")).select(audit_event::details).load(c)
        }).await;
        let told = |d: &String| d.contains("asked by phone") && d.contains("authorised_by");
        assert_eq!(details.iter().filter(|d| told(d)).count(), 1, "{details:?}");
    }

    async fn change_ownership_ends_what_the_former_owner_had(w: &mut World) {
        let ana = w.chart_with("Ana", "Duarte", "2012-04-12", "ana@example.com").await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let (sent, link) = invited(w, &ana).await;
        let to = |to: PersonId| act(w, Target::Owner(ana.chart_id.clone()), Act::ChangeOwner { to, authority: allowed(), seen: None });
        assert_eq!(to(ana.person_id.clone()).await.map(drop), Err(Refused::IsOwner));
        to(rosa.clone()).await.expect("changed");
        assert_eq!(look(w, &link).await, LinkView::Withdrawn);
        let shown = overview(w, &ana.chart_id).await;
        assert_eq!((shown.person_id, shown.phase, shown.access_id), (rosa, Phase::NotInvited, None));
        let fresh = invite(w, &ana, None, vec![]).await.expect("sent");
        assert_ne!(fresh.access, sent.access);
        assert_eq!(fresh.address.as_ref().map(EmailAddress::as_str), Some("rosa@example.com"));
        let mail = arrived(w, "rosa@example.com").await;
        assert!(mail.text.contains("persona de contacto"), "her language and her part:\n{}", mail.text);
        // She gives the client's name and birth date, not her own.
        let link = token(w, &fresh).await;
        assert!(matches!(look(w, &link).await, LinkView::Open { for_contact: true, .. }));
        assert!(matches!(post(w, right(&link, &ana)).await, Registered::Welcome { .. }));
        to(ana.person_id.clone()).await.expect("changed back");
        let old = fresh.access.clone();
        let hers = w.app.db.read(&w.riverbend.scope, move |c| overview_of(c, &old)).await.expect("no fault").expect("there");
        assert_eq!(hers.phase, Phase::NoPortalAccess);
        invariants(w).await;
    }

    async fn inv_07_a_closed_chart_shuts_its_links(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, link) = invited(w, &ana).await;
        let id = ana.chart_id;
        w.tamper(move |c| {
            diesel::update(chart::table.filter(chart::chart_id.eq(id)))
                .set(chart::state.eq("closed"))
                .execute(c)
        }).await;
        assert_eq!(post(w, right(&link, &ana)).await, Registered::NotOpen(LinkView::Withdrawn));
        assert_eq!(resend(w, &sent.access, Some(1)).await, Err(Refused::ChartClosed));
        let (by, id, app) = (w.riverbend.by(Role::FrontDesk), ana.chart_id.clone(), w.app.clone());
        w.app.db.write(&w.riverbend.scope, move |c| actions::chart_closed(&app, c, &by, &id, None)).await.expect("no fault");
        assert_eq!(phase(w, &ana).await, Phase::Canceled);
        invariants(w).await;
    }

    async fn reminders_repeat_the_link_and_stop_with_the_registration(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let ben = w.chart("Ben", "Okafor").await;
        let (sent, link) = invited(w, &ana).await;
        invited(w, &ben).await;
        assert_eq!(w.run_due_jobs().await, 0);
        assert_eq!(overview(w, &ana.chart_id).await.next_reminder_at, Some(sent.expires_at.plus_hours(-72)));
        w.clock.advance_seconds(4 * 86_400);
        assert_eq!(w.run_due_jobs().await, 2);
        assert_eq!(w.run_due_jobs().await, 0, "once each");
        let shown = overview(w, &ana.chart_id).await;
        assert_eq!((shown.generation, shown.next_reminder_at), (1, Some(sent.expires_at.plus_hours(-24))));
        w.mail_has_settled().await;
        let reminder = w.mailbox.mails().into_iter()
            .filter(|mail| mail.text.contains(link.reveal())).count();
        assert_eq!(reminder, 2, "the invitation and the reminder carry one link");
        assert!(matches!(post(w, right(&link, &ana)).await, Registered::Welcome { .. }));
        w.clock.advance_seconds(2 * 86_400);
        assert_eq!(w.run_due_jobs().await, 1, "Ben's alone");
        invariants(w).await;
    }

    async fn each_practice_reminds_its_own_by_its_own_policy(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (_, link) = invited(w, &ana).await;
        let theirs = w.twinoaks.scope.clone();
        let mut foreign = Vec::new();
        for name in ["Olu", "Pia"] {
            let email = format!("{}@example.com", name.to_lowercase());
            let client = w.chart_at(&theirs, name, "Moreau", "1988-03-02", &email).await;
            let (target, order) = (Target::Owner(client.chart_id.clone()), Act::Invite { address: None, confirmed: Vec::new() });
            let by = w.twinoaks.by(Role::FrontDesk);
            actions::act(&w.app, &theirs, by, target, order).await.expect("no fault").expect("no refusal");
            foreign.push(client);
        }
        // Riverbend reminds three days before the end and a day before, Twin Oaks two days before.
        let policy = serde_json::to_string(&Policy { reminder_hours: vec![48], ..Policy::default() }).expect("a policy");
        let id = w.twinoaks.practice.practice_id;
        w.tamper(move |c| {
            diesel::update(practice::table.filter(practice::practice_id.eq(id)))
                .set(practice::policy.eq(&policy)).execute(c)
        }).await;
        w.clock.advance_seconds(4 * 86_400);
        assert_eq!(w.run_due_jobs().await, 1, "Riverbend's one");
        w.clock.advance_seconds(86_400);
        assert_eq!(w.run_due_jobs().await, 2, "Twin Oaks' two");
        // A practice that is suspended is left out, and holds up no other.
        let id = w.twinoaks.practice.practice_id;
        let now = w.now();
        w.tamper(move |c| {
            diesel::update(practice::table.filter(practice::practice_id.eq(id)))
                .set(practice::suspended_at.eq(now)).execute(c)
        }).await;
        w.clock.advance_seconds(86_400);
        assert_eq!(w.run_due_jobs().await, 1, "Riverbend's second");
        assert_eq!(w.run_due_jobs().await, 0, "once each");
        w.mail_has_settled().await;
        let ours = w.mailbox.mails_to(&ana.email);
        assert_eq!(ours.len(), 3);
        assert!(ours.iter().all(|mail| mail.text.contains(link.reveal()) && mail.text.contains("Riverbend")));
        for client in &foreign {
            let mails = w.mailbox.mails_to(&client.email);
            assert_eq!(mails.len(), 2, "{}", client.email);
            assert!(mails.iter().all(|mail| mail.text.contains("Twin Oaks") && !mail.text.contains("Riverbend")));
        }
        invariants(w).await;
    }

    async fn a_practice_without_reminders_sends_none(w: &mut World) {
        set_policy(w, Policy { reminder_hours: vec![], ..Policy::default() }).await;
        let ana = w.chart("Ana", "Duarte").await;
        invited(w, &ana).await;
        w.clock.advance_seconds(6 * 86_400);
        assert_eq!(w.run_due_jobs().await, 0);
    }

    async fn inv_01_the_database_holds_no_usable_link(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, link) = invited(w, &ana).await;
        let hash: String = w.look(|c| invitation::table.select(invitation::token_hash).first(c)).await;
        assert_eq!(hash, sha256_hex(link.reveal().as_bytes()));
        let sealed: Vec<Option<Vec<u8>>> = w.look(|c| invitation::table.select(invitation::sealed_token).load(c)).await;
        let holds = |bytes: &[u8]| bytes.windows(43).any(|part| part == link.reveal().as_bytes());
        assert!(sealed.iter().flatten().all(|bytes| !holds(bytes)));
        let payloads: Vec<Option<Vec<u8>>> = w.look(|c| outbox::table.select(outbox::payload).load(c)).await;
        assert!(payloads.iter().flatten().all(|bytes| !holds(bytes)));
        cancel(w, &sent.access).await.expect("canceled");
        let sealed: Vec<Option<Vec<u8>>> = w.look(|c| invitation::table.select(invitation::sealed_token).load(c)).await;
        assert_eq!(sealed, [None], "wiped when the link ends");
    }

    async fn eml_01_the_mail_says_what_it_must_and_nothing_more(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        let (sent, link) = invited(w, &ana).await;
        let mail = arrived(w, &ana.email).await;
        let path = format!("/riverbend/i/{}", link.reveal());
        assert!(mail.text.contains(&path), "{}", mail.text);
        for said in ["Riverbend Counseling", "Hello Ana", "Tuesday, December 8, 2026, 10:00 AM EST", "555-0100"] {
            assert!(mail.text.contains(said), "{said} is missing:\n{}", mail.text);
        }
        for unsaid in ["Duarte", "1990", "April", "therap", "counseling session", "treatment", "patient"] {
            assert!(!mail.text.to_lowercase().contains(&unsaid.to_lowercase()), "{unsaid}:\n{}", mail.text);
        }
        assert_eq!(sent.expires_at.to_string(), "2026-12-08T15:00:00Z");
        set_policy(w, Policy { neutral_mail: true, ..Policy::default() }).await;
        let ben = w.chart("Ben", "Okafor").await;
        invited(w, &ben).await;
        let mail = arrived(w, &ben.email).await;
        assert!(!mail.text.contains("Riverbend"), "{}", mail.text);
    }

    async fn inv_09_random_events_of_several_actors_keep_every_promise(w: &mut World) {
        use rand_like::Dice;
        w.stop_sending().await;
        set_policy(w, Policy { resends_per_day: 1_000, ..Policy::default() }).await;
        let ana = w.chart("Ana", "Duarte").await;
        let rosa = contact(w, &ana, "Rosa", "rosa@example.com").await;
        let mut tokens: Vec<(InvitationId, Token)> = Vec::new();
        let mut dice = Dice(20_261_201);
        for round in 0..40 {
            let shown = overview(w, &ana.chart_id).await;
            let access = shown.access_id;
            let live = tokens.last().map(|(_, t)| t.clone());
            // Six actors at once, each with one event.
            let actors = (0..6).map(|_| {
                let (kind, seen) = (dice.below(12), (dice.below(2) == 0).then_some(shown.generation));
                let (access, live, ana, rosa) = (access, live.clone(), &ana, rosa);
                let any = if tokens.is_empty() { None } else {
                    Some(tokens[dice.below(tokens.len() as u64) as usize].1.clone())
                };
                let nonce = format!("form {round} {}", dice.below(1_000_000));
                let w = &*w;
                async move {
                    let (app, scope) = (&w.app, &w.riverbend.scope);
                    match (kind, access, live, any) {
                        (0, ..) => drop(invite(w, ana, None, vec![]).await),
                        (1, ..) => drop(invite(w, ana, None, vec![Doubt::Refused]).await),
                        (2 | 3, Some(access), ..) => drop(resend(w, &access, seen).await),
                        (4, _, Some(live), _) => drop(post(w, RegisterOrder { nonce, ..right(&live, ana) }).await),
                        (5 | 6, _, _, Some(any)) => drop(post(w, wrong(&any, ana)).await),
                        (7, Some(access), ..) => drop(cancel(w, &access).await),
                        (8, Some(access), ..) => drop(revoke(w, &access).await),
                        (9, Some(access), ..) => drop(restore(w, &access).await),
                        (10, _, Some(live), _) => drop(actions::decline(app, scope, link_holder(), Key::Token(live), DeclineAnswer::NotMe).await.expect("no fault")),
                        (11, Some(access), ..) if round % 3 == 0 => drop(on_grant(w, &access, Act::Unlock).await),
                        (11, ..) if round % 10 == 5 => {
                            let to = if shown_owner(w, ana).await == rosa { ana.person_id.clone() } else { rosa };
                            drop(act(w, Target::Owner(ana.chart_id.clone()), Act::ChangeOwner { to, authority: allowed(), seen: None }).await);
                        }
                        _ => {}
                    }
                }
            });
            let actors: Vec<_> = actors.collect();
            futures_util::future::join_all(actors).await;
            invariants(w).await;
            // What is dead stays dead.
            for (id, old) in newest_tokens(w, &mut tokens).await {
                let state: String = { w.look(move |c| invitation::table
                    .filter(invitation::invitation_id.eq(id)).select(invitation::state).first(c)).await };
                if state != "live" {
                    assert!(!matches!(look(w, &old).await, LinkView::Open { .. }), "{state} is open");
                }
            }
            w.clock.advance_seconds(u32::try_from(dice.below(3 * 86_400)).expect("small"));
        }
        assert!(accounts(w).await <= 2, "one account a person");
        assert!(tokens.len() > 5, "something happened");
    }

    #[ignore = "a measurement: run it alone, in release"]
    async fn ten_thousand_invitations_are_queued_in_three_seconds(w: &mut World) {
        w.stop_sending().await;
        let charts = many_charts(w, 10_000).await;
        let by = w.riverbend.by(Role::FrontDesk);
        for (what, generation) in [("invited", 1), ("resent", 2)] {
            let began = std::time::Instant::now();
            let answers =
                actions::send_many(&w.app, &w.riverbend.scope, by.clone(), charts.clone()).await.expect("no fault");
            let took = began.elapsed();
            assert!(answers.iter().all(|(_, a)| a.as_ref().is_ok_and(|sent| sent.generation == generation)));
            println!("{:?}: 10,000 {what} in {took:.2?}", w.engine);
            assert!(cfg!(debug_assertions) || took.as_secs_f64() < 3.0, "{took:?}");
        }
        let waiting: i64 = w.look(|c| outbox::table.filter(outbox::state.eq("queued")).count().get_result(c)).await;
        assert_eq!(waiting, 10_000);
    }
}

/// Charts by the thousand, each with its own client and address.
async fn many_charts(w: &World, count: usize) -> Vec<ChartId> {
    w.app
        .db
        .write(&w.riverbend.scope, move |c| {
            let now = c.now();
            let mut charts = Vec::with_capacity(count);
            for n in 0..count {
                let person_id = PersonId::fresh(c.rng(), now);
                let chart_id = ChartId::fresh(c.rng(), now);
                let email = format!("client{n}@example.com");
                c.insert(
                    person::table,
                    (
                        (
                            person::person_id.eq(person_id),
                            person::first_name.eq("Ana"),
                            person::middle_name.eq(""),
                            person::last_name.eq(format!("Number{n}")),
                            person::suffix.eq(""),
                            person::former_last_names.eq(""),
                            person::preferred_name.eq(""),
                        ),
                        (
                            person::pronouns.eq(""),
                            person::birth_date.eq(Some("1990-04-12")),
                            person::language.eq(""),
                            person::time_zone.eq(""),
                            person::version.eq(1i64),
                            person::created_at.eq(now),
                            person::updated_at.eq(now),
                        ),
                    ),
                )?;
                c.insert(
                    person_address::table,
                    (
                        person_address::address_id.eq(AddressId::fresh(c.rng(), now)),
                        person_address::person_id.eq(person_id),
                        person_address::kind.eq("email"),
                        person_address::label.eq(""),
                        person_address::value.eq(email.clone()),
                        person_address::value_key.eq(email),
                        person_address::may_mail.eq(true),
                        person_address::position.eq(0),
                    ),
                )?;
                c.insert(
                    chart::table,
                    (
                        chart::chart_id.eq(chart_id),
                        chart::chart_number.eq(format!("M{n}")),
                        chart::person_id.eq(person_id),
                        chart::owner_person_id.eq(person_id),
                        chart::state.eq("open"),
                        chart::sort_key.eq(format!("number{n}")),
                        chart::search_text.eq(format!("number{n} ana")),
                        chart::version.eq(1i64),
                        chart::created_at.eq(now),
                        chart::updated_at.eq(now),
                    ),
                )?;
                charts.push(chart_id);
            }
            Ok(charts)
        })
        .await
        .expect("make the charts")
}

async fn shown_owner(w: &World, client: &Client) -> PersonId {
    overview(w, &client.chart_id).await.person_id
}

/// Adds the live link's token, if it is new; gives all that were seen.
async fn newest_tokens(w: &World, tokens: &mut Vec<(InvitationId, Token)>) -> Vec<(InvitationId, Token)> {
    let rows: Vec<(InvitationId, Option<Vec<u8>>)> = w
        .look(|c| {
            invitation::table
                .filter(invitation::state.eq("live"))
                .select((invitation::invitation_id, invitation::sealed_token))
                .load(c)
        })
        .await;
    for (id, sealed) in rows {
        let Some(sealed) = sealed else { continue };
        if tokens.iter().all(|(known, _)| known != &id) {
            let place = format!("{}/invitation/sealed_token/{id}", w.riverbend.scope.id());
            let opened = w.app.keys.open(&place, &sealed).expect("it opens");
            tokens.push((id, Token::read(std::str::from_utf8(&opened).expect("text")).expect("a token")));
        }
    }
    tokens.clone()
}

/// Rng that repeats itself: a small xorshift, so that a failure can be run again.
mod rand_like {
    pub struct Dice(pub u64);

    impl Dice {
        pub fn below(&mut self, n: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % n
        }
    }
}

/// The charts that an account may look at now.
async fn charts_held(w: &World, account: &anteroom::kernel::ids::AccountId) -> BTreeSet<ChartId> {
    let (home, account) = (*w.riverbend.scope.id(), *account);
    let held = w.app.db.system_read(move |system| held_by(system, &home, &account));
    held.await.expect("no fault").into_iter().map(|grant| grant.chart_id).collect()
}
