//! What the API takes and gives, field by field. The OpenAPI document is made from these types.

use std::fmt;
use std::marker::PhantomData;

use axum::body::Bytes;
use axum::http::header;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::ApiCaller;
use super::problem::{self, Problem};
use super::rules_json::{Part2ConsentJson, WithheldJson};
use crate::features::access::Overview;
use crate::features::charts::Row;
use crate::features::people::{
    Address, AddressKind, ChartFile, Person, Problems, Typed, TypedAddress, TypedContact, TypedPerson, Wrong,
};
use crate::kernel::civil::BirthDateError;
use crate::kernel::text;
use crate::person_fields;
use crate::platform::i18n::Words;
use crate::platform::web::forms::MOST_BYTES;

/// An object and nothing else. What serde makes of a struct reads a list of its fields as well, so that
/// `["C-1", {}]` would pass for a chart (WEB-10).
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Only<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Only<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        d.deserialize_map(Only(PhantomData))
    }
}

/// A field that is an object.
fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<T, D::Error> {
    Object::deserialize(d).map(|Object(value)| value)
}

/// A field that is a list of objects; null is the empty list.
fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Vec<T>, D::Error> {
    Ok(objects_or_none(d)?.unwrap_or_default())
}

/// An optional field: null is the same as leaving it out.
fn or_absent<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// The same, where leaving it out means yes.
fn or_yes<'de, D: Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or(true))
}

/// A field that is an object, where there is one.
fn object_or_none<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<T>, D::Error> {
    let value: Option<Object<T>> = Option::deserialize(d)?;
    Ok(value.map(|Object(value)| value))
}

/// A field that is a list of objects, where there is one.
fn objects_or_none<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<Vec<T>>, D::Error> {
    let list: Option<Vec<Object<T>>> = Option::deserialize(d)?;
    Ok(list.map(|list| list.into_iter().map(|Object(value)| value).collect()))
}

/// Reads a JSON body: an object; unknown and repeated fields are refused (WEB-10).
pub fn read<T: DeserializeOwned>(caller: &ApiCaller, body: &Bytes) -> Result<T, Problem> {
    if body.len() > MOST_BYTES {
        return Err(problem::TOO_LARGE.into());
    }
    let kind = caller.header(header::CONTENT_TYPE).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(problem::MEDIA_TYPE.into());
    }
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::from(problem::MALFORMED).saying("The body must be a JSON object."));
    }
    match serde_json::from_slice(body) {
        Ok(Object(read)) => Ok(read),
        Err(error) => Err(Problem::from(problem::MALFORMED).saying(error.to_string())),
    }
}

/// The same, where the body may be left out.
pub fn read_or_default<T: DeserializeOwned + Default>(
    caller: &ApiCaller,
    body: &Bytes,
) -> Result<T, Problem> {
    if body.is_empty() { Ok(T::default()) } else { read(caller, body) }
}

/// Longest reason.
const MOST_IN_A_REASON: usize = 500;

/// A reason as it was given; empty for none.
pub fn reason(given: &str) -> Result<String, Problem> {
    text::line(given, MOST_IN_A_REASON)
        .map_err(|error| Problem::fields([("/reason".to_owned(), error.to_string())]))
}

/// An e-mail address or a phone number.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressJson {
    /// The address or number, as typed.
    #[schema(example = "ana.duarte@example.org")]
    pub value: String,
    /// "home", "work", "mobile" or anything else short.
    #[serde(default, deserialize_with = "or_absent")]
    pub label: String,
    /// May the practice write to it?
    #[serde(default = "yes", deserialize_with = "or_yes")]
    pub may_mail: bool,
    /// When mail to it came back for good. Not taken from a request, so that what was read can be sent
    /// back as it is.
    #[serde(default)]
    #[schema(read_only, format = DateTime)]
    pub undeliverable_at: Option<String>,
}

fn yes() -> bool {
    true
}

