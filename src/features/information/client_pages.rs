//! My information: what is on file, what waits, and a form for each part.

use std::collections::BTreeMap;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};

use crate::features::access::permission::Basis;
use crate::features::accounts::{ClientSession, ClientTicket, unprocessable};
use crate::features::charts::set_typed;
use crate::features::information::actions::{self, NotDone, Submission};
use crate::features::information::coverage::{CardSide, Position};
use crate::features::information::coverage_store;
use crate::features::information::emergency;
use crate::features::information::fields::{self, Beside};
use crate::features::information::lifecycle::FieldState;
use crate::features::information::store::{self, FieldPolicy, FieldRow, InfoChange};
use crate::features::people::{
    self, ClientChange, Kind, MOST_ADDRESSES, Part, Typed, TypedAddress, TypedPerson,
};
use crate::features::settings::ZONES;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::InfoChangeId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::Right;
use crate::platform::state::AppState;
use crate::platform::web::form_token::FormToken;
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::ClientFrame;
use crate::platform::web::nav::Section;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The client's own.
pub(super) const MINE: Section = Section("/portal/information");

/// Days for which a decision stands beside its field.
const DECISION_SHOWN: i64 = 30;

/// What stands on file, how strict the practice is, and what was changed lately.
struct Mine {
    client: TypedPerson,
    is_own: bool,
    policy: FieldPolicy,
    recent: Vec<(InfoChange, FieldRow)>,
    beside: Beside,
}

impl Mine {
    fn read(c: &mut Scoped<'_>, client: &ClientSession) -> Result<Option<Self>, Fault> {
        let Some(file) = people::load_file(c, &client.chart_id)? else { return Ok(None) };
        let beside = Beside {
            insurance: coverage_store::active(c, &client.chart_id)?,
            emergency: people::emergency_contacts_of(c, &file)?,
        };
        Ok(Some(Self {
            client: Typed::of(&file).client,
            is_own: file.client.person_id == client.person_id,
            policy: store::policy(c)?,
            recent: store::recent_of(c, &file.client.person_id)?,
            beside,
        }))
    }

    /// May the reader open the form of a part? What is locked has none; a preference is the client's own.
    fn may_change(&self, part: Part) -> bool {
        let is_open = part.names().any(|field| self.policy.of(field) != ClientChange::Locked);
        is_open && (self.is_own || !part.is_own())
    }

    /// What the reader did to a field: what waits, else the newest. What somebody else did is theirs.
    fn newest(&self, client: &ClientSession, field: &str) -> Option<&(InfoChange, FieldRow)> {
        let own = |(change, row): &&(InfoChange, FieldRow)| {
            change.account_id == client.account_id && row.path == field
        };
        let mut of_field = self.recent.iter().filter(own);
        let waits = of_field.clone().find(|(_, row)| row.state == FieldState::Pending);
        waits.or_else(|| of_field.next())
    }
}

/// What became of a field's last change.
struct News {
    tone: &'static str,
    tag: String,
    text: String,
    /// What was asked for, a line each; `None` where the field itself shows it by now.
    asked: Option<Vec<String>>,
    reason: String,
    /// The submission and the field, where it can be taken back.
    take_back: Option<(InfoChangeId, String)>,
}

struct FieldView {
    label: String,
    lines: Vec<String>,
    news: Option<News>,
}

struct PartView {
    part: Part,
    title: String,
    hint: String,
    fields: Vec<FieldView>,
    may_change: bool,
    is_locked: bool,
}

#[derive(Template)]
#[template(path = "features/information/templates/mine.html")]
struct MinePage {
    frame: ClientFrame,
    for_client: Option<String>,
    may_act: bool,
    shown: Vec<PartView>,
    insurance: Vec<InsuranceView>,
    emergency: FieldView,
    /// Of the link to the log of the chart.
    log: String,
}

/// One of a client's coverages.
struct InsuranceView {
    position: Position,
    field: FieldView,
    /// The pictures of the card on file, each with its name.
    cards: Vec<(String, String)>,
}

