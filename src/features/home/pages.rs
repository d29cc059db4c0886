//! Home and help.

use askama::Template;
use axum::extract::State;
use jiff::civil::Date;

use crate::features::access::permission::{Basis, ChartStanding};
use crate::features::access::{self, Becomes};
use crate::features::accounts::{ClientSession, ClientTicket};
use crate::features::appointments;
use crate::features::billing;
use crate::features::documents::packets::order::waiting_on_home;
use crate::features::documents::{self, signing};
use crate::features::messages::{self, InboxLine};
use crate::features::practice::{self, PublicPractice, Question};
use crate::kernel::money::Money;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::nav::{MOST_COUNTED, Section, shown_count};
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
    opens_on: Option<String>,
    /// Their access has ended, and what was written until then is still read.
    archive: bool,
    /// That the chart is closed, and until when it can be read.
    closed: Option<String>,
    /// That a staff member who looks does not read a part of it.
    hidden: Option<String>,
    /// From when on the reader sees less, or somebody else of this minor's chart.
    ahead: Vec<String>,
    may_ask: bool,
    waiting: Option<Vec<Item>>,
    more_waiting: Option<String>,
    /// Does the account hold other charts? What waits there is counted where the chart is chosen, not here: it would take
    /// one statement more for each feature.
    has_other_charts: bool,
    next: Option<Vec<Item>>,
    pending: Option<String>,
    balances: Vec<(String, String)>,
}

/// Documents that home names one by one.
const WAITING_SHOWN: i64 = 5;
/// Appointments that home names.
const NEXT_SHOWN: usize = 2;

/// "3 more documents to read": those that home does not name.
fn more_waiting(words: Words, all: i64) -> Option<String> {
    match all - WAITING_SHOWN {
        ..=0 => None,
        _ if all > MOST_COUNTED => {
            Some(words.with1("portal-home-more-than", "count", MOST_COUNTED - WAITING_SHOWN))
        }
        more => Some(words.count("portal-home-more", "count", more)),
    }
}

/// What is new among the messages, in one line: the thread where it is one, else the list.
fn messages_item(client: &ClientSession, unread: &[InboxLine]) -> Option<Item> {
    let words = client.words;
    let newest = unread.first()?;
    let date = words.date(newest.thread.last_at, &client.zone);
    let note = match newest.range.until {
        None => words.with1("portal-home-sent", "date", date),
        // What others wrote after their part had ended is not theirs, nor when.
        Some(_) => String::new(),
    };
    Some(match unread {
        [only] => Item {
            href: format!("/portal/messages/{}", only.thread.id),
            title: words.with1(
                "messages-home-one",
                "subject",
                messages::subject_for(client, &only.thread, only.range.from),
            ),
            note,
        },
        several => Item {
            href: "/portal/messages".to_owned(),
            title: words.with1("messages-home-several", "count", shown_count(count(several))),
            note,
        },
    })
}

/// What is told of the days on which the reader's access, and somebody else's, opens less or nothing. One last day is
/// enough: where a closed chart can be read until `last` and no longer, a later end of the access is not told.
fn ahead(
    words: Words,
    of: &str,
    last: Option<Date>,
    (own, others): (Option<(Date, Becomes)>, Option<(Date, Becomes)>),
) -> Vec<String> {
    let own = own.filter(|(day, _)| last.is_none_or(|last| *day <= last));
    let own = own.map(|(day, becomes)| {
        let key = match becomes {
            Becomes::Less => "portal-home-ahead",
            Becomes::Ended => "portal-home-ends",
            Becomes::EndedByMajority => "portal-home-ends-adult",
        };
        words.with2(key, "date", words.civil_date(day), "name", of)
    });
    let others = others.map(|(day, becomes)| {
        let key = match becomes {
            Becomes::Less => "portal-home-ahead-others",
            Becomes::Ended | Becomes::EndedByMajority => "portal-home-ends-others",
        };
        words.with1(key, "date", words.civil_date(day))
    });
    own.into_iter().chain(others).collect()
}