/// A field's text as the API gives it, and back.
trait FieldJson {
    fn from_text(text: &str) -> Self;
    fn into_text(self) -> String;
}

impl FieldJson for String {
    fn from_text(text: &str) -> Self {
        text.to_owned()
    }

    fn into_text(self) -> String {
        self
    }
}

/// Several texts, one a line.
impl FieldJson for Vec<String> {
    fn from_text(text: &str) -> Self {
        text.lines().map(str::to_owned).collect()
    }

    fn into_text(self) -> String {
        self.join("\n")
    }
}

macro_rules! person_json {
    ($($(#[$doc:meta])* $field:ident: $kind:ident, $stored:ty, $json:ty, $change:ident, $part:ident;)+) => {
        /// A person on a face sheet. What is left out, or null, is empty.
        #[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct PersonJson {
            /// The person. Not taken from a request, so that what was read can be sent back as it is.
            #[schema(read_only, format = "uuid")]
            #[serde(deserialize_with = "or_absent")]
            pub id: String,
            $($(#[$doc])* #[serde(deserialize_with = "or_absent")] pub $field: $json,)+
            /// Birth date, `YYYY-MM-DD` and nothing else; empty for none.
            #[schema(example = "1990-04-12")]
            #[serde(deserialize_with = "or_absent")]
            pub birth_date: String,
            /// E-mail addresses, in order. The first that may be used for mail is invited.
            #[serde(deserialize_with = "objects")]
            pub emails: Vec<AddressJson>,
            /// Phone numbers, in order.
            #[serde(deserialize_with = "objects")]
            pub phones: Vec<AddressJson>,
        }

        /// What is to change of a person: fields that are left out stay as they are.
        #[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct PersonPatch {
            $($(#[$doc])* pub $field: Option<$json>,)+
            /// `YYYY-MM-DD`; an empty text clears it.
            pub birth_date: Option<String>,
            /// The whole list, in order.
            #[serde(deserialize_with = "objects_or_none")]
            pub emails: Option<Vec<AddressJson>>,
            /// The whole list, in order.
            #[serde(deserialize_with = "objects_or_none")]
            pub phones: Option<Vec<AddressJson>>,
        }

        fn person(p: &Person, addresses: &[Address]) -> PersonJson {
            let of = |kind| addresses.iter().filter(|a| a.kind == kind).map(address).collect();
            let typed = TypedPerson::of(p, &[]);
            PersonJson {
                id: p.person_id.to_string(),
                $($field: FieldJson::from_text(&typed.$field),)+
                birth_date: p.birth_date.as_ref().map(ToString::to_string).unwrap_or_default(),
                emails: of(AddressKind::Email),
                phones: of(AddressKind::Phone),
            }
        }

        fn typed_person(p: PersonJson) -> TypedPerson {
            let typed = TypedPerson {
                $($field: p.$field.into_text(),)+
                emails: typed_addresses(p.emails),
                phones: typed_addresses(p.phones),
                ..TypedPerson::default()
            };
            if p.birth_date.trim().is_empty() { typed } else { typed.born(&p.birth_date) }
        }

        impl PersonPatch {
            fn over(self, mut client: TypedPerson) -> TypedPerson {
                $(if let Some(change) = self.$field {
                    client.$field = change.into_text();
                })+
                if let Some(emails) = self.emails {
                    client.emails = typed_addresses(emails);
                }
                if let Some(phones) = self.phones {
                    client.phones = typed_addresses(phones);
                }
                let Some(birth_date) = self.birth_date else { return client };
                (client.birth_year, client.birth_month, client.birth_day) = Default::default();
                if birth_date.trim().is_empty() { client } else { client.born(&birth_date) }
            }
        }
    };
}

person_fields!(person_json);

/// Somebody related to the client.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactJson {
    /// Their id, if they are on the chart already; left out for a new one.
    #[serde(default)]
    #[schema(format = "uuid")]
    pub id: Option<String>,
    /// "parent", "guardian", "partner", …
    #[schema(example = "parent")]
    pub relation: String,
    /// Who.
    #[serde(deserialize_with = "object")]
    pub person: PersonJson,
}

/// A chart to be made.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChart {
    /// Its number; left out: the next free one.
    #[serde(default, deserialize_with = "or_absent")]
    pub chart_number: String,
    /// The client.
    #[serde(deserialize_with = "object")]
    pub client: PersonJson,
    /// Related contacts.
    #[serde(default, deserialize_with = "objects")]
    pub contacts: Vec<ContactJson>,
}

/// What is to change of a chart: fields that are left out stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChartPatch {
    /// Another number.
    pub chart_number: Option<String>,
    /// Changes of the client.
    #[serde(deserialize_with = "object_or_none")]
    pub client: Option<PersonPatch>,
    /// The whole list of related contacts. A contact who is left out leaves the chart.
    #[serde(deserialize_with = "objects_or_none")]
    pub contacts: Option<Vec<ContactJson>>,
    /// Why an e-mail address leaves the chart, or may no longer be used: at most 500 characters, seen by
    /// staff. Needed where an invitation is out to that address, and where its person has portal access.
    #[schema(example = "mistyped")]
    pub reason: Option<String>,
}

/// A chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChartJson {
    /// The chart.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its number.
    pub chart_number: String,
    /// `open` or `closed`.
    pub state: String,
    /// The last day on which clients may read it while it is closed; none: for good.
    #[schema(format = Date)]
    pub client_view_until: Option<String>,
    /// Since when clients ask for no new appointment; none: they may.
    #[schema(format = DateTime)]
    pub frozen_at: Option<String>,
    /// The code of the place by whose law its client comes of age; `practice` for the practice's own.
    pub jurisdiction: String,
    /// Since when a court counts its client as an adult.
    #[schema(format = Date)]
    pub emancipated_on: Option<String>,
    /// The day of its client's death.
    #[schema(format = Date)]
    pub deceased_on: Option<String>,
    /// Counts changes; the ETag is made of it.
    pub version: i64,
    /// The client.
    pub client: PersonJson,
    /// The chart owner: the client, or a related contact.
    #[schema(format = "uuid")]
    pub owner_person_id: String,
    /// Related contacts.
    pub contacts: Vec<ContactJson>,
}

