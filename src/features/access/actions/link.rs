//! The holder of a link: what they see, and what they can do besides registering.

use std::ops::Deref;

use crate::features::access::actions::apply::{Change, PendingWrites};
use crate::features::access::actions::holder::{DeclineAnswer, Disowning, Key, LinkView};
use crate::features::access::audit::AccessAction;
use crate::features::access::chart_batch::ChartBatch;
use crate::features::access::lifecycle::{Event, Phase, decide};
use crate::features::access::mails;
use crate::features::access::store::{self, AccessRow, InvitationRow, InvitationState};
use crate::features::people::{Chart, Person};
use crate::features::practice::SelfHelp;
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::AccountId;
use crate::kernel::secrets::Token;
use crate::platform::audit::By;
use crate::platform::db::{Lock, PracticeScope, Scoped, lock};
use crate::platform::fault::Fault;
use crate::platform::i18n::Language;
use crate::platform::limits::{self, Limit};
use crate::platform::state::AppState;
use crate::platform::web::sign_in;

/// Unknown links and codes that may come from one network address in a minute (invitation.md §5).
/// Later requests from there wait [`sign_in::TIRED_WAITS`], good links as well, and are then answered like
/// any other, because a waiting room is one address.
const UNKNOWN_LINKS: Limit = Limit { most: 20, seconds: 60 };

/// Days after a registration in which the holder of its link can say that it was not them: as long as the
/// mail about it is likely to be read. It is not longer, so that an old mail cannot end an access.
const DISOWNED_WITHIN_DAYS: i64 = 30;

/// What a request from a network address finds behind a link or a code; `key` is `None` for a text that can
/// be neither. Changes only the count of unknown ones.
pub async fn open_link(
    app: &AppState,
    scope: &PracticeScope,
    ip_bucket: &str,
    key: Option<Key>,
) -> Result<LinkView, Fault> {
    let bucket = format!("unknown-link.{ip_bucket}");
    let from = bucket.clone();
    let (is_tired, view) = app
        .db
        .read_by_key(scope, move |c| {
            let found = key.as_ref().map(|key| LinkRows::find(c, key)).transpose()?.flatten();
            let view = found.map_or(Ok(LinkView::Unknown), |found| found.view(c))?;
            Ok((!limits::allows(c, &from, UNKNOWN_LINKS)?, view))
        })
        .await?;
    if is_tired {
        tokio::time::sleep(sign_in::TIRED_WAITS).await;
    }
    if view == LinkView::Unknown {
        let counted = app.db.write(scope, move |c| limits::count(c, &bucket, UNKNOWN_LINKS).map(drop)).await;
        counted.or_else(Fault::ignore_if_unavailable)?;
    }
    Ok(view)
}

/// What is behind a link. Reads only and counts nothing: for callers who know that the link is theirs.
pub async fn look_at_link(app: &AppState, scope: &PracticeScope, token: &Token) -> Result<LinkView, Fault> {
    let key = Key::Token(token.clone());
    app.db
        .read_by_key(scope, move |c| match LinkRows::find(c, &key)? {
            Some(found) => found.view(c),
            None => Ok(LinkView::Unknown),
        })
        .await
}

/// A link and whom it leads to, read by one statement.
pub(super) struct LinkRows {
    pub(super) invitation: InvitationRow,
    pub(super) access: AccessRow,
    pub(super) chart: Chart,
    /// The invited person.
    pub(super) reader: Person,
    /// The practice's own.
    language: Language,
}

/// The same with everything about the chart, for those who act.
pub(super) struct LinkContext {
    rows: LinkRows,
    pub(super) client: Person,
    pub(super) files: ChartBatch,
}

impl Deref for LinkContext {
    type Target = LinkRows;

    fn deref(&self) -> &LinkRows {
        &self.rows
    }
}

impl LinkContext {
    /// With the chart locked until the end of the transaction and everything read after that.
    pub(super) fn locked(c: &mut Scoped<'_>, key: &Key) -> Result<Option<Self>, Fault> {
        let Some(before) = LinkRows::find(c, key)? else { return Ok(None) };
        lock(c, Lock::Charts(std::slice::from_ref(&before.chart.chart_id)))?;
        let Some(rows) = LinkRows::find(c, key)? else { return Ok(None) };
        let files = ChartBatch::load(c, std::slice::from_ref(&rows.chart.chart_id))?;
        let client = files.person(&rows.chart.person_id).cloned();
        let nobody = || Fault::Damaged(format!("chart {} has no client", rows.chart.chart_id));
        let client = client.ok_or_else(nobody)?;
        Ok(Some(Self { rows, client, files }))
    }
}

