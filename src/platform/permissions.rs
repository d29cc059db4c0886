//! Who may do what: the one table. A route names what it needs ([`Needs`]), the session's extractor
//! asks this table, and nothing else decides.

use std::collections::BTreeMap;

use crate::word_enum;

word_enum! {
    /// What a staff member is at the practice.
    pub enum Role {
        /// Runs the practice's side: staff, profile, policies, audit, API keys.
        Administrator = "administrator",
        /// Sees clients; writes to them and sends documents.
        Clinician = "clinician",
        /// Invites, sees who has not come in, answers appointment requests.
        FrontDesk = "front_desk",
        /// Charges, payments, statements.
        Biller = "biller",
    }
}

word_enum! {
    /// One thing that a staff member may or may not do.
    pub enum Permission {
        /// Find charts and read the face sheet.
        SeeCharts = "see_charts",
        /// Make charts and change the face sheet.
        EditCharts = "edit_charts",
        /// See the state of portal access and its timeline.
        SeePortal = "see_portal",
        /// Invite, resend, cancel, change owner, revoke, restore.
        ManagePortal = "manage_portal",
        /// Add representatives; say what each may see and until when; pause an access.
        ManageRights = "manage_rights",
        /// Say to whom mail may go only at one safe address; read and write notes on court orders and safety.
        SafetyNotes = "safety_notes",
        /// Decide what clients change of their information.
        ReviewInfo = "review_info",
        /// Read documents; which kinds, the documents feature says.
        SeeDocuments = "see_documents",
        /// Write and upload documents, share them, end a share, withdraw.
        ManageDocuments = "manage_documents",
        /// Send packets of documents, which are made of the practice's templates.
        SendPackets = "send_packets",
        /// Take or refuse what clients send.
        ReviewUploads = "review_uploads",
        /// Write and publish templates.
        EditTemplates = "edit_templates",
        /// Sign for the practice what one is named on.
        SignDocuments = "sign_documents",
        /// See appointments and requests.
        SeeAppointments = "see_appointments",
        /// Book, move and cancel appointments.
        BookAppointments = "book_appointments",
        /// Say when clinicians are available; a clinician only of their own hours.
        KeepAvailability = "keep_availability",
        /// Confirm or decline requests.
        AnswerRequests = "answer_requests",
        /// Read and answer messages. Whose words a staff member reads is decided a thread.
        AnswerMessages = "answer_messages",
        /// See the ledger.
        SeeBilling = "see_billing",
        /// Post charges.
        PostCharges = "post_charges",
        /// Record payments that came in at the practice, and hand out their receipts. Without the right to see the ledger one
        /// sees what is due, and nothing else of it.
        RecordPayments = "record_payments",
        /// Lower a fee, give up a debt, undo what was posted.
        Adjust = "adjust",
        /// Pay money back.
        Refund = "refund",
        /// Make statements.
        SendStatements = "send_statements",
        /// Services, prices, and the numbers by which insurers know the practice.
        ManageFees = "manage_fees",
        /// Connect the practice with its payment provider.
        ManageProvider = "manage_provider",
        /// Profile, policies, frequent questions.
        EditPractice = "edit_practice",
        /// Staff members and their roles.
        ManageStaff = "manage_staff",
        /// The practice's audit trail.
        SeeAudit = "see_audit",
        /// Keys for the API.
        ManageApiKeys = "manage_api_keys",
    }
}