/// A chart in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChartRow {
    /// The chart.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its number.
    pub chart_number: String,
    /// `open` or `closed`.
    pub state: String,
    /// The client's first name.
    pub first_name: String,
    /// The client's last name.
    pub last_name: String,
    /// Suffix.
    pub suffix: String,
    /// `YYYY-MM-DD`.
    pub birth_date: Option<String>,
    /// The chart owner's portal state, such as `invited` or `undeliverable`.
    pub portal: String,
}

/// A page of charts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChartList {
    /// The charts.
    pub charts: Vec<ChartRow>,
    /// Give it as `cursor` to get the next page; absent on the last.
    pub next: Option<String>,
}

/// Which charts, and which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChartQuery {
    /// Any part of the name, chart number, birth date, e-mail or phone.
    pub q: String,
    /// Only charts whose owner's portal access is in this state: `not_invited`, `invited`, `expired`,
    /// `undeliverable`, `locked`, `declined`, `canceled`, `active`, `no_portal_access`.
    pub portal: Option<String>,
    /// `name` (the default), `number` or `newest`.
    pub sort: Option<String>,
    /// 1 to 100; 50 by default.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// 1 to 100; 50 by default.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Which grants, and which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GrantQuery {
    /// Only grants in this state: `not_invited`, `invited`, `expired`, `locked`, `declined`,
    /// `canceled`, `active`, `no_portal_access`.
    pub state: Option<String>,
    /// 1 to 100; 50 by default.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A grant in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GrantRow {
    /// The grant.
    #[schema(format = "uuid")]
    pub id: String,
    /// Its chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// Whose.
    #[schema(format = "uuid")]
    pub person_id: String,
    /// `owner`, `representative` or `former_owner`.
    pub role: String,
    /// See the list's filter.
    pub state: String,
    /// The newest invitation's number.
    pub generation: i32,
    /// Since when.
    #[schema(format = DateTime)]
    pub since: String,
    /// Until when the newest link is (or was) good.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// A page of grants.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GrantList {
    /// The grants.
    pub grants: Vec<GrantRow>,
    /// Give it as `cursor` to get the next page; absent on the last.
    pub next: Option<String>,
}

