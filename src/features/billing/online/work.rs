//! Carries tasks out: takes one, writes down what is asked, asks, and writes the outcome with what it posts in one
//! transaction. Who dies in between has changed nothing here, and the provider does a call once for its key.

use std::time::Duration;

use futures_util::StreamExt as _;

use super::events;
use super::keys::account_of;
use super::settle;
use super::store;
use super::task_store::{self, Task, TaskKind, TaskState};
use crate::features::accounts::mails::MailContext;
use crate::features::billing::lifecycle::{CheckoutEvent, CheckoutState, RefundState};
use crate::features::billing::store::find_refund_told;
use crate::features::people;
use crate::features::practice;
use crate::kernel::ids::{ChartId, PaymentId, PracticeId, RefundId, TaskId};
use crate::kernel::money::Money;
use crate::platform::db::{PracticeScope, Scoped};
use crate::platform::fault::{Fault, granted};
use crate::platform::i18n::{Language, Words};
use crate::platform::pay::{Account, Call, Looked, NewCheckout, NewRefund, Trouble};
use crate::platform::state::{App, AppState};
use crate::platform::stop::Stop;

/// How often it is looked for what is due, where no bell rings.
const EVERY: Duration = Duration::from_secs(2);
/// How long somebody else's task is waited for, …
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// … and how often it is looked whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(30);
/// How long a page may be paid on. The provider wants half an hour at least; the rest is for asking again.
const OPEN_FOR: i64 = 40 * 60;
/// Tasks that are carried out at once.
const AT_ONCE: usize = 8;
/// Pages of events that are read at once.
const MOST_PAGES: usize = 100;
/// Events are asked for from so long before the last time on.
const OVERLAP: i64 = 15 * 60;
/// The provider tells events for 30 days.
const EVENTS_KEPT: i64 = 40 * 24;

/// What a task asks.
enum Asked {
    /// That something is done.
    Call(Call),
    /// How something stands.
    Look(String),
    /// What changed.
    Events(crate::kernel::clock::Timestamp),
}

/// What becomes of a task before anything is asked.
enum Prepared {
    /// This is asked.
    Ask(Asked),
    /// There is nothing to ask any more.
    Over,
    /// Something else has to be answered first.
    Later,
}

/// What is asked, with the practice's key; `None` where nothing is asked now.
fn prepare(app: &App, c: &mut Scoped<'_>, task: &Task) -> Result<Option<(Account, Asked)>, Fault> {
    let Some(row) = store::account(c)? else {
        task_store::finish(c, task)?;
        return Ok(None);
    };
    let asked = match task.kind {
        TaskKind::OpenCheckout => open(app, c, task)?,
        TaskKind::CloseCheckout => close(app, c, task)?,
        TaskKind::AskRefund => refund(app, c, task)?,
        TaskKind::ReadEvents => {
            let last = row.last_check_at.unwrap_or(row.changed_at);
            Prepared::Ask(Asked::Events(last.plus_seconds(-OVERLAP)))
        }
        TaskKind::LookAtCheckout | TaskKind::LookAtRefund | TaskKind::LookAtDispute => {
            let known = store::find_checkout(c, PaymentId::from_uuid(task.subject()))?;
            let session = known.and_then(|known| known.session_id);
            let object = Some(task.object_id.clone()).filter(|object| !object.is_empty()).or(session);
            object.map_or(Prepared::Over, |object| Prepared::Ask(Asked::Look(object)))
        }
    };
    match asked {
        Prepared::Ask(asked) => Ok(Some((account_of(app, c.practice(), &row)?, asked))),
        Prepared::Over => {
            task_store::finish(c, task)?;
            Ok(None)
        }
        Prepared::Later => {
            task_store::put_off(c, task, "another answer comes first")?;
            Ok(None)
        }
    }
}

