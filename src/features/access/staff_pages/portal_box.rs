//! The Chart Owner box: what it says and what it offers in each state (product.md's table).

use super::act_form::ActForm;
use super::chart_access::ChartAccess;
use super::notes::NotesShown;
use super::viewer::Viewer;
use super::when::{When, time_left};
use super::wording::{
    Tag, closed_in_words, lacks_basis_in_words, lacks_in_words, narrows_in_words, relation_word, rights_path,
    tag_of_grant, words_of,
};
use crate::features::access::actions::ActName;
use crate::features::access::ahead::Becomes;
use crate::features::access::audit::AccessAction;
use crate::features::access::doubt::Doubt;
use crate::features::access::lifecycle::{MISMATCHES_TO_LOCK, Phase};
use crate::features::access::permission::Closed;
use crate::features::access::{Channel, EndedBy, GrantRole, Happening, HistoryEntry, MailRoute, Overview};
use crate::features::people::{AddressKind, ChartFile};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::ChartId;
use crate::platform::i18n::Words;
use crate::platform::outbox::{Delivery, LINK_OVER, MailState};
use crate::platform::web::frame::initials;

/// Everything the Client Portal section shows.
#[derive(Clone, Debug)]
pub struct PortalBox {
    /// The chart.
    pub chart: ChartId,
    /// The chart owner's name.
    pub owner: String,
    /// Their initials.
    pub initials: String,
    /// "Mother of Ana Duarte", where the owner is not the client.
    pub relation: Option<String>,
    /// The state, and beside it that the mail is undeliverable.
    pub tags: Vec<Tag>,
    /// The state's facts.
    pub facts: Vec<Fact>,
    /// What wants a hand, in a sentence each.
    pub notices: Vec<Notice>,
    /// The owner's first phone number, where a notice may ask for a call: as typed, and for a `tel:` link.
    pub phone: Option<(String, String)>,
    /// Buttons in sight.
    pub buttons: Vec<Offer>,
    /// The three-dots menu.
    pub menu: Vec<Offer>,
    /// The forms behind buttons and menu, as dialogs.
    pub dialogs: Vec<ActForm>,
    /// What happens by itself next, to the owner and to others with access.
    pub next_steps: Vec<String>,
    /// What happened, newest first.
    pub timeline: Vec<TimelineLine>,
    /// Other people with access.
    pub representatives: Vec<Representative>,
    /// What staff noted about court orders and safety.
    pub notes: NotesShown,
    /// May the reader read and write such notes?
    pub may_note: bool,
    /// The page of the owner's rights.
    pub owner_path: Option<String>,
    /// May the reader set what representatives see?
    pub may_set_rights: bool,
}

/// A line of the box.
#[derive(Clone, Debug)]
pub struct Fact {
    /// "Sent".
    pub label: String,
    /// "2 days ago by Nora Quinn".
    pub text: String,
    /// The exact moment behind it.
    pub when: Option<When>,
    /// Does it want attention?
    pub attention: bool,
}

/// Something that wants a hand, with a way to it.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What, and what to do.
    pub text: String,
    /// Where to do it.
    pub link: Option<(String, String)>,
}

/// A button or a menu's entry.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The act.
    pub act: ActName,
    /// Its fixed words.
    pub label: String,
    /// "to Ana Duarte", for screen readers.
    pub context: String,
    /// Is it the main thing to do?
    pub primary: bool,
    /// Does it take something away?
    pub danger: bool,
    /// Can it not be done before the face sheet is complete? The first notice says what is missing.
    pub blocked: bool,
}

/// A line of the timeline.
#[derive(Clone, Debug)]
pub struct TimelineLine {
    /// When.
    pub when: When,
    /// Whose access it was about; empty while only one person ever had any.
    pub whose: String,
    /// What.
    pub text: String,
    /// By whom; empty for the client's side.
    pub by: String,
    /// Its colour.
    pub tone: &'static str,
}

/// Another person with access to the chart.
#[derive(Clone, Debug)]
pub struct Representative {
    /// Name.
    pub name: String,
    /// Initials.
    pub initials: String,
    /// "Mother".
    pub relation: String,
    /// The state of their access.
    pub tag: Tag,
    /// Since when.
    pub since: When,
    /// Why they see nothing now, and what is not recorded.
    pub notes: Vec<String>,
    /// The page of their rights.
    pub path: Option<String>,
}

