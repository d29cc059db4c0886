//! Where decisions of the life cycle become rows. Every act on a grant ends in [`PendingWrites::apply`].

use jiff::civil::Date;

use crate::features::access::accounts;
use crate::features::access::actions::holder::Key;
use crate::features::access::actions::outcome::{Link, Sent};
use crate::features::access::ahead_store;
use crate::features::access::audit::AccessAction;
use crate::features::access::chart_batch::ChartBatch;
use crate::features::access::doubt::Doubt;
use crate::features::access::due_store::jobs_of;
use crate::features::access::lifecycle::{Decision, Effect, Ending, State};
use crate::features::access::mails::{self, AccessMail, AccessNews, MailContext, Reader, RegisteredBy};
use crate::features::access::news::CLOSED_CHART;
use crate::features::access::owner_preview::Consequence;
use crate::features::access::reminders;
use crate::features::access::store::{self, AccessRow, Channel, EndedBy, InvitationRow, InvitationState};
use crate::features::people::{self, put_email_first};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, AccountId, ChartId, InvitationId, PersonId, PracticeId};
use crate::kernel::secrets::{ShortCode, Token};
use crate::platform::audit::{self, By};
use crate::platform::db::{Lock, Scoped, lock};
use crate::platform::fault::{Fault, is_duplicate};
use crate::platform::jobs::{self, JobKind, NewJob};
use crate::platform::mail::MailBody;
use crate::platform::outbox::{self, MailReader, NewMail, Subject};
use crate::platform::state::App;
use crate::platform::web::session::{self, Audience};

/// What an act says about a change besides the decision.
pub(super) struct Change<'a> {
    /// The trail's word.
    pub action: AccessAction,
    /// Why, in somebody's own words; may be empty.
    pub reason: &'a str,
    /// What else the trail keeps: a JSON object.
    pub details: serde_json::Value,
    /// What the decision's effects need.
    pub brings: Brings<'a>,
}

impl Change<'_> {
    /// A change without reason or details, whose effects need nothing.
    pub fn plain(action: AccessAction) -> Self {
        Self { action, reason: "", details: serde_json::json!({}), brings: Brings::Nothing }
    }
}

/// What the effects of a decision need from outside.
pub(super) enum Brings<'a> {
    Nothing,
    /// A new link goes to this address.
    LinkTo(&'a EmailAddress),
    /// A new link is printed.
    LinkOnPaper,
    /// Somebody registers.
    SignIn(SignIn<'a>),
}

/// The account of somebody who registers.
pub(super) struct SignIn<'a> {
    /// The practice where the account was made.
    pub home: PracticeId,
    pub account: &'a AccountId,
    pub name: &'a str,
    /// What they registered with.
    pub key: &'a Key,
}

/// An address for a face sheet.
pub(super) struct NewEmail {
    pub chart: ChartId,
    pub person: PersonId,
    pub address: EmailAddress,
    pub in_place_of: Option<EmailAddress>,
}

/// Marks an address as refused by its reader, or clears the mark.
struct Refusal {
    person: PersonId,
    address: EmailAddress,
    at: Option<Timestamp>,
}

/// Everything that one transaction writes about grants, gathered, so that each table is written in one
/// go, whether it is one grant or five hundred.
pub(super) struct PendingWrites<'a> {
    app: &'a App,
    by: &'a By,
    files: &'a ChartBatch,
    ended: Vec<(AccessId, InvitationState)>,
    fresh: Vec<AccessRow>,
    changed: Vec<AccessRow>,
    sessions_end: Vec<AccountId>,
    sign_ins_go: Vec<(PracticeId, AccountId)>,
    invitations: Vec<InvitationRow>,
    emails: Vec<NewEmail>,
    refused: Vec<Refusal>,
    mails: Vec<NewMail>,
    jobs: Vec<NewJob>,
    no_reminder: Vec<AccessId>,
    events: Vec<audit::Event>,
}

/// The place that an invitation's token is sealed for.
pub(super) fn sealed_for(practice: &PracticeId, invitation: &InvitationId) -> String {
    format!("{practice}/invitation/sealed_token/{invitation}")
}

/// What ended a grant or its invitation, where it was not the staff's own wish.
fn ended_by(action: AccessAction) -> Option<EndedBy> {
    match action {
        AccessAction::AddressChanged => Some(EndedBy::AddressChanged),
        AccessAction::OwnershipMoved => Some(EndedBy::OwnershipMoved),
        AccessAction::Disowned => Some(EndedBy::Disowned),
        AccessAction::Left => Some(EndedBy::Holder),
        _ => None,
    }
}

