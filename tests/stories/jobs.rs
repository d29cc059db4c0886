//! Work that falls due: reminders and the forgetting of addresses, through crashes, failures and a clock that is
//! set back.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anteroom::features::access::actions::{self, Act, DeclineAnswer, Key, Target};
use anteroom::features::practice::{self, Policy};
use anteroom::kernel::clock::{MovableClock, Timestamp};
use anteroom::kernel::ids::PracticeId;
use anteroom::kernel::secrets::Token;
use anteroom::platform::audit::{Actor, By};
use anteroom::platform::db::schema::{due_job, invitation, practice as practices, reminder};
use anteroom::platform::db::{Conn, PracticeScope, Scoped};
use anteroom::platform::fault::Fault;
use anteroom::platform::jobs::{self, Job, JobHandler, JobKind, JobOutcome, JobRun, NewJob, Next};
use anteroom::platform::permissions::Role;
use anteroom::platform::state::App;
use anteroom::platform::stop;
use diesel::prelude::*;

use crate::schema::query_plan;
use crate::stories;
use crate::support::world::{Client, Plan};
use crate::support::{Engine, World, tell};

const DAY: u32 = 86_400;

/// State, attempts, tries and crashes of every job of this kind.
async fn jobs_of(w: &World, kind: JobKind) -> Vec<(String, i32, i32, i32)> {
    w.look(move |c| {
        due_job::table
            .filter(due_job::kind.eq(kind))
            .order(due_job::job_id)
            .select((due_job::state, due_job::attempt, due_job::tries, due_job::crashes))
            .load(c)
    })
    .await
}

async fn reminders_sent(w: &World) -> i64 {
    w.look(|c| reminder::table.count().get_result(c)).await
}

/// An invitation in the second practice.
async fn invited_elsewhere(w: &mut World, name: &str) -> Client {
    let scope = w.twinoaks.scope.clone();
    let email = format!("{}@example.com", name.to_lowercase());
    let client = w.chart_at(&scope, name, "Moreau", "1988-03-02", &email).await;
    let act = Act::Invite { address: None, confirmed: Vec::new() };
    let by = w.twinoaks.by(Role::FrontDesk);
    let done = actions::act(&w.app, &scope, by, Target::Owner(client.chart_id), act).await;
    done.expect("no fault").expect("no refusal");
    client
}

/// What a process leaves behind that dies with every due job in hand.
async fn a_process_dies_with_the_jobs_in_hand(w: &World) {
    let (now, until) = (w.now(), w.now().plus_seconds(60));
    let taken = w
        .tamper(move |c| {
            diesel::update(due_job::table.filter(due_job::due_at.le(now)))
                .set((
                    due_job::state.eq("running"),
                    due_job::attempt.eq(due_job::attempt + 1),
                    due_job::lease_until.eq(until),
                    due_job::leased_by.eq("a process that is gone"),
                ))
                .execute(c)
        })
        .await;
    assert!(taken > 0, "nothing was due");
}

async fn run_with(w: &World, handlers: &[JobHandler]) -> usize {
    let (_stopper, stop) = stop::signal();
    jobs::run_due(&w.app, handlers, &stop).await.expect("no fault").ran
}

/// Fails for every job.
fn failing(_: &App, _: &mut Scoped<'_>, _: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    Err(Fault::other("this can never be done"))
}

static RAN: Mutex<Vec<PracticeId>> = Mutex::new(Vec::new());

/// Notes whose jobs it runs, in their order.
fn noting(_: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    RAN.lock().expect("a lock").extend(jobs.iter().map(|_| *c.practice()));
    Ok(vec![JobOutcome::unchanged(Next::Done); jobs.len()])
}

/// Writes something, and has its job moved by somebody else meanwhile.
fn overtaken(_: &App, c: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    let subject = uuid::Uuid::from_u128(7);
    jobs::plan(c, &[NewJob { kind: JobKind::InvitationForget, subject, due_at: c.now() }])?;
    jobs::bring_forward(c, JobKind::InvitationReminder)?;
    Ok(vec![JobOutcome::unchanged(Next::Done); jobs.len()])
}