/// Delivery is a second axis: an open invitation whose mail is undeliverable says so beside its state.
fn tags(words: Words, grant: &Overview) -> Vec<Tag> {
    let mut tags = vec![tag_of_grant(words, grant.phase, grant.closed)];
    if grant.paused.is_some() {
        tags.push(Tag { tone: "stopped", text: words.get("access-tag-paused") });
    }
    if is_open(grant.phase) && is_undeliverable(grant) {
        tags.push(Tag { tone: "attention", text: words.get("access-tag-undeliverable") });
    }
    tags
}

impl Viewer<'_> {
    fn fact(&self, label: &str, text: impl Into<String>) -> Fact {
        Fact { label: self.words.get(label), text: text.into(), when: None, attention: false }
    }

    /// "2 days ago", or "2 days ago by Nora Quinn".
    fn moment_fact(&self, label: &str, moment: Timestamp, by: &str) -> Fact {
        let when = self.when(moment);
        let text = if by.is_empty() {
            when.relative.clone()
        } else {
            self.words.with2("access-when-by", "when", &when.relative, "by", by)
        };
        Fact { when: Some(when), ..self.fact(label, text) }
    }
}

/// Fills the box.
pub fn fill(viewer: Viewer<'_>, access: &ChartAccess) -> Option<PortalBox> {
    let ChartAccess { file, grants, history, .. } = access;
    let owner = grants.iter().find(|grant| grant.role == GrantRole::Owner)?;
    let words = viewer.words;
    let relation = file
        .contacts
        .iter()
        .find(|contact| contact.person.person_id == owner.person_id)
        .filter(|_| owner.person_id != file.client.person_id)
        .map(|contact| relation_to_client(words, &contact.relation, &file.client.full_name()));
    let is_closed = file.chart.state != "open";
    let mut offers = if viewer.may_manage { offers(words, owner) } else { Vec::new() };
    offers.retain(|(_, offer)| !is_closed || is_done_on_a_closed_chart(offer.act));
    let (buttons, menu): (Vec<_>, Vec<_>) = offers.into_iter().partition(|(in_sight, _)| *in_sight);
    let buttons: Vec<Offer> = buttons.into_iter().map(|(_, offer)| offer).collect();
    let menu: Vec<Offer> = menu.into_iter().map(|(_, offer)| offer).collect();
    let mut acts: Vec<ActName> = buttons.iter().chain(&menu).map(|offer| offer.act).collect();
    acts.sort_unstable();
    acts.dedup();
    let notices = notices(viewer, owner);
    let addresses = file.person(&owner.person_id).map_or(&[][..], |(_, addresses)| addresses);
    let phone = addresses
        .iter()
        .find(|address| address.kind == AddressKind::Phone && !notices.is_empty())
        .map(|phone| (phone.value.clone(), phone.value_key.clone()));
    let form = |act| ActForm::fresh(act, viewer, file, owner).offering(words, &access.enclosures);
    let dialogs = acts.into_iter().map(form).collect();
    Some(PortalBox {
        chart: owner.chart_id.clone(),
        initials: initials(&owner.person_name),
        owner: owner.person_name.clone(),
        relation,
        tags: tags(words, owner),
        facts: facts(viewer, owner),
        notices: undo_notice(viewer, file)
            .into_iter()
            .chain(closed_notice(viewer, file))
            .chain(safe_notice(viewer, owner))
            .chain(notices)
            .collect(),
        phone,
        buttons,
        menu,
        dialogs,
        next_steps: next_steps(viewer, owner, grants),
        timeline: timeline(viewer, history),
        representatives: representatives(viewer, file, grants),
        notes: NotesShown::of(viewer, access, None),
        may_note: access.notes.is_some(),
        owner_path: rights_path(owner),
        may_set_rights: viewer.may_set_rights,
    })
}

/// "Mother of Ana Duarte"; relations are the practice's own words where the catalogue has none.
fn relation_to_client(words: Words, relation: &str, client: &str) -> String {
    words.with2("access-relation-of", "relation", relation_word(words, relation), "client", client)
}

