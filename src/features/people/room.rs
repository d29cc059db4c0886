//! The head of a chart room: whose chart it is, and its tabs. Every page of a chart extends
//! `features/people/templates/room.html`, has a field `frame: StaffFrame` and a field `head: RoomHead`,
//! and fills the block `tab`.

use jiff::civil::Date;

use crate::features::people::store::ChartFile;
use crate::features::staff::StaffSession;
use crate::platform::permissions::Permission;
use crate::word_enum;

word_enum! {
    /// A tab of a chart room.
    pub enum Tab {
        /// Who the client is.
        FaceSheet = "face-sheet",
        /// Upcoming and past appointments, requests.
        Appointments = "appointments",
        /// Documents that were sent.
        Documents = "documents",
        /// Charges, payments, balance.
        Billing = "billing",
        /// Client Portal.
        Communications = "communications",
    }
}

impl Tab {
    /// What a staff member needs to see it.
    pub const fn needs(self) -> Permission {
        match self {
            Self::FaceSheet => Permission::SeeCharts,
            Self::Appointments => Permission::SeeAppointments,
            Self::Documents => Permission::SeeDocuments,
            Self::Billing => Permission::SeeBilling,
            Self::Communications => Permission::SeePortal,
        }
    }
}

/// One tab in the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TabLink {
    /// Where it leads.
    pub href: String,
    /// Its word.
    pub label: String,
    /// Is it the one in view?
    pub current: bool,
}

/// The head, filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomHead {
    /// Legal name.
    pub name: String,
    /// First letters, for the round mark.
    pub initials: String,
    /// Preferred name, where it differs from the first name; else empty.
    pub preferred: String,
    /// Pronouns, or empty.
    pub pronouns: String,
    /// Chart number.
    pub number: String,
    /// "36 years · March 4, 1990", or that the birth date is missing.
    pub born: String,
    /// Closed charts say so.
    pub closed: bool,
    /// The face sheet's address.
    pub href: String,
    /// The tabs that this role may open.
    pub tabs: Vec<TabLink>,
}

/// Fills the head of a chart room. `today` is today in the practice's zone.
pub fn room_head(staff: &StaffSession, file: &ChartFile, tab: Tab, today: Date) -> RoomHead {
    let (client, chart) = (&file.client, &file.chart);
    let words = staff.words;
    let base = format!("/staff/charts/{}", chart.chart_id);
    let tabs = Tab::ALL
        .iter()
        .filter(|each| staff.may(each.needs()))
        .map(|each| TabLink {
            href: if *each == Tab::FaceSheet { base.clone() } else { format!("{base}/{each}") },
            label: words.get(&format!("charts-tab-{each}")),
            current: *each == tab,
        })
        .collect();
    let born = match &client.birth_date {
        Some(date) => words.with2(
            "charts-head-born",
            "age",
            words.count("charts-age", "years", i64::from(date.age_on(today))),
            "date",
            words.civil_date(date.date()),
        ),
        None => words.get("charts-head-no-birth-date"),
    };
    let preferred = if client.preferred_name == client.first_name { "" } else { &client.preferred_name };
    RoomHead {
        name: client.full_name(),
        initials: initials(&[&client.first_name, &client.last_name]),
        preferred: preferred.to_owned(),
        pronouns: client.pronouns.clone(),
        number: chart.chart_number.clone(),
        born,
        closed: chart.state == "closed",
        href: base,
        tabs,
    }
}

/// The first letter of each name, in capitals.
pub fn initials(names: &[&str]) -> String {
    names
        .iter()
        .filter_map(|name| name.chars().find(|c| c.is_alphanumeric()))
        .flat_map(char::to_uppercase)
        .collect()
}
