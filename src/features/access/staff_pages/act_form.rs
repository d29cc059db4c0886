//! The form of an act: the same as a page of its own and as a dialog in the box; and what it sends.

use uuid::Uuid;

use super::chart_access;
use super::viewer::Viewer;
use super::wording::{lacks_basis, lacks_in_words, relation_word, rights_path, words_of};
use crate::features::access::actions::{Act, ActName};
use crate::features::access::doubt::Doubt;
use crate::features::access::lifecycle::{LINK_HOURS, Phase};
use crate::features::access::{MailRoute, Overview};
use crate::features::people::ChartFile;
use crate::kernel::email::{EmailAddress, EmailError};
use crate::kernel::ids::ChartId;
use crate::kernel::text;
use crate::platform::enclosures::NotEnclosed;
use crate::platform::i18n::Words;
use crate::platform::web::forms::FieldErrors;
use crate::word_enum;

/// An act's form, as page and as dialog.
#[derive(Clone, Debug)]
pub struct ActForm {
    /// The act.
    pub act: ActName,
    /// The chart.
    pub chart: ChartId,
    /// The question.
    pub title: String,
    /// What will happen.
    pub paragraphs: Vec<String>,
    /// The generation on the screen, so that two who confirm the same make one mail.
    pub seen: i32,
    /// An address to type, and the field's value.
    pub address: Option<String>,
    /// A reason to type, and the field's value.
    pub reason: Option<String>,
    /// People to choose from.
    pub people: Vec<Choice>,
    /// Doubts about the address that staff have to look at.
    pub doubts: Vec<Question>,
    /// What may go along with an invitation: value and name.
    pub enclosures: Vec<(String, String)>,
    /// What was chosen of it; nothing at first.
    pub packet: String,
    /// What is wrong.
    pub errors: FieldErrors,
    /// The button's words, or none where there is nothing to confirm.
    pub button: Option<String>,
    /// Where it has to be mended first, and what that is called.
    pub link: Option<(String, String)>,
    /// The other button's words.
    pub no: String,
    /// Does it take something away?
    pub danger: bool,
    /// Where to go afterwards.
    pub back: Back,
}

/// One of several people.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Their id.
    pub value: String,
    /// Their name.
    pub label: String,
    /// "Mother", "the client".
    pub hint: String,
}

/// A doubt, as a question with a tick box.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its word.
    pub doubt: Doubt,
    /// The sentence.
    pub text: String,
    /// Ticked?
    pub ticked: bool,
}

impl Question {
    /// Doubts about an address, ticked where they were confirmed.
    pub(super) fn about(
        words: Words,
        address: &str,
        doubts: &[(Doubt, String)],
        confirmed: &[String],
    ) -> Vec<Self> {
        let question = |(doubt, suggestion): &(Doubt, String)| Self {
            doubt: *doubt,
            text: doubt.label(words, address, suggestion),
            ticked: confirmed.iter().any(|word| word == doubt.word()),
        };
        doubts.iter().map(question).collect()
    }

    /// Those that are known before anybody clicks, so that they are asked before anybody clicks.
    pub(super) fn known(words: Words, grant: &Overview) -> Vec<Self> {
        let marks: Vec<(Doubt, String)> =
            grant.address_marks.iter().map(|doubt| (*doubt, String::new())).collect();
        grant.address_on_file.iter().flat_map(|to| Self::about(words, to, &marks, &[])).collect()
    }
}

word_enum! {
    /// Where an act returns to.
    pub enum Back {
        /// The chart's Communications tab.
        Chart = "chart",
        /// The work list.
        Worklist = "worklist",
    }
}

impl Back {
    pub(super) fn read(word: &str) -> Self {
        word.parse().unwrap_or(Self::Chart)
    }

    /// The page, with a toast's word.
    pub(super) fn done(self, chart: &ChartId, word: &str) -> String {
        match self {
            Self::Chart => format!("{}?done={word}", chart_access::path(chart)),
            Self::Worklist => format!("/staff/worklist?done={word}"),
        }
    }
}

