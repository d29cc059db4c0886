//! Names of rows: UUID version 7 (RFC 9562), so that they sort by birth and tell nothing else.

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
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, diesel::AsExpression, diesel::FromSqlRow,
                 serde::Serialize)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A fresh id, born now.
            pub fn fresh(rng: &dyn Rng, now: Timestamp) -> Self {
                Self(fresh_uuid(rng, now).to_string())
            }

            /// Its text: 36 characters, lower case.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let id = uuid::Uuid::try_parse(text).map_err(|_| NotAnId)?;
                Ok(Self(id.to_string()))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }

        $crate::text_newtype_column!($name);
    )+};
}

fn fresh_uuid(rng: &dyn Rng, now: Timestamp) -> uuid::Uuid {
    let mut random = [0u8; 10];
    rng.fill(&mut random);
    let millis = u64::try_from(now.micros().div_euclid(1_000)).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
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
    /// A mail in the outbox.
    MailId,
    /// A link that sets a password.
    LinkId,
    /// A document.
    DocumentId,
    /// An appointment.
    AppointmentId,
    /// An appointment request.
    RequestId,
    /// A charge, payment or adjustment.
    EntryId,
    /// A frequent question.
    QuestionId,
    /// A key to the API.
    KeyId,
}
