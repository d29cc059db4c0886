//! The Documents tab of a chart room: the list, and one document as the client sees it with what became of it.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;

use crate::features::access::permission::{ItemKind, Withheld};
use crate::features::access::{GrantRole, grant_path, kept_in_words, withheld_from};
use crate::features::documents::actions::{self, Asked};
use crate::features::documents::authorization::Ended;
use crate::features::documents::authorization::Standing::InForce;
use crate::features::documents::authorization_actions::standing_for_staff;
use crate::features::documents::body::Block;
use crate::features::documents::client_pages::Shown;
use crate::features::documents::download::{Head, SIGNED, download, signed_copy};
use crate::features::documents::held_pages::{HeldLine, staff_line};
use crate::features::documents::held_store;
use crate::features::documents::labels::{ShutByLabel, shut_by_label};
use crate::features::documents::lifecycle::{
    DocumentState, Phase, ShareFacts, ShareStanding, Signed, is_never_shared, phase,
};
use crate::features::documents::packets::section::{self, PacketShown};
use crate::features::documents::page_links::{FromPage, Reader};
use crate::features::documents::request_lifecycle::RequestKind;
use crate::features::documents::request_store::{self, AskedBy};
use crate::features::documents::signing::labels::ShownMark;
use crate::features::documents::signing::lifecycle::{SigningState, Standing};
use crate::features::documents::signing::more_time::{TimeFields, TimeForm};
use crate::features::documents::signing::seal_store::{self, FileState};
use crate::features::documents::signing::staff_section::{
    self, Missing, Reach, SignHere, SigningSection, section_of,
};
use crate::features::documents::signing::store::{self as signing, Request};
use crate::features::documents::store::{
    self, Document, Reading, ShareTarget, SharedWith, Version, list_of, readings_of_chart, shares_of_chart,
};
use crate::features::documents::template_store;
use crate::features::people::{CHARTS, ChartRoom, RoomHead, Viewer, load_room, room_head};
use crate::features::staff::StaffSession;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, ChartId, DocumentId};
use crate::platform::db::Scoped;
use crate::platform::i18n::{Language, Stamp};
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::live_stream::FirstShown;
use crate::platform::web::nav::ChartTab;
use crate::platform::web::{PageError, PageResult, html};

/// The tab.
pub(super) const TAB: ChartTab = ChartTab {
    path: "/documents",
    label: "charts-tab-documents",
    needs: Permission::SeeDocuments,
    order: 30,
};

/// The address of a chart's tab.
pub(super) fn tab_of(chart: &ChartId) -> String {
    format!("/staff/charts/{chart}/documents")
}

/// The word that stands for the chart's owner in forms and addresses: they may have no grant yet.
pub(super) const OWNER: &str = "owner";

/// The address of a document's page.
pub(super) fn page_of(document: &Document) -> String {
    format!("{}/{}", tab_of(&document.chart_id), document.document_id)
}