fn representatives(viewer: Viewer<'_>, file: &ChartFile, grants: &[Overview]) -> Vec<Representative> {
    grants
        .iter()
        .filter(|grant| grant.role == GrantRole::Representative)
        .map(|grant| {
            let relation = file
                .contacts
                .iter()
                .find(|contact| contact.person.person_id == grant.person_id)
                .map(|contact| relation_word(viewer.words, &contact.relation))
                .unwrap_or_default();
            Representative {
                name: grant.person_name.clone(),
                initials: initials(&grant.person_name),
                relation,
                tag: if grant.paused.is_some() {
                    Tag { tone: "stopped", text: viewer.words.get("access-tag-paused") }
                } else {
                    tag_of_grant(viewer.words, grant.phase, grant.closed)
                },
                notes: notes(viewer.words, grant).collect(),
                path: rights_path(grant),
                since: viewer.when(grant.since),
            }
        })
        .collect()
}

/// Why the holder sees nothing now, and that it is not recorded by what right they have access.
fn notes(words: Words, grant: &Overview) -> impl Iterator<Item = String> {
    // What lies further ahead than the first notice stands on the page of the rights.
    let is_near = grant.narrows.as_ref().is_some_and(|narrows| narrows.is_near());
    let narrows = narrows_in_words(words, grant).filter(|_| is_near);
    closed_in_words(words, grant).into_iter().chain(narrows).chain(lacks_basis_in_words(words, grant))
}

/// Until when the access counts, where its end is known.
fn days(viewer: Viewer<'_>, grant: &Overview) -> Vec<Fact> {
    let words = viewer.words;
    let terms = grant.terms.as_ref();
    let first = terms.and_then(|terms| terms.starts_on).map(|day| ("access-fact-first-day", day));
    let last = terms.and_then(|terms| terms.ends_on).map(|day| ("access-fact-last-day", day));
    let majority = grant.ends_at_majority.map(|day| ("access-fact-majority", day));
    [first, last, majority]
        .into_iter()
        .flatten()
        .map(|(key, day)| viewer.fact(key, words.civil_date(day)))
        .collect()
}

fn facts(viewer: Viewer<'_>, grant: &Overview) -> Vec<Fact> {
    let words = viewer.words;
    let mut facts = Vec::new();
    match grant.phase {
        Phase::NotInvited => facts.push(address(viewer, grant)),
        Phase::Invited | Phase::Expired | Phase::Locked => {
            if grant.phase == Phase::Locked {
                facts.push(viewer.moment_fact("access-fact-locked", grant.since, ""));
            }
            facts.extend(sent(viewer, grant));
            facts.extend(good_until(viewer, grant));
            facts.extend(grant.mail.as_ref().map(|mail| mail_fact(viewer, mail)));
            if grant.mismatches > 0 {
                let text =
                    words.with2("access-checks-of", "count", grant.mismatches, "most", MISMATCHES_TO_LOCK);
                facts.push(Fact { attention: true, ..viewer.fact("access-fact-checks", text) });
            }
            facts.extend(grant.not_now_at.map(|at| viewer.moment_fact("access-fact-not-now", at, "")));
            if let Some(asked) = grant.asked_at {
                let fact = viewer.moment_fact("access-fact-asked", asked, "");
                facts.push(Fact { attention: true, ..fact });
            }
        }
        Phase::Declined => {
            facts.push(viewer.moment_fact("access-fact-declined", grant.since, ""));
            facts.extend(why(viewer, grant));
            facts.extend(sent(viewer, grant));
        }
        Phase::Canceled => {
            facts.push(viewer.moment_fact("access-fact-canceled", grant.since, &grant.by_name));
            facts.extend(why(viewer, grant));
            facts.push(address(viewer, grant));
        }
        Phase::Active => {
            let registered = grant.registered_at.unwrap_or(grant.since);
            facts.push(viewer.moment_fact("access-fact-registered", registered, ""));
            facts.push(match grant.last_sign_in_at {
                Some(moment) => viewer.moment_fact("access-fact-last-sign-in", moment, ""),
                None => viewer.fact("access-fact-last-sign-in", words.get("access-never-signed-in")),
            });
            facts.extend(
                grant.sign_in_name.as_ref().map(|name| viewer.fact("access-fact-sign-in-name", name)),
            );
            facts.extend(wishes(viewer, grant));
            facts.extend(days(viewer, grant));
        }
        Phase::NoPortalAccess => {
            let label = match grant.ended_by {
                Some(EndedBy::OwnershipMoved | EndedBy::Holder) => "access-fact-ended",
                _ => "access-fact-revoked",
            };
            facts.push(viewer.moment_fact(label, grant.since, &grant.by_name));
            facts.extend(why(viewer, grant));
            facts
                .extend(grant.last_sign_in_at.map(|m| viewer.moment_fact("access-fact-last-sign-in", m, "")));
        }
    }
    facts
}