impl From<Ending> for InvitationState {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Superseded => Self::Superseded,
            Ending::Accepted => Self::Accepted,
            Ending::Withdrawn => Self::Withdrawn,
            Ending::Declined => Self::Declined,
            Ending::AddressChanged => Self::AddressChanged,
        }
    }
}

impl<'a> PendingWrites<'a> {
    pub fn new(app: &'a App, by: &'a By, files: &'a ChartBatch) -> Self {
        Self {
            app,
            by,
            files,
            ended: Vec::new(),
            fresh: Vec::new(),
            changed: Vec::new(),
            sessions_end: Vec::new(),
            sign_ins_go: Vec::new(),
            invitations: Vec::new(),
            emails: Vec::new(),
            refused: Vec::new(),
            mails: Vec::new(),
            jobs: Vec::new(),
            no_reminder: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The charts that this transaction has loaded.
    pub fn files(&self) -> &'a ChartBatch {
        self.files
    }

    /// The same with nothing gathered, to see what a change would gather.
    pub fn trial(&self) -> Self {
        Self::new(self.app, self.by, self.files)
    }

    /// A grant as it would be written.
    pub fn saved(&self, id: &AccessId) -> Option<&AccessRow> {
        self.changed.iter().chain(&self.fresh).rfind(|row| row.access_id == *id)
    }

    /// What would happen to the holder of a grant besides a change of their rights.
    pub fn consequences_for(&self, row: &AccessRow) -> Vec<Consequence> {
        let is_mailed = |kind: AccessMail| {
            self.mails
                .iter()
                .any(|mail| mail.kind.word() == kind.word() && mail.access == Some(row.access_id))
        };
        let happens = |what: &Consequence| match what {
            Consequence::SignedOut => row.account_id.is_some_and(|id| self.sessions_end.contains(&id)),
            Consequence::LinkEnds => self.ended.iter().any(|(access, _)| *access == row.access_id),
            Consequence::MailEnded => is_mailed(AccessNews::Ended.kind()),
            Consequence::MailOthersChanged => is_mailed(AccessMail::OthersChanged),
        };
        Consequence::ALL.iter().copied().filter(happens).collect()
    }

    /// Changes a grant as the life cycle decided, with every effect of the decision. Gives the new link,
    /// if one was made. A decision that changes nothing leaves no event.
    pub fn apply(
        &mut self,
        c: &Scoped<'_>,
        row: &mut AccessRow,
        decision: &Decision,
        change: &Change<'_>,
    ) -> Result<Option<Link>, Fault> {
        let before = row.phase(c.now()).word();
        let account = row.account_practice_id.clone().zip(row.account_id.clone());
        let is_unchanged = decision.effects.is_empty() && decision.grant == row.grant();
        row.set_grant(&decision.grant, c.now(), &self.by.actor.name());
        row.ended_by = ended_by(change.action).or(row.ended_by);
        if !change.reason.is_empty() && row.paused_at.is_some() {
            change.reason.clone_into(&mut row.paused_reason);
        } else if !change.reason.is_empty() && !row.is_out() {
            change.reason.clone_into(&mut row.reason);
        }
        if let Brings::SignIn(sign_in) = &change.brings {
            row.account_practice_id = Some(sign_in.home);
            row.account_id = Some(sign_in.account.clone());
            row.registered_at = Some(c.now());
            row.asked_at = None;
        }
        let mut link = None;
        for effect in &decision.effects {
            match effect {
                Effect::EndLink(ending) => self.ended.push((row.access_id.clone(), (*ending).into())),
                Effect::NewLink { generation, expires_at } => {
                    link = Some(self.new_link(c, row, *generation, *expires_at, &change.brings)?);
                }
                Effect::StopReminders => {
                    row.not_now_at = Some(c.now());
                    self.no_reminder.push(row.access_id);
                }
                Effect::MarkAddressRefused => self.refuse_address(c, row),
                Effect::EndSessions => self.sessions_end.extend(account.iter().map(|(_, id)| id.clone())),
                Effect::RemoveSignIn => self.sign_ins_go.extend(account.clone()),
                Effect::MailRestored => self.mail_restored(row),
                Effect::MailPaused => self.mail_news(row, AccessNews::Paused),
                Effect::MailEnded => self.mail_news(row, AccessNews::Ended),
                Effect::MailRegistered => self.mail_registered(c, row, &change.brings)?,
            }
        }
        if !is_unchanged {
            let mut details = serde_json::json!({ "generation": row.generation });
            if !change.reason.is_empty() {
                details["reason"] = serde_json::json!(change.reason);
            }
            if let (Some(all), Some(more)) = (details.as_object_mut(), change.details.as_object()) {
                all.extend(more.clone());
            }
            self.record_about(c, row, before, change.action, details);
        }
        self.save(row);
        Ok(link)
    }

    /// Saves a grant unchanged by the life cycle.
    pub fn save(&mut self, row: &AccessRow) {
        let is_new = self.files.grant(&row.chart_id, &row.person_id).is_none();
        if is_new { &mut self.fresh } else { &mut self.changed }.push(row.clone());
    }

    /// Adds an event about a grant, which was in the state `before`.
    pub fn record_about(
        &mut self,
        c: &Scoped<'_>,
        row: &AccessRow,
        before: &'static str,
        action: AccessAction,
        details: serde_json::Value,
    ) {
        self.events.push(audit::Event {
            access: Some(row.access_id.clone()),
            old_state: before.into(),
            new_state: row.phase(c.now()).word().into(),
            ..audit::Event::new(self.by.clone(), action).on_chart(&row.chart_id).with(details)
        });
    }

    /// Adds any other event.
    pub fn record(&mut self, event: audit::Event) {
        self.events.push(event);
    }

    /// Puts an address first on a face sheet.
    pub fn put_email(&mut self, email: NewEmail) {
        self.emails.push(email);
    }

    /// Tells an address that it is no longer this person's (INV-08), unless mail never arrived there.
    pub fn tell_former_address(&mut self, row: &AccessRow, former: &EmailAddress, dedupe_key: String) {
        let Some(context) = self.context(row) else { return };
        let letter = mails::address_changed(context);
        self.mail(AccessMail::AddressChanged, dedupe_key, row, former.clone(), None, letter);
    }

    fn context(&self, row: &AccessRow) -> Option<MailContext<'a>> {
        let files = self.files;
        let person = files.person(&row.person_id)?;
        Some(MailContext { practice: &files.practice, policy: &files.policy, person })
    }

