//! One grant as staff pages and the API show it: state, delivery, timeline, what can be done.

use jiff::civil::Date;

use crate::features::access::accounts;
use crate::features::access::actions::GrantTerms;
use crate::features::access::address_use::{address_on_file, marks_of};
use crate::features::access::age::AssentRule;
use crate::features::access::ahead::{Narrowing, narrows_next};
use crate::features::access::audit::AccessAction;
use crate::features::access::chart_batch::left_of;
use crate::features::access::doubt::Doubt;
use crate::features::access::identity::{Field, lacking};
use crate::features::access::lifecycle::{Phase, is_over};
use crate::features::access::limits_store::{
    Here, Kept, Limits, Part2Consent, here, part2_of, withheld_from,
};
use crate::features::access::mails::zone_of;
use crate::features::access::permission::{
    Assent, ChartStanding, ClientFacts, Closed, closed_by, ends_at_majority,
};
use crate::features::access::reminders;
use crate::features::access::store::{self, AccessRow, Channel, EndedBy, GrantRole, InvitationRow};
use crate::features::people::{
    Address, ChartFile, ContactMode, MailWishes, Person, addresses_of, load_file, load_person,
};
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{AccessId, AccountId, ChartId, PersonId};
use crate::platform::audit::{self, Recorded};
use crate::platform::audit_action::{Action, Reason, Tone};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::outbox::{self, Delivery, LINK_OVER, MailAction, MailState};

/// See the module.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The grant; `None` while nobody was ever invited.
    pub access_id: Option<AccessId>,
    /// Its chart.
    pub chart_id: ChartId,
    /// Whose.
    pub person_id: PersonId,
    /// Their full name, for staff.
    pub person_name: String,
    /// Owner or representative.
    pub role: GrantRole,
    /// What people see.
    pub phase: Phase,
    /// The newest generation; 0 before the first.
    pub generation: i32,
    /// Counts the changes of the row; 0 while there is none.
    pub version: i64,
    /// By what right it is held, what it allows and when; `None` while there is no row.
    pub terms: Option<GrantTerms>,
    /// Why a registered holder sees nothing now.
    pub closed: Option<Closed>,
    /// The day on which it ends by itself because the client becomes an adult.
    pub ends_at_majority: Option<Date>,
    /// The next day on which it opens less by itself.
    pub narrows: Option<Narrowing>,
    /// Whether the minor has agreed, where the rule in force asks for that.
    pub assent: Option<Assent>,
    /// What is withheld from it today.
    pub withheld: Vec<Kept>,
    /// The client's consent under 42 CFR Part 2 that holds today.
    pub part2: Option<Part2Consent>,
    /// Since when staff have paused it, who did and why.
    pub paused: Option<(Timestamp, String, String)>,
    /// Since when it is in this state (for "expired": since its end); the chart's age before the first.
    pub since: Timestamp,
    /// Who brought it there; empty for the client's side.
    pub by_name: String,
    /// Why (revoked).
    pub reason: String,
    /// The address of the newest invitation; `None` for a printed letter.
    pub address: Option<String>,
    /// The address that an invitation would go to now.
    pub address_on_file: Option<String>,
    /// What is known against that address, where mail goes there.
    pub address_marks: Vec<Doubt>,
    /// Where mail to them goes.
    pub mail_route: MailRoute,
    /// What mail they want.
    pub wishes: MailWishes,
    /// What the identity check needs and the chart has not (last name, birth date).
    pub lacks: Vec<Field>,
    /// When the newest invitation was sent.
    pub sent_at: Option<Timestamp>,
    /// Who sent it.
    pub sent_by: String,
    /// By mail or as a letter.
    pub channel: Option<Channel>,
    /// What ended it (canceled, declined, no portal access), where staff did not mean to end it as such.
    pub ended_by: Option<EndedBy>,
    /// When the holder of the newest link answered "not now"; no reminder goes out after that.
    pub not_now_at: Option<Timestamp>,
    /// Until when its link is (or was) good.
    pub expires_at: Option<Timestamp>,
    /// Failed checks on it.
    pub mismatches: i32,
    /// May a locked link be opened again? Not once its time is over.
    pub may_unlock: bool,
    /// When its holder asked for a new link.
    pub asked_at: Option<Timestamp>,
    /// The account behind it, once registered.
    pub account_id: Option<AccountId>,
    /// The account's sign-in name.
    pub sign_in_name: Option<String>,
    /// When they registered for this chart.
    pub registered_at: Option<Timestamp>,
    /// Last sign-in of the account.
    pub last_sign_in_at: Option<Timestamp>,
    /// The newest mail with the newest link (the invitation, or its reminder).
    pub mail: Option<MailState>,
    /// Resends that a day has.
    pub resends_a_day: i32,
    /// Resends left today.
    pub resends_left: i32,
    /// When the next one is possible, where none is left.
    pub next_resend_at: Option<Timestamp>,
    /// When the next automatic reminder goes out.
    pub next_reminder_at: Option<Timestamp>,
    /// Everything that happened, oldest first.
    pub timeline: Vec<TimelineEntry>,
}