/// The grants of one chart.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChartGrants {
    /// The chart owner's first.
    pub grants: Vec<GrantJson>,
}

/// What became of a mail.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MailJson {
    /// `queued`, `sending`, `sent`, `deferred`, `undeliverable` or `cancelled`. "Sent" means handed to
    /// the mail server.
    pub state: String,
    /// Tries so far.
    pub tries: i32,
    /// When it was queued.
    #[schema(format = DateTime)]
    pub queued_at: String,
    /// When its state became final.
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    /// When it came back.
    #[schema(format = DateTime)]
    pub bounced_at: Option<String>,
    /// The server's code, such as `5.1.1`.
    pub code: Option<String>,
    /// The reason in plain words.
    pub reason: Option<String>,
}

/// One line of a grant's timeline.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TimelineJson {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// What, such as `access.invited` or `mail.sent`.
    pub what: String,
    /// By whom; empty for the client's side.
    pub by: String,
    /// The same in a sentence.
    pub text: String,
}

/// A grant: who may see a chart, and how far that has come. The link's token is never among it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GrantJson {
    /// The grant; absent before the first invitation.
    #[schema(format = "uuid")]
    pub id: Option<String>,
    /// Its chart.
    #[schema(format = "uuid")]
    pub chart_id: String,
    /// Whose.
    #[schema(format = "uuid")]
    pub person_id: String,
    /// `owner`, `representative` or `former_owner`.
    pub role: String,
    /// `not_invited`, `invited`, `expired`, `locked`, `declined`, `canceled`, `active` or
    /// `no_portal_access`.
    pub state: String,
    /// By what right the holder has it: `self`, `parent`, `in_loco_parentis`, `minor_guardian`, `adult_guardian`,
    /// `power_of_attorney`, `client_choice`, `co_parent_order`, `executor`, `agency` or `other`; absent
    /// before the first invitation.
    pub basis: Option<String>,
    /// What it allows: `appointments`, `billing`, `documents`, `messages`, `forms`, `superbills`, `information`,
    /// each with `:view` behind it where it only looks.
    pub rights: Vec<String>,
    /// The first day it counts.
    #[schema(format = Date)]
    pub starts_on: Option<String>,
    /// The last day it counts, to its end in the practice's zone.
    #[schema(format = Date)]
    pub ends_on: Option<String>,
    /// Why the holder of an active grant sees nothing now: `paused`, `not_before` its first day, `over` since its
    /// last, `adult` or of an unknown age (`age_unknown`) where the right of a parent or guardian stands on the
    /// client being a minor, `age_rule`, `assent_missing`, `no_rights`, `withheld`, `chart`, `death` or
    /// `account_locked`; absent where something is open.
    pub closed_by: Option<String>,
    /// The next day on which less is open by itself, because of a date or the client's age.
    #[schema(format = Date)]
    pub narrows_on: Option<String>,
    /// What is open from that day on, as in `rights`.
    pub narrows_to: Option<Vec<String>>,
    /// What is kept from its holder today, whatever it allows.
    pub withheld: Vec<WithheldJson>,
    /// The client's consent under 42 CFR Part 2 that holds today; absent where there is none.
    pub part2_consent: Option<Part2ConsentJson>,
    /// About what its holder wants no mail: `appointments`, `documents`, `messages`, `billing`.
    pub no_mail_about: Vec<String>,
    /// The hours of the day, in their zone, in which they want no mail, such as `22-7`.
    pub quiet_hours: Option<String>,
    /// Since when staff have paused it.
    #[schema(format = DateTime)]
    pub paused_at: Option<String>,
    /// The newest invitation's number; 0 before the first. Give it as `seen` when resending.
    pub generation: i32,
    /// Since when it is in this state.
    #[schema(format = DateTime)]
    pub since: String,
    /// Who brought it there; empty for the client's side.
    pub by: String,
    /// Why (revoked; or the address was changed).
    pub reason: String,
    /// The address of the newest invitation.
    pub address: Option<String>,
    /// When the newest invitation was sent.
    #[schema(format = DateTime)]
    pub sent_at: Option<String>,
    /// Until when its link is (or was) good.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// Failed checks on it.
    pub mismatches: i32,
    /// When its holder asked for a new link.
    #[schema(format = DateTime)]
    pub asked_at: Option<String>,
    /// When its holder answered "not now"; no reminder goes out after that.
    #[schema(format = DateTime)]
    pub not_now_at: Option<String>,
    /// When they registered.
    #[schema(format = DateTime)]
    pub registered_at: Option<String>,
    /// Last sign-in.
    #[schema(format = DateTime)]
    pub last_sign_in_at: Option<String>,
    /// The newest mail with the newest link.
    pub mail: Option<MailJson>,
    /// Resends left today.
    pub resends_left: i32,
    /// When the next automatic reminder goes out.
    #[schema(format = DateTime)]
    pub next_reminder_at: Option<String>,
    /// Everything that happened, oldest first.
    pub timeline: Vec<TimelineJson>,
}