async fn plan(w: &World, scope: &PracticeScope, count: u128, due_at: Timestamp) {
    w.app
        .db
        .write(scope, move |c| {
            let new = |n| NewJob {
                kind: JobKind::InvitationReminder,
                subject: uuid::Uuid::from_u128(n + 1),
                due_at,
            };
            jobs::plan(c, &(0..count).map(new).collect::<Vec<_>>())
        })
        .await
        .expect("planned");
}

/// 0: nobody runs the job; 1: it runs, and waits; 2: it may end.
static HELD: AtomicU8 = AtomicU8::new(0);

/// Runs until the test lets it end.
fn held_by_the_test(_: &App, _: &mut Scoped<'_>, jobs: &[Job]) -> Result<Vec<JobOutcome>, Fault> {
    HELD.store(1, Ordering::SeqCst);
    let began = Instant::now();
    while HELD.load(Ordering::SeqCst) != 2 && began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(vec![JobOutcome::unchanged(Next::Done); jobs.len()])
}

/// A process on this world's database, on a machine whose clock runs and differs by so many seconds.
pub async fn machine(w: &World, ahead: i64) -> World {
    let mut plan = Plan::new(w.engine);
    plan.database = Some(w.database.clone());
    plan.sends = false;
    let seconds = u32::try_from(ahead.unsigned_abs()).expect("minutes");
    plan.clock = Arc::new(MovableClock::behind(if ahead < 0 { seconds } else { 0 }));
    plan.clock.advance_seconds(if ahead > 0 { seconds } else { 0 });
    World::planned(plan).await
}

/// SQLite has one machine, and so one clock.
#[test]
fn a_job_in_hand_is_not_taken_over_by_a_machine_whose_clock_differs() {
    tell(Engine::Postgres, async |w| {
        let (one, ahead, behind) = (machine(w, 0).await, machine(w, 600).await, machine(w, -600).await);
        plan(&one, &w.riverbend.scope.clone(), 1, one.now().plus_hours(-1)).await;
        let handler =
            JobHandler { kind: JobKind::InvitationReminder, run: JobRun::InPractice(held_by_the_test) };
        let app = one.app.clone();
        let running = tokio::spawn(async move {
            let (_stopper, stop) = stop::signal();
            jobs::run_due(&app, &[handler], &stop).await.expect("no fault").ran
        });
        while HELD.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let other = JobHandler { kind: JobKind::InvitationReminder, run: JobRun::InPractice(noting) };
        assert_eq!((run_with(&ahead, &[other]).await, run_with(&behind, &[other]).await), (0, 0));
        HELD.store(2, Ordering::SeqCst);
        assert_eq!(running.await.expect("it ended"), 1);
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await, []);
    });
}

/// Jobs of a practice that are not due for long, put in past the application.
async fn many_jobs_not_due(w: &World, count: u32) {
    let (first, practice) = (w.now().plus_hours(24).micros(), w.riverbend.practice.practice_id);
    let hex = practice.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    w.tamper(move |c| {
        let columns = "practice_id, job_id, kind, subject, due_at, state, attempt, tries, crashes, created_at";
        let rest = format!("'invitation-forget', ID, {first} + CAST(n AS BIGINT) * 1000000, 'waiting', 0, 0, 0, {first}");
        match c {
            Conn::Sqlite(c) => diesel::sql_query(format!(
                "INSERT INTO due_job ({columns}) WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL \
                 SELECT n + 1 FROM counted WHERE n < {count}) SELECT X'{hex}', randomblob(16), {} FROM counted",
                rest.replace("ID", "randomblob(16)")
            ))
            .execute(c),
            Conn::Postgres(c) => {
                let made = diesel::sql_query(format!(
                    "INSERT INTO due_job ({columns}) SELECT decode('{hex}', 'hex'), decode(md5('job' || n), 'hex'), {} \
                     FROM generate_series(1, {count}) AS n",
                    rest.replace("ID", "decode(md5('subject' || n), 'hex')")
                ))
                .execute(c)?;
                diesel::sql_query("ANALYZE due_job").execute(c)?;
                Ok(made)
            }
        }
    })
    .await;
}