/// What a line of the timeline tells; the catalogue has `timeline-access-invited` and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Something about the grant.
    Access(AccessAction),
    /// What became of a mail.
    Mail(MailAction),
}

impl Happening {
    /// `None` for an event of another feature: who may know of it is that feature's to say, as of a document.
    fn read(word: &str) -> Option<Self> {
        let access = || word.parse().map(Self::Access);
        access().or_else(|_| word.parse().map(Self::Mail)).ok()
    }

    fn action(&self) -> Action {
        match self {
            Self::Access(action) => action.action(),
            Self::Mail(action) => action.action(),
        }
    }

    /// The trail's word.
    pub fn word(&self) -> &str {
        match self {
            Self::Access(action) => action.word(),
            Self::Mail(action) => action.word(),
        }
    }

    /// Its colour.
    pub fn tone(&self) -> Tone {
        self.action().tone
    }
}

/// One line of the timeline.
#[derive(Clone, Debug)]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
    /// By whom; empty for the client's side.
    pub by_name: String,
    /// Details for its words (which field differed, the address, a reason).
    pub details: serde_json::Value,
}

/// Where mail of the program to the holder of a grant goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailRoute {
    /// To an address of the face sheet.
    FaceSheet,
    /// They are in safe contact: to this address alone.
    Safe(String),
    /// They are in safe contact, and no address is safe.
    Nowhere,
}

impl MailRoute {
    /// To this person.
    pub fn to(person: &Person) -> Self {
        match (person.contact_mode, &person.safe_address) {
            (ContactMode::Normal, _) => Self::FaceSheet,
            (ContactMode::Safe, Some(address)) => Self::Safe(address.as_str().to_owned()),
            (ContactMode::Safe, None) => Self::Nowhere,
        }
    }

    fn marks(&self, address: Option<&Address>) -> Vec<Doubt> {
        address.filter(|_| *self == Self::FaceSheet).map(marks_of).unwrap_or_default()
    }
}

/// What stands beside the rows of grants.
#[derive(Default)]
struct More {
    withheld: Vec<Kept>,
    part2: Vec<Part2Consent>,
}

fn more_of(c: &mut Scoped<'_>, grants: &[AccessId]) -> Result<More, Fault> {
    Ok(More { withheld: withheld_from(c, grants)?, part2: part2_of(c, grants)? })
}

/// One grant's overview; `None` if this practice has no such grant.
pub fn overview_of(c: &mut Scoped<'_>, access: &AccessId) -> Result<Option<Overview>, Fault> {
    let Some((row, has_more)) = store::load_access_and_more(c, access)? else { return Ok(None) };
    let Some(file) = load_file(c, &row.chart_id)? else { return Ok(None) };
    let here = here(c)?;
    let more = if has_more { more_of(c, std::slice::from_ref(access))? } else { More::default() };
    Ok(Some(of_row(c, &here, &file, row, &more)?))
}

