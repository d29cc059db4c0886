//! The holder of a link: what they see, and what they can do besides registering.

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
/// What comes from there after that waits [`sign_in::TIRED_WAITS`], good links as well, and is then
/// answered like any other: a waiting room is one address, so nobody is shut out.
const UNKNOWN_LINKS: Limit = Limit { most: 20, seconds: 60 };

/// Days after a registration in which the holder of its link can say that it was not them: as long as the
/// mail about it is likely to be read, and no longer, since an old mail should shut nobody out.
const DISOWNED_WITHIN_DAYS: i64 = 30;

/// What somebody at a network address finds behind a link or a code; nothing stands for a text that
/// cannot be one. Changes nothing but the count of those that lead nowhere.
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
        .read(scope, move |c| {
            let found = key.as_ref().map(|key| LinkContext::load(c, key)).transpose()?.flatten();
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

/// What stands behind a link. Reads only, and counts nothing: for those who know that it is theirs.
pub async fn look_at_link(app: &AppState, scope: &PracticeScope, token: &Token) -> Result<LinkView, Fault> {
    let key = Key::Token(token.clone());
    app.db
        .read(scope, move |c| match LinkContext::load(c, &key)? {
            Some(found) => found.view(c),
            None => Ok(LinkView::Unknown),
        })
        .await
}

/// A link and what it leads to.
pub(super) struct LinkContext {
    pub(super) invitation: InvitationRow,
    pub(super) access: AccessRow,
    pub(super) chart: Chart,
    pub(super) client: Person,
    /// The invited person; the client, should that person be gone.
    pub(super) reader: Person,
    pub(super) files: ChartBatch,
}

impl LinkContext {
    /// Only a correct token or code finds anything.
    fn find(c: &mut Scoped<'_>, key: &Key) -> Result<Option<(InvitationRow, AccessRow)>, Fault> {
        let invitation = match key {
            Key::Token(token) => store::find_by_token(c, token)?,
            Key::Code(code) => store::find_by_code(c, code)?,
        };
        let Some(invitation) = invitation else { return Ok(None) };
        match store::load_access(c, &invitation.access_id)? {
            Some(access) => Ok(Some((invitation, access))),
            None => Err(Fault::Damaged(format!("invitation {} leads nowhere", invitation.invitation_id))),
        }
    }

    /// What stands behind a link, for reading.
    pub(super) fn load(c: &mut Scoped<'_>, key: &Key) -> Result<Option<Self>, Fault> {
        let Some((invitation, access)) = Self::find(c, key)? else { return Ok(None) };
        let files = ChartBatch::load(c, std::slice::from_ref(&access.chart_id))?;
        let damaged = || Fault::Damaged(format!("invitation {} leads nowhere", invitation.invitation_id));
        let chart = files.chart(&access.chart_id).ok_or_else(damaged)?.clone();
        let client = files.person(&chart.person_id).ok_or_else(damaged)?.clone();
        let reader = files.person(&access.person_id).unwrap_or(&client).clone();
        Ok(Some(Self { invitation, access, chart, client, reader, files }))
    }

    /// The same, with the chart locked until the end of the transaction and everything read after that.
    pub(super) fn locked(c: &mut Scoped<'_>, key: &Key) -> Result<Option<Self>, Fault> {
        let Some((_, access)) = Self::find(c, key)? else { return Ok(None) };
        lock(c, Lock::Charts(std::slice::from_ref(&access.chart_id)))?;
        Self::load(c, key)
    }

    /// The account that the invited person has from another chart of this practice.
    pub(super) fn account_elsewhere(&self, c: &mut Scoped<'_>) -> Result<Option<AccountId>, Fault> {
        let rows = store::access_of_people(c, std::slice::from_ref(&self.access.person_id))?;
        Ok(rows.into_iter().find_map(|row| row.account_id))
    }

    /// The true state, for the holder of a correct link.
    pub(super) fn view(&self, c: &mut Scoped<'_>) -> Result<LinkView, Fault> {
        if let Some(closed) = self.closed(c) {
            return Ok(closed);
        }
        Ok(LinkView::Open {
            expires_at: self.invitation.expires_at,
            for_contact: self.access.person_id != self.client.person_id,
            has_account: self.account_elsewhere(c)?.is_some(),
            language: if self.reader.language.is_empty() {
                self.files.practice.language()
            } else {
                Language::read(&self.reader.language)
            },
            zone: mails::own_zone(&self.reader),
        })
    }

    /// What stands against it, if anything does.
    pub(super) fn closed(&self, c: &Scoped<'_>) -> Option<LinkView> {
        match self.invitation.state {
            InvitationState::Superseded => return Some(LinkView::Replaced),
            InvitationState::Accepted => return Some(self.used(c.now())),
            InvitationState::Withdrawn | InvitationState::AddressChanged => return Some(LinkView::Withdrawn),
            InvitationState::Declined => return Some(LinkView::Declined),
            InvitationState::Live => {}
        }
        // A closed chart shuts every link to it, whoever closed it and however.
        if self.chart.state != "open" {
            return Some(LinkView::Withdrawn);
        }
        match self.access.phase(c.now()) {
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

    fn used(&self, now: Timestamp) -> LinkView {
        let is_newest = self.invitation.generation == self.access.generation;
        // What staff gave back since was looked at by them, and is no longer what this registration made.
        let is_fresh = self.invitation.ended_at.is_some_and(|used| {
            now < used.plus_hours(24 * DISOWNED_WITHIN_DAYS) && self.access.since_at <= used
        });
        match self.access.phase(now) {
            Phase::Declined if is_newest => LinkView::Disowned,
            Phase::Active if is_newest && is_fresh && self.is_still_theirs() => {
                LinkView::Used(Disowning::Open)
            }
            _ => LinkView::Used(Disowning::Over),
        }
    }

    /// Is the address that the link went to still one of the person's that mail may go to? Who reads a
    /// mailbox that was taken off the face sheet has no say any more.
    fn is_still_theirs(&self) -> bool {
        let Some(sent_to) = self.invitation.address.as_ref().map(EmailAddress::key) else { return false };
        let person = &self.access.person_id;
        self.files.family(&self.chart).contains(person)
            && self.files.mailable(person).any(|a| a.value_key == sent_to)
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
        if let Some(closed) = found.closed(c) {
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
/// end, and staff see it where the declined invitations stand. A link that says nothing of the kind keeps
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
