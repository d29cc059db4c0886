//! Sends a packet to somebody of one chart: which packet, to whom, and what its texts still need.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::features::access::{GrantRole, NotesShown};
use crate::features::documents::actions::Recipient;
use crate::features::documents::fill_pages::{
    Field, FieldKind, Line, answer_in_words, field_of, first_answers, language_name, where_to_mend,
};
use crate::features::documents::merge::{Blank, MergeName};
use crate::features::documents::packets::lifecycle::Task;
use crate::features::documents::packets::sending::{self, IfSent, NewPacket, NotSent};
use crate::features::documents::packets::sent_store;
use crate::features::documents::packets::store::{self, PacketTemplate, TemplateItem};
use crate::features::documents::staff_forms::Place;
use crate::features::documents::staff_pages::tab_of;
use crate::features::documents::store::{ShareTarget, share_targets};
use crate::features::documents::template_actions::{self, Chosen, Prepared};
use crate::features::documents::template_store;
use crate::features::people::{CHARTS, RoomHead};
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{ChartId, PacketTemplateId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::form_token::{FormToken, made_once};
use crate::platform::web::forms::FieldErrors;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageError, PageResult, html, see_other};

/// The value of a form that means the chart's owner, invited or not.
const OWNER: &str = "owner";

#[derive(Template)]
#[template(path = "features/documents/templates/packet_choose.html")]
struct ChoosePage {
    frame: StaffFrame,
    head: RoomHead,
    back: String,
    packets: Vec<Line>,
    may_edit: bool,
}

fn here(chart: &ChartId) -> String {
    format!("{}/packets", tab_of(chart))
}

/// The packets that are sent.
pub(super) async fn choose(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let place = Place::of_chart(&app, &staff, &chart).await?;
    let used = app.db.read(&staff.scope, store::used).await?;
    let line = |of: PacketTemplate| Line {
        href: format!("{}/{}", here(&place.chart), of.packet_template_id),
        name: of.name,
    };
    let page = ChoosePage {
        head: place.head(&app, &staff),
        back: tab_of(&place.chart),
        packets: used.into_iter().map(line).collect(),
        may_edit: staff.may(Permission::EditTemplates),
        frame: staff.frame(&app, CHARTS),
    };
    html(page.render())
}

#[derive(serde::Deserialize, Default, Clone)]
#[serde(deny_unknown_fields, default)]
struct SendForm {
    mark: String,
    to: String,
    answer: Vec<String>,
}

/// Somebody to whom it may be sent.
struct To {
    value: String,
    label: String,
    hint: String,
    is_chosen: bool,
}

/// What the packet holds.
struct ItemLine {
    name: String,
    task: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "features/documents/templates/packet_send.html")]
struct SendPage {
    frame: StaffFrame,
    head: RoomHead,
    action: String,
    back: String,
    name: String,
    items: Vec<ItemLine>,
    in_order: bool,
    /// One of them is to be signed: until when.
    days: Option<String>,
    errors: FieldErrors,
    mark: String,
    /// Who got it when.
    before: Vec<String>,
    /// What is missing, with the field where it is typed.
    missing: Vec<(String, String)>,
    /// It cannot be sent as it is.
    is_blocked: bool,
    fields: Vec<Field>,
    targets: Vec<To>,
    /// What staff noted about court orders and safety.
    notes: NotesShown,
}

/// A packet about to be sent to somebody of a chart.
struct Ready {
    packet: PacketTemplate,
    items: Vec<(TemplateItem, String, Option<Prepared>)>,
    targets: Vec<ShareTarget>,
    before: Vec<(String, Timestamp)>,
}

impl Ready {
    fn read(
        c: &mut Scoped<'_>,
        chart: &ChartId,
        id: &PacketTemplateId,
        sender: &str,
    ) -> Result<Option<Self>, Fault> {
        let Some(packet) = store::find(c, id)?.filter(|of| of.retired_at.is_none()) else { return Ok(None) };
        let mut items = Vec::new();
        for item in store::items_of(c, id)? {
            let chosen = Chosen { template: item.template_id, language: None };
            let prepared = template_actions::prepare(c, chart, sender, &chosen)?;
            let name = match &prepared {
                Some(prepared) => prepared.template.name.clone(),
                None => template_store::find(c, &item.template_id)?.map(|of| of.name).unwrap_or_default(),
            };
            items.push((item, name, prepared));
        }
        let targets = share_targets(c, chart)?;
        let mut before = Vec::new();
        for target in &targets {
            if let Some(at) = sent_store::last_sent(c, &target.access, id)? {
                before.push((target.name.clone(), at));
            }
        }
        Ok(Some(Self { packet, items, targets, before }))
    }