/// The chart owner's grant first (made in memory as "not invited" if there is no row yet: then its
/// `access_id` is `None`), then representatives, then former owners. Empty if there is no such chart.
pub fn overviews_of_chart(c: &mut Scoped<'_>, chart: &ChartId) -> Result<Vec<Overview>, Fault> {
    let Some(file) = load_file(c, chart)? else { return Ok(vec![]) };
    let here = here(c)?;
    let (mut rows, with_more) = store::access_of_chart(c, chart)?;
    let more = if with_more.is_empty() { More::default() } else { more_of(c, &with_more)? };
    let owner = file.chart.owner_person_id.clone();
    rows.sort_by_key(|row| (row.person_id != owner, row.role, row.created_at));
    let mut overviews = Vec::with_capacity(rows.len() + 1);
    if rows.first().is_none_or(|row| row.person_id != owner) {
        overviews.push(without_a_row(&file, owner));
    }
    for row in rows {
        overviews.push(of_row(c, &here, &file, row, &more)?);
    }
    Ok(overviews)
}

fn lacks(file: &ChartFile) -> Vec<Field> {
    lacking(&file.client.first_name, &file.client.last_name, file.client.birth_date.as_ref())
}

fn without_a_row(file: &ChartFile, owner: PersonId) -> Overview {
    let (person, addresses) = file.owner();
    let address = address_on_file(addresses, None);
    let mail_route = MailRoute::to(person);
    Overview {
        access_id: None,
        chart_id: file.chart.chart_id.clone(),
        person_id: owner,
        person_name: person.full_name(),
        role: GrantRole::Owner,
        phase: Phase::NotInvited,
        generation: 0,
        version: 0,
        terms: None,
        closed: None,
        ends_at_majority: None,
        narrows: None,
        assent: None,
        withheld: vec![],
        part2: None,
        paused: None,
        since: file.client.created_at,
        by_name: String::new(),
        reason: String::new(),
        address: None,
        address_on_file: address.map(|a| a.value.clone()),
        address_marks: mail_route.marks(address),
        mail_route,
        wishes: person.wishes(),
        lacks: lacks(file),
        sent_at: None,
        sent_by: String::new(),
        channel: None,
        ended_by: None,
        not_now_at: None,
        expires_at: None,
        mismatches: 0,
        may_unlock: false,
        asked_at: None,
        account_id: None,
        sign_in_name: None,
        registered_at: None,
        last_sign_in_at: None,
        mail: None,
        resends_a_day: 0,
        resends_left: 0,
        next_resend_at: None,
        next_reminder_at: None,
        timeline: vec![],
    }
}