/// Where an invitation would go.
fn address(viewer: Viewer<'_>, grant: &Overview) -> Fact {
    match (&grant.mail_route, &grant.address_on_file) {
        (MailRoute::Safe(address), _) => viewer.fact("access-fact-safe-address", address),
        (MailRoute::Nowhere, _) => {
            viewer.fact("access-fact-safe-address", viewer.words.get("access-no-safe-address"))
        }
        (MailRoute::FaceSheet, Some(address)) => viewer.fact("access-fact-address", address),
        (MailRoute::FaceSheet, None) => {
            viewer.fact("access-fact-address", viewer.words.get("access-no-address"))
        }
    }
}

/// What mail the holder does without, where they said so.
fn wishes(viewer: Viewer<'_>, grant: &Overview) -> Vec<Fact> {
    let words = viewer.words;
    let without: Vec<String> =
        grant.wishes.without.iter().map(|topic| words.get(&format!("access-wish-{topic}"))).collect();
    let clock = |hour: i8| words.clock(i32::from(hour) * 60);
    let quiet = grant.wishes.quiet.map(|hours| {
        words.with2("access-wish-quiet", "from", clock(hours.from()), "until", clock(hours.until()))
    });
    let text: Vec<String> = without.into_iter().chain(quiet).collect();
    if text.is_empty() { Vec::new() } else { vec![viewer.fact("access-fact-wishes", text.join("; "))] }
}

/// What ended it, and the reason that somebody gave.
fn why(viewer: Viewer<'_>, grant: &Overview) -> Vec<Fact> {
    let cause = grant.ended_by.map(|cause| match cause {
        EndedBy::AddressChanged => viewer.words.get("access-why-address-changed"),
        EndedBy::OwnershipMoved => viewer.words.get("access-why-ownership-moved"),
        EndedBy::Disowned => viewer.words.get("access-why-disowned"),
        EndedBy::Holder => viewer.words.get("access-why-left"),
    });
    let reason = Some(grant.reason.clone()).filter(|reason| !reason.is_empty());
    [("access-fact-why", cause), ("access-fact-reason", reason)]
        .into_iter()
        .filter_map(|(label, text)| Some(viewer.fact(label, text?)))
        .collect()
}

fn sent(viewer: Viewer<'_>, grant: &Overview) -> Vec<Fact> {
    let Some(sent_at) = grant.sent_at else { return Vec::new() };
    if grant.channel == Some(Channel::Letter) {
        return vec![viewer.moment_fact("access-fact-letter", sent_at, &grant.sent_by)];
    }
    let mut facts = vec![viewer.moment_fact("access-fact-sent", sent_at, &grant.sent_by)];
    let to = match (&grant.mail_route, &grant.mail) {
        (MailRoute::FaceSheet, _) => grant.address.as_ref(),
        // Where it went: the address of the invitation is the face sheet's.
        (_, Some(mail)) => Some(&mail.recipient),
        (_, None) => None,
    };
    facts.extend(to.map(|address| viewer.fact("access-fact-to", address)));
    facts
}

fn good_until(viewer: Viewer<'_>, grant: &Overview) -> Option<Fact> {
    let end = grant.expires_at?;
    let when = viewer.when(end);
    let (label, text) = match time_left(viewer.words, end, viewer.now) {
        Some(left) => {
            let text = viewer.words.with2("access-until-left", "until", &when.exact, "left", left);
            ("access-fact-until", text)
        }
        None => (
            "access-fact-expired",
            viewer.words.with2("access-expired-when", "when", &when.relative, "exact", &when.exact),
        ),
    };
    Some(Fact { when: Some(when), ..viewer.fact(label, text) })
}

