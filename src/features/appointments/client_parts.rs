//! What the pages of a client's appointments and requests share.

use crate::features::access::permission::{Basis, ChartStanding, Facts, decide};
use crate::features::accounts::ClientSession;
use crate::features::appointments::actions::Asker;
use crate::features::appointments::request_store::Request;
use crate::features::calendar::{self, AppointmentType, VisitKind, WhoMayAsk};
use crate::kernel::ids::RequestId;
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Level, Right};
use crate::platform::web::nav::Section;

/// The client's own.
pub(super) const MINE: Section = Section("/portal/appointments");

/// The longest note, in characters.
pub(super) const LONGEST_NOTE: usize = 1_000;

/// Is the chart in view the reader's own?
pub(super) fn is_own_chart(client: &ClientSession) -> bool {
    client.facts.grant.basis == Basis::Client
}

/// May they join a visit by video? Who only looks at somebody else's appointments has no part in one; that a chart takes no
/// new appointments ends none.
pub(super) fn may_join(client: &ClientSession) -> bool {
    let chart = match client.facts.chart {
        ChartStanding::Frozen => ChartStanding::Open,
        other => other,
    };
    let facts = Facts { chart, ..client.facts.clone() };
    is_own_chart(client) || decide(&facts, Right::Appointments, None).level == Level::Act
}

/// The client as actions on a request ask for them.
pub(super) fn asker_of(client: &ClientSession) -> Asker {
    Asker {
        by: client.by(),
        access: client.access_id,
        chart: client.chart_id,
        account: client.account_id,
        only: (!is_own_chart(client)).then_some(client.account_id),
    }
}

/// The page of a request.
pub(super) fn request_address(id: RequestId) -> String {
    format!("/portal/appointments/requests/{id}")
}

/// May this reader answer an offer, and take the request back? What somebody else asked for a chart that is not the
/// reader's own is not theirs.
pub(super) fn is_theirs(client: &ClientSession, request: &Request) -> bool {
    request.account_id == client.account_id || is_own_chart(client)
}

/// May clients ask for this kind? Not where the practice has types of it and staff alone book them; a client can always
/// ask for something else.
fn may_be_asked_for(kind: VisitKind, types: &[AppointmentType]) -> bool {
    let mut of_kind = types.iter().filter(|of| of.kind == kind).peekable();
    kind == VisitKind::Other
        || of_kind.peek().is_none()
        || of_kind.any(|of| of.who_may_ask == WhoMayAsk::Clients)
}

/// The types that are offered, and the kinds that clients may ask for.
pub(super) fn asked_for(c: &mut Scoped<'_>) -> Result<(Vec<AppointmentType>, Vec<VisitKind>), Fault> {
    let mut types = calendar::types(c)?;
    types.retain(|of| of.closed_at.is_none());
    let kinds = VisitKind::ALL.iter().copied().filter(|kind| may_be_asked_for(*kind, &types)).collect();
    Ok((types, kinds))
}

/// What is wrong with a note.
pub(super) fn note_error(words: Words, wrong: text::TextError) -> String {
    words.get(match wrong {
        text::TextError::TooLong(_) => "appointments-error-note-long",
        text::TextError::Unprintable => "appointments-error-note-strange",
    })
}