impl LinkRows {
    /// Only a correct token or code finds anything.
    fn find(c: &mut Scoped<'_>, key: &Key) -> Result<Option<Self>, Fault> {
        let found = match key {
            Key::Token(token) => store::find_by_token(c, token)?,
            Key::Code(code) => store::find_by_code(c, code)?,
        };
        Ok(found.map(|(invitation, access, chart, reader, language)| {
            let language = Language::read(&language);
            Self { invitation, access, chart, reader, language }
        }))
    }
    /// The account that the invited person has from another chart of this practice.
    pub(super) fn account_elsewhere(&self, c: &mut Scoped<'_>) -> Result<Option<AccountId>, Fault> {
        let rows = store::access_of_people(c, std::slice::from_ref(&self.access.person_id))?;
        Ok(rows.into_iter().find_map(|row| row.account_id))
    }

    /// The true state, for the holder of a correct link.
    pub(super) fn view(&self, c: &mut Scoped<'_>) -> Result<LinkView, Fault> {
        if let Some(closed) = self.closed(c)? {
            return Ok(closed);
        }
        Ok(LinkView::Open {
            expires_at: self.invitation.expires_at,
            for_contact: self.access.person_id != self.chart.person_id,
            has_account: self.account_elsewhere(c)?.is_some(),
            language: if self.reader.language.is_empty() {
                self.language
            } else {
                Language::read(&self.reader.language)
            },
            zone: mails::own_zone(&self.reader),
            not_now_at: self.access.not_now_at,
        })
    }

    /// Why it cannot be used, if it cannot.
    pub(super) fn closed(&self, c: &mut Scoped<'_>) -> Result<Option<LinkView>, Fault> {
        Ok(match self.invitation.state {
            InvitationState::Superseded => Some(LinkView::Replaced),
            InvitationState::Accepted => Some(self.used(c)?),
            InvitationState::Withdrawn | InvitationState::AddressChanged => Some(LinkView::Withdrawn),
            InvitationState::Declined => Some(LinkView::Declined),
            // A closed chart ends every link to it, whichever way it was closed.
            InvitationState::Live if self.chart.state != "open" => Some(LinkView::Withdrawn),
            InvitationState::Live => self.closed_by_grant(c.now()),
        })
    }

    fn closed_by_grant(&self, now: Timestamp) -> Option<LinkView> {
        match self.access.phase(now) {
            Phase::Invited => None,
            Phase::Locked => Some(LinkView::Locked),
            Phase::Expired => Some(LinkView::Expired {
                expired_at: self.invitation.expires_at,
                asked: self.access.asked_at.is_some(),
                zone: mails::own_zone(&self.reader),
            }),
            Phase::Active => Some(LinkView::Used(Disowning::Over)),
            Phase::Declined => Some(LinkView::Declined),
            Phase::NotInvited | Phase::Canceled | Phase::NoPortalAccess => Some(LinkView::Withdrawn),
        }
    }

    fn used(&self, c: &mut Scoped<'_>) -> Result<LinkView, Fault> {
        let now = c.now();
        let is_newest = self.invitation.generation == self.access.generation;
        // What staff gave back since was looked at by them, and is no longer what this registration made.
        let is_fresh = self.invitation.ended_at.is_some_and(|used| {
            now < used.plus_hours(24 * DISOWNED_WITHIN_DAYS) && self.access.since_at <= used
        });
        Ok(match self.access.phase(now) {
            Phase::Declined if is_newest => LinkView::Disowned,
            Phase::Active if is_newest && is_fresh && self.is_still_theirs(c)? => {
                LinkView::Used(Disowning::Open)
            }
            _ => LinkView::Used(Disowning::Over),
        })
    }

    /// Is the address that the link went to still one of the person's that mail may go to? Who reads a
    /// mailbox that was taken off the face sheet has no say any more.
    fn is_still_theirs(&self, c: &mut Scoped<'_>) -> Result<bool, Fault> {
        let Some(sent_to) = self.invitation.address.as_ref().map(EmailAddress::key) else {
            return Ok(false);
        };
        let files = ChartBatch::load(c, std::slice::from_ref(&self.chart.chart_id))?;
        let person = &self.access.person_id;
        Ok(files.family(&self.chart).contains(person)
            && files.mailable(person).any(|a| a.value_key == sent_to))
    }
}