impl ActForm {
    /// The form as it opens.
    pub fn fresh(act: ActName, viewer: Viewer<'_>, file: &ChartFile, grant: &Overview) -> Self {
        let words = viewer.words;
        let mut form = Self {
            act,
            chart: grant.chart_id.clone(),
            title: words_of(act, words, "title", grant),
            paragraphs: Vec::new(),
            seen: grant.generation,
            address: None,
            reason: None,
            people: Vec::new(),
            doubts: Vec::new(),
            enclosures: Vec::new(),
            packet: String::new(),
            errors: FieldErrors::new(),
            button: Some(words_of(act, words, "button", grant)),
            link: None,
            no: words.find(&act.key("no")).unwrap_or_else(|| words.get("access-act-no")),
            danger: matches!(act, ActName::Cancel | ActName::Revoke),
            back: Back::Chart,
        };
        form.fill(viewer, file, grant);
        form
    }

    /// With what may go along, on the form of an invitation that can be sent.
    pub(super) fn offering(mut self, words: Words, enclosures: &[(Uuid, String)]) -> Self {
        if self.act == ActName::Invite && self.button.is_some() && !enclosures.is_empty() {
            self.enclosures.push((String::new(), words.get("access-no-packet")));
            self.enclosures.extend(enclosures.iter().map(|(id, name)| (id.to_string(), name.clone())));
        }
        self
    }

    /// With what the chart lacks for what was to go along, and where that is typed.
    pub(super) fn lacking(mut self, words: Words, why: NotEnclosed) -> Self {
        let text = match why {
            NotEnclosed::Lacks(text) => {
                let face_sheet = format!("/staff/charts/{}/edit", self.chart);
                self.link = Some((face_sheet, words.get("access-open-face-sheet")));
                text
            }
            NotEnclosed::Refused(text) => text,
        };
        self.errors.add("packet", text);
        self
    }

    fn fill(&mut self, viewer: Viewer<'_>, file: &ChartFile, grant: &Overview) {
        let words = viewer.words;
        let name = &grant.person_name;
        let until = viewer.when(viewer.now.plus_hours(LINK_HOURS)).exact;
        let makes_a_link =
            matches!(self.act, ActName::Invite | ActName::Resend | ActName::ChangeEmail | ActName::Letter);
        if makes_a_link && let Some(reason) = lacks_in_words(words, &grant.lacks) {
            let face_sheet = format!("/staff/charts/{}/edit", grant.chart_id);
            self.paragraphs.push(reason);
            self.link = Some((face_sheet, words.get("access-open-face-sheet")));
            self.button = None;
            return;
        }
        match self.act {
            ActName::Invite | ActName::Resend => {
                match &grant.address_on_file {
                    Some(_) if grant.mail_route != MailRoute::FaceSheet => self.say_safe(words, grant, until),
                    Some(to) => self.paragraphs.push(words.with(
                        &self.act.key("text"),
                        &[("name", name.clone()), ("address", to.clone()), ("until", until)],
                    )),
                    None if self.act == ActName::Invite => {
                        self.paragraphs.push(words.with1("access-act-invite-no-address", "name", name));
                        self.address = Some(String::new());
                    }
                    None => {
                        let path =
                            format!("/staff/charts/{}/access/{}", grant.chart_id, ActName::ChangeEmail);
                        self.paragraphs.push(words.with1("access-act-resend-no-address", "name", name));
                        self.link = Some((path, words_of(ActName::ChangeEmail, words, "label", grant)));
                        self.button = None;
                    }
                }
                self.doubts = Question::known(words, grant);
                if self.act == ActName::Resend {
                    self.say_quota(viewer, grant);
                }
            }
            ActName::ChangeEmail => {
                let now = grant.address_on_file.clone().unwrap_or_default();
                self.paragraphs.push(words.with2(&self.act.key("text"), "name", name, "until", until));
                self.address = Some(now);
                self.reason = Some(String::new());
            }
            ActName::ChangeOwner => {
                self.people = other_people(words, file);
                let key = if self.people.is_empty() { "nobody" } else { "text" };
                self.paragraphs.push(words.with2(
                    &self.act.key(key),
                    "name",
                    name,
                    "client",
                    file.client.full_name(),
                ));
                if self.people.is_empty() {
                    let face_sheet = format!("/staff/charts/{}/edit", grant.chart_id);
                    self.link = Some((face_sheet, words.get("access-open-face-sheet")));
                    self.button = None;
                    return;
                }
                self.paragraphs.push(words.with1(
                    &self.act.key("discloses"),
                    "client",
                    file.client.full_name(),
                ));
            }
            ActName::Revoke => {
                let key = if grant.phase == Phase::Active { "text" } else { "text-invited" };
                self.paragraphs.push(words.with1(&self.act.key(key), "name", name));
                self.reason = Some(String::new());
            }
            ActName::Letter => {
                let open = matches!(grant.phase, Phase::Invited | Phase::Locked);
                let key = if open { "text-replaces" } else { "text" };
                self.paragraphs.push(words.with2(&self.act.key(key), "name", name, "until", until));
            }
            ActName::Unlock if grant.phase == Phase::Locked && !grant.may_unlock => {
                self.paragraphs.push(words.get("access-refused-link-over"));
                self.button = None;
            }
            ActName::Restore if lacks_basis(grant) => {
                self.paragraphs.push(words.get("access-refused-basis-missing"));
                self.link = rights_path(grant)
                    .filter(|_| viewer.may_set_rights)
                    .map(|path| (path, words.get("access-open-rights")));
                self.button = None;
            }
            ActName::Cancel | ActName::Restore | ActName::Unlock | ActName::Reset | ActName::SignOut => {
                self.paragraphs.push(words_of(self.act, words, "text", grant));
            }
        }
    }