struct Line {
    href: String,
    title: String,
    kind: String,
    shared_with: String,
    made: Stamp,
    by: String,
    tag: &'static str,
    state: String,
    /// Whose signatures are missing.
    missing: Option<String>,
    /// Somebody whose turn it is gets it on paper.
    is_paper_needed: bool,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_list.html")]
struct List {
    frame: StaffFrame,
    head: RoomHead,
    tab: String,
    may_manage: bool,
    /// May they reply to clients?
    may_review: bool,
    /// Files that are being checked, or that could not be taken.
    held: Vec<HeldLine>,
    /// What clients ask for and send: where to reply, what, and who asked when.
    asked: Vec<(String, String, String)>,
    /// May they send packets?
    may_send: bool,
    packets: Vec<PacketShown>,
    documents: Vec<Line>,
}

/// Where a document stands: tag and words.
fn state_of(staff: &StaffSession, phase: Phase, now: Timestamp) -> (&'static str, String) {
    let words = staff.words;
    let short = |at| words.stamp(at, &staff.zone, now).short;
    match phase {
        Phase::NotShared => ("", words.get("documents-state-not-shared")),
        Phase::Shared => ("waiting", words.get("documents-state-not-opened")),
        Phase::Viewed(at) => ("good", words.with1("documents-state-opened", "moment", short(at))),
        Phase::Ended(Ended::Expired(day)) => {
            ("stopped", words.with1("documents-state-expired", "day", words.civil_date(day)))
        }
        Phase::Ended(Ended::Revoked(at)) => {
            ("stopped", words.with1("documents-state-revoked", "moment", short(at)))
        }
        Phase::Withdrawn(at) => {
            let moment = at.map(short).unwrap_or_default();
            ("stopped", words.with1("documents-state-withdrawn", "moment", moment))
        }
    }
}

fn phase_of(document: &Document, today: Date, shares: &[SharedWith], readings: &[Reading]) -> Phase {
    let facts: Vec<ShareFacts> = shares
        .iter()
        .filter(|of| of.share.document_id == document.document_id)
        .map(|of| ShareFacts {
            standing: of.share.standing(),
            opened_at: readings
                .iter()
                .find(|reading| {
                    reading.document_id == document.document_id
                        && reading.access_id == of.share.access_id
                        && reading.number == document.current_version
                })
                .and_then(|reading| reading.opened_at),
        })
        .collect();
    phase(document.state, document.withdrawn_at, document.ended(today), &facts)
}

/// Where a document stands, as the list and its own page say it: by its signatures, else by its shares.
fn tag_of(
    staff: &StaffSession,
    document: &Document,
    request: Option<(&Request, Reach)>,
    (shares, readings): (&[SharedWith], &[Reading]),
    now: Timestamp,
) -> (&'static str, String) {
    let today = staff.practice.today(now);
    match request.filter(|(request, _)| is_told(document, request) && document.ended(today).is_none()) {
        Some(request) => staff_section::state_of(staff.words, request, &staff.zone, now),
        None => state_of(staff, phase_of(document, today, shares, readings), now),
    }
}

/// Is said how the signatures stand? A request that was canceled, and one of an older version, is history.
fn is_told(document: &Document, request: &Request) -> bool {
    document.state != DocumentState::Withdrawn
        && request.number == document.current_version
        && request.state != SigningState::Canceled
}

/// Whose signatures a request lacks, in the order in which they sign; the reader's own stands before those of the same
/// number.
fn missing_words(staff: &StaffSession, missing: &[&Missing]) -> Option<String> {
    let words = staff.words;
    let is_own = |missing: &Missing| missing.signer.staff_id == Some(staff.staff_id);
    let mut missing = missing.to_vec();
    missing.sort_by_key(|missing| (missing.signer.position, !is_own(missing)));
    let name = |missing: &&Missing| match is_own(missing) {
        true => words.get("signing-missing-you"),
        false => missing.signer.printed_name.clone(),
    };
    match missing.as_slice() {
        [] => None,
        [one] if is_own(one) => Some(words.get("signing-missing-own")),
        all => {
            let names: Vec<String> = all.iter().map(name).collect();
            Some(words.with1("signing-missing", "names", names.join(", ")))
        }
    }
}

/// The tab.
pub(super) async fn list(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(chart): Path<String>,
) -> PageResult {
    let id: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let viewer = Viewer::of(&app, &staff);
    let (
        ChartRoom { file, tags },
        (documents, (asked_for, held), packets),
        (shares, shut),
        readings,
        requests,
        missing,
    ) = app
        .db
        .read(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &id)? else { return Ok(None) };
            let (shares, readings) = (shares_of_chart(c, &id)?, readings_of_chart(c, &id)?);
            let requests = signing::newest_of_chart(c, &id)?;
            let (documents, mut shut) = (list_of(c, &id)?, Vec::new());
            let missing = staff_section::missing_of_chart(c, &id, (&documents, &requests))?;
            for document in documents.iter().filter(|document| document.label.is_some()) {
                let theirs = shares.iter().filter(|of| of.share.document_id == document.document_id);
                let closed = shut_by_label(c, document, theirs.map(|of| of.share.access_id))?;
                shut.extend(closed.into_iter().map(|access| (document.document_id, access)));
            }
            let asked_for = (request_store::open_of(c, &id)?, held_store::of_chart(c, &id)?);
            let packets = section::of_chart(c, &id)?;
            Ok(Some((room, (documents, asked_for, packets), (shares, shut), readings, requests, missing)))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    let now = app.now();
    let documents = documents
        .into_iter()
        .filter(|document| document.kind.is_seen_by(staff.role, document.label))
        .map(|document| {
            let request = requests.iter().find(|request| request.document_id == document.document_id);
            let request = request.filter(|request| is_told(&document, request));
            let missing: Vec<&Missing> = missing
                .iter()
                .filter(|of| request.is_some_and(|request| request.signing_id == of.signer.signing_id))
                .collect();
            let request = request.map(|request| (request, Missing::reach(missing.iter().copied())));
            let (tag, state) = tag_of(&staff, &document, request, (&shares, &readings), now);
            let is_paper_needed = missing.iter().any(|missing| missing.on_paper.is_some());
            let missing = missing_words(&staff, &missing);
            let name = |of: &SharedWith| {
                let is_shut = shut.contains(&(document.document_id, of.share.access_id));
                let name = of.name.clone();
                if is_shut { staff.words.with1("documents-shared-shut", "name", name) } else { name }
            };
            let is_seen = document.state != DocumentState::Withdrawn;
            let theirs = shares.iter().filter(|of| is_seen && of.share.document_id == document.document_id);
            let names = theirs.map(name);
            Line {
                href: page_of(&document),
                kind: document.kind.label(staff.words),
                shared_with: names.collect::<Vec<_>>().join(", "),
                made: staff.words.stamp(document.created_at, &staff.zone, now),
                by: document.created_by_name,
                title: document.title,
                tag,
                state,
                missing,
                is_paper_needed,
            }
        })
        .collect();
    let asked = asked_for
        .into_iter()
        .map(|AskedBy { request, name }| {
            let moment = staff.words.date_time(request.asked_at, &staff.zone);
            let key = if request.kind == RequestKind::Wanted {
                "document-request-asked-by"
            } else {
                "document-request-sent-by"
            };
            let by = staff.words.with2(key, "name", name, "moment", moment);
            (format!("{}/asked/{}", tab_of(&id), request.request_id), request.wanted, by)
        })
        .collect();
    let head = room_head(&app, &staff, &file, &tags, TAB);
    let page = List {
        frame: staff.frame(&app, CHARTS),
        head,
        tab: tab_of(&id),
        may_manage: staff.may(Permission::ManageDocuments),
        may_review: staff.may(Permission::ReviewUploads),
        held: held.into_iter().map(|of| staff_line(&staff, &tab_of(&id), of)).collect(),
        asked,
        may_send: staff.may(Permission::SendPackets),
        packets: section::shown(&staff, packets, now),
        documents,
    };
    html(page.render())
}

/// How a share is ended.
enum EndShare {
    /// By one click.
    AtOnce,
    /// By a page that asks first: its holder is asked to sign.
    Asks,
    /// It is not: its holder signed, and keeps it.
    Kept,
}

struct ShareLine {
    access: String,
    name: String,
    is_live: bool,
    end: EndShare,
    /// Where it is shared again.
    again: Option<String>,
    since: Stamp,
    ended: Option<Stamp>,
    /// Why it is withheld from them, and the page where it is given back.
    withheld: Option<(String, String)>,
    /// Why its label keeps it from them.
    shut: Option<ShutByLabel>,
    /// What they did with each version, newest first.
    readings: Vec<String>,
}

struct VersionLine {
    href: String,
    label: String,
    made: Stamp,
    by: String,
    sha256: String,
}

#[derive(Template)]
#[template(path = "features/documents/templates/staff_document.html")]
struct Page {
    frame: StaffFrame,
    head: RoomHead,
    back: String,
    here: String,
    title: String,
    kind: String,
    label: Option<String>,
    note: String,
    tag: &'static str,
    state: String,
    /// Who took it back, and why.
    withdrawn: Option<String>,
    /// A client revoked it, and what that means.
    revoked: Option<String>,
    /// What staff noted about a revocation that they recorded.
    revocation_note: Option<String>,
    /// It is an authorization that counts.
    is_in_force: bool,
    /// Nobody has noted yet that the practice acts on it no more.
    is_to_note: bool,
    /// It does not count any more.
    is_ended: bool,
    /// Shown is an older version.
    older: Option<String>,
    /// The template that it was made of, and the last day of an authorization.
    made_of: Vec<String>,
    shown: Shown,
    /// See [`Version::language`].
    language: Option<Language>,
    file: String,
    shares: Vec<ShareLine>,
    versions: Vec<VersionLine>,
    may_manage: bool,
    /// May they say what one person sees?
    may_set_rights: bool,
    is_draft: bool,
    is_withdrawn: bool,
    may_share: bool,
    /// Everybody with access has it.
    everybody_has_it: bool,
    /// Its text comes from its template: nothing else takes its place.
    is_of_template: bool,
    /// It was signed: nothing takes its place and it is not withdrawn.
    is_signed: bool,
    /// People are asked to sign it, and can.
    is_out_to_sign: bool,
    /// People were asked to sign it, and the time to sign is over.
    is_time_over: bool,
    signing: Option<SigningSection>,
    /// The form for more time to sign.
    time: Option<TimeFields>,
}

impl Page {
    /// Was the form for more time to sign refused?
    fn is_refused(&self) -> bool {
        self.time.as_ref().is_some_and(|time| !time.errors.is_empty())
    }