stories! {
    async fn a_hundred_jobs_that_are_due_are_found_by_an_index_beside_a_hundred_thousand_that_are_not(w: &mut World) {
        plan(w, &w.riverbend.scope.clone(), 60, w.now()).await;
        plan(w, &w.twinoaks.scope.clone(), 40, w.now()).await;
        many_jobs_not_due(w, 100_000).await;
        let now = w.now().micros();
        let looks = [
            (format!("SELECT practice_id, job_id FROM due_job WHERE state = 'waiting' AND due_at <= {now} \
                AND kind IN ('invitation-reminder', 'invitation-forget') ORDER BY due_at LIMIT 2000"), "due_job_due"),
            ("SELECT practice_id FROM due_job WHERE state = 'ready' AND kind IN ('invitation-reminder', 'invitation-forget') \
                ORDER BY practice_id LIMIT 1".to_owned(), "due_job_practice"),
            ("SELECT job_id FROM due_job WHERE state = 'running'".to_owned(), "due_job_"),
        ];
        for (select, index) in looks {
            let plan = w.look(move |c| query_plan(c, &select)).await;
            assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{index} is not used:\n{plan}");
        }
        let handler = JobHandler { kind: JobKind::InvitationReminder, run: JobRun::InPractice(noting) };
        assert_eq!(run_with(w, &[handler]).await, 100);
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await, []);
        let (left, touched) = w.look(|c| {
            let left = due_job::table.filter(due_job::kind.eq("invitation-forget"));
            let touched = left.filter(due_job::state.ne("waiting").or(due_job::attempt.ne(0)));
            Ok((left.count().get_result::<i64>(c)?, touched.count().get_result::<i64>(c)?))
        }).await;
        assert_eq!((left, touched), (100_000, 0));
    }

    async fn a_link_has_its_jobs_and_they_end_with_it(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        let waiting = || ("waiting".to_owned(), 0, 0, 0);
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await, [waiting()]);
        assert_eq!(jobs_of(w, JobKind::InvitationForget).await, [waiting()]);
        let mail = w.mail_to(&ana.email).await;
        let link = w.link_in(&mail);
        let token = Token::read(link.rsplit('/').next().expect("a token")).expect("a token");
        // "Not now" ends the reminders, and a new link has its own.
        let by = By { actor: Actor::LinkHolder, source: "127.0.0.1".into() };
        actions::decline(&w.app, &w.riverbend.scope, by, Key::Token(token), DeclineAnswer::NotNow)
            .await.expect("no fault");
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await, []);
        let resend = Act::Resend { seen: None, confirmed: Vec::new() };
        let (by, target) = (w.riverbend.by(Role::FrontDesk), Target::Owner(ana.chart_id));
        actions::act(&w.app, &w.riverbend.scope, by, target, resend).await.expect("no fault").expect("sent");
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await, [waiting()]);
        assert_eq!(jobs_of(w, JobKind::InvitationForget).await.len(), 2, "of both links");
        // A link that was used has none.
        let eva = w.chart("Eva", "Lindt").await;
        w.register(&eva).await;
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await, [waiting()], "Ana's");
        assert_eq!(jobs_of(w, JobKind::InvitationForget).await.len(), 2, "Ana's");
    }

    async fn a_job_goes_with_the_end_of_its_link(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.clock.advance_seconds(8 * DAY);
        w.run_due_jobs().await;
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await, []);
    }

    async fn a_new_policy_moves_the_reminders(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.clock.advance_seconds(2 * DAY + 3_600);
        assert_eq!(w.run_due_jobs().await, 0, "three days before the end is not yet");
        let policy = Policy { reminder_hours: vec![120], ..Policy::default() };
        let version = w.look(|c| practices::table.filter(practices::slug.eq("riverbend"))
            .select(practices::version).first::<i64>(c)).await;
        let by = w.riverbend.by(Role::Administrator);
        practice::save_policy(&w.app, &w.riverbend.scope, by, policy, version).await.expect("no fault");
        assert_eq!(w.run_due_jobs().await, 1, "five days before the end is past");
        assert_eq!(w.run_due_jobs().await, 0);
    }

    async fn job_2_a_crash_between_claim_and_finish_loses_and_repeats_nothing(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.clock.advance_seconds(4 * DAY);
        a_process_dies_with_the_jobs_in_hand(w).await;
        assert_eq!(w.run_due_jobs().await, 0, "its lease holds");
        w.clock.advance_seconds(61);
        assert_eq!(w.run_due_jobs().await, 1);
        assert_eq!(w.run_due_jobs().await, 0);
        assert_eq!(reminders_sent(w).await, 1);
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await, [("waiting".to_owned(), 2, 0, 0)]);
    }

    async fn job_2_what_three_processes_died_over_is_parked(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.clock.advance_seconds(4 * DAY);
        for _ in 0..2 {
            a_process_dies_with_the_jobs_in_hand(w).await;
            w.clock.advance_seconds(61);
            // The next process takes it, and dies as well.
            w.tamper(|c| {
                diesel::update(due_job::table.filter(due_job::state.eq("running")))
                    .set((due_job::state.eq("ready"), due_job::crashes.eq(due_job::crashes + 1)))
                    .execute(c)
            }).await;
        }
        a_process_dies_with_the_jobs_in_hand(w).await;
        invited_elsewhere(w, "Olu").await;
        w.clock.advance_seconds(61);
        assert_eq!(w.run_due_jobs().await, 0);
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await[0].0, "parked");
        w.clock.advance_seconds(4 * DAY);
        assert_eq!(w.run_due_jobs().await, 1, "the other practice's");
    }

    async fn a_job_that_was_moved_while_it_ran_writes_nothing(w: &mut World) {
        plan(w, &w.riverbend.scope.clone(), 1, w.now()).await;
        let handler = JobHandler { kind: JobKind::InvitationReminder, run: JobRun::InPractice(overtaken) };
        assert_eq!(run_with(w, &[handler]).await, 0);
        assert_eq!(jobs_of(w, JobKind::InvitationForget).await, [], "what it wrote is undone");
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await.len(), 1, "and it is not done");
    }

    async fn job_3_a_clock_that_is_set_back_sends_no_reminder_twice(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.clock.advance_seconds(4 * DAY);
        assert_eq!(w.run_due_jobs().await, 1);
        let mut plan = Plan::new(w.engine);
        plan.database = Some(w.database.clone());
        plan.clock = Arc::new(MovableClock::frozen(w.now().plus_hours(-2)));
        plan.sends = false;
        let set_back = World::planned(plan).await;
        for _ in 0..3 {
            assert_eq!(set_back.run_due_jobs().await, 0);
            set_back.clock.advance_seconds(3_600);
        }
        assert_eq!(reminders_sent(w).await, 1);
        set_back.clock.advance_seconds(2 * DAY);
        assert_eq!(set_back.run_due_jobs().await, 1, "the next in its time");
    }

    async fn job_3_a_lease_from_before_the_clock_was_set_back_is_over(w: &mut World) {
        let ana = w.chart("Ana", "Duarte").await;
        w.invite(&ana).await;
        w.clock.advance_seconds(4 * DAY + 3 * 3_600);
        a_process_dies_with_the_jobs_in_hand(w).await;
        let mut plan = Plan::new(w.engine);
        plan.database = Some(w.database.clone());
        plan.clock = Arc::new(MovableClock::frozen(w.now().plus_hours(-2)));
        plan.sends = false;
        let set_back = World::planned(plan).await;
        assert_eq!(set_back.run_due_jobs().await, 1, "no need to wait for two hours");
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await[0].3, 0, "and it counts as no crash");
    }

    async fn one_job_that_cannot_be_done_is_parked_and_holds_up_nobody(w: &mut World) {
        let (ana, ben) = (w.chart("Ana", "Duarte").await, w.chart("Ben", "Okafor").await);
        w.invite(&ana).await;
        w.tamper(|c| {
            diesel::update(invitation::table).set(invitation::sealed_token.eq(None::<Vec<u8>>)).execute(c)
        }).await;
        w.invite(&ben).await;
        invited_elsewhere(w, "Olu").await;
        w.clock.advance_seconds(4 * DAY);
        assert_eq!(w.run_due_jobs().await, 2, "Ben's, of the same practice, and Olu's, of the other");
        for _ in 0..8 {
            w.clock.advance_seconds(3_600);
            w.run_due_jobs().await;
        }
        let states = jobs_of(w, JobKind::InvitationReminder).await;
        assert_eq!(states.iter().filter(|job| job.0 == "parked").count(), 1, "{states:?}");
        let parked = states.iter().find(|job| job.0 == "parked").expect("one is parked");
        assert_eq!(parked.2, 8, "after eight tries");
        w.clock.advance_seconds(2 * DAY);
        assert_eq!(w.run_due_jobs().await, 2, "the others go on");
    }

    async fn a_failure_is_tried_again_later_each_time(w: &mut World) {
        plan(w, &w.riverbend.scope.clone(), 1, w.now()).await;
        let handler = JobHandler { kind: JobKind::InvitationReminder, run: JobRun::InPractice(failing) };
        for (tries, wait) in [(1, 30), (2, 60), (3, 120)] {
            run_with(w, &[handler]).await;
            assert_eq!(jobs_of(w, JobKind::InvitationReminder).await[0].2, tries);
            w.clock.advance_seconds(wait - 1);
            run_with(w, &[handler]).await;
            assert_eq!(jobs_of(w, JobKind::InvitationReminder).await[0].2, tries, "not before {wait} seconds");
            w.clock.advance_seconds(1);
        }
    }

    async fn a_parked_job_runs_again_when_an_operator_asks_for_it(w: &mut World) {
        plan(w, &w.riverbend.scope.clone(), 2, w.now()).await;
        let failing = JobHandler { kind: JobKind::InvitationReminder, run: JobRun::InPractice(failing) };
        for _ in 0..8 {
            run_with(w, &[failing]).await;
            w.clock.advance_seconds(3_601);
        }
        let parked = w.app.db.system_read(jobs::parked).await.expect("no fault");
        assert_eq!(parked.len(), 2);
        assert_eq!(parked[0].kind, "invitation-reminder");
        assert!(parked[0].last_error.as_ref().is_some_and(|error| error.contains("this can never be done")));
        let mended = JobHandler { kind: JobKind::InvitationReminder, run: JobRun::InPractice(noting) };
        assert_eq!(run_with(w, &[mended]).await, 0, "a parked job is not tried by itself");
        let first = Some(parked[0].job_id);
        let db = w.app.db.clone();
        let retry = |only| db.system_write(move |system| jobs::retry(system, only));
        assert_eq!(retry(first).await.expect("no fault"), 1);
        assert_eq!(retry(first).await.expect("no fault"), 0, "it is parked no more");
        assert_eq!(run_with(w, &[mended]).await, 1);
        assert_eq!(jobs_of(w, JobKind::InvitationReminder).await, [("parked".to_owned(), 8, 8, 0)]);
        assert_eq!(retry(None).await.expect("no fault"), 1, "the other one");
        assert_eq!(run_with(w, &[mended]).await, 1);
    }

    async fn job_4_a_job_of_a_newer_version_waits_and_holds_up_nobody(w: &mut World) {
        let due = w.now();
        plan(w, &w.riverbend.scope.clone(), 3, due).await;
        w.tamper(|c| {
            let newer = due_job::table.filter(due_job::subject.ne(uuid::Uuid::from_u128(1).as_bytes().to_vec()));
            diesel::update(newer).set(due_job::kind.eq("of-a-newer-version")).execute(c)
        }).await;
        // A process of the newer version has made one of them ready.
        w.tamper(|c| {
            let one = due_job::table.filter(due_job::subject.eq(uuid::Uuid::from_u128(2).as_bytes().to_vec()));
            diesel::update(one).set(due_job::state.eq("ready")).execute(c)
        }).await;
        let handler = JobHandler { kind: JobKind::InvitationReminder, run: JobRun::InPractice(noting) };
        assert_eq!(run_with(w, &[handler]).await, 1);
        let left: Vec<(String, String, i32)> = w.look(|c| {
            due_job::table.order(due_job::subject).select((due_job::kind, due_job::state, due_job::attempt)).load(c)
        }).await;
        let newer = |state: &str| ("of-a-newer-version".to_owned(), state.to_owned(), 0);
        assert_eq!(left, [newer("ready"), newer("waiting")]);
    }

    async fn job_4_many_jobs_of_one_practice_do_not_stand_before_the_single_one_of_another(w: &mut World) {
        let due = w.now();
        plan(w, &w.riverbend.scope.clone(), 1_000, due).await;
        plan(w, &w.twinoaks.scope.clone(), 1, due.plus_seconds(1)).await;
        w.clock.advance_seconds(1);
        let handler = JobHandler { kind: JobKind::InvitationReminder, run: JobRun::InPractice(noting) };
        assert_eq!(run_with(w, &[handler]).await, 1_001);
        let (many, single) = (w.riverbend.practice.practice_id, w.twinoaks.practice.practice_id);
        let ours: Vec<PracticeId> = RAN.lock().expect("a lock").iter().copied()
            .filter(|id| *id == many || *id == single).collect();
        let place = ours.iter().position(|id| *id == single).expect("it ran");
        assert!(place < 200, "it ran as number {place}");
    }

    async fn two_who_plan_one_job_at_once_plan_it_once(w: &mut World) {
        for round in 0..20_u128 {
            let subject = uuid::Uuid::from_u128(round + 1);
            let plan = |due_at: Timestamp| {
                w.app.db.write(&w.riverbend.scope, move |c| {
                    if jobs::is_planned(c, JobKind::ImportRows, subject)? {
                        return Ok(());
                    }
                    jobs::plan(c, &[NewJob { kind: JobKind::ImportRows, subject, due_at }])
                })
            };
            let due_at = w.now().plus_hours(1);
            for planned in futures_util::future::join_all([(); 4].map(|()| plan(due_at))).await {
                planned.expect("no fault");
            }
        }
        assert_eq!(jobs_of(w, JobKind::ImportRows).await.len(), 20);
    }

    async fn the_jobs_of_the_installation_are_planned_once_and_come_again(w: &mut World) {
        for _ in 0..2 {
            jobs::ensure_repeating(&w.app, &anteroom::app::JOBS).await.expect("planned");
        }
        w.run_due_jobs().await;
        let planned = w.look(|c| due_job::table.filter(due_job::practice_id.eq(PracticeId::NIL))
            .order(due_job::kind).select((due_job::kind, due_job::state, due_job::due_at))
            .load::<(String, String, Timestamp)>(c)).await;
        let again = w.now().plus_hours(1);
        let kinds = ["address-marks", "counter-tidy", "draft-tidy", "import-tidy", "session-tidy"];
        assert_eq!(planned, kinds.map(|kind| (kind.to_owned(), "waiting".to_owned(), again)));
    }
}
