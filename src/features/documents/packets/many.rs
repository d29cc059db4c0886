//! Sends a packet to many charts: each chart is a short transaction of its own that also notes what came of it, so nobody
//! else waits, and after a crash the next process goes on with the first chart that had no turn.

use serde_json::json;

use crate::features::access::lifecycle::State;
use crate::features::documents::actions::Recipient;
use crate::features::documents::audit::DocumentAction;
use crate::features::documents::packets::many_store::{
    self as rows, SenderKind, Sending, SendingChart, SendingResult,
};
use crate::features::documents::packets::sending::{self, IfSent, NewPacket, NotSent};
use crate::features::documents::packets::store::{self, PacketTemplate};
use crate::features::documents::packets::templates;
use crate::features::people;
use crate::kernel::ids::{AccessId, ChartId, PacketSendingId, PacketTemplateId};
use crate::platform::audit::{self, Actor, By, Event};
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::{Fault, granted};
use crate::platform::jobs::{self, InPieces, Job, JobKind, NewJob, Next};
use crate::platform::state::AppState;
use crate::word_enum;

pub use crate::features::documents::packets::many_store::MOST_CHARTS;

/// A packet to be sent to many charts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSending {
    /// Of this template, which asks the sender nothing.
    pub template: PacketTemplateId,
    /// What was asked for, with the chart that it names. Each once, 1 to [`MOST_CHARTS`].
    pub charts: Vec<(String, Option<ChartId>)>,
}

/// Why nothing was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// There is no such template of packets, or nobody sends it any more.
    #[error("no such packet")]
    NotFound,
    /// Its texts ask the sender something: it is sent client by client.
    #[error("the packet asks the sender something")]
    Asks,
    /// None, or more than [`MOST_CHARTS`].
    #[error("1 to {MOST_CHARTS} charts")]
    Charts,
}

fn sender(by: &By) -> (SenderKind, String) {
    match &by.actor {
        Actor::ApiKey(id, _) => (SenderKind::ApiKey, id.to_string()),
        Actor::Staff(id, _) => (SenderKind::Staff, id.to_string()),
        _ => (SenderKind::Staff, String::new()),
    }
}

/// Who began it, as every packet of it says.
fn by_of(sending: &Sending) -> Result<By, Fault> {
    let damaged = || Fault::Damaged(format!("nobody began the sending {}", sending.sending_id));
    let name = sending.by_name.clone();
    let actor = match sending.by_kind {
        SenderKind::Staff => Actor::Staff(sending.by_id.parse().map_err(|_| damaged())?, name),
        SenderKind::ApiKey => Actor::ApiKey(sending.by_id.parse().map_err(|_| damaged())?, name),
    };
    Ok(By { actor, source: String::new() })
}

/// The template, where it can be sent to many.
pub fn sendable(
    c: &mut Scoped<'_>,
    id: &PacketTemplateId,
) -> Result<Result<PacketTemplate, NotBegun>, Fault> {
    let Some(template) = store::find(c, id)?.filter(|of| of.retired_at.is_none()) else {
        return Ok(Err(NotBegun::NotFound));
    };
    let is_plain = templates::questions_of(c, &[*id])?.is_empty();
    Ok(if is_plain { Ok(template) } else { Err(NotBegun::Asks) })
}

/// Begins it: the charts are noted, and a job sends one after the other.
pub fn begin(
    c: &mut Scoped<'_>,
    by: &By,
    new: &NewSending,
) -> Result<Result<PacketSendingId, NotBegun>, Fault> {
    let template = granted!(sendable(c, &new.template)?);
    if !(1..=MOST_CHARTS).contains(&new.charts.len()) {
        return Ok(Err(NotBegun::Charts));
    }
    let (by_kind, by_id) = sender(by);
    let row = Sending {
        practice_id: *c.practice(),
        sending_id: PacketSendingId::fresh(c.rng(), c.now()),
        packet_template_id: new.template,
        name: template.name,
        by_kind,
        by_id,
        by_name: by.actor.name(),
        begun_at: c.now(),
        done_at: None,
    };
    let id = row.sending_id;
    let chart = |(position, (asked, chart)): (i32, &(String, Option<ChartId>))| SendingChart {
        practice_id: row.practice_id,
        sending_id: id,
        position,
        asked: asked.clone(),
        chart_id: *chart,
        result: None,
        detail: String::new(),
        packet_id: None,
    };
    let charts: Vec<SendingChart> = (1..).zip(&new.charts).map(chart).collect();
    rows::insert(c, row, &charts)?;
    let due_at = c.now();
    jobs::plan(c, &[NewJob { kind: JobKind::PacketSending, subject: id.uuid(), due_at }])?;
    let details = json!({ "sending": id, "packet_template": new.template, "charts": charts.len() });
    audit::record(c, Event::new(by.clone(), DocumentAction::PacketSendingBegun).with(details))?;
    Ok(Ok(id))
}

