//! Who reads a thread. On the client's side its parties do, as far as `access::permission::decide` lets them; on
//! the practice's side the audience decides.

use crate::features::messages::away_store::{self, AwayNow};
use crate::kernel::ids::StaffId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::permissions::{Permission, Right, Role};
use crate::word_enum;

word_enum! {
    /// Whom at the practice a thread is with.
    pub enum Audience {
        /// Everybody who answers for the front desk.
        FrontDesk = "front_desk",
        /// One clinician.
        Clinician = "clinician",
        /// Those who keep the accounts.
        Billing = "billing",
    }
}

/// Whom at the practice a thread is with, by name where it is one clinician.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// Everybody who answers for the front desk.
    FrontDesk,
    /// This clinician.
    Clinician(StaffId),
    /// Those who keep the accounts.
    Billing,
}

impl Addressee {
    /// From its columns; `None` for what we never write.
    pub fn read(audience: Audience, staff: Option<StaffId>) -> Option<Self> {
        match (audience, staff) {
            (Audience::FrontDesk, None) => Some(Self::FrontDesk),
            (Audience::Clinician, Some(staff)) => Some(Self::Clinician(staff)),
            (Audience::Billing, None) => Some(Self::Billing),
            _ => None,
        }
    }

    /// From a form's field.
    pub fn of_form(typed: &str) -> Option<Self> {
        match typed.parse() {
            Ok(Audience::FrontDesk) => Some(Self::FrontDesk),
            Ok(Audience::Billing) => Some(Self::Billing),
            _ => typed.parse().ok().map(Self::Clinician),
        }
    }

    /// As a form's field holds it.
    pub fn to_form(self) -> String {
        match self {
            Self::FrontDesk => Audience::FrontDesk.word().to_owned(),
            Self::Billing => Audience::Billing.word().to_owned(),
            Self::Clinician(staff) => staff.to_string(),
        }
    }

    /// As its columns hold it.
    pub fn columns(self) -> (Audience, Option<StaffId>) {
        match self {
            Self::FrontDesk => (Audience::FrontDesk, None),
            Self::Clinician(staff) => (Audience::Clinician, Some(staff)),
            Self::Billing => (Audience::Billing, None),
        }
    }

    /// See [`Audience::also_needs`].
    pub fn also_needs(self) -> Option<Right> {
        self.columns().0.also_needs()
    }
}

impl Audience {
    /// What a grant must open, beside messages, for its holder to read a thread with this audience.
    pub fn also_needs(self) -> Option<Right> {
        match self {
            Self::FrontDesk | Self::Clinician => None,
            Self::Billing => Some(Right::Billing),
        }
    }
}

/// Which of their threads somebody on the client's side reads, by what their grant opens beside messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartyReads {
    /// All of them.
    Everything,
    /// All but those with billing.
    NoBilling,
}

/// A staff member who looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffReader {
    /// Who.
    pub staff: StaffId,
    /// As what.
    pub role: Role,
    /// The clinicians who are away now and whose messages they read meanwhile.
    pub covers: Vec<StaffId>,
}

impl StaffReader {
    /// Somebody who reads for nobody else.
    pub fn alone(staff: StaffId, role: Role) -> Self {
        Self { staff, role, covers: Vec::new() }
    }

    /// Somebody, with those for whom they read now.
    pub fn load(c: &mut Scoped<'_>, staff: StaffId, role: Role) -> Result<Self, Fault> {
        Ok(Self { staff, role, covers: away_store::covered_by(c, &staff)? })
    }
}

/// How much of a thread a staff member sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StaffReads {
    /// Not that it exists.
    Nothing,
    /// That it exists, with whom it is and since when it waits; never its words.
    State,
    /// Everything in it, and they may answer.
    Words,
}

