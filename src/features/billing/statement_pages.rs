//! Statements: the form that makes one, and its page for staff and for clients.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::civil::Date;

use crate::features::accounts::{self, ClientSession};
use crate::features::billing::actions::Refused;
use crate::features::billing::client_pages::ACCOUNT;
use crate::features::billing::input;
use crate::features::billing::payer_words::payer_choices;
use crate::features::billing::responsibility_store as responsibility;
use crate::features::billing::staff_pages::{TAB, path};
use crate::features::billing::statement::{self, AGES, NewStatement, NotMade, StatementData, day_words};
use crate::features::billing::views::{OwedWords, owed_sentence};
use crate::features::billing::wording::Reader;
use crate::features::ledger;
use crate::features::people::{CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, StatementId};
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right};
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::{ClientFrame, StaffFrame};
use crate::platform::web::{PageError, PageResult, html, see_other};

/// Months that the form offers to go back.
const MONTHS_BACK: i32 = 2;

/// A statement in words, for either side's page. It speaks the language that it was made in.
pub(super) struct StatementView {
    pub words: Words,
    pub data: StatementData,
    pub accounts: Vec<AccountView>,
    pub made_on: String,
    pub since: String,
}

/// One currency of it.
pub(super) struct AccountView {
    pub title: String,
    pub owed: OwedWords,
    pub previous: String,
    pub lines: Vec<LineView>,
    pub balance: String,
    pub credit: Option<String>,
    pub insured: Option<String>,
    pub aging: Vec<(String, String)>,
}

/// One line of it.
pub(super) struct LineView {
    pub date: String,
    pub text: String,
    pub amount: String,
    pub after: String,
    pub is_late: bool,
    pub note: String,
}

impl StatementView {
    pub fn of(data: StatementData) -> Self {
        let words = Words::of(data.language);
        let several = data.accounts.len() > 1;
        let accounts = data
            .accounts
            .iter()
            .map(|account| {
                let money = |minor| account.money(minor).to_string();
                AccountView {
                    title: if several { account.currency.to_string() } else { String::new() },
                    owed: owed_sentence(words, Reader::Client, account.balance()),
                    previous: money(account.previous),
                    lines: account
                        .lines
                        .iter()
                        .map(|line| LineView {
                            date: day_words(words, &line.on),
                            text: line.text.clone(),
                            amount: money(line.amount),
                            after: money(line.after),
                            is_late: line.is_late,
                            note: line.note.clone(),
                        })
                        .collect(),
                    balance: account.balance().to_string(),
                    credit: (account.credit > 0).then(|| money(account.credit)),
                    insured: (account.insured > 0).then(|| money(account.insured)),
                    aging: age_labels(words)
                        .into_iter()
                        .zip(account.aging)
                        .map(|(label, minor)| (label, money(minor)))
                        .collect(),
                }
            })
            .collect();
        Self {
            words,
            made_on: day_words(words, &data.made_on),
            since: day_words(words, &data.since),
            accounts,
            data,
        }
    }
}

/// "0 to 30 days", …, "more than 120 days".
pub(super) fn age_labels(words: Words) -> Vec<String> {
    let mut from = 0;
    let mut labels: Vec<String> = AGES
        .iter()
        .map(|until| {
            let label = words.with2("billing-age", "from", from, "until", until);
            from = until + 1;
            label
        })
        .collect();
    labels.push(words.with1("billing-age-over", "days", from - 1));
    labels
}

#[derive(Template)]
#[template(path = "features/billing/templates/statement_staff.html")]
struct StaffPage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    statement: StatementView,
    file: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/statement_client.html")]
struct ClientPage {
    frame: ClientFrame,
    statement: StatementView,
    file: String,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Form {
    mark: String,
    since: String,
    /// Of what this payer pays.
    payer: String,
}

#[derive(Template)]
#[template(path = "features/billing/templates/statement_new.html")]
struct NewPage {
    frame: StaffFrame,
    head: RoomHead,
    base: String,
    /// Who gets a mail.
    mail: String,
    errors: FieldErrors,
    form: Form,
    last: Date,
    /// Where there are several.
    payers: Vec<(String, String)>,
}

/// A chart's room, whether anybody gets the mail about a statement, and who has entries on the chart.
async fn room_and_payers(
    app: &AppState,
    staff: &StaffSession,
    chart: ChartId,
) -> Result<(ChartRoom, bool, Vec<(String, String)>), PageError> {
    let viewer = Viewer::of(app, staff);
    let words = staff.words;
    let found = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
            let parties = ledger::parties_with_entries(c, chart)?;
            let is_mailed = accounts::reaches_anybody(c, &chart, Right::Billing)?;
            Ok(Some((room, is_mailed, payer_choices(c, chart, &parties, words)?)))
        })
        .await?;
    found.ok_or(PageError::NotFound)
}

/// A chart's room.
async fn room(app: &AppState, staff: &StaffSession, chart: ChartId) -> Result<ChartRoom, PageError> {
    let viewer = Viewer::of(app, staff);
    let found = app.db.read(&staff.scope, move |c| load_room(c, viewer, &chart)).await?;
    found.ok_or(PageError::NotFound)
}