/// Sends to one chart after the other, from the first that had no turn.
pub(in super::super) fn carry_on(app: AppState, scope: PracticeScope, job: Job) -> InPieces {
    Box::pin(async move {
        let id = PacketSendingId::from_uuid(job.subject);
        while let Some(chart) = app.db.write(&scope, move |c| piece(c, &id)).await? {
            if let Some(chart) = chart {
                app.live.chart_changed(scope.id(), &chart);
            }
        }
        Ok(Next::Done)
    })
}

/// The next chart's turn; `None` where none is left, and inside of it the chart that something was sent to.
fn piece(c: &mut Scoped<'_>, id: &PacketSendingId) -> Result<Option<Option<ChartId>>, Fault> {
    let Some(sending) = rows::find(c, id)? else { return Ok(None) };
    let by = by_of(&sending)?;
    let Some(next) = rows::next(c, id)? else {
        if rows::note_done(c, id)? {
            let done = rows::charts_of(c, id)?;
            let sent = done.iter().filter(|chart| chart.result == Some(SendingResult::Sent)).count();
            let details = json!({ "sending": id, "charts": done.len(), "sent": sent });
            audit::record(c, Event::new(by, DocumentAction::PacketSendingDone).with(details))?;
        }
        return Ok(None);
    };
    let done = match next.chart_id {
        Some(chart) => to_chart(c, &by, &sending.packet_template_id, chart, next)?,
        None => SendingChart { result: Some(SendingResult::Unknown), ..next },
    };
    if !rows::note(c, &done)? {
        return Err(Fault::lost_race("another process sent to the same chart"));
    }
    Ok(Some(done.chart_id.filter(|_| done.packet_id.is_some())))
}

fn to_chart(
    c: &mut Scoped<'_>,
    by: &By,
    template: &PacketTemplateId,
    chart: ChartId,
    row: SendingChart,
) -> Result<SendingChart, Fault> {
    lock(c, Lock::Charts(&[chart]))?;
    let came_to = |result| SendingChart { result: Some(result), ..row.clone() };
    let Some(file) = people::load_file(c, &chart)? else { return Ok(came_to(SendingResult::Unknown)) };
    if file.chart.state != "open" {
        return Ok(came_to(SendingResult::Closed));
    }
    let owner = rows::owners_of(c, &[chart])?.into_iter().next();
    let access = match reach(owner.map(|owner| (owner.access_id, owner.state))) {
        Reach::Open(access) => access,
        Reach::Not(why) => {
            return Ok(SendingChart { detail: why.word().to_owned(), ..came_to(SendingResult::NoGrant) });
        }
    };
    let new = NewPacket {
        chart,
        template: *template,
        to: Recipient::Grant(access),
        answers: Default::default(),
        if_sent: IfSent::Leave,
    };
    Ok(match sending::send(c, by, &new)? {
        Ok(packet) => SendingChart { packet_id: Some(packet), ..came_to(SendingResult::Sent) },
        Err(NotSent::Missing(names)) => {
            let names: Vec<&str> = names.iter().map(|name| name.word()).collect();
            SendingChart { detail: names.join(" "), ..came_to(SendingResult::Missing) }
        }
        Err(NotSent::NoGrant) => came_to(SendingResult::NoGrant),
        Err(NotSent::Before(_)) => came_to(SendingResult::Before),
        Err(NotSent::OneParentAlone) => came_to(SendingResult::OneParentAlone),
        Err(NotSent::NotFound | NotSent::NotUsed(..) | NotSent::Labelled(..) | NotSent::Wrong(_)) => {
            came_to(SendingResult::NotSendable)
        }
    })
}

word_enum! {
    /// Why a packet does not reach the owner of a chart.
    pub enum Unreached {
        /// Nobody was invited yet, or the invitation was canceled.
        NotYet = "not_yet",
        /// They declined the invitation.
        Declined = "declined",
        /// Their access was ended.
        Ended = "ended",
    }
}

/// Whether a packet would reach the owner of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// They are registered or invited.
    Open(AccessId),
    /// It would not.
    Not(Unreached),
}

/// By the owner's grant, where there is one.
pub fn reach(owner: Option<(AccessId, State)>) -> Reach {
    match owner {
        Some((access, State::Invited | State::Locked | State::Active)) => Reach::Open(access),
        Some((_, State::Declined)) => Reach::Not(Unreached::Declined),
        Some((_, State::Revoked)) => Reach::Not(Unreached::Ended),
        Some((_, State::None | State::Canceled)) | None => Reach::Not(Unreached::NotYet),
    }
}
