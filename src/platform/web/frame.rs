//! What stands around every page: head, navigation, toast, foot.

/// Which entry of the staff side's navigation is the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffPage {
    /// The list of charts, a chart room.
    Charts,
    /// The portal work list.
    Worklist,
    /// Appointment requests.
    Requests,
    /// Staff members.
    Team,
    /// The practice's profile, policies, frequent questions.
    Practice,
    /// The audit trail.
    Audit,
    /// Keys for the API.
    ApiKeys,
    /// One's own sign-in.
    Me,
}

/// Fills the staff side's layout (`staff.html`).
#[derive(Clone, Debug)]
pub struct StaffFrame {
    /// Words.
    pub words: crate::platform::i18n::Words,
    /// The practice's name.
    pub practice: String,
    /// Who is signed in.
    pub name: String,
    /// The form token.
    pub csrf: String,
}

/// Which entry of the client side's navigation is the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientPage {
    /// Home.
    Home,
    /// My documents.
    Documents,
    /// Appointments.
    Appointments,
    /// My account: balance and ledger.
    Balance,
    /// Help.
    Help,
    /// My sign-in.
    Me,
    /// A page before sign-in.
    Outside,
}

/// Fills the client side's layout (`client.html`).
#[derive(Clone, Debug)]
pub struct ClientFrame {
    /// Words.
    pub words: crate::platform::i18n::Words,
    /// The practice's name.
    pub practice: String,
    /// The form token; empty before sign-in.
    pub csrf: String,
}