/// An invitation to be sent to the chart owner.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InviteJson {
    /// To this address, which is put on the face sheet; left out: the first there that may be used.
    pub address: Option<String>,
    /// Doubts about the address that somebody has looked at, as a `doubtful-address` problem named them.
    #[serde(deserialize_with = "or_absent")]
    pub confirm: Vec<String>,
}

/// A resend.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResendJson {
    /// The generation that you saw: if somebody has resent since, theirs counts and no second mail
    /// goes out.
    pub seen: Option<i32>,
    /// Doubts about the address that somebody has looked at, as a `doubtful-address` problem named them.
    #[serde(deserialize_with = "or_absent")]
    pub confirm: Vec<String>,
}

/// A revocation.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeJson {
    /// Why; staff see it.
    pub reason: String,
}

/// A change of the chart owner.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeOwnerJson {
    /// The client, or a related contact of the chart.
    #[schema(format = "uuid")]
    pub person_id: String,
    /// The hash of the preview that somebody has looked at.
    #[serde(default)]
    pub preview_sha256: String,
    /// Why. Needed, with `authorised_by`, where an adult's record is given to somebody else, or a record to
    /// somebody who is not known to be an adult.
    #[serde(default)]
    pub reason: String,
    /// Who allowed it: the client, a guardian, a court.
    #[serde(default)]
    pub authorised_by: String,
}

/// A representative to be added, without an invitation.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrantJson {
    /// A related contact of the chart.
    #[schema(format = "uuid")]
    pub person_id: String,
    /// By what right: see the grant's `basis`; never `self`.
    pub basis: String,
    /// What they are allowed: see the grant's `rights`. Left out: nothing.
    #[serde(default)]
    pub rights: Vec<String>,
    /// The first day; left out: at once.
    #[schema(format = Date)]
    pub starts_on: Option<String>,
    /// The last day; left out: no end.
    #[schema(format = Date)]
    pub ends_on: Option<String>,
}