    /// Where the mail to somebody in safe contact goes, and that it does not say who writes.
    fn say_safe(&mut self, words: Words, grant: &Overview, until: String) {
        let name = grant.person_name.clone();
        match &grant.mail_route {
            MailRoute::Safe(address) => self.paragraphs.push(words.with(
                "access-act-safe-text",
                &[("name", name), ("address", address.clone()), ("until", until)],
            )),
            MailRoute::FaceSheet | MailRoute::Nowhere => {
                let path = format!("/staff/charts/{}/safe-contact", grant.chart_id);
                self.paragraphs.push(words.with1("access-act-safe-nowhere", "name", name));
                self.link = Some((path, words.get("portal-safe-link")));
                self.button = None;
            }
        }
    }

    /// When the last link was sent, and how many more may be sent today; no button where none may.
    fn say_quota(&mut self, viewer: Viewer<'_>, grant: &Overview) {
        let words = viewer.words;
        if let Some(sent) = grant.sent_at.filter(|sent| viewer.now < sent.plus_hours(1)) {
            let when = viewer.when(sent).relative;
            self.paragraphs.push(words.with1("access-resend-sent-ago", "when", when));
        }
        self.paragraphs.push(match grant.next_resend_at {
            Some(again) if grant.resends_left == 0 => {
                self.button = None;
                words.with1("access-resends-again", "when", viewer.when(again).exact)
            }
            _ => words.with2("access-resends-left", "left", grant.resends_left, "most", grant.resends_a_day),
        });
    }

    /// With what was typed, so that nothing has to be typed twice.
    pub(super) fn kept(mut self, input: &ActInput) -> Self {
        if self.address.is_some() || !input.address.trim().is_empty() {
            self.address = Some(input.address.clone());
        }
        if self.reason.is_some() {
            self.reason = Some(input.reason.clone());
        }
        for question in &mut self.doubts {
            question.ticked = input.confirmed.iter().any(|word| word == question.doubt.word());
        }
        self.packet.clone_from(&input.packet);
        self.back = Back::read(&input.back);
        self
    }