/// The call as it was made before, or as it is made now.
fn kept(
    c: &mut Scoped<'_>,
    task: &Task,
    make: impl FnOnce(&mut Scoped<'_>) -> Result<Option<Call>, Fault>,
) -> Result<Prepared, Fault> {
    if let Some(call) = task.call()? {
        return Ok(Prepared::Ask(Asked::Call(call)));
    }
    let Some(call) = make(c)? else { return Ok(Prepared::Over) };
    let is_kept = task_store::keep_call(c, task, &call)?;
    Ok(if is_kept { Prepared::Ask(Asked::Call(call)) } else { Prepared::Over })
}

fn open(app: &App, c: &mut Scoped<'_>, task: &Task) -> Result<Prepared, Fault> {
    kept(c, task, |c| {
        let id = PaymentId::from_uuid(task.subject());
        let Some(known) = store::find_checkout(c, id)? else { return Ok(None) };
        if known.state != CheckoutState::Started {
            return Ok(None);
        }
        let practice = practice::load(c)?;
        let file = people::load_file(c, &known.chart_id)?;
        let language = file.and_then(|file| Language::of_tag(&file.client.language));
        let words = Words::of(language.unwrap_or_else(|| practice.language()));
        let payee = MailContext { practice: &practice, words, called: "" }.name();
        Ok(Some(app.pay.checkout(&NewCheckout {
            payment: id.to_string(),
            practice: c.practice().to_string(),
            line: words.with1("billing-pay-line", "practice", &payee),
            payee: &payee,
            amount: known.money(),
            back_to: app.absolute(&format!("/portal/account/pay/{id}")),
            expires_at: c.now().plus_seconds(OPEN_FOR),
            language: language.unwrap_or_else(|| practice.language()).word(),
        })))
    })
}

fn close(app: &App, c: &mut Scoped<'_>, task: &Task) -> Result<Prepared, Fault> {
    let id = PaymentId::from_uuid(task.subject());
    let Some(known) = store::find_checkout(c, id)? else { return Ok(Prepared::Over) };
    if known.state != CheckoutState::Started {
        return Ok(Prepared::Over);
    }
    if let Some(session) = known.session_id {
        return kept(c, task, |_| Ok(Some(app.pay.expire(&session))));
    }
    // The page may be made at this moment: nothing is closed before that has an answer. A task that was never sent
    // finds the checkout over and sends nothing.
    if let Some(opening) = task_store::find_about(c, TaskKind::OpenCheckout, id.uuid())?
        && !task_store::drop_unsent(c, opening)?
    {
        return Ok(Prepared::Later);
    }
    settle::without_page(app, c, id, CheckoutEvent::Closed)?;
    Ok(Prepared::Over)
}

fn refund(app: &App, c: &mut Scoped<'_>, task: &Task) -> Result<Prepared, Fault> {
    kept(c, task, |c| {
        let Some(found) = find_refund_told(c, Some(RefundId::from_uuid(task.subject())), "")? else {
            return Ok(None);
        };
        let paid = store::find_checkout(c, found.payment_id)?;
        let Some(intent) = paid.and_then(|paid| paid.intent_id) else { return Ok(None) };
        if found.state != RefundState::Due {
            return Ok(None);
        }
        Ok(Some(app.pay.refund(&NewRefund {
            intent: &intent,
            refund: found.refund_id.to_string(),
            practice: c.practice().to_string(),
            amount: Money::new(found.amount, found.currency),
        })))
    })
}

/// Writes what the provider answered, with what follows from it, and ends the task.
fn settle_answer(
    app: &App,
    c: &mut Scoped<'_>,
    task: &Task,
    looked: &Looked,
) -> Result<Option<ChartId>, Fault> {
    // Somebody else has the task by now: what is settled is the same, and settled once.
    task_store::finish(c, task)?;
    match looked {
        Looked::Checkout(seen) => settle::checkout(app, c, seen),
        Looked::Refund(seen) => settle::refund(app, c, seen),
        Looked::Dispute(seen) => settle::dispute(app, c, seen),
    }
}

/// Writes that the provider said no, or did not answer.
fn settle_trouble(
    app: &App,
    c: &mut Scoped<'_>,
    task: &Task,
    trouble: &Trouble,
) -> Result<Option<ChartId>, Fault> {
    let payment = PaymentId::from_uuid(task.subject());
    let is_no = match trouble {
        Trouble::NotAnswered(_) | Trouble::Key => false,
        Trouble::Refused(_) | Trouble::NotThere => true,
    };
    if !is_no && task_store::put_off(c, task, &trouble.to_string())? == TaskState::Waiting {
        return Ok(None);
    }
    if !is_no {
        tracing::error!(task = %task.task_id, kind = %task.kind, "given up: the payment provider did not answer");
        metrics::counter!("anteroom_payment_tasks_given_up_total").increment(1);
    } else if !task_store::finish(c, task)? {
        return Ok(None);
    }
    match task.kind {
        TaskKind::OpenCheckout => settle::without_page(app, c, payment, CheckoutEvent::Failed),
        TaskKind::CloseCheckout | TaskKind::LookAtCheckout if is_no && !task.subject().is_nil() => {
            settle::without_page(app, c, payment, CheckoutEvent::Closed)
        }
        // Whether the money went back is not known where nobody answered for a day: it stays set aside.
        TaskKind::AskRefund if is_no => settle::refund_not_taken(app, c, RefundId::from_uuid(task.subject())),
        _ => Ok(None),
    }
}

async fn read_events(
    app: &AppState,
    scope: &PracticeScope,
    task: &Task,
    account: &Account,
    since: crate::kernel::clock::Timestamp,
) -> Result<Result<(), Trouble>, Fault> {
    let (began, mode) = (app.now(), account.mode);
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let page = granted!(app.pay.events(account, since, after.as_deref()).await);
        let (found, inside) = (page.events, app.clone());
        app.db
            .write(scope, move |c| {
                for event in found.iter().rev() {
                    events::take(c, mode, event)?;
                }
                c.ring_after_commit(&inside.pay_bell);
                Ok(())
            })
            .await?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let task = task.clone();
    app.db
        .write(scope, move |c| {
            store::note_checked(c, began)?;
            store::forget_events(c, c.now().plus_hours(-EVENTS_KEPT))?;
            task_store::finish(c, &task)
        })
        .await?;
    Ok(Ok(()))
}

/// Asks what a claimed task asks, and writes what comes of it.
async fn carry_out(app: &AppState, task: Task) -> Result<(), Fault> {
    let scope = PracticeScope::for_worker(task.practice_id);
    let (inside, prepared) = (app.clone(), task.clone());
    let Some((account, asked)) = app.db.write(&scope, move |c| prepare(&inside, c, &prepared)).await? else {
        return Ok(());
    };
    let answer = match &asked {
        Asked::Call(call) => app.pay.send(&account, &task.task_id.to_string(), call).await,
        Asked::Look(object) => app.pay.look(&account, object).await,
        Asked::Events(since) => match read_events(app, &scope, &task, &account, *since).await? {
            Ok(()) => return Ok(()),
            Err(trouble) => Err(trouble),
        },
    };
    // A page that cannot be closed is over already: how, is asked.
    let answer = match (answer, &asked, task.kind) {
        (Err(Trouble::Refused(_)), Asked::Call(call), TaskKind::CloseCheckout) => {
            let session = call.path.trim_end_matches("/expire").rsplit('/').next().unwrap_or_default();
            app.pay.look(&account, session).await
        }
        (answer, ..) => answer,
    };
    let inside = app.clone();
    let changed = app
        .db
        .write(&scope, move |c| match &answer {
            Ok(looked) => settle_answer(&inside, c, &task, looked),
            Err(trouble) => settle_trouble(&inside, c, &task, trouble),
        })
        .await?;
    if let Some(chart) = changed {
        app.live.chart_changed(scope.id(), &chart);
    }
    app.outbox_bell.notify_one();
    Ok(())
}

/// Carries one task out now. Where somebody has it in hand, mostly the worker that was rung for it, waits until they
/// have ended it: whoever asked reads its outcome next.
pub(super) async fn run_now(app: &AppState, practice: &PracticeId, task: TaskId) -> Result<(), Fault> {
    let practice = *practice;
    let began = tokio::time::Instant::now();
    loop {
        let claimed = app.db.system_write(move |system| task_store::claim(system, &practice, task)).await?;
        if let Some(task) = claimed {
            return carry_out(app, task).await;
        }
        let scope = PracticeScope::for_worker(practice);
        let is_in_hand = app.db.read(&scope, move |c| task_store::is_in_hand(c, task)).await?;
        if !is_in_hand || began.elapsed() > LONGEST_WAIT {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// What could not be written is tried again later, and given up, for staff to see, like what nobody answered.
async fn put_off(app: &AppState, task: Task, fault: &Fault) {
    let (id, kind, error) = (task.task_id, task.kind, fault.chain());
    tracing::error!(task = %id, %kind, error, "a task of the payment provider failed");
    let scope = PracticeScope::for_worker(task.practice_id);
    let written = app.db.write(&scope, move |c| task_store::put_off(c, &task, &error)).await;
    if let Err(fault) = written {
        tracing::error!(task = %id, error = fault.chain(), "a task of the payment provider cannot be put off");
    }
}

/// Carries out everything that is due; returns how many tasks that were.
pub async fn run_due(app: &AppState) -> Result<usize, Fault> {
    let mut done = 0;
    loop {
        let practices = app.db.system_read(task_store::practices_due).await?;
        if practices.is_empty() {
            return Ok(done);
        }
        let claimed = app.db.system_write(move |system| task_store::claim_due(system, &practices)).await?;
        if claimed.is_empty() {
            return Ok(done);
        }
        done += claimed.len();
        futures_util::stream::iter(claimed)
            .for_each_concurrent(AT_ONCE, |task| async move {
                if let Err(fault) = carry_out(app, task.clone()).await {
                    put_off(app, task, &fault).await;
                }
            })
            .await;
    }
}

/// Carries tasks out until a stop is asked for.
pub async fn work(app: AppState, stop: Stop) {
    loop {
        if let Err(fault) = run_due(&app).await {
            tracing::error!(
                error = fault.chain(),
                "what is to be asked of the payment provider cannot be read"
            );
        }
        let rung = tokio::select! {
            () = app.pay_bell.notified() => true,
            going = stop.sleep(EVERY) => going,
        };
        if !rung || stop.is_given() {
            return;
        }
    }
}