/// What became of a mail, in plain words. Never "delivered": nobody can know.
fn mail_fact(viewer: Viewer<'_>, mail: &MailState) -> Fact {
    let words = viewer.words;
    let reason = || {
        let key = mail.last_reason.as_deref().unwrap_or("mail-reason-unknown");
        words.find(key).unwrap_or_else(|| words.get("access-mail-no-reason"))
    };
    let (text, moment, attention) = match mail.state {
        Delivery::Queued => (words.get("access-mail-queued"), Some(mail.created_at), false),
        Delivery::Sending => (words.get("access-mail-sending"), Some(mail.created_at), false),
        Delivery::Sent => {
            let at = mail.finished_at.unwrap_or(mail.created_at);
            let when = viewer.when(at).relative;
            (words.with1("access-mail-sent", "when", when), Some(at), false)
        }
        Delivery::Deferred if !mail.is_delayed(viewer.now) => {
            (words.get("access-mail-queued"), Some(mail.created_at), false)
        }
        Delivery::Deferred => {
            (words.with1("access-mail-deferred", "reason", reason()), Some(mail.created_at), true)
        }
        Delivery::Undeliverable => {
            let at = mail.bounced_at.or(mail.finished_at);
            (words.with1("access-mail-undeliverable", "reason", reason()), at, true)
        }
        Delivery::Cancelled if mail.last_reason.as_deref() == Some(LINK_OVER) => {
            (words.with1("access-mail-not-sent", "reason", reason()), mail.finished_at, true)
        }
        Delivery::Cancelled => (words.get("access-mail-cancelled"), mail.finished_at, false),
    };
    Fact { when: moment.map(|m| viewer.when(m)), attention, ..viewer.fact("access-fact-mail", text) }
}

fn is_open(phase: Phase) -> bool {
    matches!(phase, Phase::Invited | Phase::Expired)
}

fn is_undeliverable(grant: &Overview) -> bool {
    grant.mail.as_ref().is_some_and(|mail| mail.state == Delivery::Undeliverable)
}

/// Would another address help? Not where the refusal is about us, the message or the other system.
fn is_wrong_address(grant: &Overview) -> bool {
    grant.mail.as_ref().is_some_and(MailState::blames_address)
}

fn notices(viewer: Viewer<'_>, grant: &Overview) -> Vec<Notice> {
    let words = viewer.words;
    let face_sheet = || {
        let path = format!("/staff/charts/{}/edit", grant.chart_id);
        viewer.may_manage.then(|| (path, words.get("access-open-face-sheet")))
    };
    let notice = |key: &str| Notice { text: words.get(key), link: face_sheet() };
    let rights = || {
        let path = rights_path(grant).filter(|_| viewer.may_set_rights)?;
        Some((path, words.get("access-open-rights")))
    };
    let mut notices: Vec<Notice> = notes(words, grant)
        .map(|text| Notice {
            text,
            link: if grant.closed == Some(Closed::AgeUnknown) { face_sheet() } else { rights() },
        })
        .collect();
    let open = is_open(grant.phase);
    let invitable = matches!(grant.phase, Phase::NotInvited | Phase::Canceled | Phase::Declined);
    if open || invitable {
        let lacks = lacks_in_words(words, &grant.lacks);
        notices.extend(lacks.map(|text| Notice { text, link: face_sheet() }));
    }
    if open && is_wrong_address(grant) {
        notices.push(Notice { text: words.get("access-notice-undeliverable"), link: None });
    } else if open && is_undeliverable(grant) {
        notices.push(Notice { text: words.get("access-notice-mail-refused"), link: None });
    } else if invitable && grant.address_marks.contains(&Doubt::Undeliverable) {
        notices.push(notice("access-notice-address-undeliverable"));
    }
    if grant.phase != Phase::Declined && invitable && grant.address_marks.contains(&Doubt::Refused) {
        notices.push(notice("access-notice-address-refused"));
    }
    match grant.phase {
        Phase::Locked if grant.may_unlock => notices.push(notice("access-notice-locked")),
        Phase::Locked => notices.push(notice("access-notice-locked-over")),
        Phase::Declined if grant.ended_by == Some(EndedBy::Disowned) => {
            notices.push(notice("access-notice-disowned"));
        }
        Phase::Declined => notices.push(notice("access-notice-declined")),
        Phase::Canceled if grant.ended_by == Some(EndedBy::AddressChanged) => {
            notices.push(match &grant.address_on_file {
                Some(new) => {
                    Notice { text: words.with1("access-notice-address-changed", "new", new), link: None }
                }
                None => notice("access-notice-address-gone"),
            });
        }
        Phase::NoPortalAccess if grant.ended_by == Some(EndedBy::OwnershipMoved) => {
            let text = words.with1("access-notice-ownership-moved", "name", &grant.person_name);
            notices.push(Notice { text, link: None });
        }
        Phase::NoPortalAccess if grant.ended_by == Some(EndedBy::Holder) => {
            let text = words.with1("access-notice-left", "name", &grant.person_name);
            notices.push(Notice { text, link: None });
        }
        Phase::Active if grant.address_on_file.is_some() && differs_from_chart(grant) => {
            notices.push(notice("access-notice-differs"));
        }
        _ => {}
    }
    notices
}

