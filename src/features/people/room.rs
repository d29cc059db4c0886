//! The head of a chart room: whose chart it is, and its tabs. Every page of a chart extends
//! `features/people/templates/room.html`, has a field `frame: StaffFrame` and a field `head: RoomHead`,
//! and fills the block `tab`.

use crate::features::people::audit::PeopleAction;
use crate::features::people::store::{ChartFile, load_file};
use crate::features::staff::StaffSession;
use crate::kernel::ids::ChartId;
use crate::platform::audit;
use crate::platform::db::Scoped;
use crate::platform::enclosures::Enclosures;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::permissions::{Permission, Role};
use crate::platform::state::AppState;
use crate::platform::web::nav::{ChartTab, ChartTag, Navigation, Section};
use crate::platform::web::session::Presence;

/// The navigation entry of charts.
pub const CHARTS: Section = Section("/staff/charts");

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
    /// Do clients ask for no new appointment?
    pub frozen: bool,
    /// The face sheet's address.
    pub href: String,
    /// The tabs that this role may open.
    pub tabs: Vec<TabLink>,
    /// The tags that this role may see, each with the address of the tab that explains it.
    pub tags: Vec<(ChartTag, String)>,
}

/// Who looks at a chart, for what its head shows.
#[derive(Clone, Copy, Debug)]
pub struct Viewer {
    navigation: &'static Navigation,
    role: Role,
    words: Words,
}

impl Viewer {
    /// This staff member.
    pub fn of(app: &AppState, staff: &StaffSession) -> Self {
        Self { navigation: app.navigation, role: staff.role, words: staff.words }
    }

    /// What they may send along with an invitation.
    pub fn enclosures(&self) -> Option<Enclosures> {
        self.navigation.enclosures.filter(|of| self.role.may(of.needs))
    }

    /// May they do this?
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }
}

/// A chart with what the head of its pages shows.
#[derive(Clone, Debug)]
pub struct ChartRoom {
    /// The chart and its people.
    pub file: ChartFile,
    /// The tags that the viewer may see.
    pub tags: Vec<ChartTag>,
}

/// Loads a chart for one of its pages; `None` when there is no such chart in this practice.
pub fn load_room(c: &mut Scoped<'_>, viewer: Viewer, id: &ChartId) -> Result<Option<ChartRoom>, Fault> {
    let Some(file) = load_file(c, id)? else { return Ok(None) };
    let mut tags = Vec::new();
    for of_feature in viewer.navigation.tags.iter().filter(|tags| viewer.role.may(tags.needs)) {
        tags.extend((of_feature.read)(c, id, viewer.words)?);
    }
    Ok(Some(ChartRoom { file, tags }))
}

/// Notes for the audit trail and the client's own log that a staff member has a chart before them. What an open page
/// asks by itself is no reading.
pub fn note_opened(app: &AppState, staff: &StaffSession, chart: &ChartId) {
    if staff.presence == Presence::Person {
        let event = audit::Event::new(staff.by(), PeopleAction::Opened).on_chart(chart);
        app.readings.note(*staff.scope.id(), event, app.now());
    }
}

/// Fills the head of a chart's page, which is noted as a reading of the chart.
pub fn room_head(
    app: &AppState,
    staff: &StaffSession,
    file: &ChartFile,
    tags: &[ChartTag],
    tab: ChartTab,
) -> RoomHead {
    let (client, chart) = (&file.client, &file.chart);
    note_opened(app, staff, &chart.chart_id);
    let words = staff.words;
    let today = staff.practice.today(app.now());
    let base = format!("/staff/charts/{}", chart.chart_id);
    let tabs = app
        .navigation
        .tabs
        .iter()
        .filter(|each| staff.may(each.needs))
        // A tab that is a part of another one is for those who do not see that one.
        .filter(|each| !app.navigation.tabs.iter().any(|all| each.is_part_of(all) && staff.may(all.needs)))
        .map(|each| TabLink {
            href: format!("{base}{}", each.path),
            label: words.get(each.label),
            current: *each == tab,
        })
        .collect();
    let tags = tags.iter().map(|tag| (tag.clone(), format!("{base}{}", tag.path))).collect();
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
        frozen: chart.frozen_at.is_some(),
        href: base,
        tabs,
        tags,
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