/// New terms of a grant. What is left out stays; a day that is null is taken away.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TermsJson {
    /// By what right: see the grant's `basis`; never `self`.
    pub basis: Option<String>,
    /// All that is allowed: see the grant's `rights`.
    pub rights: Option<Vec<String>>,
    /// The first day.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = Date)]
    pub starts_on: Option<Option<String>>,
    /// The last day.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = Date)]
    pub ends_on: Option<Option<String>>,
    /// Why; needed where something is taken away.
    pub reason: String,
}

/// A pause.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PauseJson {
    /// Why; staff see it.
    pub reason: String,
}

/// A field that may be null: `None` where it was left out.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(d).map(Some)
}

/// An action without anything to say.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NothingJson {}

/// A field that is not right.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// A JSON pointer into the body.
    #[schema(example = "/client/emails/0/value")]
    pub pointer: String,
    /// What is wrong.
    pub detail: String,
}

/// Problem details (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemJson {
    /// Never changes for a kind: `urn:anteroom:problem:…`.
    #[schema(example = "urn:anteroom:problem:invalid")]
    pub r#type: String,
    /// The kind in a sentence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// About this occurrence.
    pub detail: Option<String>,
    /// Fields that are not right (`invalid`).
    pub errors: Option<Vec<FieldProblem>>,
    /// What to look at (`doubtful-address`); confirm them in `confirm`.
    pub doubts: Option<Vec<String>>,
    /// From when on it is possible again (`too-many-resends`).
    #[schema(format = DateTime)]
    pub retry_at: Option<String>,
}

fn address(a: &Address) -> AddressJson {
    AddressJson {
        value: a.value.clone(),
        label: a.label.clone(),
        may_mail: a.may_mail,
        undeliverable_at: a.undeliverable_at.map(|at| at.to_string()),
    }
}

impl From<&ChartFile> for ChartJson {
    fn from(file: &ChartFile) -> Self {
        Self {
            id: file.chart.chart_id.to_string(),
            chart_number: file.chart.chart_number.clone(),
            state: file.chart.state.clone(),
            client_view_until: file.chart.client_view_until.clone(),
            frozen_at: file.chart.frozen_at.map(|at| at.to_string()),
            jurisdiction: file.chart.jurisdiction.clone(),
            emancipated_on: file.client.emancipated_on.clone(),
            deceased_on: file.client.deceased_on.clone(),
            version: file.chart.version,
            client: person(&file.client, &file.addresses),
            owner_person_id: file.chart.owner_person_id.to_string(),
            contacts: file
                .contacts
                .iter()
                .map(|c| ContactJson {
                    id: Some(c.person.person_id.to_string()),
                    relation: c.relation.clone(),
                    person: person(&c.person, &c.addresses),
                })
                .collect(),
        }
    }
}

impl From<Row> for ChartRow {
    fn from(row: Row) -> Self {
        Self {
            id: row.chart_id.to_string(),
            chart_number: row.number,
            state: row.state,
            first_name: row.first_name,
            last_name: row.last_name,
            suffix: row.suffix,
            birth_date: row.birth_date.map(|d| d.to_string()),
            portal: row.portal.to_string(),
        }
    }
}

fn typed_addresses(addresses: Vec<AddressJson>) -> Vec<TypedAddress> {
    addresses
        .into_iter()
        .map(|a| TypedAddress { value: a.value, label: a.label, may_mail: a.may_mail })
        .collect()
}

fn typed_contact(c: ContactJson) -> TypedContact {
    TypedContact { id: c.id.unwrap_or_default(), relation: c.relation, person: typed_person(c.person) }
}

impl From<NewChart> for Typed {
    fn from(new: NewChart) -> Self {
        Self {
            chart_number: new.chart_number,
            client: typed_person(new.client),
            contacts: new.contacts.into_iter().map(typed_contact).collect(),
        }
    }
}