fn of_row(
    c: &mut Scoped<'_>,
    here: &Here,
    file: &ChartFile,
    row: AccessRow,
    more: &More,
) -> Result<Overview, Fault> {
    let now = c.now();
    let practice = &here.practice;
    let policy = practice.policy();
    let (person, addresses) = match file.person(&row.person_id) {
        Some((person, addresses)) => (person.clone(), addresses.to_vec()),
        // No longer on the chart: the grant's history stays readable.
        None => (
            load_person(c, &row.person_id)?
                .ok_or_else(|| Fault::Damaged(format!("grant {} has no person", row.access_id)))?,
            addresses_of(c, &row.person_id)?,
        ),
    };
    let generations = store::invitations_of(c, &row.access_id)?;
    let mails = outbox::of_access(c, &row.access_id)?;
    let events = audit::of_access(c, &row.access_id)?;
    let day_ago = now.plus_hours(-24);
    let used: Vec<Timestamp> = store::resends_since(c, std::slice::from_ref(&row.access_id), day_ago)?
        .into_iter()
        .map(|(_, at)| at)
        .collect();
    let (resends_left, next_resend_at) = left_of(policy.resends_per_day, &used, now);
    let account = accounts::shown(c, row.account_practice_id.as_ref(), row.account_id.as_ref())?;
    let newest = generations.first();
    let phase = row.phase(now);
    let limits = Limits {
        chart: ChartStanding::of(&file.chart),
        client: ClientFacts::of(&file.client),
        place: here.places.of(&file.chart.jurisdiction),
        code: file.chart.jurisdiction.clone(),
        rules: here.rules.clone(),
        withheld: more.withheld.iter().filter(|kept| kept.access == row.access_id).cloned().collect(),
        part2: more.part2.iter().filter(|consent| consent.access == row.access_id).cloned().collect(),
        today: practice.today(now),
    };
    let facts = limits.facts(&row);
    let mut timeline = timeline(&events, &mails, &generations, now);
    timeline.sort_by_key(|entry| entry.at);
    for entry in timeline.iter_mut().filter(|e| e.what == Happening::Access(AccessAction::OwnerChanged)) {
        entry.details["name"] = person.full_name().into();
    }
    let reminded: Vec<i64> = match newest {
        Some(newest) => store::reminders_of(c, std::slice::from_ref(&newest.invitation_id))?,
        None => Vec::new(),
    }
    .into_iter()
    .map(|(_, hours)| hours)
    .collect();
    let next_reminder_at = newest
        .filter(|newest| phase == Phase::Invited && newest.channel == Channel::Mail)
        .filter(|_| {
            row.not_now_at.is_none()
                && file.chart.state == "open"
                && reminders::reaches(&addresses, row.invited_address.as_ref())
        })
        .and_then(|newest| {
            let zone = zone_of(&person, practice);
            reminders::next(&policy, &zone, newest.sent_at, newest.expires_at, &reminded, now)
        })
        .map(|due| due.at);
    let address = address_on_file(&addresses, row.invited_address.as_ref());
    let mail_route = MailRoute::to(&person);
    Ok(Overview {
        chart_id: row.chart_id.clone(),
        person_id: row.person_id.clone(),
        person_name: person.full_name(),
        role: row.role,
        phase,
        generation: row.generation,
        version: row.version,
        terms: Some(GrantTerms::of(&row)),
        closed: closed_by(&facts).filter(|_| phase == Phase::Active),
        ends_at_majority: ends_at_majority(&facts),
        narrows: narrows_next(&limits, &row),
        assent: facts
            .rule
            .as_ref()
            .filter(|rule| rule.assent == AssentRule::Needed)
            .map(|_| facts.grant.assent),
        part2: limits.part2.iter().find(|consent| consent.is_live(limits.today)).cloned(),
        withheld: limits.withheld.into_iter().filter(|kept| kept.is_live(limits.today)).collect(),
        paused: row.paused_at.map(|at| (at, row.paused_by_name.clone(), row.paused_reason.clone())),
        since: match (phase, row.expires_at) {
            (Phase::Expired, Some(end)) => end,
            _ => row.since_at,
        },
        by_name: row.by_name.clone(),
        reason: row.reason.clone(),
        address: newest.and_then(|newest| newest.address.as_ref()).map(|a| a.as_str().to_owned()),
        address_on_file: address.map(|a| a.value.clone()),
        address_marks: mail_route.marks(address),
        mail_route,
        wishes: person.wishes(),
        lacks: lacks(file),
        sent_at: newest.map(|newest| newest.sent_at),
        sent_by: newest.map(|newest| newest.sent_by_name.clone()).unwrap_or_default(),
        channel: newest.map(|newest| newest.channel),
        ended_by: row.ended_by,
        not_now_at: row.not_now_at,
        expires_at: newest.map(|newest| newest.expires_at),
        mismatches: row.mismatches,
        may_unlock: phase == Phase::Locked && !is_over(row.expires_at, now),
        asked_at: row.asked_at,
        account_id: row.account_id.clone(),
        sign_in_name: account.as_ref().map(|account| account.sign_in_name.clone()),
        registered_at: row.registered_at,
        last_sign_in_at: account.and_then(|account| account.last_sign_in_at),
        mail: newest.and_then(|newest| {
            mails
                .iter()
                .find(|mail| mail.subject_id.as_deref() == Some(newest.invitation_id.as_bytes().as_slice()))
                .cloned()
        }),
        resends_a_day: policy.resends_per_day,
        resends_left,
        next_resend_at,
        next_reminder_at,
        timeline,
        access_id: Some(row.access_id),
    })
}

/// One line of a chart's history.
#[derive(Clone, Debug)]
pub struct HistoryEntry {
    /// Whose access it is about; empty while only one person ever had any.
    pub whose: String,
    /// What happened.
    pub entry: TimelineEntry,
}