    fn prepared(&self) -> impl Iterator<Item = &Prepared> {
        self.items.iter().filter_map(|(.., prepared)| prepared.as_ref())
    }

    /// What the sender is asked, each once, with a text that asks it.
    fn questions(&self) -> Vec<(&Prepared, &Blank)> {
        let mut asked: Vec<(&Prepared, &Blank)> = Vec::new();
        for prepared in self.prepared() {
            for blank in &prepared.questions {
                if asked.iter().all(|(_, known)| *known != blank) {
                    asked.push((prepared, blank));
                }
            }
        }
        asked
    }

    /// The documents whose texts ask this.
    fn asked_in(&self, blank: &Blank) -> Vec<&str> {
        let asks =
            |prepared: &Option<Prepared>| prepared.as_ref().is_some_and(|of| of.questions.contains(blank));
        self.items.iter().filter(|(.., of)| asks(of)).map(|(_, name, _)| name.as_str()).collect()
    }

    fn missing(&self) -> Vec<MergeName> {
        let mut seen = BTreeSet::new();
        let all = self.prepared().flat_map(|prepared| &prepared.missing);
        all.filter(|name| seen.insert(name.word())).copied().collect()
    }
}

async fn ready(
    app: &AppState,
    staff: &StaffSession,
    at: &(String, String),
) -> Result<(Place, Ready), PageError> {
    let place = Place::of_chart(app, staff, &at.0).await?;
    let id: PacketTemplateId = at.1.parse().map_err(|_| PageError::NotFound)?;
    let (chart, sender) = (place.chart, staff.name.clone());
    let read = move |c: &mut Scoped<'_>| Ready::read(c, &chart, &id, &sender);
    let ready = app.db.read(&staff.scope, read).await?.ok_or(PageError::NotFound)?;
    Ok((place, ready))
}

fn targets(words: Words, place: &Place, ready: &Ready, chosen: &str) -> Vec<To> {
    let to = |value: String, name: &str, role: GrantRole, has_account: bool| {
        let mut hints = Vec::new();
        if role == GrantRole::Representative {
            hints.push(words.get("documents-share-representative"));
        }
        if !has_account {
            hints.push(words.get("documents-share-waits"));
        }
        let key = if role == GrantRole::Owner { "documents-share-owner" } else { "documents-share-name" };
        To { is_chosen: value == chosen, label: words.with1(key, "name", name), hint: hints.join(" "), value }
    };
    let mut all = Vec::new();
    if ready.targets.iter().all(|target| target.role != GrantRole::Owner) {
        all.push(to(OWNER.to_owned(), &place.room.file.owner().0.full_name(), GrantRole::Owner, false));
    }
    for target in &ready.targets {
        let value = match target.role {
            GrantRole::Owner => OWNER.to_owned(),
            _ => target.access.to_string(),
        };
        all.push(to(value, &target.name, target.role, target.has_account));
    }
    all
}

fn show(
    app: &AppState,
    staff: &StaffSession,
    (place, ready): (&Place, &Ready),
    form: SendForm,
    errors: FieldErrors,
    status: StatusCode,
) -> PageResult {
    let words = staff.words;
    let item = |(item, name, prepared): &(TemplateItem, String, Option<Prepared>)| ItemLine {
        name: name.clone(),
        task: words.get(&format!("packets-task-{}", item.task)),
        problem: match prepared {
            None => Some(words.get("packets-item-not-used")),
            Some(prepared) if prepared.text.language != prepared.wanted => {
                let name = |language| language_name(words, language);
                let (language, wanted) = (name(prepared.text.language), name(prepared.wanted));
                Some(words.with2("templates-other-language", "language", language, "wanted", wanted))
            }
            Some(_) => None,
        },
    };
    let missing: Vec<(String, String)> = ready
        .missing()
        .into_iter()
        .map(|name| (name.label(words), where_to_mend(staff, &place.chart, name)))
        .collect();
    let fields = ready
        .questions()
        .into_iter()
        .enumerate()
        .map(|(at, (prepared, blank))| {
            let value = form.answer.get(at).cloned().unwrap_or_default();
            let field = field_of(words, prepared, (at, blank), value);
            let names = words.with1("packets-field-of", "names", ready.asked_in(blank).join(", "));
            Field { hint: [names, field.hint].join(" ").trim_end().to_owned(), ..field }
        })
        .collect();
    let is_to_sign = ready.items.iter().any(|(item, ..)| item.task == Task::Sign);
    let days = i64::from(ready.packet.sign_days);
    let page = SendPage {
        head: place.head(app, staff),
        action: format!("{}/{}", here(&place.chart), ready.packet.packet_template_id),
        back: here(&place.chart),
        name: ready.packet.name.clone(),
        items: ready.items.iter().map(item).collect(),
        in_order: ready.packet.in_order,
        days: is_to_sign.then(|| words.count("packets-days", "days", days)),
        mark: if form.mark.is_empty() { FormToken::fresh(app.rng.as_ref()) } else { form.mark },
        before: ready
            .before
            .iter()
            .map(|(name, at)| {
                let moment = words.date_time(*at, &staff.zone);
                words.with2("packets-before", "name", name, "moment", moment)
            })
            .collect(),
        is_blocked: !missing.is_empty() || ready.items.iter().any(|(.., prepared)| prepared.is_none()),
        missing,
        fields,
        targets: targets(words, place, ready, &form.to),
        notes: place.notes.shown(app, staff),
        errors,
        frame: staff.frame(app, CHARTS),
    };
    Ok((status, html(page.render())?).into_response())
}

