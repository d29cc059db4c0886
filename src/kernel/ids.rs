//! Names of rows: UUID version 7 (RFC 9562), which sort by the time they were made and reveal nothing else.
//! The database keeps their 16 bytes; pages, the API and the audit trail show the 36 characters.

use std::fmt;
use std::str::FromStr;

use crate::kernel::{clock::Timestamp, rng::Rng};

/// The text was not an id of ours; pages answer it like a row that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, diesel::AsExpression, diesel::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Binary)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// Before every other: where a walk in the order of ids begins. No row has it.
            pub const NIL: Self = Self(uuid::Uuid::nil());

            /// A fresh id with the time `now`.
            pub fn fresh(rng: &dyn Rng, now: Timestamp) -> Self {
                Self(fresh_uuid(rng, now))
            }

            /// The id with this UUID.
            pub const fn from_uuid(uuid: uuid::Uuid) -> Self {
                Self(uuid)
            }

            /// Its UUID, for a place that holds ids of several kinds.
            pub const fn uuid(self) -> uuid::Uuid {
                self.0
            }

            /// Its 16 bytes, as the database keeps them.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl $crate::kernel::columns::ColumnText for $name {
            fn column_text(&self) -> std::borrow::Cow<'_, str> {
                std::borrow::Cow::Owned(self.0.simple().to_string())
            }
        }

        /// 36 characters, lower case.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                uuid::Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl<DB> diesel::serialize::ToSql<diesel::sql_types::Binary, DB> for $name
        where
            DB: diesel::backend::Backend,
            [u8]: diesel::serialize::ToSql<diesel::sql_types::Binary, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                <[u8] as diesel::serialize::ToSql<diesel::sql_types::Binary, DB>>::to_sql(self.0.as_bytes(), out)
            }
        }

        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Binary, DB> for $name
        where
            DB: diesel::backend::Backend,
            Vec<u8>: diesel::deserialize::FromSql<diesel::sql_types::Binary, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let bytes = <Vec<u8> as diesel::deserialize::FromSql<diesel::sql_types::Binary, DB>>::from_sql(bytes)?;
                Ok(Self(uuid::Uuid::from_slice(&bytes)?))
            }
        }
    )+};
}

fn fresh_uuid(rng: &dyn Rng, now: Timestamp) -> uuid::Uuid {
    let mut random = [0u8; 10];
    rng.fill(&mut random);
    let millis = u64::try_from(now.micros().div_euclid(1_000)).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

impl BlobId {
    /// When it was made (RFC 9562, 5.7); `None` for an id that does not say.
    pub fn made_at(self) -> Option<Timestamp> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
        Some(Timestamp::from_micros(micros + i64::from(nanos / 1_000)))
    }
}

impl EventId {
    /// From milliseconds since 1970 and a counter of 42 bits within them (RFC 9562, 6.2, method 1).
    pub fn counted(rng: &dyn Rng, millis: u64, counter: u64) -> Self {
        let mut bytes = [0u8; 10];
        rng.fill(&mut bytes);
        // 12 bits lie before the variant's two, 30 behind them.
        let (high, low) = ((counter >> 30) & 0xfff, counter & 0x3fff_ffff);
        bytes[0] = (high >> 8) as u8;
        bytes[1] = high as u8;
        bytes[2..6].copy_from_slice(&(low as u32).to_be_bytes());
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }
}

ids! {
    /// A practice (tenant).
    PracticeId,
    /// A staff member.
    StaffId,
    /// A person: a client or a related contact.
    PersonId,
    /// One address of a person.
    AddressId,
    /// A client's record in a practice.
    ChartId,
    /// A grant that joins a person to a chart.
    AccessId,
    /// One generation of an invitation.
    InvitationId,
    /// One person's sign-in.
    AccountId,
    /// A reported concern.
    ConcernId,
    /// What keeps lines of a client's log hidden for a while.
    SuspensionId,
    /// A mail in the outbox.
    MailId,
    /// A link that sets a password.
    LinkId,
    /// A document.
    DocumentId,
    /// A client's request for a document.
    DocumentRequestId,
    /// A template of documents.
    TemplateId,
    /// A template of packets.
    PacketTemplateId,
    /// A packet of documents that was sent.
    PacketId,
    /// A packet on its way to many charts.
    PacketSendingId,
    /// A stored file.
    BlobId,
    /// A file on its way in.
    UploadId,
    /// A client's insurance.
    CoverageId,
    /// A request to sign a version of a document.
    SigningId,
    /// Somebody who was asked to sign.
    SignerId,
    /// A signer on the practice's device.
    InPersonId,
    /// A consent to electronic records, or its end.
    ConsentId,
    /// An appointment.
    AppointmentId,
    /// A client of an appointment.
    AppointmentPartyId,
    /// A place where appointments are held.
    PlaceId,
    /// Somebody who can be in one place at a time: the id of a staff member or a chart.
    ResourceId,
    /// An appointment request.
    RequestId,
    /// Appointments that come again.
    SeriesId,
    /// A private address of a calendar.
    FeedId,
    /// What a video link is of: the id of an appointment, a staff member or a place.
    VideoOwnerId,
    /// A type of appointment.
    AppointmentTypeId,
    /// Hours of somebody, a day that differs from them, or time off.
    AvailabilityId,
    /// An entry of the journal.
    EntryId,
    /// Who pays.
    PayerId,
    /// A charge.
    ChargeId,
    /// A payment.
    PaymentId,
    /// A refund.
    RefundId,
    /// A statement.
    StatementId,
    /// A request to pay.
    InvoiceId,
    /// What a client sends to an insurer.
    SuperbillId,
    /// Something that the practice does for a fee.
    ServiceId,
    /// A visit that is charged.
    EncounterId,
    /// An insurer.
    InsurerId,
    /// With whom a client is insured.
    InsuranceId,
    /// What an insurer sent at once.
    RemittanceId,
    /// A payment that the client's bank asks back.
    DisputeId,
    /// A charge, a payment or a refund, where any of them may stand.
    ItemId,
    /// A frequent question.
    QuestionId,
    /// A key to the API.
    KeyId,
    /// An event of the audit trail.
    EventId,
    /// A thread of messages.
    ThreadId,
    /// A message.
    MessageId,
    /// Somebody's part in a thread.
    PartyId,
    /// What staff wrote to each other on a thread.
    NoteId,
    /// Somebody to call in an emergency.
    EmergencyContactId,
    /// A note on a court order or on safety, for staff alone.
    StaffNoteId,
    /// Time in which a staff member reads no messages.
    AwayId,
    /// A job that falls due.
    JobId,
    /// Something that is asked of the payment provider.
    TaskId,
    /// A file of charts that is being imported in the browser.
    ImportId,
    /// A rule on what is left of a parent's access from an age on.
    AgeRuleId,
    /// Something that is kept from one grant.
    WithheldId,
    /// A consent that the holder of a grant sees records of treatment for substance use.
    Part2ConsentId,
    /// A change of a chart's owner.
    ChartChangeId,
    /// A change of an account's e-mail address.
    EmailChangeId,
    /// What a client changed of their information.
    InfoChangeId,
}