    fn mail(
        &mut self,
        kind: AccessMail,
        dedupe_key: String,
        row: &AccessRow,
        recipient: EmailAddress,
        subject: Option<Subject>,
        letter: MailBody,
    ) {
        let (chart, access) = (Some(row.chart_id.clone()), Some(row.access_id.clone()));
        let (kind, reader) = (kind.into(), MailReader::Grant(row.access_id));
        self.mails.push(NewMail { kind, dedupe_key, chart, access, subject, reader, recipient, letter });
    }

    fn new_link(
        &mut self,
        c: &Scoped<'_>,
        row: &mut AccessRow,
        generation: i32,
        expires_at: Timestamp,
        brings: &Brings<'_>,
    ) -> Result<Link, Fault> {
        let address = match brings {
            Brings::LinkTo(address) => Some((*address).clone()),
            Brings::LinkOnPaper => None,
            Brings::Nothing | Brings::SignIn(_) => return Err(Fault::other("a new link goes nowhere")),
        };
        let (now, practice) = (c.now(), c.practice().clone());
        let invitation = InvitationId::fresh(c.rng(), now);
        let token = Token::fresh(c.rng());
        // Only a mail is ever repeated by a reminder, and only a letter is typed in.
        let (channel, sealed_token, code) = match &address {
            Some(_) => {
                let place = sealed_for(&practice, &invitation);
                let sealed = self.app.keys.seal(&place, token.reveal().as_bytes(), c.rng())?;
                (Channel::Mail, Some(sealed), None)
            }
            None => (Channel::Letter, None, Some(ShortCode::fresh(c.rng()))),
        };
        row.invited_address.clone_from(&address);
        row.asked_at = None;
        self.invitations.push(InvitationRow {
            practice_id: practice,
            invitation_id: invitation.clone(),
            access_id: row.access_id.clone(),
            generation,
            channel,
            state: InvitationState::Live,
            token_hash: token.hash(),
            code_hash: code.as_ref().map(ShortCode::hash),
            address: address.clone(),
            sent_at: now,
            expires_at,
            sent_by_name: self.by.actor.name(),
            opened_at: None,
            ended_at: None,
            sealed_token,
            differed: String::new(),
        });
        if let Some(address) = &address {
            // Staff have looked at it, or it would not come to this.
            if self.files.marks(&row.person_id, address).contains(&Doubt::Refused) {
                let (person, address) = (row.person_id.clone(), address.clone());
                self.refused.push(Refusal { person, address, at: None });
            }
            let context = self
                .context(row)
                .ok_or_else(|| Fault::Damaged(format!("grant {} has no person", row.access_id)))?;
            let is_client =
                self.files.chart(&row.chart_id).is_some_and(|chart| chart.person_id == row.person_id);
            let reader = if is_client { Reader::Client } else { Reader::Contact };
            let zone = mails::zone_of(context.person, context.practice);
            let first = reminders::next(context.policy, &zone, now, expires_at, &[], now);
            let reminder_at = first.map_or(expires_at, |due| due.at);
            self.jobs.extend(jobs_of(&invitation, reminder_at, expires_at));
            let letter = mails::invitation(self.app, context, reader, &token, expires_at);
            let key = format!("access.invitation/{invitation}");
            self.mail(
                AccessMail::Invitation,
                key,
                row,
                address.clone(),
                Some(store::subject_of(&invitation)),
                letter,
            );
        }
        let sent = Sent {
            chart: row.chart_id.clone(),
            access: row.access_id.clone(),
            invitation,
            generation,
            address,
            expires_at,
        };
        Ok(Link { sent, token, code })
    }