/// That the owner was changed a short while ago, and how that is undone.
fn undo_notice(viewer: Viewer<'_>, file: &ChartFile) -> Option<Notice> {
    let until = file.chart.undo_until.filter(|until| viewer.now < *until)?;
    let text = viewer.words.with1("access-notice-undo", "until", viewer.when(until).exact);
    let path = format!("/staff/charts/{}/undo-owner", file.chart.chart_id);
    Some(Notice { text, link: viewer.may_manage.then(|| (path, viewer.words.get("access-undo-button"))) })
}

/// On a closed chart nobody is invited, and its owner stays.
fn is_done_on_a_closed_chart(act: ActName) -> bool {
    use ActName::{
        Cancel, ChangeEmail, ChangeOwner, Invite, Letter, Resend, Reset, Restore, Revoke, SignOut, Unlock,
    };
    match act {
        Invite | Resend | ChangeEmail | Letter | ChangeOwner | Unlock => false,
        Cancel | Revoke | Restore | Reset | SignOut => true,
    }
}

/// That the chart is closed, and the way to open it.
fn closed_notice(viewer: Viewer<'_>, file: &ChartFile) -> Option<Notice> {
    let text = (file.chart.state != "open").then(|| viewer.words.get("access-notice-closed"))?;
    let path = format!("/staff/charts/{}/close", file.chart.chart_id);
    Some(Notice { text, link: viewer.may_manage.then(|| (path, viewer.words.get("closing-reopen-link"))) })
}

/// That no mail goes to somebody in safe contact who has no safe address.
fn safe_notice(viewer: Viewer<'_>, grant: &Overview) -> Option<Notice> {
    let text = (grant.mail_route == MailRoute::Nowhere)
        .then(|| viewer.words.with1("access-act-safe-nowhere", "name", &grant.person_name))?;
    let path = format!("/staff/charts/{}/safe-contact", grant.chart_id);
    Some(Notice { text, link: viewer.may_set_rights.then(|| (path, viewer.words.get("portal-safe-link"))) })
}

/// What decides whether two stored addresses are one.
fn key_of(address: &str) -> String {
    EmailAddress::parse(address).map_or_else(|_| address.to_lowercase(), |address| address.key())
}

/// Registered with another address than the face sheet has now (invitation.md §7: a note, no more).
fn differs_from_chart(grant: &Overview) -> bool {
    match (&grant.address, &grant.address_on_file) {
        (Some(invited), Some(on_file)) => key_of(invited) != key_of(on_file),
        _ => false,
    }
}

/// What can be done from here, as a button or in the menu. What takes something away comes last: Cancel
/// before a registration, Revoke after it.
fn offers(words: Words, grant: &Overview) -> Vec<(bool, Offer)> {
    use ActName::{
        Cancel, ChangeEmail, ChangeOwner, Invite, Letter, Resend, Reset, Restore, Revoke, SignOut, Unlock,
    };
    let (in_sight, in_menu): (&[ActName], &[ActName]) = match grant.phase {
        Phase::NotInvited | Phase::Canceled | Phase::Declined => (&[Invite], &[ChangeOwner, Letter]),
        Phase::Invited | Phase::Expired if is_wrong_address(grant) => {
            (&[ChangeEmail, Resend], &[ChangeOwner, Resend, ChangeEmail, Letter, Cancel])
        }
        Phase::Invited | Phase::Expired => (&[Resend], &[ChangeOwner, Resend, ChangeEmail, Letter, Cancel]),
        Phase::Locked if !grant.may_unlock => {
            (&[Resend], &[ChangeOwner, Resend, ChangeEmail, Letter, Cancel])
        }
        Phase::Locked => (&[Unlock, Resend], &[ChangeOwner, Resend, ChangeEmail, Letter, Cancel]),
        Phase::Active => (&[], &[ChangeOwner, Reset, SignOut, Revoke]),
        Phase::NoPortalAccess if grant.registered_at.is_some() || grant.account_id.is_some() => {
            (&[Restore], &[ChangeOwner])
        }
        Phase::NoPortalAccess => (&[Invite], &[ChangeOwner, Letter]),
    };
    let offer = |act: ActName, primary: bool| Offer {
        act,
        label: words_of(act, words, "label", grant),
        context: words.with1("access-offer-for", "name", &grant.person_name),
        primary,
        danger: matches!(act, Revoke | Cancel),
        blocked: !grant.lacks.is_empty() && matches!(act, Invite | Resend | ChangeEmail | Letter),
    };
    let seen = in_sight.iter().enumerate().map(|(i, act)| (true, offer(*act, i == 0)));
    let hidden = in_menu.iter().map(|act| (false, offer(*act, false)));
    seen.chain(hidden).collect()
}