fn news(client: &ClientSession, found: Option<&(InfoChange, FieldRow)>, now: Timestamp) -> Option<News> {
    let (change, row) = found?;
    let words = client.words;
    let date = |at: Timestamp| words.date(at, &client.zone);
    let is_recent = row.decided_at.is_some_and(|at| now.seconds_since(at) < DECISION_SHOWN * 24 * 3_600);
    let (tone, part, at) = match row.state {
        FieldState::Pending => ("waiting", "waiting", change.submitted_at),
        FieldState::Taken if is_recent => ("good", "taken", row.decided_at?),
        FieldState::Left if is_recent => ("stopped", "left", row.decided_at?),
        FieldState::Superseded if is_recent => ("stopped", "closed", row.decided_at?),
        _ => return None,
    };
    let is_taken = row.state == FieldState::Taken;
    Some(News {
        tone,
        tag: words.get(&format!("information-{part}-tag")),
        text: words.with1(&format!("information-{part}-text"), "date", date(at)),
        asked: (!is_taken).then(|| fields::lines(words, &client.practice, &row.path, &row.new_value)),
        reason: row.reason.clone(),
        take_back: (row.state == FieldState::Pending).then(|| (change.change_id, row.path.clone())),
    })
}

fn insurance_view(client: &ClientSession, mine: &Mine, position: Position, now: Timestamp) -> InsuranceView {
    let (words, path) = (client.words, position.path());
    let known =
        mine.beside.insurance.iter().find(|(known, _)| *known == position).map(|(_, coverage)| coverage);
    let picture = |side: &CardSide| {
        let id = known?.card(*side)?;
        let label = words.get(&format!("information-insurance-card-{side}"));
        Some((label, format!("/portal/insurance/cards/{id}")))
    };
    InsuranceView {
        position,
        field: FieldView {
            label: fields::label(words, &path),
            lines: known.map(|coverage| coverage.lines(words)).unwrap_or_default(),
            news: news(client, mine.newest(client, &path), now),
        },
        cards: CardSide::ALL.iter().filter_map(picture).collect(),
    }
}

/// My information.
pub(super) async fn show(State(app): State<AppState>, ticket: ClientTicket) -> PageResult {
    let (client, mine) = ticket.open(&app, Mine::read).await?;
    let mine = mine.ok_or(PageError::NotFound)?;
    let (words, now) = (client.words, app.now());
    let may_act = client.may_act(Right::Information);
    let shown = Part::ALL
        .iter()
        .map(|part| PartView {
            part: *part,
            title: words.get(&format!("information-part-{part}")),
            hint: words.get(&format!("information-part-{part}-hint")),
            fields: part
                .names()
                .map(|field| FieldView {
                    label: fields::label(words, field),
                    lines: fields::lines(words, &client.practice, field, &fields::read(&mine.client, field)),
                    news: news(&client, mine.newest(&client, field), now),
                })
                .collect(),
            may_change: may_act && mine.may_change(*part),
            is_locked: part.names().all(|field| mine.policy.of(field) == ClientChange::Locked),
        })
        .collect();
    let insurance =
        Position::ALL.iter().map(|position| insurance_view(&client, &mine, *position, now)).collect();
    let emergency = FieldView {
        label: fields::label(words, emergency::PATH),
        lines: emergency::lines(&mine.beside.list_of(Some(&client.account_id))),
        news: news(&client, mine.newest(&client, emergency::PATH), now),
    };
    let page = MinePage {
        emergency,
        for_client: client.for_client.clone(),
        may_act,
        shown,
        insurance,
        log: client.words.get(if client.facts.grant.basis == Basis::Client {
            "access-log-title"
        } else {
            "access-log-title-own-acts"
        }),
        frame: client.frame(&app, MINE),
    };
    html(page.render())
}

/// A field of one line on the form.
struct Line {
    name: &'static str,
    label: String,
    value: String,
    most: String,
    is_open: bool,
}

/// A row of an address on the form.
struct AddressRow {
    name: String,
    value: String,
    label: String,
    may_mail: bool,
    number: usize,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "features/information/templates/edit.html")]