/// Everything that happened to a chart's portal access, whoever had it, oldest first: who owned it
/// when comes between what happened to each of them.
pub fn history_of_chart(
    c: &mut Scoped<'_>,
    file: &ChartFile,
    grants: &[Overview],
) -> Result<Vec<HistoryEntry>, Fault> {
    let mut history: Vec<HistoryEntry> = Vec::new();
    for grant in grants {
        let own =
            grant.timeline.iter().filter(|entry| entry.what != Happening::Access(AccessAction::OwnerChanged));
        history
            .extend(own.map(|entry| HistoryEntry { whose: grant.person_name.clone(), entry: entry.clone() }));
    }
    // A new owner has no grant before the first invitation, so these are the chart's own.
    for event in audit::of_chart(c, &file.chart.chart_id, AccessAction::OwnerChanged)? {
        let mut details: serde_json::Value = serde_json::from_str(&event.details).unwrap_or_default();
        let whose = match details["person"].as_str().and_then(|id| id.parse::<PersonId>().ok()) {
            Some(id) => load_person(c, &id)?.map(|person| person.full_name()).unwrap_or_default(),
            None => String::new(),
        };
        details["name"] = whose.clone().into();
        let what = Happening::Access(AccessAction::OwnerChanged);
        let entry = TimelineEntry { at: event.at, what, by_name: event.actor_name, details };
        history.push(HistoryEntry { whose, entry });
    }
    history.sort_by_key(|line| line.entry.at);
    let first = history.first().map(|line| line.whose.clone());
    if history.iter().all(|line| Some(&line.whose) == first.as_ref()) {
        history.iter_mut().for_each(|line| line.whose.clear());
    }
    Ok(history)
}

fn timeline(
    events: &[Recorded],
    mails: &[MailState],
    generations: &[InvitationRow],
    now: Timestamp,
) -> Vec<TimelineEntry> {
    let mut entries: Vec<TimelineEntry> = events
        .iter()
        .filter_map(|event| {
            let what = Happening::read(&event.action)?;
            let mut details: serde_json::Value = serde_json::from_str(&event.details).unwrap_or_default();
            // The trail holds no address; the mail's own row does.
            if let Some(mail) = mails.iter().find(|mail| details["mail"] == mail.mail_id.to_string()) {
                details["recipient"] = mail.recipient.clone().into();
            }
            Some(TimelineEntry { at: event.at, what, by_name: event.actor_name.clone(), details })
        })
        .collect();
    let is_in_trail = |mail: &&MailState| {
        entries.iter().any(|entry| {
            matches!(entry.what, Happening::Mail(_)) && entry.details["mail"] == mail.mail_id.to_string()
        })
    };
    // A mail of which something is said already waits again, and that needs no second line.
    let waits = |mail: &&MailState| matches!(mail.state, Delivery::Queued | Delivery::Sending);
    let unsaid = mails.iter().filter(|mail| !(waits(mail) && is_in_trail(mail)));
    let waiting: Vec<_> = unsaid.filter_map(not_in_the_trail).collect();
    entries.extend(waiting);
    // "Expired" is never written, so it is put in where it happened: a link that reached its end.
    for generation in generations {
        let reached = generation.ended_at.unwrap_or(now) >= generation.expires_at;
        if reached {
            entries.push(TimelineEntry {
                at: generation.expires_at,
                what: Happening::Access(AccessAction::Expired),
                by_name: String::new(),
                details: serde_json::json!({ "generation": generation.generation }),
            });
        }
    }
    entries
}

/// A mail that waits, or was never sent, has no event of its own.
fn not_in_the_trail(mail: &MailState) -> Option<TimelineEntry> {
    let (what, at) = match mail.state {
        Delivery::Queued | Delivery::Sending => (MailAction::Queued, mail.created_at),
        // A link that was over by time alone ended with no other event, so the mail has its own.
        Delivery::Cancelled if mail.last_reason.as_deref() == Some(LINK_OVER) => return None,
        Delivery::Cancelled => (MailAction::Cancelled, mail.finished_at.unwrap_or(mail.created_at)),
        Delivery::Sent | Delivery::Deferred | Delivery::Undeliverable => return None,
    };
    let details = serde_json::json!({ "kind": mail.kind, "recipient": mail.recipient });
    Some(TimelineEntry { at, what: Happening::Mail(what), by_name: String::new(), details })
}