    /// Does anybody outside the team see it now?
    fn is_seen(&self) -> bool {
        !self.is_withdrawn && self.shares.iter().any(|share| share.is_live)
    }
}

/// Which version is asked for.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct WhichVersion {
    version: Option<String>,
    copy: String,
}

impl WhichVersion {
    fn number(&self) -> Result<Option<i32>, PageError> {
        self.version.as_deref().map(str::parse).transpose().map_err(|_| PageError::NotFound)
    }
}

/// The ids in a document's address.
pub(super) fn ids_of((chart, document): &(String, String)) -> Result<(ChartId, DocumentId), PageError> {
    let chart = chart.parse().map_err(|_| PageError::NotFound)?;
    Ok((chart, document.parse().map_err(|_| PageError::NotFound)?))
}

/// One document, as the client sees it, with what became of it.
pub(super) async fn show(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    Query(which): Query<WhichVersion>,
    Query(from): Query<FromPage>,
) -> PageResult {
    page_at(app, staff, ids_of(&at)?, (which.number()?, from), TimeForm::default()).await
}

/// The same with the form for more time to sign as it was sent.
pub(super) async fn page_at(
    app: AppState,
    staff: StaffSession,
    (chart, id): (ChartId, DocumentId),
    (number, from): (Option<i32>, FromPage),
    time: TimeForm,
) -> PageResult {
    let asked = Asked { chart: Some(chart), document: id, number };
    let (by, role) = (staff.by(), staff.role);
    let viewer = Viewer::of(&app, &staff);
    let (
        ChartRoom { file, tags },
        (document, version, made_of),
        shares,
        (targets, kept, shut),
        readings,
        versions,
        (looked, is_in_force),
    ) = app
        .db
        .write(&staff.scope, move |c| {
            let Some(room) = load_room(c, viewer, &chart)? else { return Ok(None) };
            let Ok(found) = actions::read_by_staff(c, &by, role, asked)? else { return Ok(None) };
            let (shares, readings) = (store::shares_of(c, &id)?, store::readings_of(c, &id)?);
            let looked = staff_section::look(c, &found.0)?;
            let looked = (looked, standing_for_staff(c, &found.0)?);
            let holders: Vec<AccessId> = shares.iter().map(|of| of.share.access_id).collect();
            let kept = if holders.is_empty() { Vec::new() } else { withheld_from(c, &holders)? };
            let shut = shut_by_label(c, &found.0, holders)?;
            let template = match found.1.template {
                Some((id, number)) => template_store::find(c, &id)?.map(|of| (of.name, number)),
                None => None,
            };
            let found = (found.0, found.1, template);
            let whom = (store::share_targets(c, &chart)?, kept, shut);
            Ok(Some((room, found, shares, whom, readings, store::versions_of(c, &id)?, looked)))
        })
        .await?
        .ok_or(PageError::NotFound)?;
    let (words, now) = (staff.words, app.now());
    let stamp = |at| words.stamp(at, &staff.zone, now);
    let today = staff.practice.today(now);
    let request = looked.as_ref().map(|looked| (&looked.signing().request, looked.reach()));
    let (tag, state) = tag_of(&staff, &document, request, (&shares, &readings), now);
    let standing = request.map(|(request, _)| request.standing(now));
    let here = page_of(&document);
    let by = staff.by();
    let reader = Reader {
        app: &app,
        words,
        by: &by,
        document: &document.document_id,
        here: &here,
        from: from.number(),
    };
    let is_older = version.number != document.current_version;
    let withdrawn = (document.state == DocumentState::Withdrawn).then(|| {
        let who = &document.withdrawn_by_name;
        words.with2("documents-withdrawn-by", "name", who, "reason", &document.withdrawn_reason)
    });
    let what = Withheld::Item(ItemKind::Document, document.document_id.uuid());
    let is_kept = |of: &SharedWith| {
        kept.iter()
            .find(|kept| kept.access == of.share.access_id && kept.what == what && kept.is_live(today))
            .map(|kept| (kept_in_words(words, kept), grant_path(chart, kept.access)))
    };
    let is_shut = |of: &SharedWith| {
        let access = of.share.access_id;
        let is_live = of.share.ended_at.is_none() && document.state == DocumentState::Shared;
        let is_shut = is_live && shut.contains(&access);
        if is_shut { ShutByLabel::new(words, &document, access, &of.name) } else { None }
    };
    let why = |of: &SharedWith| (is_kept(of), is_shut(of));
    let end = |of: &SharedWith| {
        let signed = looked.as_ref().map(|looked| looked.signing().signed_by(&of.share.access_id));
        match signed {
            None | Some(Signed::No) => EndShare::AtOnce,
            Some(Signed::Open) => EndShare::Asks,
            Some(Signed::Completed) => EndShare::Kept,
        }
    };
    let everybody_has_it = have_all(&document, &targets, &shares);
    let shares = shares
        .iter()
        .map(|of| share_line(&staff, of, why(of), (end(of), share_again(&here, of)), &readings, now))
        .collect();
    let page = Page {
        head: room_head(&app, &staff, &file, &tags, TAB),
        back: tab_of(&chart),
        kind: document.kind.label(words),
        label: document.label.map(|label| words.get(&format!("documents-label-{label}"))),
        note: note_of(&staff, &version),
        withdrawn: withdrawn.filter(|_| !document.withdrawn_reason.is_empty()),
        revoked: revoked_words(&staff, &document),
        revocation_note: Some(&document.revocation_note)
            .filter(|note| !note.is_empty())
            .map(|note| words.with1("documents-revoked-note", "note", note)),
        is_in_force: is_in_force == Some(InForce),
        is_to_note: document.revoked_at.is_some() && document.revocation_seen_at.is_none(),
        is_ended: document.ended(today).is_some(),
        older: is_older.then(|| words.with1("documents-older-version", "number", version.number)),
        made_of: made_of
            .map(|(name, number)| words.with2("templates-made-of", "name", name, "number", number))
            .into_iter()
            .chain(last_day_words(&staff, &document, today))
            .collect(),
        shown: Shown::of(&reader, &version),
        language: version.language,
        file: format!("{here}/file?version={}", version.number),
        versions: versions
            .iter()
            .map(|each| VersionLine {
                href: format!("{here}?version={}", each.number),
                label: words.with1("documents-version", "number", each.number),
                made: stamp(each.created_at),
                by: each.by_name.clone(),
                sha256: each.content.sha256(),
            })
            .collect(),
        shares,
        tag,
        state,
        may_manage: staff.may(Permission::ManageDocuments),
        may_set_rights: staff.may(Permission::ManageRights),
        is_draft: document.state == DocumentState::Draft,
        is_withdrawn: document.state == DocumentState::Withdrawn,
        may_share: !is_never_shared(document.label),
        everybody_has_it,
        is_of_template: !document.kind.is_free(),
        is_signed: standing == Some(Standing::Completed),
        is_out_to_sign: standing == Some(Standing::Open),
        is_time_over: standing == Some(Standing::Expired),
        signing: looked.as_ref().map(|looked| section_of(&staff, looked, now)),
        time: looked.as_ref().map(|looked| time.shown(&staff, looked, &document, now)),
        title: document.title,
        here,
        frame: staff.frame(&app, CHARTS),
    };
    let status = if page.is_refused() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, html(page.render())?).into_response())
}