/// What happens by itself next, in a sentence each; one says so where nothing does.
fn next_steps(viewer: Viewer<'_>, owner: &Overview, grants: &[Overview]) -> Vec<String> {
    let words = viewer.words;
    let mut steps: Vec<String> = invitation_step(viewer, owner).into_iter().collect();
    let of_people = grants.iter().filter(|grant| grant.role != GrantRole::FormerOwner);
    steps.extend(of_people.filter_map(|grant| planned(words, grant)));
    if steps.is_empty() {
        steps.push(words.get("access-next-nothing"));
    }
    steps
}

/// What becomes of an open invitation.
fn invitation_step(viewer: Viewer<'_>, grant: &Overview) -> Option<String> {
    let words = viewer.words;
    if grant.phase != Phase::Invited {
        return None;
    }
    if is_wrong_address(grant) {
        return Some(words.get("access-next-mend"));
    }
    if is_undeliverable(grant) {
        return Some(words.get("access-next-resend"));
    }
    match (grant.next_reminder_at, grant.expires_at) {
        (Some(at), _) => Some(words.with1("access-next-reminder", "when", viewer.when(at).exact)),
        (None, Some(end)) => Some(words.with1("access-next-end", "when", viewer.when(end).exact)),
        (None, None) => None,
    }
}

/// The day on which an access that counts begins, ends or opens less by itself.
fn planned(words: Words, grant: &Overview) -> Option<String> {
    if grant.phase != Phase::Active || matches!(grant.closed, Some(Closed::Over(_) | Closed::Adult(_))) {
        return None;
    }
    let name = &grant.person_name;
    let said = |key: &str, day| Some(words.with2(key, "name", name, "day", words.civil_date(day)));
    if let Some(Closed::NotBefore(first)) = grant.closed {
        return said("access-next-begins", first);
    }
    if let Some(narrows) = &grant.narrows {
        return said(
            match narrows.becomes(grant.ends_at_majority) {
                Becomes::Less => "access-next-less",
                Becomes::Ended | Becomes::EndedByMajority => "access-next-ends",
            },
            narrows.on,
        );
    }
    // While it is paused nothing is open, so nothing gets less; its last day is planned all the same.
    let last = grant.terms.as_ref().and_then(|terms| terms.ends_on).and_then(|last| last.tomorrow().ok());
    let end = [last, grant.ends_at_majority].into_iter().flatten().min();
    end.and_then(|day| said("access-next-ends", day))
}

fn timeline(viewer: Viewer<'_>, history: &[HistoryEntry]) -> Vec<TimelineLine> {
    history
        .iter()
        .rev()
        // That a reminder fell due and that its mail left is one fact to a reader; the mail's line says
        // to which address.
        .filter(|line| line.entry.what != Happening::Access(AccessAction::Reminded))
        // A change of owner names both people in its sentence.
        .map(|HistoryEntry { whose, entry }| TimelineLine {
            when: viewer.when(entry.at),
            whose: match entry.what {
                Happening::Access(AccessAction::OwnerChanged) => String::new(),
                _ => whose.clone(),
            },
            text: entry.sentence(viewer.words),
            by: match entry.what {
                Happening::Access(AccessAction::OwnerChanged) => String::new(),
                _ => entry.by_name.clone(),
            },
            tone: entry.what.tone().word(),
        })
        .collect()
}
