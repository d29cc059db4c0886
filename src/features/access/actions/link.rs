//! The holder of a link: what they see, and what they can do besides registering.

use crate::features::access::actions::transitions::{Change, change};
use crate::features::access::actions::{DeclineAnswer, Disowning, Key, LinkView};
use crate::features::access::lifecycle::{Event, Phase};
use crate::features::access::mails;
use crate::features::access::store::{self, AccessRow, InvitationRow, InvitationState};
use crate::features::people::{AddressKind, ChartFile, Person, load_file};
use crate::features::practice::{self, SelfHelp};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::AccountId;
use crate::kernel::secrets::Token;
use crate::platform::audit::{self, By};
use crate::platform::db::{PracticeScope, Scoped};
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
            let found = key.as_ref().map(|key| LinkContext::by_key(c, key)).transpose()?.flatten();
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
        .read(scope, move |c| match LinkContext::by_key(c, &key)? {
            Some(found) => found.view(c),
            None => Ok(LinkView::Unknown),
        })
        .await
}

/// A link and what it leads to.
pub(super) struct LinkContext {
    pub(super) invitation: InvitationRow,
    pub(super) access: AccessRow,
    pub(super) file: ChartFile,
}

impl LinkContext {
    /// Only a correct token or code finds anything.
    pub(super) fn by_key(c: &mut Scoped<'_>, key: &Key) -> Result<Option<Self>, Fault> {
        let invitation = match key {
            Key::Token(token) => store::find_by_token(c, token)?,
            Key::Code(code) => store::find_by_code(c, code)?,
        };
        let Some(invitation) = invitation else { return Ok(None) };
        let damaged = || Fault::Damaged(format!("invitation {} leads nowhere", invitation.invitation_id));
        let access = store::load_access(c, &invitation.access_id)?.ok_or_else(damaged)?;
        let file = load_file(c, &access.chart_id)?.ok_or_else(damaged)?;
        Ok(Some(Self { invitation, access, file }))
    }

    /// The same, with the chart held until the end of the transaction and everything read after it
    /// was held.
    pub(super) fn held(c: &mut Scoped<'_>, key: &Key) -> Result<Option<Self>, Fault> {
        let Some(found) = Self::by_key(c, key)? else { return Ok(None) };
        store::lock_charts(c, std::slice::from_ref(&found.access.chart_id))?;
        Self::by_key(c, key)
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
        let practice = practice::load(c)?;
        let reader = self.reader();
        Ok(LinkView::Open {
            expires_at: self.invitation.expires_at,
            for_contact: self.access.person_id != self.file.client.person_id,
            has_account: self.account_elsewhere(c)?.is_some(),
            language: if reader.language.is_empty() {
                practice.language()
            } else {
                Language::read(&reader.language)
            },
            zone: mails::own_zone(reader),
        })
    }