impl ChartPatch {
    /// The whole face sheet with these changes.
    pub fn over(self, file: &ChartFile) -> Typed {
        let client = TypedPerson::of(&file.client, &file.addresses);
        Typed {
            chart_number: self.chart_number.unwrap_or_else(|| file.chart.chart_number.clone()),
            client: match self.client {
                Some(patch) => patch.over(client),
                None => client,
            },
            contacts: match self.contacts {
                Some(contacts) => contacts.into_iter().map(typed_contact).collect(),
                None => file
                    .contacts
                    .iter()
                    .map(|c| TypedContact {
                        id: c.person.person_id.to_string(),
                        relation: c.relation.clone(),
                        person: TypedPerson::of(&c.person, &c.addresses),
                    })
                    .collect(),
            },
        }
    }
}

/// A face sheet's problems, each at its place in the body.
pub fn field_problems(problems: &Problems, words: Words) -> Problem {
    Problem::fields(problems.0.iter().map(|problem| {
        let detail = match problem.wrong {
            Wrong::BirthDate(BirthDateError::Missing | BirthDateError::Malformed) => {
                words.get("charts-wrong-birth-iso")
            }
            wrong => wrong.worded(&problem.field, words),
        };
        (pointer(&problem.field), detail)
    }))
}

/// `contact-1-email-0-value` → `/contacts/1/person/emails/0/value`.
fn pointer(field: &str) -> String {
    let mut parts = field.split('-').peekable();
    let mut pointer = String::new();
    match parts.peek() {
        Some(&"chart_number") => return "/chart_number".into(),
        Some(&"contacts") => return "/contacts".into(),
        Some(&("email_reason" | "birth_reason")) => return "/reason".into(),
        Some(&"contact") => {
            parts.next();
            pointer = format!("/contacts/{}", parts.next().unwrap_or("0"));
            if parts.peek() != Some(&"relation") {
                pointer.push_str("/person");
            }
        }
        _ => pointer.push_str("/client"),
    }
    for part in parts {
        pointer.push('/');
        pointer.push_str(match part {
            "email" => "emails",
            "phone" => "phones",
            part if part.starts_with("birth") => "birth_date",
            part => part,
        });
    }
    pointer
}