fn count<T>(items: &[T]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

/// What is waiting for me, what comes next, what is owed.
pub(super) async fn home(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, ((mut to_sign, mut unread, on_paper), new_messages, on_calendar, balances, days)) = ticket
        .open(&app, |c, client| {
            let chart = &client.chart_id;
            let may = |right| client.may_view(right) && client.is_shown(right);
            Ok((
                if may(Right::Documents) {
                    let to_sign = signing::store::to_sign(c, &client.access_id)?;
                    let on_paper = match to_sign.as_slice() {
                        [] => None,
                        _ => signing::consent::on_paper_since(c, &client.access_id)?,
                    };
                    (to_sign, documents::unread(c, &client.access_id)?, on_paper)
                } else {
                    (Vec::new(), Vec::new(), None)
                },
                if may(Right::Messages) {
                    messages::unread(c, &messages::PartyReader::of(client))?
                } else {
                    Vec::new()
                },
                if may(Right::Appointments) {
                    // Somebody else's offers are theirs to answer, unless it is the client who reads.
                    let asker = client.for_client.is_some().then_some(&client.account_id);
                    appointments::ahead(c, chart, asker)?
                } else {
                    appointments::Ahead::default()
                },
                // None without a ledger, and without the right to see one: no entry is not the same as nothing
                // owed.
                if may(Right::Billing) {
                    billing::owed_seen_by(c, *chart, client.person_id)?
                } else {
                    Vec::new()
                },
                access::near_day_of_others(c, (chart, &client.access_id), &client.facts)?,
            ))
        })
        .await?;
    let (words, now) = (client.words, app.now());
    // In a packet in order, only the first of what is to be done is asked for.
    let waiting = waiting_on_home(&client.facts, &to_sign, &unread);
    to_sign.retain(|line| !waiting.contains(&line.document_id));
    unread.retain(|line| !waiting.contains(&line.document_id));
    // The query narrows to what is shared; whether each may be seen is decided in one place for every page.
    let to_sign: Vec<_> =
        to_sign.into_iter().filter(|line| client.may_view_item(Right::Documents, &line.item())).collect();
    // What is to be signed is read there.
    let is_to_sign = |id| to_sign.iter().any(|line| line.document_id == id);
    let unread: Vec<_> = unread
        .into_iter()
        .filter(|line| !is_to_sign(line.document_id))
        .filter(|line| client.may_view_item(Right::Documents, &line.item()))
        .collect();
    let new_messages: Vec<_> = new_messages
        .into_iter()
        .filter(|line| client.may_view_item(Right::Messages, &line.thread.item()))
        .filter(|line| messages::is_there_for(&client, &line.thread))
        .collect();
    let more = more_waiting(words, count(&unread));
    let offers =
        client.may_act(Right::Appointments).then_some(on_calendar.offers).filter(|offers| *offers > 0);
    let is_shown = offers.is_some() || client.may_view(Right::Documents) || client.may_view(Right::Messages);
    let waiting = is_shown.then(|| {
        let documents =
            unread.into_iter().take(usize::try_from(WAITING_SHOWN).unwrap_or(usize::MAX)).map(|line| Item {
                href: format!("/portal/documents/{}", line.document_id),
                title: line.title,
                note: words.with1("portal-home-sent", "date", words.date(line.since_at, &client.zone)),
            });
        let signatures = to_sign.iter().map(|line| Item {
            href: format!("/portal/documents/{}", line.document_id),
            title: line.title.clone(),
            note: words.with1(
                if on_paper.is_some() { "signing-home-paper" } else { "signing-home-until" },
                "date",
                words.date(line.deadline, &client.zone),
            ),
        });
        let offers = offers.map(|offers| Item {
            href: "/portal/appointments".to_owned(),
            title: words.count("portal-home-offers", "count", offers),
            note: words.get("portal-home-offers-note"),
        });
        signatures.chain(offers).chain(messages_item(&client, &new_messages)).chain(documents).collect()
    });
    let next = client.may_view(Right::Appointments).then(|| {
        on_calendar
            .booked
            .iter()
            .take(NEXT_SHOWN)
            .map(|a| {
                let labels = appointments::AppointmentLabels::of(words, &client.zone, a);
                Item {
                    href: format!("/portal/appointments/{}", a.appointment_id),
                    title: labels.when,
                    note: labels.what,
                }
            })
            .collect()
    });
    let balances = balances
        .into_iter()
        .map(|owed| {
            let balance = Money::new(owed.balance(), owed.currency);
            let key = match balance.minor {
                0 => "portal-home-owed-nothing",
                1.. => "portal-home-owed",
                _ => "portal-home-credit",
            };
            (balance.abs().to_string(), words.get(key))
        })
        .collect();
    let last = match client.facts.chart {
        ChartStanding::Closed(last) => last,
        _ => None,
    };
    let own_end = client
        .less_from
        .filter(|(day, becomes)| *becomes != Becomes::Less && last.is_some_and(|last| *day <= last));
    let hour = now.in_zone(&client.zone).hour();
    let hello = match hour {
        5..12 => "portal-home-morning",
        12..18 => "portal-home-afternoon",
        _ => "portal-home-evening",
    };
    let page = Home {
        greeting: words.with1(hello, "name", &client.name),
        opens_on: client.opens_on.map(|first| words.civil_date(first)),
        archive: client.reads_archive(),
        closed: match client.facts.chart {
            // The access ends before that: that day is told, and one last day is enough.
            ChartStanding::Closed(Some(_)) if own_end.is_some() => Some(words.get("portal-home-closed")),
            ChartStanding::Closed(Some(last)) => {
                Some(words.with1("portal-home-closed-until", "date", words.civil_date(last)))
            }
            ChartStanding::Closed(None) => Some(words.get("portal-home-closed")),
            // To whom appointments are closed anyway, this says nothing.
            ChartStanding::Frozen if client.may_view(Right::Appointments) => {
                Some(words.get("portal-home-frozen"))
            }
            _ => None,
        },
        hidden: Right::ALL
            .iter()
            .any(|right| client.may_view(*right) && !client.is_shown(*right))
            .then(|| words.with1("preview-hidden", "name", &client.name)),
        ahead: ahead(
            words,
            client.for_client.as_deref().unwrap_or(&client.name),
            last,
            (client.less_from, days),
        ),
        has_other_charts: client.charts > 1 && client.onlooker().is_none(),
        may_ask: client.may_act(Right::Appointments),
        waiting,
        more_waiting: more,
        next,
        pending: (on_calendar.waiting > 0)
            .then(|| words.count("portal-home-pending", "count", on_calendar.waiting)),
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
    /// Title and text of the link to the log of the chart; of another's chart it lists the reader's own acts alone.
    log: Option<(String, String)>,
}

/// Help before sign-in.
pub(super) async fn help_outside(State(app): State<AppState>, public: PublicPractice) -> PageResult {
    let (language, own) = (public.words.language(), public.practice.language());
    let questions = app.db.read(&public.scope, move |c| questions(c, language, own)).await?;
    html(Help { frame: public.client_frame(&app), questions, log: None }.render())
}

/// Help after sign-in.
pub(super) async fn help_inside(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let read = |c: &mut Scoped<'_>, client: &ClientSession| {
        questions(c, client.words.language(), client.practice.language())
    };
    let (client, questions) = ticket.open(&app, read).await?;
    let log = if client.facts.grant.basis == Basis::Client {
        ("access-log-title", "access-log-link-text")
    } else {
        ("access-log-title-own-acts", "access-log-link-text-own-acts")
    };
    let log = Some((client.words.get(log.0), client.words.get(log.1)));
    html(Help { frame: client.frame(&app, HELP), questions, log }.render())
}