    fn refuse_address(&mut self, c: &Scoped<'_>, row: &AccessRow) {
        let (person, at) = (row.person_id.clone(), Some(c.now()));
        self.refused.extend(row.invited_address.clone().map(|address| Refusal { person, address, at }));
    }

    /// Where a mail to the holder of a grant goes now.
    fn address_on_file(&self, row: &AccessRow) -> Option<EmailAddress> {
        self.files.address(&row.person_id, row.invited_address.as_ref())
    }

    fn mail_restored(&mut self, row: &AccessRow) {
        let (Some(recipient), Some(context)) = (self.address_on_file(row), self.context(row)) else { return };
        let letter = mails::restored(self.app, context);
        let key = format!("access.restored/{}/{}", row.access_id, row.version + 1);
        let subject = Some(AccessNews::Changed.subject(&row.access_id));
        self.mail(AccessMail::Restored, key, row, recipient, subject, letter);
    }

    /// Tells the holder of a grant what became of it, and the client whose chart it opens that somebody's access
    /// was changed. Who has no access of their own hears nothing, nor does an address that mail does not reach
    /// or that somebody else reads.
    pub fn mail_news(&mut self, row: &AccessRow, news: AccessNews) {
        let key = |kind: AccessMail| format!("{kind}/{}/{}", row.access_id, row.version + 1);
        if let (Some(recipient), Some(context)) = (self.sound_address(row), self.context(row)) {
            let (kind, letter) = (news.kind(), mails::access_news(self.app, context, news));
            self.mail(kind, key(kind), row, recipient, Some(news.subject(&row.access_id)), letter);
        }
        let files = self.files;
        let own = files.chart(&row.chart_id).and_then(|chart| files.grant(&row.chart_id, &chart.person_id));
        let own = own.filter(|own| own.person_id != row.person_id);
        let Some(own) = own.filter(|own| own.state == State::Active && own.paused_at.is_none()) else {
            return;
        };
        if let (Some(recipient), Some(context)) = (self.sound_address(own), self.context(own)) {
            let (kind, letter) = (AccessMail::OthersChanged, mails::others_changed(context));
            let subject = Some(AccessNews::Changed.subject(&own.access_id));
            self.mail(kind, key(kind), own, recipient, subject, letter);
        }
    }

    /// Tells the holder of a grant that the chart was closed.
    pub fn mail_chart_closed(&mut self, c: &Scoped<'_>, row: &AccessRow, until: Option<Date>) {
        let (Some(recipient), Some(context)) = (self.sound_address(row), self.context(row)) else { return };
        let kind = AccessMail::ChartClosed;
        let key = format!("{kind}/{}/{}", row.access_id, c.now().micros());
        let subject = Some(Subject { kind: CLOSED_CHART.word, id: row.access_id.uuid() });
        let letter = mails::chart_closed(self.app, context, until);
        self.mail(kind, key, row, recipient, subject, letter);
    }

    /// Where a mail to the holder of a grant goes, if nothing is known against that address.
    fn sound_address(&self, row: &AccessRow) -> Option<EmailAddress> {
        self.address_on_file(row).filter(|address| self.files.marks(&row.person_id, address).is_empty())
    }