/// Who revoked an authorization and how, and what that means.
fn revoked_words(staff: &StaffSession, document: &Document) -> Option<String> {
    let (words, at, name) = (staff.words, document.revoked_at?, &document.revoked_by_name);
    let Some((way, day)) = document.recorded() else {
        let moment = words.date_time(at, &staff.zone);
        return Some(words.with2("documents-revoked-staff", "name", name, "moment", moment));
    };
    let values = [
        ("name", name.clone()),
        ("way", way.in_words(words)),
        ("day", words.civil_date(day)),
        ("by", document.revocation_recorded_by_name.clone()),
    ];
    Some(words.with("documents-revoked-recorded-staff", &values))
}

/// Until when an authorization counts, or that its last day is over; nothing of one that allows nothing whatever the day.
fn last_day_words(staff: &StaffSession, document: &Document, today: Date) -> Option<String> {
    let (key, day) = match document.ended(today) {
        _ if document.state == DocumentState::Withdrawn => return None,
        Some(Ended::Revoked(_)) => return None,
        Some(Ended::Expired(day)) => ("documents-last-day-over", day),
        None => ("documents-last-day", document.last_day()?),
    };
    Some(staff.words.with1(key, "day", staff.words.civil_date(day)))
}

/// Does everybody whom a document can be shared with have it? Not where the chart's owner has no access yet.
fn have_all(document: &Document, targets: &[ShareTarget], shares: &[SharedWith]) -> bool {
    let has = |target: &ShareTarget| {
        let share = shares.iter().find(|of| of.share.access_id == target.access);
        share.is_some_and(|of| of.share.standing() == ShareStanding::Live)
    };
    document.state == DocumentState::Shared
        && targets.iter().any(|target| target.role == GrantRole::Owner)
        && targets.iter().all(has)
}

