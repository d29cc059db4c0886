//! `/api/v1/packets` and `/api/v1/charts/{chart}/packets`: a program of the practice keeps packets of documents, and sends
//! them to one chart or to many.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;

use super::caller::ApiCaller;
use super::charts::id;
use super::document_json::WithdrawJson;
use super::documents::{field, reason_of};
use super::idempotency::{Answer, Done, Once, once, once_here};
use super::json;
use super::packets_json::{
    ChangePacketJson, NewPacketJson, PacketItemJson, PacketJson, PacketList, PacketSendingJson,
    SendPacketJson, SendToManyJson, SentPacketJson, SentPacketList,
};
use super::precondition::must_match;
use super::problem::{self, ApiResult, Problem};
use super::templates::wrong_answers;
use super::usual::Usual;
use crate::features::documents::Recipient;
use crate::features::documents::packets::lifecycle::Task;
use crate::features::documents::packets::many::{self, MOST_CHARTS, NewSending, NotBegun};
use crate::features::documents::packets::many_store;
use crate::features::documents::packets::section;
use crate::features::documents::packets::sending::{self, IfSent, NewPacket, NotSent};
use crate::features::documents::packets::store::{self, MOST_ITEMS, PacketTemplate};
use crate::features::documents::packets::templates::{self, NotSaved, PacketDraft, SeenPacket, questions_of};
use crate::features::documents::signing::actions::MOST_DAYS;
use crate::features::documents::template_actions::{LONGEST_NAME, Use};
use crate::features::people;
use crate::kernel::ids::{ChartId, PacketId, PacketSendingId, PacketTemplateId, TemplateId};
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::{Fault, granted};
use crate::platform::state::AppState;

/// Days to sign of a packet that does not say.
const USUAL_DAYS: i32 = 30;

fn json_of(c: &mut Scoped<'_>, packet: &PacketTemplate) -> Result<PacketJson, Fault> {
    let id = packet.packet_template_id;
    let asks = questions_of(c, &[id])?.into_iter().map(|(_, blank)| blank.key()).collect();
    Ok(PacketJson::of(packet, &store::items_of(c, &id)?, asks))
}

fn shown(c: &mut Scoped<'_>, id: &PacketTemplateId) -> Result<Option<Answer>, Fault> {
    let Some(packet) = store::find(c, id)? else { return Ok(None) };
    Ok(Some(Answer::ok(json_of(c, &packet)?)?.version(packet.version)))
}

fn shown_after(c: &mut Scoped<'_>, id: &PacketTemplateId) -> Result<Answer, Fault> {
    shown(c, id)?.ok_or_else(|| Fault::Damaged(format!("packet {id} was changed and is not there")))
}

/// List the packets, retired ones too.
#[utoipa::path(get, path = "/api/v1/packets", tag = "Documents", operation_id = "listPackets",
    responses((status = 200, description = "The packets", body = PacketList), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn list(State(app): State<AppState>, caller: ApiCaller) -> ApiResult {
    let read = |c: &mut Scoped<'_>| {
        let mut packets = Vec::new();
        for packet in store::all(c)? {
            packets.push(json_of(c, &packet)?);
        }
        Ok::<_, Fault>(packets)
    };
    let packets = app.db.read(&caller.scope, read).await?;
    Ok(Answer::ok(PacketList { packets })?.into_response())
}

