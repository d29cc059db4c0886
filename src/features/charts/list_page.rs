//! The list of charts. A plain form that is sent by GET; with script it answers while one types.

use askama::Template;
use axum::extract::{RawQuery, State};

use crate::features::charts::search::{
    Count, FoundBy, MOST_COUNTED, PageFrom, PortalFilter, Row, Search, Sort, find,
};
use crate::features::people::CHARTS;
use crate::features::people::initials;
use crate::features::staff::{StaffSession, StaffTicket};
use crate::kernel::civil::DateOrder;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::{Language, Words};
use crate::platform::permissions::Permission;
use crate::platform::state::AppState;
use crate::platform::web::frame::StaffFrame;
use crate::platform::web::{PageResult, html};

/// A link that narrows or sorts the list.
struct Choice {
    href: String,
    label: String,
    current: bool,
}

struct Line {
    href: String,
    initials: String,
    name: String,
    called: String,
    number: String,
    born: String,
    age: String,
    closed: bool,
    by_contact: bool,
    /// Why it was found, where the line does not show it.
    why: Vec<String>,
    tag: String,
    kind: &'static str,
}

#[derive(Template)]
#[template(path = "features/charts/templates/list.html")]
struct ListPage {
    frame: StaffFrame,
    q: String,
    portal: &'static str,
    sort: &'static str,
    count: String,
    nothing: Option<Nothing>,
    lines: Vec<Line>,
    /// Charts with a similar name, where little was found.
    similar: Vec<Line>,
    filters: Vec<Choice>,
    sorts: Vec<Choice>,
    by_number: bool,
    previous: Option<String>,
    next: Option<String>,
    may_edit: bool,
}

/// Why the list is empty, and what to do.
struct Nothing {
    title: String,
    text: String,
    all: bool,
}

/// The list's query. Unknown parts are ignored: a bookmark of
/// an older version still opens the list.
#[derive(Clone, Debug, Default)]
struct Asked {
    q: String,
    portal: Option<PortalFilter>,
    sort: Option<Sort>,
    from: Option<PageFrom>,
}

impl Asked {
    fn read(query: &str) -> Self {
        let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
        let mut asked = Self::default();
        for (key, value) in pairs {
            match key.as_str() {
                "q" => asked.q = value.chars().take(200).collect(),
                "portal" => asked.portal = value.parse().ok(),
                "sort" => asked.sort = value.parse().ok(),
                "after" => asked.from = value.parse().ok().map(PageFrom::After),
                "before" => asked.from = value.parse().ok().map(PageFrom::Before),
                _ => {}
            }
        }
        asked
    }

    /// The list's address with these choices.
    fn href(&self, portal: Option<PortalFilter>, sort: Sort, from: Option<(&str, &str)>) -> String {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        if !self.q.trim().is_empty() {
            pairs.push(("q", &self.q));
        }
        if let Some(portal) = portal {
            pairs.push(("portal", portal.word()));
        }
        if sort != Sort::Name {
            pairs.push(("sort", sort.word()));
        }
        pairs.extend(from);
        match serde_html_form::to_string(&pairs) {
            Ok(query) if !query.is_empty() => format!("/staff/charts?{query}"),
            _ => "/staff/charts".to_owned(),
        }
    }
}

/// The word of a portal state on tags and filters.
fn portal_word(words: Words, portal: PortalFilter) -> String {
    words.get(&format!("access-tag-{}", portal.word().replace('_', "-")))
}

/// The kind of its tag: shape and colour.
fn portal_kind(portal: PortalFilter) -> &'static str {
    match portal {
        PortalFilter::Invited => "waiting",
        PortalFilter::Active => "good",
        PortalFilter::Expired
        | PortalFilter::Locked
        | PortalFilter::Declined
        | PortalFilter::Undeliverable => "attention",
        PortalFilter::NoPortalAccess => "stopped",
        PortalFilter::NotInvited | PortalFilter::Canceled => "",
    }
}

fn found_by(words: Words, why: &FoundBy) -> String {
    let (key, value) = match why {
        FoundBy::FormerName(name) => ("charts-found-by-former-name", name),
        FoundBy::Email(address) => ("charts-found-by-email", address),
        FoundBy::Phone(number) => ("charts-found-by-phone", number),
        FoundBy::ContactEmail(address) => ("charts-found-by-contact-email", address),
        FoundBy::ContactPhone(number) => ("charts-found-by-contact-phone", number),
    };
    words.with1(key, "value", value)
}

/// "Duarte, Ana".
pub fn listed_name(row: &Row) -> String {
    let given = [&row.first_name, &row.middle_name].map(String::as_str);
    let family = [&row.last_name, &row.suffix].map(String::as_str);
    let join =
        |parts: [&str; 2]| parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(" ");
    match (join(family), join(given)) {
        (family, given) if given.is_empty() => family,
        (family, given) if family.is_empty() => given,
        (family, given) => format!("{family}, {given}"),
    }
}