/// "This isn't me" or "not now": see [`DeclineAnswer`]. A link that is not open any more keeps its page.
pub async fn decline(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    key: Key,
    answer: DeclineAnswer,
) -> Result<LinkView, Fault> {
    as_holder(app, scope, by, key, move |c, pending, found| {
        if let Some(closed) = found.closed(c)? {
            return Ok(Written::Nothing(closed));
        }
        let generation = found.invitation.generation;
        let (event, action) = match answer {
            DeclineAnswer::NotMe => (Event::Decline { generation }, AccessAction::Declined),
            DeclineAnswer::NotNow => (Event::NotNow { generation }, AccessAction::NotNow),
        };
        // closed() has asked the same questions; should they ever differ, nothing happens.
        let Ok(decision) = decide(&found.access.grant(), event, c.now()) else {
            return Ok(Written::Nothing(LinkView::Withdrawn));
        };
        let change = Change { details: serde_json::json!({ "answer": answer }), ..Change::plain(action) };
        pending.apply(c, &mut found.access.clone(), &decision, &change)?;
        Ok(Written::Change(match answer {
            DeclineAnswer::NotMe => LinkView::Declined,
            DeclineAnswer::NotNow => found.view(c)?,
        }))
    })
    .await
}

/// "That was not me", about the registration through this link (IDP-04): its sign-in goes, its sessions
/// end, and staff see it among the declined invitations. A link that says nothing of the kind keeps
/// its page.
pub async fn disown(app: &AppState, scope: &PracticeScope, by: By, key: Key) -> Result<LinkView, Fault> {
    as_holder(app, scope, by, key, |c, pending, found| {
        let view = found.view(c)?;
        let event = Event::Disown { generation: found.invitation.generation };
        // view() has asked the same questions; should they ever differ, nothing happens.
        let Ok(decision) = decide(&found.access.grant(), event, c.now()) else {
            return Ok(Written::Nothing(view));
        };
        if view != LinkView::Used(Disowning::Open) {
            return Ok(Written::Nothing(view));
        }
        let details = serde_json::json!({ "answer": "disowned" });
        let change = Change { details, ..Change::plain(AccessAction::Disowned) };
        pending.apply(c, &mut found.access.clone(), &decision, &change)?;
        Ok(Written::Change(LinkView::Disowned))
    })
    .await
}

/// "Ask the practice for a new link" on an expired or replaced link's page: reaches the work list
/// and sends nothing. Once until somebody resends; the answer is the same however often.
pub async fn ask_for_new_link(app: &AppState, scope: &PracticeScope, by: By, key: Key) -> Result<(), Fault> {
    as_holder(app, scope, by, key, |c, pending, found| {
        let phase = found.access.phase(c.now());
        let is_waiting = matches!(phase, Phase::Invited | Phase::Expired | Phase::Locked);
        let view = found.view(c)?;
        let cannot_use = matches!(view, LinkView::Expired { .. } | LinkView::Replaced | LinkView::Locked);
        let is_offered = found.files.policy.self_help == SelfHelp::Ask;
        if !(is_waiting && cannot_use && is_offered) || found.access.asked_at.is_some() {
            return Ok(Written::Nothing(view));
        }
        let row = AccessRow { asked_at: Some(c.now()), ..found.access.clone() };
        pending.record_about(c, &row, phase.word(), AccessAction::Asked, serde_json::json!({}));
        pending.save(&row);
        Ok(Written::Change(view))
    })
    .await
    .map(drop)
}

/// What the holder of a link sees after an act of theirs.
enum Written {
    Change(LinkView),
    Nothing(LinkView),
}

/// One act of a link's holder in one transaction, with the chart locked.
async fn as_holder<F>(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    key: Key,
    act: F,
) -> Result<LinkView, Fault>
where
    F: Fn(&mut Scoped<'_>, &mut PendingWrites<'_>, &LinkContext) -> Result<Written, Fault> + Send + 'static,
{
    let inside = app.clone();
    let (view, chart) = app
        .db
        .write(scope, move |c| {
            let Some(found) = LinkContext::locked(c, &key)? else { return Ok((LinkView::Unknown, None)) };
            let mut pending = PendingWrites::new(&inside, &by, &found.files);
            match act(c, &mut pending, &found)? {
                Written::Nothing(view) => Ok((view, None)),
                Written::Change(view) => {
                    pending.write(c)?;
                    Ok((view, Some(found.access.chart_id)))
                }
            }
        })
        .await?;
    if let Some(chart) = chart {
        app.live.chart_changed(scope.id(), &chart);
    }
    Ok(view)
}