struct EditPage {
    frame: ClientFrame,
    errors: FieldErrors,
    part: Part,
    title: String,
    for_client: Option<String>,
    /// What becomes of what is saved here.
    what_happens: String,
    mark: String,
    seen: Vec<(String, String)>,
    lines: Vec<Line>,
    /// Fields of several lines: name, label, value and hint.
    texts: Vec<(&'static str, String, String, String)>,
    birth: Option<TypedPerson>,
    address_kind: &'static str,
    address_label: String,
    addresses: Vec<AddressRow>,
    languages: Vec<(String, String)>,
    zones: Vec<(String, String)>,
    language: String,
    zone: String,
}

fn address_rows(words: Words, kind: &str, rows: &[TypedAddress], errors: &FieldErrors) -> Vec<AddressRow> {
    // One empty row behind those that are there: a number is added without a button.
    let blank = TypedAddress { may_mail: false, ..TypedAddress::default() };
    let filled = rows.iter().filter(|row| !row.value.trim().is_empty() || !row.label.trim().is_empty());
    let rows = filled.chain(std::iter::once(&blank)).take(MOST_ADDRESSES).enumerate();
    rows.map(|(at, row)| {
        let name = format!("{kind}-{at}");
        AddressRow {
            error: errors
                .of(&format!("{name}-value"))
                .or_else(|| errors.of(&format!("{name}-label")))
                .map(str::to_owned),
            name,
            value: row.value.clone(),
            label: fields::label_shown(words, &row.label),
            may_mail: row.may_mail,
            number: at + 1,
        }
    })
    .collect()
}

fn edit_page(
    app: &AppState,
    client: &ClientSession,
    mine: &Mine,
    part: Part,
    typed: &TypedPerson,
    errors: FieldErrors,
) -> EditPage {
    let words = client.words;
    let open = |field: &str| mine.policy.of(field) != ClientChange::Locked;
    let strictest = part.names().map(|field| mine.policy.of(field)).filter(|c| *c != ClientChange::Locked);
    let readable = |zone: &str| zone.replace('_', " ");
    let as_practice = |what: String| words.with1("charts-as-practice", "what", what);
    let mut zones = vec![(String::new(), as_practice(words.zone(client.practice.time_zone.name())))];
    zones.extend(ZONES.iter().map(|zone| ((*zone).to_owned(), readable(zone))));
    if !typed.time_zone.is_empty() && zones.iter().all(|(zone, _)| *zone != typed.time_zone) {
        zones.push((typed.time_zone.clone(), readable(&typed.time_zone)));
    }
    let own_language = words.get(&format!("information-language-{}", client.practice.language()));
    let languages = std::iter::once((String::new(), as_practice(own_language)))
        .chain(Language::ALL.iter().map(|l| (l.word().to_owned(), l.own_name().to_owned())))
        .collect();
    let (address_kind, rows) = match part {
        Part::Emails => ("email", typed.emails.as_slice()),
        Part::Phones => ("phone", typed.phones.as_slice()),
        _ => ("", &[] as &[TypedAddress]),
    };
    EditPage {
        title: words.get(&format!("information-part-{part}")),
        for_client: client.for_client.clone(),
        what_happens: match strictest.max() {
            Some(ClientChange::Review) => words.get("information-happens-review"),
            _ => words.get("information-happens-now"),
        },
        mark: FormToken::fresh(app.rng.as_ref()),
        seen: part
            .names()
            .map(|field| (format!("seen-{field}"), fields::read(&mine.client, field)))
            .collect(),
        lines: typed
            .fields()
            .filter(|(name, kind, _)| part.names().any(|own| own == *name) && kind.is_one_line())
            .map(|(name, kind, text)| Line {
                name,
                label: fields::label(words, name),
                value: text.clone(),
                most: kind.most().unwrap_or(0).to_string(),
                is_open: open(name),
            })
            .collect(),
        texts: typed
            .fields()
            .filter(|(name, kind, _)| {
                *kind == Kind::lines && part.names().any(|own| own == *name) && open(name)
            })
            .map(|(name, _, text)| {
                let hint = if name == "former_last_names" {
                    "information-former-hint"
                } else {
                    "information-lines-hint"
                };
                (name, fields::label(words, name), text.clone(), words.get(hint))
            })
            .collect(),
        birth: (part == Part::Born).then(|| typed.clone()),
        addresses: if address_kind.is_empty() {
            Vec::new()
        } else {
            address_rows(words, address_kind, rows, &errors)
        },
        address_label: if address_kind.is_empty() {
            String::new()
        } else {
            words.get(&format!("charts-label-{address_kind}"))
        },
        address_kind,
        languages: if open("language") && part == Part::Language { languages } else { Vec::new() },
        zones: if open("time_zone") && part == Part::Language { zones } else { Vec::new() },
        language: typed.language.clone(),
        zone: typed.time_zone.clone(),
        errors,
        part,
        frame: client.frame(app, MINE),
    }
}

fn part_of(text: &str) -> Result<Part, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// The form of a part, with what waits in it already.
pub(super) async fn edit(
    State(app): State<AppState>,
    Path(part): Path<String>,
    ticket: ClientTicket,
) -> PageResult {
    let part = part_of(&part)?;
    let (client, mine) = ticket.open(&app, Mine::read).await?;
    let mine = mine.filter(|mine| mine.may_change(part)).ok_or(PageError::NotFound)?;
    let mut typed = mine.client.clone();
    for field in part.names() {
        if let Some((_, row)) = mine.newest(&client, field)
            && row.state == FieldState::Pending
        {
            fields::write(&mut typed, field, &row.new_value);
        }
    }
    html(edit_page(&app, &client, &mine, part, &typed, FieldErrors::new()).render())
}

/// Reads a form: the mark, what was seen, and what was typed.
fn read_form(pairs: Vec<(String, String)>) -> Option<(String, BTreeMap<String, String>, TypedPerson)> {
    let (mut mark, mut seen, mut typed) = (String::new(), BTreeMap::new(), TypedPerson::default());
    for (name, value) in pairs {
        if name == "mark" {
            mark = value;
        } else if let Some(field) = name.strip_prefix("seen-") {
            seen.insert(field.to_owned(), value.replace("\r\n", "\n"));
        } else {
            set_typed(&mut typed, &name, value)?;
        }
    }
    Some((mark, seen, typed))
}

/// Writes what may be written, and asks the practice for the rest.
pub(super) async fn submit(
    State(app): State<AppState>,
    Path(part): Path<String>,
    client: ClientSession,
    body: Bytes,
) -> PageResult {
    let part = part_of(&part)?;
    let pairs: Vec<(String, String)> = client.form(&body)?;
    let (sent, seen, mut typed) = read_form(pairs).ok_or(PageError::BadRequest)?;
    for row in typed.phones.iter_mut().chain(&mut typed.emails) {
        row.label = fields::label_kept(&row.label);
    }
    let mark = FormToken::read("information", &client.access_id.to_string(), &sent, &body)?;
    let (scope, of) = (client.scope.clone(), client.clone());
    let mine = app.db.read(&scope, move |c| Mine::read(c, &of)).await?;
    let mine = mine.filter(|mine| mine.may_change(part)).ok_or(PageError::NotFound)?;
    // What the form does not hold stays as it is.
    let locked = part.names().filter(|field| mine.policy.of(field) == ClientChange::Locked);
    for field in locked {
        fields::copy(&mine.client, &mut typed, field);
    }
    let submission = Submission { part, typed: typed.clone(), seen, mark };
    let words = client.words;
    let errors = match actions::submit(&app, &client, submission).await? {
        Ok(submitted) => return Ok(see_other(&format!("/portal/information?done=information-{submitted}"))),
        Err(NotDone::NotFound) => return Err(PageError::NotFound),
        Err(why) => errors(words, &client, &mine, &why),
    };
    unprocessable(edit_page(&app, &client, &mine, part, &typed, errors).render())
}

/// What is wrong, beside its field.
fn errors(words: Words, client: &ClientSession, mine: &Mine, why: &NotDone) -> FieldErrors {
    let mut errors = FieldErrors::new();
    match why {
        NotDone::Fields(problems) => return problems.worded(words),
        NotDone::ChangedMeanwhile(field) => {
            let on_file = fields::read(&mine.client, field);
            let on_file = fields::lines(words, &client.practice, field, &on_file).join(", ");
            let at = match field.as_str() {
                "birth_date" => "birth_month",
                "phones" => "phone-0-value",
                "emails" => "email-0-value",
                own => own,
            };
            errors.add(at, words.with1("information-changed-meanwhile", "value", on_file));
        }
        NotDone::TooMany(again) => {
            let when = words.date_time(*again, &client.zone);
            errors.add("form", words.with1("information-too-many", "when", when));
        }
        _ => errors.add("form", words.get("information-decided-meanwhile")),
    }
    errors
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TakeBackForm {
    change: String,
    field: String,
}

/// The client does not want a change any more.
pub(super) async fn take_back(State(app): State<AppState>, client: ClientSession, body: Bytes) -> PageResult {
    let form: TakeBackForm = client.form(&body)?;
    let change = form.change.parse().map_err(|_| PageError::NotFound)?;
    let word = match actions::take_back(&app, &client, change, form.field).await? {
        Ok(()) => "information-taken-back",
        Err(NotDone::NotFound) => return Err(PageError::NotFound),
        Err(_) => "information-decided-meanwhile",
    };
    Ok(see_other(&format!("/portal/information?done={word}")))
}