/// Read a packet.
#[utoipa::path(get, path = "/api/v1/packets/{packet_template}", tag = "Documents", operation_id = "readPacket",
    params(("packet_template" = String, Path, description = "The packet's id")),
    responses((status = 200, description = "The packet, with its ETag", body = PacketJson), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn read(State(app): State<AppState>, caller: ApiCaller, Path(packet): Path<String>) -> ApiResult {
    let packet: PacketTemplateId = id(&packet)?;
    let found = app.db.read(&caller.scope, move |c| shown(c, &packet)).await?;
    Ok(found.ok_or(problem::NOT_FOUND)?.into_response())
}

fn name_of(typed: &str) -> Result<String, Problem> {
    let name = text::line(typed, LONGEST_NAME).ok().filter(|name| !name.is_empty());
    name.ok_or_else(|| field("name", format!("1 to {LONGEST_NAME} characters")))
}

fn days_of(days: i32) -> Result<i32, Problem> {
    let fits = (1..=MOST_DAYS).contains(&i64::from(days));
    if fits { Ok(days) } else { Err(field("sign_days", format!("1 to {MOST_DAYS}"))) }
}

fn item_of((at, item): (usize, &PacketItemJson)) -> Result<(TemplateId, Task), Problem> {
    let no_template = || field(&format!("items/{at}/template"), "no template of this id is used");
    let no_task = || field(&format!("items/{at}/task"), "`read` or `sign`");
    let template: TemplateId = item.template.parse().map_err(|_| no_template())?;
    let task: Task = item.task.parse().map_err(|_| no_task())?;
    Ok((template, task))
}

fn items_of(items: &[PacketItemJson]) -> Result<Vec<(TemplateId, Task)>, Problem> {
    items.iter().enumerate().map(item_of).collect()
}

fn not_saved(why: NotSaved) -> Problem {
    match why {
        NotSaved::NotFound => problem::NOT_FOUND.into(),
        NotSaved::Stale => problem::PRECONDITION_FAILED.into(),
        NotSaved::Retired => problem::RETIRED.into(),
        NotSaved::TooMany => field("name", "there are too many packets"),
        NotSaved::Items => field("items", format!("1 to {MOST_ITEMS}, each once")),
        NotSaved::NotUsed(at) => field(&format!("items/{at}/template"), "no template of this id is used"),
        NotSaved::Labelled(at) => {
            field(&format!("items/{at}/template"), "a label on this template keeps it out of packets")
        }
    }
}

fn draft_of(asked: NewPacketJson) -> Result<PacketDraft, Problem> {
    Ok(PacketDraft {
        name: name_of(&asked.name)?,
        sign_days: days_of(asked.sign_days.unwrap_or(USUAL_DAYS))?,
        in_order: asked.in_order,
        items: items_of(&asked.items)?,
    })
}

/// Make a packet of published templates.
#[utoipa::path(post, path = "/api/v1/packets", tag = "Documents", operation_id = "createPacket",
    params(Once), request_body = NewPacketJson,
    responses((status = 201, description = "The packet, with its ETag and Location", body = PacketJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn create(State(app): State<AppState>, caller: ApiCaller, body: Bytes) -> ApiResult {
    let draft: Result<PacketDraft, Problem> = json::read(&caller, &body).and_then(draft_of);
    let by = caller.by();
    once_here(&app, &caller, &body, move |_, c| {
        let draft = granted!(draft.as_ref().map_err(Problem::clone));
        let id = granted!(templates::save(c, &by, None, draft)?.map_err(not_saved));
        Ok(Ok(shown_after(c, &id)?.created_at(format!("/api/v1/packets/{id}"))))
    })
    .await
}

/// Change a packet. What was sent stays as it is.
#[utoipa::path(patch, path = "/api/v1/packets/{packet_template}", tag = "Documents", operation_id = "changePacket",
    params(("packet_template" = String, Path, description = "The packet's id"),
        ("If-Match" = String, Header, description = "The ETag that was read"), Once),
    request_body = ChangePacketJson,
    responses((status = 200, description = "The packet, with its ETag", body = PacketJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn change(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(packet): Path<String>,
    body: Bytes,
) -> ApiResult {
    let packet: PacketTemplateId = id(&packet)?;
    let asked: Result<ChangePacketJson, Problem> = json::read(&caller, &body);
    let (by, headers) = (caller.by(), caller.headers.clone());
    once_here(&app, &caller, &body, move |_, c| {
        let Some(now) = store::find(c, &packet)? else { return Ok(Err(problem::NOT_FOUND.into())) };
        granted!(must_match(&headers, now.version));
        let asked = granted!(asked.as_ref().map_err(Problem::clone));
        let name = granted!(asked.name.as_deref().map_or(Ok(now.name.clone()), name_of));
        let sign_days = granted!(asked.sign_days.map_or(Ok(now.sign_days), days_of));
        let items = match &asked.items {
            Some(items) => granted!(items_of(items)),
            None => {
                let items = store::items_of(c, &packet)?;
                items.into_iter().map(|item| (item.template_id, item.task)).collect()
            }
        };
        let seen = SeenPacket { template: packet, version: now.version };
        let in_order = asked.in_order.unwrap_or(now.in_order);
        let draft = PacketDraft { name, sign_days, in_order, items };
        granted!(templates::save(c, &by, Some(seen), &draft)?.map_err(not_saved));
        Ok(Ok(shown_after(c, &packet)?))
    })
    .await
}

async fn set_use(app: &AppState, caller: &ApiCaller, packet: &str, body: &Bytes, to: Use) -> ApiResult {
    let packet: PacketTemplateId = id(packet)?;
    let json::NothingJson {} = json::read_or_default(caller, body)?;
    let by = caller.by();
    once_here(app, caller, body, move |_, c| {
        granted!(templates::set_use(c, &by, &packet, to)?.map_err(not_saved));
        Ok(Ok(shown_after(c, &packet)?))
    })
    .await
}

/// Take a packet out of use. What was sent stays.
#[utoipa::path(post, path = "/api/v1/packets/{packet_template}/retire", tag = "Documents", operation_id = "retirePacket",
    params(("packet_template" = String, Path, description = "The packet's id"), Once),
    request_body = super::json::NothingJson,
    responses((status = 200, description = "The packet, with its ETag", body = PacketJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn retire(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(packet): Path<String>,
    body: Bytes,
) -> ApiResult {
    set_use(&app, &caller, &packet, &body, Use::Retire).await
}

/// Put a packet back in use.
#[utoipa::path(post, path = "/api/v1/packets/{packet_template}/restore", tag = "Documents", operation_id = "restorePacket",
    params(("packet_template" = String, Path, description = "The packet's id"), Once),
    request_body = super::json::NothingJson,
    responses((status = 200, description = "The packet, with its ETag", body = PacketJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn restore(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(packet): Path<String>,
    body: Bytes,
) -> ApiResult {
    set_use(&app, &caller, &packet, &body, Use::Restore).await
}

/// List the packets that were sent to a chart, the newest first, at most 50.
#[utoipa::path(get, path = "/api/v1/charts/{chart}/packets", tag = "Documents", operation_id = "listSentPackets",
    params(("chart" = String, Path, description = "The chart's id")),
    responses((status = 200, description = "The packets, each with how it stands", body = SentPacketList), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn of_chart(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let found = app
        .db
        .read(&caller.scope, move |c| {
            if !people::is_chart(c, &chart)? {
                return Ok(None);
            }
            Ok::<_, Fault>(Some(section::of_chart(c, &chart)?))
        })
        .await?
        .ok_or(problem::NOT_FOUND)?;
    let packets = found.iter().map(SentPacketJson::of).collect();
    Ok(Answer::ok(SentPacketList { packets })?.into_response())
}

fn sent(c: &mut Scoped<'_>, chart: ChartId, id: &PacketId) -> Result<Done, Fault> {
    let packets = section::of_chart(c, &chart)?;
    let of = packets.iter().find(|of| of.packet.packet_id == *id);
    let of = of.ok_or_else(|| Fault::Damaged(format!("packet {id} was sent and is not there")))?;
    Ok(Done { answer: Answer::ok(SentPacketJson::of(of))?, chart })
}

fn not_sent(why: NotSent) -> Problem {
    match why {
        NotSent::NotFound => field("packet", "no packet of this id is used"),
        NotSent::NoGrant => field("grant", "none of the chart's grants"),
        NotSent::Before(_) => problem::SENT_ALREADY.into(),
        NotSent::NotUsed(template, _) => field("packet", format!("template {template} is no longer used")),
        NotSent::Labelled(..) => problem::NEVER_SHARED.into(),
        NotSent::Missing(names) => {
            Problem::fields(names.iter().map(|name| ("/packet".to_owned(), format!("{name} is not on file"))))
        }
        NotSent::Wrong(answers) => wrong_answers(&answers),
        NotSent::OneParentAlone => problem::BOTH_MUST_SIGN.into(),
    }
}

fn new_packet(chart: ChartId, asked: SendPacketJson) -> Result<NewPacket, Problem> {
    let to = match asked.grant.as_deref() {
        None => Recipient::Owner,
        Some(grant) => {
            Recipient::Grant(grant.parse().map_err(|_| field("grant", "none of the chart's grants"))?)
        }
    };
    Ok(NewPacket {
        chart,
        template: asked.packet.parse().map_err(|_| field("packet", "no packet of this id is used"))?,
        to,
        answers: asked.answers,
        if_sent: if asked.again { IfSent::Again } else { IfSent::Leave },
    })
}

/// Send a packet to somebody of a chart: its documents are made, shared and, where they are to be signed, asked for.
///
/// What is not on file, and each answer that is missing, is an error of its own; nothing is half sent. Its reader gets one
/// mail that something new is there.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/packets", tag = "Documents", operation_id = "sendPacket",
    params(("chart" = String, Path, description = "The chart's id"), Once), request_body = SendPacketJson,
    responses((status = 201, description = "The packet as it was sent", body = SentPacketJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn send(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(chart): Path<String>,
    body: Bytes,
) -> ApiResult {
    let chart: ChartId = id(&chart)?;
    let asked = json::read(&caller, &body).and_then(|asked| new_packet(chart, asked));
    let by = caller.by();
    once(&app, &caller, &body, move |_, c| {
        if !people::is_chart(c, &chart)? {
            return Ok(Err(problem::NOT_FOUND.into()));
        }
        let new = granted!(asked.as_ref().map_err(Problem::clone));
        let id = granted!(sending::send(c, &by, new)?.map_err(not_sent));
        let Done { answer, chart } = sent(c, chart, &id)?;
        Ok(Ok(Done { answer: answer.created_at(format!("/api/v1/charts/{chart}/packets")), chart }))
    })
    .await
}

/// Withdraw a packet: each of its documents that nobody has signed.
#[utoipa::path(post, path = "/api/v1/charts/{chart}/packets/{packet}/withdraw", tag = "Documents",
    operation_id = "withdrawPacket",
    params(("chart" = String, Path, description = "The chart's id"),
        ("packet" = String, Path, description = "The id of the packet that was sent"), Once),
    request_body = WithdrawJson,
    responses((status = 200, description = "The packet as it stands now", body = SentPacketJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn withdraw(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path((chart, packet)): Path<(String, String)>,
    body: Bytes,
) -> ApiResult {
    let (chart, packet): (ChartId, PacketId) = (id(&chart)?, id(&packet)?);
    let reason = json::read(&caller, &body).and_then(|asked: WithdrawJson| reason_of(&asked.reason));
    let by = caller.by();
    once(&app, &caller, &body, move |_, c| {
        let reason = granted!(reason.as_ref().map_err(Problem::clone));
        match sending::withdraw(c, &by, (&chart, &packet), reason)? {
            Some(_) => Ok(Ok(sent(c, chart, &packet)?)),
            None => Ok(Err(problem::NOT_FOUND.into())),
        }
    })
    .await
}

fn not_begun(why: NotBegun) -> Problem {
    match why {
        NotBegun::NotFound => problem::NOT_FOUND.into(),
        NotBegun::Asks => {
            field("charts", "a packet that asks the sender something is sent to one chart at a time")
        }
        NotBegun::Charts => field("charts", format!("1 to {MOST_CHARTS}, each once")),
    }
}

fn all_of(c: &mut Scoped<'_>, id: &PacketSendingId) -> Result<Option<Answer>, Fault> {
    let Some(sending) = many_store::find(c, id)? else { return Ok(None) };
    let charts = many_store::charts_of(c, id)?;
    Ok(Some(Answer::ok(PacketSendingJson::of(&sending, &charts))?))
}

/// Send a packet to the owners of many charts, one after the other. Ask its Location what came of each.
///
/// A chart of which nobody is invited, or whose owner has the packet already, gets nothing, and its result says so.
#[utoipa::path(post, path = "/api/v1/packets/{packet_template}/send", tag = "Documents", operation_id = "sendPacketToMany",
    params(("packet_template" = String, Path, description = "The packet's id"), Once), request_body = SendToManyJson,
    responses((status = 201, description = "It is begun", body = PacketSendingJson), Usual),
    security(("api_key" = ["documents:write"])))]
pub async fn send_to_many(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(packet): Path<String>,
    body: Bytes,
) -> ApiResult {
    let template: PacketTemplateId = id(&packet)?;
    let asked: Result<SendToManyJson, Problem> = json::read(&caller, &body);
    let by = caller.by();
    once_here(&app, &caller, &body, move |_, c| {
        let asked = granted!(asked.as_ref().map_err(Problem::clone));
        let mut charts: Vec<(String, Option<ChartId>)> = Vec::new();
        for text in &asked.charts {
            let chart: Option<ChartId> = text.parse().ok();
            if charts.iter().any(|(asked, _)| asked == text) || charts.len() > MOST_CHARTS {
                return Ok(Err(not_begun(NotBegun::Charts)));
            }
            // A chart of another practice is none.
            let chart = match chart {
                Some(chart) if people::is_chart(c, &chart)? => Some(chart),
                _ => None,
            };
            charts.push((text.chars().take(80).collect(), chart));
        }
        let id = granted!(many::begin(c, &by, &NewSending { template, charts })?.map_err(not_begun));
        let answer = all_of(c, &id)?.ok_or_else(|| Fault::other("a sending that was begun is not there"))?;
        Ok(Ok(answer.created_at(format!("/api/v1/packet-sendings/{id}"))))
    })
    .await
}

/// Read what came of a packet that was sent to many charts.
#[utoipa::path(get, path = "/api/v1/packet-sendings/{packet_sending}", tag = "Documents", operation_id = "readPacketSending",
    params(("packet_sending" = String, Path, description = "The sending's id")),
    responses((status = 200, description = "Each chart with its result", body = PacketSendingJson), Usual),
    security(("api_key" = ["documents:read"])))]
pub async fn sending(
    State(app): State<AppState>,
    caller: ApiCaller,
    Path(sending): Path<String>,
) -> ApiResult {
    let sending: PacketSendingId = id(&sending)?;
    let found = app.db.read(&caller.scope, move |c| all_of(c, &sending)).await?;
    Ok(found.ok_or(problem::NOT_FOUND)?.into_response())
}