    /// The invited person.
    fn reader(&self) -> &Person {
        self.file.person(&self.access.person_id).map_or(&self.file.client, |(person, _)| person)
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
        if self.file.chart.state != "open" {
            return Some(LinkView::Withdrawn);
        }
        match self.access.phase(c.now()) {
            Phase::Invited => None,
            Phase::Locked => Some(LinkView::Locked),
            Phase::Expired => Some(LinkView::Expired {
                expired_at: self.invitation.expires_at,
                asked: self.access.asked_at.is_some(),
                zone: mails::own_zone(self.reader()),
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
        let addresses = self.file.person(&self.access.person_id).map_or(&[][..], |(_, addresses)| addresses);
        addresses.iter().any(|a| a.kind == AddressKind::Email && a.may_mail && a.value_key == sent_to)
    }
}

/// "This isn't me" or "not now". A link that is not open any more keeps its page.
pub async fn decline(app: &AppState, scope: &PracticeScope, by: By, key: Key) -> Result<LinkView, Fault> {
    decline_saying(app, scope, by, key, None).await
}

/// The same, with which of the two it was, for the timeline.
pub async fn decline_saying(
    app: &AppState,
    scope: &PracticeScope,
    by: By,
    key: Key,
    answer: Option<DeclineAnswer>,
) -> Result<LinkView, Fault> {
    let (view, chart) = app
        .db
        .write(scope, move |c| {
            let Some(mut found) = LinkContext::held(c, &key)? else { return Ok((LinkView::Unknown, None)) };
            if let Some(closed) = found.closed(c) {
                return Ok((closed, None));
            }
            let event = Event::Decline { generation: found.invitation.generation };
            // closed() has asked the same questions; should they ever differ, nothing happens.
            let Ok(Change { mut told, .. }) =
                change(c, &by, &mut found.access, event, "access.declined", "")?
            else {
                return Ok((LinkView::Withdrawn, None));
            };
            if let Some(answer) = answer {
                told.details["answer"] = serde_json::json!(answer);
            }
            audit::record(c, told)?;
            Ok((LinkView::Declined, Some(found.access.chart_id)))
        })
        .await?;
    if let Some(chart) = chart {
        app.live.chart_changed(scope.id(), &chart);
    }
    Ok(view)
}

/// "That was not me", about the registration through this link (IDP-04): its sign-in goes, its sessions
/// end, and staff see it where the declined invitations stand. A link that says nothing of the kind keeps
/// its page.
pub async fn disown(app: &AppState, scope: &PracticeScope, by: By, key: Key) -> Result<LinkView, Fault> {
    let (view, chart) = app
        .db
        .write(scope, move |c| {
            let Some(mut found) = LinkContext::held(c, &key)? else { return Ok((LinkView::Unknown, None)) };
            let view = found.view(c)?;
            if view != LinkView::Used(Disowning::Open) {
                return Ok((view, None));
            }
            let event = Event::Disown { generation: found.invitation.generation };
            // view() has asked the same questions; should they ever differ, nothing happens.
            let Ok(Change { mut told, .. }) =
                change(c, &by, &mut found.access, event, "access.disowned", "")?
            else {
                return Ok((view, None));
            };
            told.details["answer"] = serde_json::json!("disowned");
            audit::record(c, told)?;
            Ok((LinkView::Disowned, Some(found.access.chart_id)))
        })
        .await?;
    if let Some(chart) = chart {
        app.live.chart_changed(scope.id(), &chart);
    }
    Ok(view)
}

/// "Ask the practice for a new link" on an expired or replaced link's page: reaches the work list
/// and sends nothing. Once until somebody resends; the answer is the same however often.
pub async fn ask_for_new_link(app: &AppState, scope: &PracticeScope, by: By, key: Key) -> Result<(), Fault> {
    let chart = app
        .db
        .write(scope, move |c| {
            let Some(mut found) = LinkContext::held(c, &key)? else { return Ok(None) };
            let now = c.now();
            let phase = found.access.phase(now);
            let is_waiting = matches!(phase, Phase::Invited | Phase::Expired | Phase::Locked);
            let cannot_use = found.closed(c).is_some_and(|v| {
                matches!(v, LinkView::Expired { .. } | LinkView::Replaced | LinkView::Locked)
            });
            let is_offered = practice::load(c)?.policy().self_help == SelfHelp::Ask;
            if !(is_waiting && cannot_use && is_offered) || found.access.asked_at.is_some() {
                return Ok(None);
            }
            found.access.asked_at = Some(now);
            store::save_access(c, &mut found.access)?;
            audit::record(
                c,
                audit::Event {
                    access: Some(found.access.access_id.clone()),
                    old_state: phase.word().into(),
                    new_state: phase.word().into(),
                    ..audit::Event::new(by.clone(), "access.asked").on_chart(&found.access.chart_id)
                },
            )?;
            Ok(Some(found.access.chart_id))
        })
        .await?;
    if let Some(chart) = chart {
        app.live.chart_changed(scope.id(), &chart);
    }
    Ok(())
}