fn word_key(prefix: &str, what: &str) -> String {
    format!("{prefix}-{}", what.replace(['.', '_'], "-"))
}

impl TimelineEntry {
    /// Its sentence in the reader's language, without when and by whom.
    pub fn sentence(&self, words: Words) -> String {
        let action = self.what.action();
        let text = |name: &str| self.details[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| self.details[name].as_i64().unwrap_or_default().to_string();
        let mut key = action.key("timeline");
        let reason = match text("reason") {
            // A mail's reason is a key of the catalogue; a person's is their own words.
            reason if reason.starts_with("mail-reason-") => words.get(&reason),
            reason => reason,
        };
        if action.reason != Reason::None && !reason.is_empty() {
            key.push_str("-why");
        }
        let kind = text("kind");
        let mail = words
            .find(&word_key("timeline-kind", kind.trim_start_matches("access.")))
            .unwrap_or_else(|| words.get("timeline-kind-other"));
        let address = match text("recipient") {
            // Unused for long, and forgotten.
            gone if gone.is_empty() => words.get("timeline-address-gone"),
            address => address,
        };
        words.with(
            &key,
            &[
                ("reason", reason),
                ("name", text("name")),
                ("by", self.by_name.clone()),
                ("authorised", text("authorised_by")),
                ("mail", mail),
                ("address", address),
                ("mismatches", number("mismatches")),
                ("differed", self.differed(words)),
            ],
        )
    }

    fn differed(&self, words: Words) -> String {
        let fields = self.details["differed"].as_array().map_or(&[][..], Vec::as_slice);
        words.get(match fields {
            [one] if one == Field::LastName.word() => "timeline-differed-last-name",
            [one] if one == Field::BirthDate.word() => "timeline-differed-birth-date",
            _ => "timeline-differed-both",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::access::mails::AccessMail;
    use crate::platform::i18n::Language;

    fn entry(what: Happening, details: serde_json::Value) -> TimelineEntry {
        TimelineEntry { at: Timestamp::from_micros(0), what, by_name: String::new(), details }
    }

    #[test]
    fn everything_that_happens_has_its_sentence_in_both_languages() {
        let access = AccessAction::ALL.iter().copied().map(Happening::Access);
        let all: Vec<Happening> =
            access.chain(MailAction::ALL.iter().copied().map(Happening::Mail)).collect();
        for language in Language::ALL {
            let words = Words::of(*language);
            for what in &all {
                for reason in ["", "a reason", "mail-reason-no-mailbox"] {
                    let details = serde_json::json!({ "reason": reason, "kind": "access.invitation" });
                    let said = entry(what.clone(), details).sentence(words);
                    assert!(!said.contains("timeline-") && !said.contains('{'), "{what:?}: {said}");
                    assert!(!said.contains(what.word()), "{what:?}: {said}");
                }
            }
            let said = |kind: &str| {
                let details = serde_json::json!({ "kind": kind });
                entry(Happening::Mail(MailAction::Sent), details).sentence(words)
            };
            let said_of_others = said("of.nobody");
            for kind in AccessMail::ALL {
                let said = said(kind.word());
                assert!(!said.contains("timeline-") && said != said_of_others, "{kind}: {said}");
            }
        }
    }

    #[test]
    fn staff_hear_which_field_differed() {
        let words = Words::of(Language::English);
        let details = serde_json::json!({ "differed": ["last_name"], "mismatches": 2 });
        let said = entry(Happening::Access(AccessAction::CheckFailed), details).sentence(words);
        assert_eq!(said, "The details did not match: the last name differed (try 2 of 5)");
    }

    #[test]
    fn a_printed_letter_waits_for_its_reader_like_a_mail() {
        assert_eq!(Happening::read("access.letter_printed").map(|what| what.tone()), Some(Tone::Waiting));
    }

    #[test]
    fn events_of_other_features_are_not_told_in_the_history_of_an_access() {
        assert_eq!(Happening::read("mail.sent"), Some(Happening::Mail(MailAction::Sent)));
        for other in ["document.opened", "document.shared", "access.unheard_of"] {
            assert_eq!(Happening::read(other), None, "{other}");
        }
    }
}