/// What a packet still needs for this chart, and to whom it goes.
pub(super) async fn page(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
) -> PageResult {
    let (place, ready) = ready(&app, &staff, &at).await?;
    let questions = ready.questions().into_iter();
    let answer = questions.map(|(prepared, blank)| first_answer(&staff, prepared, blank)).collect();
    let form = SendForm { to: OWNER.to_owned(), answer, ..SendForm::default() };
    show(&app, &staff, (&place, &ready), form, FieldErrors::new(), StatusCode::OK)
}

fn first_answer(staff: &StaffSession, prepared: &Prepared, blank: &Blank) -> String {
    let at = prepared.questions.iter().position(|of| of == blank);
    at.and_then(|at| first_answers(staff, prepared).into_iter().nth(at)).unwrap_or_default()
}

/// Why a packet was not sent, in a sentence; what is missing stands on the page by itself.
fn in_words(staff: &StaffSession, why: &NotSent) -> String {
    let words = staff.words;
    match why {
        NotSent::NoGrant | NotSent::NotFound | NotSent::Before(_) => words.get("packets-no-grant"),
        NotSent::NotUsed(_, name) => words.with1("packets-not-used", "name", name),
        NotSent::Labelled(_, name) => words.with1("packets-labelled", "name", name),
        NotSent::OneParentAlone => words.get("signing-both-must-sign"),
        NotSent::Missing(_) | NotSent::Wrong(_) => words.get("templates-missing-text"),
    }
}

/// Sends it.
pub(super) async fn send(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    body: Bytes,
) -> PageResult {
    let form: SendForm = staff.form(&body)?;
    let (place, ready) = ready(&app, &staff, &at).await?;
    let to = match form.to.as_str() {
        OWNER => Recipient::Owner,
        id => Recipient::Grant(id.parse().map_err(|_| PageError::BadRequest)?),
    };
    let keys = ready.questions().into_iter().map(|(_, blank)| blank.key());
    let new = NewPacket {
        chart: place.chart,
        template: ready.packet.packet_template_id,
        to,
        answers: keys.zip(form.answer.iter().cloned()).collect::<BTreeMap<_, _>>(),
        if_sent: IfSent::Again,
    };
    let who = format!("{}/{}", staff.staff_id, place.chart);
    let mark = FormToken::read("send-packet", &who, &form.mark, &body)?;
    let by = staff.by();
    let sent = app
        .db
        .write(&staff.scope, move |c| {
            made_once(c, &mark, |c| Ok(sending::send(c, &by, &new)?.map(|id| id.to_string())))
        })
        .await?;
    let mut errors = FieldErrors::new();
    match sent {
        Ok(_) => {
            app.live.chart_changed(staff.scope.id(), &place.chart);
            return Ok(see_other(&format!("{}?done=packets-sent", tab_of(&place.chart))));
        }
        Err(NotSent::NotFound) => return Err(PageError::NotFound),
        Err(NotSent::Missing(_)) => {}
        Err(NotSent::Wrong(wrong)) => {
            for (at, (_, blank)) in ready.questions().into_iter().enumerate() {
                if let Some((_, why)) = wrong.iter().find(|(of, _)| of == blank) {
                    errors.add(&format!("answer-{}", at + 1), answer_in_words(staff.words, *why));
                }
            }
        }
        Err(why) => errors.add("to", in_words(&staff, &why)),
    }
    show(&app, &staff, (&place, &ready), form, errors, StatusCode::UNPROCESSABLE_ENTITY)
}