    fn mail_registered(&mut self, c: &Scoped<'_>, row: &AccessRow, brings: &Brings<'_>) -> Result<(), Fault> {
        let Brings::SignIn(sign_in) = brings else {
            return Err(Fault::other("a registration comes without a sign-in"));
        };
        let (Some(recipient), Some(context)) = (self.address_on_file(row), self.context(row)) else {
            return Ok(());
        };
        let by = match sign_in.key {
            Key::Token(token) => RegisteredBy::Link(token),
            Key::Code(_) => RegisteredBy::Code,
        };
        let letter = mails::registered(self.app, context, by, sign_in.name, c.now());
        let key = format!("access.registered/{}/{}", row.access_id, row.generation);
        self.mail(AccessMail::Registered, key, row, recipient, None, letter);
        Ok(())
    }

    /// Writes it all. Two transactions that made the same grant or link at once are a lost race: the one
    /// that is run again finds what the other made.
    pub fn write(self, c: &mut Scoped<'_>) -> Result<(), Fault> {
        self.write_tables(c).map_err(|fault| match fault {
            Fault::Database(error) if is_duplicate(&error) => {
                Fault::lost_race("two made a grant or a link at once")
            }
            other => other,
        })
    }

    fn write_tables(mut self, c: &mut Scoped<'_>) -> Result<(), Fault> {
        self.end_links(c)?;
        store::insert_access(c, &self.fresh)?;
        for row in &mut self.changed {
            store::save_access(c, row)?;
        }
        for rows in [&self.fresh, &self.changed] {
            ahead_store::look_again(c, rows)?;
        }
        for account in &self.sessions_end {
            // A sign-in at the same moment either came first, and its session ends with the others, or
            // reads the grant after this change. Sessions of another home practice see the change at
            // their next request.
            lock(c, Lock::Account(account))?;
            session::end_all(c, Audience::Client, &account.to_string())?;
        }
        for account in &self.sign_ins_go {
            accounts::remove_unused(c, account)?;
        }
        store::insert_invitations(c, &self.invitations)?;
        self.stop_reminders(c)?;
        jobs::plan(c, &self.jobs)?;
        for NewEmail { chart, person, address, in_place_of } in &self.emails {
            put_email_first(c, chart, person, address, in_place_of.as_ref())?;
        }
        for Refusal { person, address, at } in &self.refused {
            people::set_refused(c, person, &address.key(), *at)?;
        }
        outbox::enqueue_many(self.app, c, self.mails)?;
        audit::record_many(c, self.events)
    }

    /// Ends the live generations, and their mails that have not left.
    fn end_links(&mut self, c: &mut Scoped<'_>) -> Result<(), Fault> {
        let grants: Vec<AccessId> = self.ended.iter().map(|(access, _)| access.clone()).collect();
        if grants.is_empty() {
            return Ok(());
        }
        let live = store::live_invitations(c, &grants)?;
        for state in InvitationState::ALL {
            let is_ended =
                |access: &AccessId| self.ended.iter().any(|(id, as_)| id == access && as_ == state);
            let ids: Vec<InvitationId> =
                live.iter().filter(|(access, _)| is_ended(access)).map(|(_, id)| id.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            if store::end_invitations(c, &ids, *state)? != ids.len() {
                return Err(Fault::lost_race("a link was ended by somebody else"));
            }
        }
        for (_, invitation) in &live {
            outbox::cancel_about(c, &store::subject_of(invitation))?;
        }
        // The address of an unused invitation is forgotten later; that of a used one is kept.
        let is_used = |access: &AccessId| self.ended.contains(&(*access, InvitationState::Accepted));
        let (used, unused): (Vec<_>, Vec<_>) = live.iter().partition(|(access, _)| is_used(access));
        let subjects = |links: Vec<&(AccessId, InvitationId)>| -> Vec<uuid::Uuid> {
            links.into_iter().map(|(_, invitation)| invitation.uuid()).collect()
        };
        for (kinds, links) in [
            (&[JobKind::InvitationReminder][..], subjects(unused)),
            (&[JobKind::InvitationReminder, JobKind::InvitationForget][..], subjects(used)),
        ] {
            if !links.is_empty() {
                jobs::cancel(c, kinds, &links)?;
            }
        }
        Ok(())
    }

    /// No reminder of a link whose holder has answered "not now".
    fn stop_reminders(&self, c: &mut Scoped<'_>) -> Result<(), Fault> {
        if self.no_reminder.is_empty() {
            return Ok(());
        }
        let live = store::live_invitations(c, &self.no_reminder)?;
        let links: Vec<uuid::Uuid> = live.iter().map(|(_, invitation)| invitation.uuid()).collect();
        jobs::cancel(c, &[JobKind::InvitationReminder], &links)
    }
}