    /// With doubts about the address as questions, ticked where they were confirmed.
    pub(super) fn doubting(
        mut self,
        words: Words,
        address: &str,
        doubts: &[(Doubt, String)],
        input: &ActInput,
    ) -> Self {
        self.doubts = Question::about(words, address, doubts, &input.confirmed);
        // In the order of the form: the first question takes the focus.
        if let Some(first) = self.doubts.first() {
            self.errors.add(&format!("doubt-{}", first.doubt), words.get("access-refused-doubtful"));
        }
        self
    }
}

/// The client and related contacts, without the present owner.
fn other_people(words: Words, file: &ChartFile) -> Vec<Choice> {
    let client = std::iter::once((&file.client, words.get("access-the-client")));
    let contacts = file.contacts.iter().map(|c| (&c.person, relation_word(words, &c.relation)));
    client
        .chain(contacts)
        .filter(|(person, _)| person.person_id != file.chart.owner_person_id)
        .map(|(person, hint)| Choice { value: person.person_id.to_string(), label: person.full_name(), hint })
        .collect()
}

/// What the forms send.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActInput {
    pub(super) seen: String,
    pub(super) address: String,
    pub(super) reason: String,
    /// What goes along with an invitation; empty for nothing.
    pub(super) packet: String,
    confirmed: Vec<String>,
    pub(super) back: String,
}

/// Characters of a reason.
const REASON: usize = 200;

impl ActInput {
    /// The act that the form asks for, or what is wrong in it.
    pub(super) fn read(&self, words: Words, name: ActName, owner: &Overview) -> Result<Act, FieldErrors> {
        let confirmed: Vec<Doubt> = self.confirmed.iter().filter_map(|word| word.parse().ok()).collect();
        let seen = self.seen.parse().ok();
        let mut errors = FieldErrors::new();
        let act = match name {
            ActName::Invite if owner.address_on_file.is_some() && self.address.trim().is_empty() => {
                Some(Act::Invite { address: None, confirmed })
            }
            ActName::Invite => self
                .read_address(words, &mut errors)
                .map(|address| Act::Invite { address: Some(address), confirmed }),
            ActName::ChangeEmail => {
                let address = self.read_address(words, &mut errors);
                let reason = self.read_reason(words, &mut errors).filter(|reason| {
                    // INV-08: an address is changed for a reason.
                    if reason.is_empty() {
                        errors.add("reason", words.get("access-reason-missing"));
                    }
                    !reason.is_empty()
                });
                address.zip(reason).map(|(address, reason)| Act::ChangeEmail { address, confirmed, reason })
            }
            ActName::Revoke => self.read_reason(words, &mut errors).map(|reason| Act::Revoke { reason }),
            ActName::Resend => Some(Act::Resend { seen, confirmed }),
            ActName::Letter => Some(Act::Letter { seen }),
            ActName::Cancel => Some(Act::Cancel),
            ActName::Unlock => Some(Act::Unlock),
            ActName::Restore => Some(Act::Restore),
            ActName::SignOut => Some(Act::SignOut),
            // They have routes of their own.
            ActName::ChangeOwner | ActName::Reset => None,
        };
        act.ok_or(errors)
    }

    fn read_address(&self, words: Words, errors: &mut FieldErrors) -> Option<EmailAddress> {
        match EmailAddress::parse(&self.address) {
            Ok(address) => Some(address),
            Err(error) => {
                let key = match error {
                    EmailError::Empty => "access-address-missing",
                    EmailError::Malformed => "access-address-malformed",
                    EmailError::TooLong => "access-address-too-long",
                };
                errors.add("address", words.get(key));
                None
            }
        }
    }

    fn read_reason(&self, words: Words, errors: &mut FieldErrors) -> Option<String> {
        let reason = text::line(&self.reason, REASON);
        if reason.is_err() {
            errors.add("reason", words.with1("access-reason-wrong", "most", REASON));
        }
        reason.ok()
    }
}