impl GrantJson {
    /// From what staff see.
    pub fn of(o: &Overview, words: Words) -> Self {
        let at = |moment: Option<crate::kernel::clock::Timestamp>| moment.map(|m| m.to_string());
        Self {
            id: o.access_id.as_ref().map(ToString::to_string),
            chart_id: o.chart_id.to_string(),
            person_id: o.person_id.to_string(),
            role: o.role.to_string(),
            state: o.phase.to_string(),
            basis: o.terms.as_ref().map(|terms| terms.basis.to_string()),
            rights: o
                .terms
                .iter()
                .flat_map(|terms| terms.rights.write().split(' ').map(str::to_owned).collect::<Vec<_>>())
                .filter(|word| !word.is_empty())
                .collect(),
            starts_on: o.terms.as_ref().and_then(|terms| terms.starts_on).map(|day| day.to_string()),
            ends_on: o.terms.as_ref().and_then(|terms| terms.ends_on).map(|day| day.to_string()),
            closed_by: o.closed.map(|closed| closed.word().to_owned()),
            narrows_on: o.narrows.as_ref().map(|narrows| narrows.on.to_string()),
            narrows_to: o
                .narrows
                .as_ref()
                .map(|narrows| narrows.after.write().split_whitespace().map(str::to_owned).collect()),
            withheld: o.withheld.iter().map(WithheldJson::of).collect(),
            part2_consent: o.part2.as_ref().map(Part2ConsentJson::of),
            no_mail_about: o.wishes.without.iter().map(ToString::to_string).collect(),
            quiet_hours: o.wishes.quiet.map(|hours| hours.to_string()),
            paused_at: at(o.paused.as_ref().map(|(at, ..)| *at)),
            generation: o.generation,
            since: o.since.to_string(),
            by: o.by_name.clone(),
            reason: o.reason.clone(),
            address: o.address.clone(),
            sent_at: at(o.sent_at),
            expires_at: at(o.expires_at),
            mismatches: o.mismatches,
            asked_at: at(o.asked_at),
            not_now_at: at(o.not_now_at),
            registered_at: at(o.registered_at),
            last_sign_in_at: at(o.last_sign_in_at),
            mail: o.mail.as_ref().map(|m| MailJson {
                state: m.state.to_string(),
                tries: m.tries,
                queued_at: m.created_at.to_string(),
                finished_at: at(m.finished_at),
                bounced_at: at(m.bounced_at),
                code: m.last_code.clone(),
                reason: m.last_reason.as_ref().map(|key| words.get(key)),
            }),
            resends_left: o.resends_left,
            next_reminder_at: at(o.next_reminder_at),
            timeline: o
                .timeline
                .iter()
                .map(|e| TimelineJson {
                    at: e.at.to_string(),
                    what: e.what.word().to_owned(),
                    by: e.by_name.clone(),
                    text: e.sentence(words),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_10_a_list_is_no_object_at_any_depth() {
        fn is_read<T: DeserializeOwned>(body: &str) -> bool {
            serde_json::from_str::<Object<T>>(body).is_ok()
        }
        for (body, expected) in [
            (r#"{"client":{"last_name":"Park","emails":[{"value":"a@example.org"}]}}"#, true),
            (r#"{"client":{},"contacts":[{"relation":"parent","person":{}}]}"#, true),
            (r#"["C-1",{"last_name":"Park"},[]]"#, false),
            (r#"{"client":[]}"#, false),
            (r#"{"client":{"emails":[["a@example.org"]]}}"#, false),
            (r#"{"client":{"phones":[[]]}}"#, false),
            (r#"{"client":{"emails":null,"phones":null}}"#, true),
            (r#"{"chart_number":null,"client":{"middle_name":null,"former_last_names":null}}"#, true),
            (r#"{"client":{"birth_date":null},"contacts":null}"#, true),
            (r#"{"client":{"emails":[{"value":"a@example.org","label":null,"may_mail":null}]}}"#, true),
            (r#"{"client":{"emails":[{"value":null}]}}"#, false),
            (r#"{"client":{"middle_name":7}}"#, false),
            (r#"{"client":null}"#, false),
            (r#"{"client":{},"contacts":[["1","parent",{}]]}"#, false),
            (r#"{"client":{},"contacts":[{"relation":"parent","person":[]}]}"#, false),
            (r#"{"client":{"last_name":"Park","last_name":"Lee"}}"#, false),
            (r#"{"client":{"role":"administrator"}}"#, false),
            ("{}", false),
        ] {
            assert_eq!(is_read::<NewChart>(body), expected, "{body}");
        }
        for (body, expected) in [
            ("{}", true),
            (r#"{"client":null,"contacts":null,"reason":null}"#, true),
            (r#"{"client":{"emails":[{"value":"a@example.org"}]}}"#, true),
            (r#"{"client":[]}"#, false),
            (r#"{"client":{"emails":[["a@example.org"]]}}"#, false),
            (r#"{"contacts":[[]]}"#, false),
        ] {
            assert_eq!(is_read::<ChartPatch>(body), expected, "{body}");
        }
    }

    #[test]
    fn a_problem_points_at_its_field_in_the_body() {
        for (field, expected) in [
            ("chart_number", "/chart_number"),
            ("last_name", "/client/last_name"),
            ("birth_month", "/client/birth_date"),
            ("email-0-value", "/client/emails/0/value"),
            ("contact-1-relation", "/contacts/1/relation"),
            ("contact-1-last_name", "/contacts/1/person/last_name"),
            ("contact-2-phone-0-value", "/contacts/2/person/phones/0/value"),
            ("contacts", "/contacts"),
            ("email_reason", "/reason"),
            ("birth_reason", "/reason"),
        ] {
            assert_eq!(pointer(field), expected);
        }
    }
}