/// Where an ended share is made anew: with whoever owned the chart before, it is not.
fn share_again(here: &str, of: &SharedWith) -> Option<String> {
    let with = match of.role {
        GrantRole::Owner => OWNER.to_owned(),
        GrantRole::Representative => of.share.access_id.to_string(),
        GrantRole::FormerOwner => return None,
    };
    of.share.ended_at.map(|_| format!("{here}/share?with={with}"))
}

/// Tells the open page of a document that its signed copy is there, or could not be made.
pub(super) async fn live(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (chart, id) = ids_of(&at)?;
    let role = staff.role;
    // The page says that the copy is being made: what came of it since then is news.
    let shown = FirstShown::of(Some(FileState::Due));
    let picture = move |c: &mut Scoped<'_>| {
        let asked = Asked { chart: Some(chart), document: id, number: None };
        if actions::look_by_staff(c, role, asked)?.is_err() {
            return Ok(None);
        }
        let copy = match signing::newest(c, &id)? {
            Some(found) => seal_store::state_of(c, &found.request)?,
            None => None,
        };
        Ok(Some(shown.or(copy)))
    };
    staff.live(&app, Some(chart), picture).await
}

fn note_of(staff: &StaffSession, version: &Version) -> String {
    let date = staff.words.date(version.created_at, &staff.zone);
    staff.words.with2("documents-created-by", "date", date, "name", &version.by_name)
}