/// The open charts that the list finds first by what a staff member typed, for a page that chooses one.
pub fn look_up(c: &mut Scoped<'_>, staff: &StaffSession, typed: &str) -> Result<Vec<Row>, Fault> {
    let today = staff.practice.today(c.now());
    let found = find(c, &Search::read(typed, date_order(staff.words.language()), today))?;
    let rows = found.rows.into_iter().chain(found.similar);
    Ok(rows.filter(|row| row.state == "open").collect())
}

fn line(words: Words, row: &Row, today: jiff::civil::Date) -> Line {
    let name = listed_name(row);
    let called = if row.preferred_name == row.first_name { "" } else { &row.preferred_name };
    Line {
        href: format!("/staff/charts/{}", row.chart_id),
        initials: initials(&[&row.first_name, &row.last_name]),
        name,
        called: called.to_owned(),
        number: row.number.clone(),
        born: row.birth_date.as_ref().map(|d| words.civil_date(d.date())).unwrap_or_default(),
        age: row
            .birth_date
            .as_ref()
            .map(|d| words.count("charts-age", "years", i64::from(d.age_on(today))))
            .unwrap_or_default(),
        closed: row.state == "closed",
        by_contact: row.owned_by_contact,
        why: row.found_by.iter().map(|why| found_by(words, why)).collect(),
        tag: portal_word(words, row.portal),
        kind: portal_kind(row.portal),
    }
}

/// How a date in numbers is meant where this language is spoken.
pub(super) fn date_order(language: Language) -> DateOrder {
    match language {
        Language::English => DateOrder::MonthFirst,
        Language::Spanish => DateOrder::DayFirst,
    }
}

/// The list.
pub(super) async fn list(
    State(app): State<AppState>,
    ticket: StaffTicket,
    RawQuery(query): RawQuery,
) -> PageResult {
    let asked = Asked::read(query.as_deref().unwrap_or_default());
    let sort = asked.sort.unwrap_or(Sort::Name);
    let (wanted, terms) = (asked.portal, asked.q.clone());
    let from = asked.from.clone().unwrap_or(PageFrom::Start);
    let (staff, found) = ticket
        .open(&app, move |c, staff| {
            let today = staff.practice.today(c.now());
            let mut search = Search::read(&terms, date_order(staff.words.language()), today);
            search.portal = wanted.filter(|_| staff.may(Permission::SeePortal));
            search.sort = sort;
            search.from = from.clone();
            find(c, &search)
        })
        .await?;
    let words = staff.words;
    let today = staff.practice.today(app.now());
    let may_see_portal = staff.may(Permission::SeePortal);
    let portal = asked.portal.filter(|_| may_see_portal);

    let filters = std::iter::once(None)
        .chain(PortalFilter::ALL.iter().copied().map(Some))
        .filter(|_| may_see_portal)
        .map(|each| Choice {
            href: asked.href(each, sort, None),
            label: each.map_or_else(|| words.get("charts-filter-all"), |p| portal_word(words, p)),
            current: each == portal,
        })
        .collect();
    let sorts = Sort::ALL
        .iter()
        .map(|each| Choice {
            href: asked.href(portal, *each, None),
            label: words.get(&format!("charts-sort-{each}")),
            current: *each == sort,
        })
        .collect();
    let count = match found.count {
        Count::Exactly(number) => words.count("charts-count", "charts", number),
        Count::More => words.with1("charts-count-more", "charts", MOST_COUNTED),
    };
    let has_words = !asked.q.trim().is_empty();
    let nothing = found.rows.is_empty().then(|| {
        let key = match (has_words, portal.is_some()) {
            (true, _) => "found",
            (false, true) => "in-state",
            (false, false) => "yet",
        };
        Nothing {
            title: words.get(&format!("charts-nothing-{key}-title")),
            text: words.get(&format!("charts-nothing-{key}-text")),
            all: key != "yet",
        }
    });
    let previous = found.rows.first().filter(|_| found.has_previous);
    let next = found.rows.last().filter(|_| found.has_next);
    let page = ListPage {
        frame: staff.frame(&app, CHARTS),
        previous: previous.map(|row| asked.href(portal, sort, Some(("before", &row.chart_id.to_string())))),
        next: next.map(|row| asked.href(portal, sort, Some(("after", &row.chart_id.to_string())))),
        similar: found.similar.iter().map(|row| line(words, row, today)).collect(),
        lines: found.rows.iter().map(|row| line(words, row, today)).collect(),
        portal: portal.map_or("", PortalFilter::word),
        sort: if sort == Sort::Name { "" } else { sort.word() },
        by_number: sort == Sort::Number,
        may_edit: staff.may(Permission::EditCharts),
        q: asked.q,
        count,
        nothing,
        filters,
        sorts,
    };
    html(page.render())
}
