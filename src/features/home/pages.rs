//! Home, the switcher between charts, help.

use askama::Template;
use axum::extract::State;

use crate::features::accounts::ClientSession;
use crate::features::appointments::{self, AppointmentState, RequestState};
use crate::features::billing;
use crate::features::documents;
use crate::features::practice::{self, PublicPractice, Question};
use crate::kernel::money::Money;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageResult, html};

/// Help.
pub(super) const HELP: Section = Section("/portal/help");

/// Home.
pub(super) const HOME: Section = Section("/portal");

/// One line that leads somewhere.
struct Item {
    href: String,
    title: String,
    note: String,
}

#[derive(Template)]
#[template(path = "features/home/templates/home.html")]
struct Home {
    frame: ClientFrame,
    greeting: String,
    for_client: Option<String>,
    waiting: Option<Vec<Item>>,
    more_waiting: Option<String>,
    next: Option<Vec<Item>>,
    pending: Option<String>,
    balances: Vec<(String, String)>,
}

/// Documents that home names one by one.
const WAITING_SHOWN: usize = 5;
/// Appointments that home names.
const NEXT_SHOWN: usize = 2;

/// What is waiting for me, what comes next, what is owed.
pub(super) async fn home(State(app): State<AppState>, client: ClientSession) -> PageResult {
    let (chart, rights) = (client.chart_id.clone(), client.rights.clone());
    let (documents, booked, requests, ledger) = app
        .db
        .read(&client.scope, move |c| {
            let has = |right| rights.contains(&right);
            Ok((
                if has(Right::Documents) { documents::list_of(c, &chart)? } else { Vec::new() },
                if has(Right::Appointments) { appointments::list_of(c, &chart)? } else { Vec::new() },
                if has(Right::Appointments) { appointments::requests_of(c, &chart)? } else { Vec::new() },
                if has(Right::Billing) { billing::ledger_of(c, &chart)? } else { Vec::new() },
            ))
        })
        .await?;
    let (words, now) = (client.words, app.now());
    let unread: Vec<_> =
        documents.iter().filter(|d| d.opened_at.is_none() && d.withdrawn_at.is_none()).collect();
    let waiting = client.may(Right::Documents).then(|| {
        unread
            .iter()
            .take(WAITING_SHOWN)
            .map(|document| Item {
                href: format!("/portal/documents/{}", document.document_id),
                title: document.title.clone(),
                note: words.with1("portal-home-sent", "date", words.date(document.sent_at, &client.zone)),
            })
            .collect()
    });
    let next = client.may(Right::Appointments).then(|| {
        booked
            .iter()
            .filter(|a| a.state == AppointmentState::Booked && a.ends_at() > now)
            .take(NEXT_SHOWN)
            .map(|a| {
                let told = appointments::AppointmentLabels::of(words, &client.zone, &client.practice, a);
                Item { href: String::new(), title: told.when, note: told.what }
            })
            .collect()
    });
    let pending = requests.iter().filter(|r| r.state == RequestState::Waiting).count();
    // Empty without a ledger, and without the right to see one: no entry is not the same as nothing owed.
    let balances = billing::balances(&ledger)
        .into_iter()
        .map(|owed| {
            let key = match owed.minor {
                0 => "portal-home-owed-nothing",
                1.. => "portal-home-owed",
                _ => "portal-home-credit",
            };
            let amount = Money { minor: owed.minor.saturating_abs(), currency: owed.currency };
            (amount.to_string(), words.get(key))
        })
        .collect();
    let hour = now.in_zone(&client.zone).hour();
    let hello = match hour {
        5..12 => "portal-home-morning",
        12..18 => "portal-home-afternoon",
        _ => "portal-home-evening",
    };
    let counted = |key, number: usize| {
        (number > 0).then(|| words.count(key, "count", i64::try_from(number).unwrap_or(i64::MAX)))
    };
    let page = Home {
        greeting: words.with1(hello, "name", &client.name),
        for_client: client.for_client.clone(),
        waiting,
        more_waiting: counted("portal-home-more", unread.len().saturating_sub(WAITING_SHOWN)),
        next,
        pending: counted("portal-home-pending", pending),
        balances,
        frame: client.frame(&app, HOME),
    };
    html(page.render())
}

/// The practice's questions in the reader's language; in its own where it has none in that.
fn questions(c: &mut Scoped<'_>, language: Language, otherwise: Language) -> Result<Vec<Question>, Fault> {
    let found = practice::questions(c, language)?;
    if found.is_empty() { practice::questions(c, otherwise) } else { Ok(found) }
}

#[derive(Template)]
#[template(path = "features/home/templates/help.html")]
struct Help {
    frame: ClientFrame,
    questions: Vec<Question>,
}

/// Help before sign-in.
pub(super) async fn help_outside(State(app): State<AppState>, public: PublicPractice) -> PageResult {
    let (language, own) = (public.words.language(), public.practice.language());
    let questions = app.db.read(&public.scope, move |c| questions(c, language, own)).await?;
    html(Help { frame: public.client_frame(&app), questions }.render())
}

/// Help after sign-in.
pub(super) async fn help_inside(State(app): State<AppState>, client: ClientSession) -> PageResult {
    let (language, own) = (client.words.language(), client.practice.language());
    let questions = app.db.read(&client.scope, move |c| questions(c, language, own)).await?;
    html(Help { frame: client.frame(&app, HELP), questions }.render())
}