/// The table: a row a permission, the roles that have it.
#[rustfmt::skip]
pub const TABLE: &[(Permission, &[Role])] = &[
    (Permission::SeeCharts,       &[Role::Administrator, Role::Clinician, Role::FrontDesk, Role::Biller]),
    (Permission::EditCharts,      &[Role::Administrator, Role::Clinician, Role::FrontDesk]),
    (Permission::SeePortal,       &[Role::Administrator, Role::Clinician, Role::FrontDesk, Role::Biller]),
    (Permission::ManagePortal,    &[Role::Administrator, Role::Clinician, Role::FrontDesk]),
    (Permission::ManageRights,    &[Role::Administrator, Role::Clinician]),
    (Permission::SafetyNotes,     &[Role::Administrator, Role::Clinician]),
    (Permission::ReviewInfo,      &[Role::Administrator, Role::Clinician, Role::FrontDesk]),
    (Permission::SeeDocuments,    &[Role::Administrator, Role::Clinician, Role::FrontDesk]),
    (Permission::ManageDocuments, &[Role::Administrator, Role::Clinician]),
    (Permission::SendPackets,     &[Role::Administrator, Role::Clinician, Role::FrontDesk]),
    (Permission::ReviewUploads,   &[Role::Administrator, Role::Clinician, Role::FrontDesk]),
    (Permission::EditTemplates,   &[Role::Administrator, Role::Clinician]),
    (Permission::SignDocuments,   &[Role::Administrator, Role::Clinician]),
    (Permission::SeeAppointments, &[Role::Administrator, Role::Clinician, Role::FrontDesk]),
    (Permission::BookAppointments,&[Role::Administrator, Role::Clinician, Role::FrontDesk]),
    (Permission::KeepAvailability,&[Role::Administrator, Role::Clinician, Role::FrontDesk]),
    (Permission::AnswerRequests,  &[Role::Administrator, Role::Clinician, Role::FrontDesk]),
    (Permission::AnswerMessages,  &[Role::Administrator, Role::Clinician, Role::FrontDesk, Role::Biller]),
    (Permission::SeeBilling,      &[Role::Administrator, Role::Biller]),
    (Permission::PostCharges,     &[Role::Administrator, Role::Biller]),
    (Permission::RecordPayments,  &[Role::Administrator, Role::FrontDesk, Role::Biller]),
    (Permission::Adjust,          &[Role::Administrator, Role::Biller]),
    (Permission::Refund,          &[Role::Administrator, Role::Biller]),
    (Permission::SendStatements,  &[Role::Administrator, Role::Biller]),
    (Permission::ManageFees,      &[Role::Administrator]),
    (Permission::ManageProvider,  &[Role::Administrator]),
    (Permission::EditPractice,    &[Role::Administrator]),
    (Permission::ManageStaff,     &[Role::Administrator]),
    (Permission::SeeAudit,        &[Role::Administrator]),
    (Permission::ManageApiKeys,   &[Role::Administrator]),
];

impl Role {
    /// May this role do it?
    pub fn may(self, permission: Permission) -> bool {
        TABLE.iter().any(|(row, roles)| *row == permission && roles.contains(&self))
    }
}

word_enum! {
    /// What a key to the API may do.
    pub enum Scope {
        /// Read and find charts.
        ChartsRead = "charts:read",
        /// Make and change charts.
        ChartsWrite = "charts:write",
        /// Read what clients changed of their information.
        InfoRead = "info:read",
        /// Decide what they asked for.
        InfoWrite = "info:write",
        /// See grants, their state and timeline.
        GrantsRead = "grants:read",
        /// Invite, resend, cancel, revoke, restore, change owner.
        GrantsWrite = "grants:write",
        /// Read the threads that the front desk reads.
        MessagesRead = "messages:read",
        /// Begin, answer and close them.
        MessagesWrite = "messages:write",
        /// See appointments, places and clinicians.
        AppointmentsRead = "appointments:read",
        /// Book, move and cancel appointments.
        AppointmentsWrite = "appointments:write",
        /// See when clinicians are taken, and nothing of what by.
        FreebusyRead = "freebusy:read",
        /// Read accounts, charges, payments, statements and the journal.
        BillingRead = "billing:read",
        /// Post charges, take something off them, take them back, make statements.
        BillingWrite = "billing:write",
        /// Record payments and refunds, and take payments back.
        PaymentsWrite = "payments:write",
        /// Read and find documents.
        DocumentsRead = "documents:read",
        /// Upload and write documents, share, end a share, withdraw.
        DocumentsWrite = "documents:write",
    }
}