fn new_answer(
    app: &AppState,
    staff: &StaffSession,
    (room, is_mailed, payers): (&ChartRoom, bool, Vec<(String, String)>),
    form: Form,
    errors: FieldErrors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = NewPage {
        head: room_head(app, staff, &room.file, &room.tags, TAB),
        base: path(room.file.chart.chart_id),
        mail: accounts::mail_in_words(staff.words, &room.file, "billing-statement-text", is_mailed),
        last: staff.practice.today(app.now()),
        frame: staff.frame(app, CHARTS),
        payers: if payers.len() > 1 { payers } else { Vec::new() },
        form,
        errors,
    };
    Ok((status, html(page.render())?).into_response())
}

/// The form that makes a statement: since two months ago, unless another day is chosen.
pub(super) async fn new_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let chart = chart.parse().map_err(|_| PageError::NotFound)?;
    let (room, is_mailed, payers) = room_and_payers(&app, &staff, chart).await?;
    let first = staff
        .practice
        .today(app.now())
        .first_of_month()
        .saturating_sub(jiff::Span::new().months(MONTHS_BACK));
    let form = Form {
        mark: FormToken::fresh(app.rng.as_ref()),
        since: first.to_string(),
        payer: payers.first().map(|(id, _)| id.clone()).unwrap_or_default(),
    };
    new_answer(&app, &staff, (&room, is_mailed, payers), form, FieldErrors::new())
}

/// Makes it.
pub(super) async fn new(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
    body: Bytes,
) -> PageResult {
    let form: Form = staff.form(&body)?;
    let words = staff.words;
    let mark = FormToken::read("statement", &format!("{}/{chart}", staff.staff_id), &form.mark, &body)?;
    let chart = chart.parse().map_err(|_| PageError::NotFound)?;
    let (room, is_mailed, payers) = room_and_payers(&app, &staff, chart).await?;
    let party = match form.payer.as_str() {
        "" => None,
        typed => Some(typed.parse().map_err(|_| PageError::NotFound)?),
    };
    let mut errors = FieldErrors::new();
    let since = input::read_day(&form.since).filter(|day| *day <= staff.practice.today(app.now()));
    let Some(since) = since else {
        errors.add("since", words.get("billing-error-since"));
        return new_answer(&app, &staff, (&room, is_mailed, payers), form, errors);
    };
    let (inside, by) = (app.clone(), staff.by());
    let outcome = app
        .db
        .write(&staff.scope, move |c| {
            made_once(c, &mark, |c| statement::make(&inside, c, &by, NewStatement { chart, since, party }))
        })
        .await?;
    match outcome {
        Ok(id) => {
            app.live.chart_changed(staff.scope.id(), &chart);
            let done = if is_mailed { "billing-stated" } else { "billing-stated-nobody" };
            Ok(see_other(&format!("{}/statements/{id}?done={done}", path(chart))))
        }
        Err(NotMade::Refused(Refused::NotFound)) => Err(PageError::NotFound),
        Err(why) => {
            let key = match why {
                NotMade::TooLong => "billing-error-statement-long",
                _ => "billing-error-statement-empty",
            };
            errors.add("since", words.get(key));
            new_answer(&app, &staff, (&room, is_mailed, payers), form, errors)
        }
    }
}

/// A statement's page for staff.
pub(super) async fn staff_page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, id)): Path<(String, String)>,
) -> PageResult {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let id: StatementId = id.parse().map_err(|_| PageError::NotFound)?;
    let room = room(&app, &staff, chart).await?;
    let data = app.db.read(&staff.scope, move |c| statement::read(c, chart, id)).await?;
    let base = path(chart);
    let page = StaffPage {
        head: room_head(&app, &staff, &room.file, &room.tags, TAB),
        statement: StatementView::of(data.ok_or(PageError::NotFound)?),
        file: format!("{base}/statements/{id}/pdf"),
        frame: staff.frame(&app, CHARTS),
        base,
    };
    html(page.render())
}

/// A statement that a client looks at: their access is asked once more, and the look is written down, in one
/// transaction.
pub(super) async fn looked_at(
    app: &AppState,
    client: &ClientSession,
    id: &str,
) -> Result<StatementData, PageError> {
    let id: StatementId = id.parse().map_err(|_| PageError::NotFound)?;
    let (by, access, chart, viewer) = (client.by(), client.access_id, client.chart_id, client.person_id);
    let read = move |c: &mut crate::platform::db::Scoped<'_>| {
        let parties = responsibility::seen_by(c, chart, viewer)?;
        statement::read_for(c, chart, id, &parties)
    };
    if client.onlooker().is_some() {
        let found = app.db.read(&client.scope, read).await?;
        return found.ok_or(PageError::NotFound);
    }
    let found = app
        .db
        .write(&client.scope, move |c| {
            if accounts::level_now(c, &access, Right::Billing)? < Level::View {
                return Ok(None);
            }
            let Some(data) = read(c)? else { return Ok(None) };
            statement::note_viewed(c, &by, chart, id)?;
            Ok(Some(data))
        })
        .await?;
    found.ok_or(PageError::NotFound)
}

/// A statement's page for clients.
pub(super) async fn client_page(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
) -> PageResult {
    let data = looked_at(&app, &client, &id).await?;
    let page = ClientPage {
        statement: StatementView::of(data),
        file: format!("/portal/account/statements/{id}/pdf"),
        frame: client.frame(&app, ACCOUNT),
    };
    html(page.render())
}