/// How much of a thread with this addressee a staff member sees. A clinician's threads are the clinician's alone, and
/// while they are away of whoever stands in for them; the front desk and administrators see that one waits, so that it
/// can be followed up. Who keeps the accounts reads what is about them and nothing else.
pub fn staff_reads(to: Addressee, reader: &StaffReader) -> StaffReads {
    if !reader.role.may(Permission::AnswerMessages) {
        return StaffReads::Nothing;
    }
    match (to, reader.role) {
        (Addressee::Billing, Role::Biller | Role::Administrator) => StaffReads::Words,
        (Addressee::Billing, Role::FrontDesk) => StaffReads::State,
        (Addressee::Billing, Role::Clinician) | (_, Role::Biller) => StaffReads::Nothing,
        (Addressee::FrontDesk, _) => StaffReads::Words,
        (Addressee::Clinician(staff), _) if staff == reader.staff || reader.covers.contains(&staff) => {
            StaffReads::Words
        }
        (Addressee::Clinician(_), Role::FrontDesk | Role::Administrator) => StaffReads::State,
        (Addressee::Clinician(_), Role::Clinician) => StaffReads::Nothing,
    }
}

/// May a staff member read this thread, which is not theirs, once they say why? It stands in the audit trail and in the
/// client's own log. They answer nothing in it.
pub fn may_open_with_reason(to: Addressee, reader: &StaffReader) -> bool {
    reader.role == Role::Administrator && staff_reads(to, reader) == StaffReads::State
}

/// Is this addressee away now? Only a clinician ever is.
pub fn away_now(c: &mut Scoped<'_>, to: Addressee) -> Result<Option<AwayNow>, Fault> {
    let Addressee::Clinician(staff) = to else { return Ok(None) };
    Ok(away_store::away_of(c, &[staff])?.remove(&staff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_sees_of_a_thread_what_the_table_says() {
        let me = StaffId::from_uuid(uuid::Uuid::from_u128(1));
        let other = StaffId::from_uuid(uuid::Uuid::from_u128(2));
        use StaffReads::{Nothing, State, Words};
        let away = StaffId::from_uuid(uuid::Uuid::from_u128(3));
        // Columns: front desk, billing, mine, another clinician's, one's who is away and for whom I read.
        let table = [
            (Role::Administrator, [Words, Words, Words, State, Words]),
            (Role::Clinician, [Words, Nothing, Words, Nothing, Words]),
            (Role::FrontDesk, [Words, State, Words, State, Words]),
            (Role::Biller, [Nothing, Words, Nothing, Nothing, Nothing]),
        ];
        assert_eq!(table.len(), Role::ALL.len());
        for (role, cells) in table {
            let reader = StaffReader { staff: me, role, covers: vec![away] };
            let clinicians = [me, other, away].map(Addressee::Clinician);
            let threads = [Addressee::FrontDesk, Addressee::Billing].into_iter().chain(clinicians);
            for (to, wanted) in threads.zip(cells) {
                assert_eq!(staff_reads(to, &reader), wanted, "{role} and {to:?}");
            }
        }
    }

    #[test]
    fn only_administrators_open_with_a_reason_and_only_what_they_do_not_read_anyway() {
        let me = StaffId::from_uuid(uuid::Uuid::from_u128(1));
        let other = Addressee::Clinician(StaffId::from_uuid(uuid::Uuid::from_u128(2)));
        for role in Role::ALL {
            let reader = StaffReader::alone(me, *role);
            assert_eq!(may_open_with_reason(other, &reader), *role == Role::Administrator, "{role}");
            for mine in [Addressee::FrontDesk, Addressee::Billing, Addressee::Clinician(me)] {
                assert!(!may_open_with_reason(mine, &reader), "{role}");
            }
        }
    }

    #[test]
    fn an_addressee_survives_its_columns() {
        let staff = StaffId::from_uuid(uuid::Uuid::from_u128(1));
        for to in [Addressee::FrontDesk, Addressee::Billing, Addressee::Clinician(staff)] {
            let (audience, staff) = to.columns();
            assert_eq!(Addressee::read(audience, staff), Some(to));
            assert_eq!(Addressee::of_form(&to.to_form()), Some(to));
        }
        assert_eq!(Addressee::read(Audience::FrontDesk, Some(staff)), None);
        assert_eq!(Addressee::read(Audience::Billing, Some(staff)), None);
        assert_eq!(Addressee::read(Audience::Clinician, None), None);
    }
}