fn share_line(
    staff: &StaffSession,
    of: &SharedWith,
    (withheld, shut): (Option<(String, String)>, Option<ShutByLabel>),
    (end, again): (EndShare, Option<String>),
    readings: &[Reading],
    now: Timestamp,
) -> ShareLine {
    let words = staff.words;
    let stamp = |at| words.stamp(at, &staff.zone, now);
    let theirs = readings.iter().rev().filter(|reading| reading.access_id == of.share.access_id);
    let readings = theirs
        .flat_map(|reading| {
            [
                ("documents-opened-version", reading.opened_at),
                ("documents-read-version", reading.last_page_at),
                ("documents-downloaded-version", reading.downloaded_at),
            ]
            .into_iter()
            .filter_map(|(key, at)| {
                let moment = words.date_time(at?, &staff.zone);
                Some(words.with2(key, "number", reading.number, "moment", moment))
            })
        })
        .collect();
    ShareLine {
        access: of.share.access_id.to_string(),
        name: of.name.clone(),
        is_live: of.share.ended_at.is_none(),
        end,
        again,
        since: stamp(of.share.since_at),
        ended: of.share.ended_at.map(stamp),
        withheld,
        shut,
        readings,
    }
}

/// A version as a file.
pub(super) async fn file(
    State(app): State<AppState>,
    staff: StaffSession,
    Path(at): Path<(String, String)>,
    Query(which): Query<WhichVersion>,
) -> PageResult {
    let (chart, id) = ids_of(&at)?;
    let asked = Asked { chart: Some(chart), document: id, number: which.number()? };
    let (by, role) = (staff.by(), staff.role);
    let (document, version) = app
        .db
        .write(&staff.scope, move |c| actions::read_by_staff(c, &by, role, asked))
        .await?
        .map_err(|_| PageError::NotFound)?;
    if which.copy == SIGNED {
        let copy = app
            .db
            .read(&staff.scope, move |c| {
                let Some(found) = signing::newest(c, &id)? else { return Ok(None) };
                seal_store::find(c, &found.request.signing_id)
            })
            .await?
            .ok_or(PageError::NotFound)?;
        return Ok(signed_copy(&app, &staff.scope, staff.by(), &document, &copy).await?);
    }
    let note = note_of(&staff, &version);
    let head = Head { practice: &staff.practice.name, note: &note };
    Ok(download(&app, &staff.scope, staff.by(), (&document, &version), head).await?)
}