word_enum! {
    /// What a grant lets its holder do with a chart.
    pub enum Right {
        /// See appointments, ask for one.
        Appointments = "appointments",
        /// See the balance and its ledger.
        Billing = "billing",
        /// Read and sign documents.
        Documents = "documents",
        /// Read and write messages.
        Messages = "messages",
        /// Fill forms.
        Forms = "forms",
        /// Keep statements for an insurer.
        Superbills = "superbills",
        /// See and change what the practice has on file about the client.
        Information = "information",
    }
}

word_enum! {
    /// How far a right goes; each level includes the ones before it.
    pub enum Level {
        /// Not at all.
        None = "none",
        /// Look, and change nothing.
        View = "view",
        /// Everything that the right's pages offer.
        Act = "act",
    }
}

/// What a grant allows: a level for each right. A right that is not named is not allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms(BTreeMap<Right, Level>);

impl Terms {
    /// Every right, whole.
    pub fn all() -> Self {
        Self::of(Right::ALL.iter().map(|right| (*right, Level::Act)))
    }

    /// These. Of a right that is named twice the lower level counts.
    pub fn of(levels: impl IntoIterator<Item = (Right, Level)>) -> Self {
        let mut terms = BTreeMap::new();
        for (right, level) in levels {
            let known = terms.entry(right).or_insert(level);
            *known = level.min(*known);
        }
        terms.retain(|_, level| *level > Level::None);
        Self(terms)
    }

    /// How far a right goes.
    pub fn level(&self, right: Right) -> Level {
        self.0.get(&right).copied().unwrap_or(Level::None)
    }

    /// As a grant's column holds them: the words, separated by spaces, with `:view` behind a right that only looks.
    pub fn write(&self) -> String {
        let word = |(right, level): (&Right, &Level)| match level {
            Level::Act => right.word().to_owned(),
            Level::View | Level::None => format!("{right}:{level}"),
        };
        self.0.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    /// From a grant's column. A word that is no right, or a level that does not exist, allows nothing.
    pub fn read(text: &str) -> Self {
        Self::of(text.split([' ', ',']).filter_map(Self::read_word))
    }

    /// A right with its level: `billing:view`, or `billing` for everything. `None` for anything else.
    pub fn read_word(word: &str) -> Option<(Right, Level)> {
        match word.split_once(':') {
            None => Some((word.parse().ok()?, Level::Act)),
            Some((right, level)) => Some((right.parse().ok()?, level.parse().ok()?)),
        }
    }
}

/// What a route needs before its page function runs. Declared where the route is, enforced by the
/// session's extractor, listed for the test that visits every route with every kind of stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody.
    Nothing,
    /// The secret in the address itself (an invite link, a password link).
    Link,
    /// Any signed-in staff member.
    StaffSession,
    /// A signed-in staff member whose role has this permission.
    Staff(Permission),
    /// A signed-in client.
    ClientSession,
    /// A signed-in client whose grant to the chart in view has this right, at least as far as this.
    Client(Right, Level),
    /// A key to the API with this scope.
    ApiKey(Scope),
    /// A signed secret of another machine (the bounce hook).
    Machine,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_its_row_and_an_administrator() {
        for permission in Permission::ALL {
            assert_eq!(TABLE.iter().filter(|(row, _)| row == permission).count(), 1, "{permission}");
            assert!(Role::Administrator.may(*permission), "{permission}");
        }
        assert!(!Role::Biller.may(Permission::ManagePortal));
        assert!(!Role::FrontDesk.may(Permission::SeeBilling));
    }

    #[test]
    fn terms_survive_their_column_and_nonsense_allows_nothing() {
        assert_eq!(Terms::read(&Terms::all().write()), Terms::all());
        let some = Terms::of([
            (Right::Billing, Level::View),
            (Right::Messages, Level::Act),
            (Right::Forms, Level::None),
        ]);
        assert_eq!(some.write(), "billing:view messages");
        assert_eq!(Terms::read("billing:view messages"), some);
        assert_eq!(some.level(Right::Forms), Level::None);
        assert_eq!(
            Terms::read("billing:none documents:all everything *:act forms:view:act"),
            Terms::default()
        );
        assert_eq!(Terms::read("billing billing:view").level(Right::Billing), Level::View);
    }
}
