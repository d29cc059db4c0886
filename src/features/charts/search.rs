//! Finding charts: by any part of the name, chart number, birth date in any usual spelling, e-mail or
//! phone; narrowed by the portal's state; sorted; a page at a time. A whole chart number, e-mail address
//! or phone is looked up by its index, and its charts come first. Where little is found, names that
//! differ by one typing error are offered.
//!
//! At 50,000 charts a search reads one covering index on SQLite and three-letter groups on PostgreSQL
//! (see the migration), and rows only for the page that it shows.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use jiff::civil::Date;

use crate::features::access::lifecycle::State;
use crate::features::access::{INVITATION, undeliverable_mails};
use crate::features::people::{Address, AddressKind, SearchText, load_files};
use crate::kernel::civil::{BirthDate, DateOrder, dates_meant, month_meant};
use crate::kernel::clock::Timestamp;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::{AccessId, ChartId, PersonId};
use crate::kernel::phone::Phone;
use crate::kernel::{names, phone, text};
use crate::platform::db::schema::{
    chart, invitation, outbox, person, person_address, portal_access, related_contact,
};
use crate::platform::db::search::planned_for_its_values;
use crate::platform::db::{CountOf, InLists as _, Scoped, rows_beside};
use crate::platform::fault::Fault;
use crate::platform::outbox::Delivery;
use crate::word_enum;

/// Charts on a page.
pub const PAGE: usize = 50;
/// Beyond this a count says "more than".
pub const MOST_COUNTED: usize = 1_000;
/// Up to this many charts in a portal state are looked up one by one; above, the list is read in its
/// own order, where a page is full soon.
const FEW: usize = 1_000;
/// Words of a search that count.
const MOST_TERMS: usize = 8;
/// Characters of a search that count.
const MOST_TYPED: usize = 200;

word_enum! {
    /// What people see of the chart owner's portal access, as a filter of the list.
    pub enum PortalFilter {
        /// Nobody was invited yet.
        NotInvited = "not_invited",
        /// A link is out and good.
        Invited = "invited",
        /// A link is out and its time is over.
        Expired = "expired",
        /// A link is out and its mail is undeliverable.
        Undeliverable = "undeliverable",
        /// Too many failed checks.
        Locked = "locked",
        /// "This isn't me", "not now".
        Declined = "declined",
        /// Taken back by staff.
        Canceled = "canceled",
        /// Registered.
        Active = "active",
        /// Taken away.
        NoPortalAccess = "no_portal_access",
    }
}

word_enum! {
    /// In which order.
    pub enum Sort {
        /// Last name, first name.
        Name = "name",
        /// Chart number.
        Number = "number",
        /// The newest chart first.
        Newest = "newest",
    }
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageFrom {
    /// At the beginning.
    Start,
    /// Behind this chart.
    After(ChartId),
    /// Ends before this chart.
    Before(ChartId),
}

/// Charts that a whole number or address may bring to the front.
const MOST_EXACT: usize = 10;
/// With fewer charts than this on a whole first page, similar names are looked for.
const FEW_FOUND: usize = 5;
/// Charts whose names are compared letter by letter, for each word of a search.
const MOST_COMPARED: usize = 2_000;
/// Charts with a similar name that are offered.
const MOST_SIMILAR: usize = 10;
/// Letters of a word in which a typing error is forgiven: one letter of three would be too much.
const SHORTEST_MISTYPED: usize = 4;

/// What to look for. Make one with [`Search::read`].
#[derive(Clone, Debug)]
pub struct Search {
    terms: Vec<Term>,
    /// The whole text, as the key of a chart number.
    number_key: String,
    /// The whole text, as the key of an address, where it is one.
    address_key: Option<String>,
    /// The words of the text, folded, where an error in one may be forgiven.
    mistyped: Vec<Mistyped>,
    /// Narrowed to this state.
    pub portal: Option<PortalFilter>,
    /// The order.
    pub sort: Sort,
    /// Where the page begins.
    pub from: PageFrom,
    /// Charts on the page.
    pub limit: usize,
}

/// One thing that a chart must have: any of these texts, as patterns of LIKE.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term(Vec<String>);

impl Term {
    /// Exactly three alternatives, so that every query has one shape; the last covers the rest.
    fn three(&self) -> [String; 3] {
        [0, 1, 2].map(|i| self.0.get(i).or(self.0.last()).cloned().unwrap_or_default())
    }
}

fn pattern(literal: &str) -> String {
    let mut pattern = String::with_capacity(literal.len() + 2);
    pattern.push('%');
    for c in literal.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

impl Search {
    /// Everything, by name.
    pub fn all() -> Self {
        Self {
            terms: Vec::new(),
            number_key: String::new(),
            address_key: None,
            mistyped: Vec::new(),
            portal: None,
            sort: Sort::Name,
            from: PageFrom::Start,
            limit: PAGE,
        }
    }

    /// Reads what somebody typed. `order` and `today` say how a date in numbers is meant.
    pub fn read(typed: &str, order: DateOrder, today: Date) -> Self {
        let typed = text::clean(typed);
        let typed = text::ascii_digits(&typed);
        let terms = terms(&typed, order, today);
        let email = || EmailAddress::parse(&typed).ok().map(|address| address.key());
        let phone = || Phone::parse(&typed).ok().map(|phone| phone.key());
        Self {
            number_key: text::code_key(typed.trim()),
            address_key: email().or_else(phone),
            mistyped: mistyped(&terms),
            terms,
            ..Self::all()
        }
    }

    /// Was anything typed that can be looked for?
    pub fn has_terms(&self) -> bool {
        !self.terms.is_empty()
    }
}

/// A word of a search that may hold a typing error, and the place of its term.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mistyped {
    at: usize,
    word: String,
}

/// The words that are long enough, and no numbers: one wrong digit is another number.
fn mistyped(terms: &[Term]) -> Vec<Mistyped> {
    let of_term = |(at, term): (usize, &Term)| {
        let [pattern] = term.0.as_slice() else { return None };
        let word = pattern.trim_matches('%');
        let fits = word.chars().count() >= SHORTEST_MISTYPED
            && !word.contains(|c: char| c.is_numeric() || matches!(c, '\\' | '#' | '*'));
        fits.then(|| Mistyped { at, word: word.to_owned() })
    };
    terms.iter().enumerate().filter_map(of_term).collect()
}

impl Mistyped {
    /// One error leaves the first half of a word whole, or the second; or it is two letters swapped where
    /// the halves meet. So the word that was meant has one of these.
    fn halves(&self) -> Term {
        let letters: Vec<char> = self.word.chars().collect();
        let middle = letters.len() / 2;
        let part = |letters: &[char]| letters.iter().collect::<String>();
        let swapped = format!("%{}__{}%", part(&letters[..middle - 1]), part(&letters[middle + 1..]));
        one_of([pattern(&part(&letters[..middle])), pattern(&part(&letters[middle..])), swapped])
    }

    /// Is a word of this search text the same but for one letter, or two that are swapped?
    fn is_meant(&self, search_text: &str) -> bool {
        let mut words = search_text.split(['\n', ' ']).filter(|word| !word.starts_with(['#', '*']));
        words.any(|word| strsim::osa_distance(&self.word, word) <= 1)
    }
}

fn is_phone_like(c: char) -> bool {
    c.is_ascii_digit() || c.is_whitespace() || matches!(c, '+' | '(' | ')' | '-' | '.' | '/')
}

fn terms(typed: &str, order: DateOrder, today: Date) -> Vec<Term> {
    let typed: String = typed.chars().take(MOST_TYPED).filter(|c| !c.is_control()).collect();
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    // A phone number has blanks wherever its writer likes them.
    let is_phone = digits.len() >= 7 && typed.trim().chars().all(is_phone_like);
    if is_phone && dates_meant(&typed, order, today).is_empty() {
        return vec![one_of([pattern(&phone::digits(&typed)), pattern(&digits)])];
    }
    let words: Vec<&str> = typed.split_whitespace().collect();
    let mut found: Vec<Term> = Vec::new();
    let mut at = 0;
    while at < words.len() && found.len() < MOST_TERMS {
        let window = [5, 4, 3, 1].into_iter().filter(|n| at + n <= words.len()).find_map(|n| {
            let dates = dates_meant(&words[at..at + n].join(" "), order, today);
            (!dates.is_empty()).then_some((n, dates))
        });
        match window {
            Some((n, dates)) => {
                let days = dates.iter().map(|d| pattern(&format!("*{}\n", d.strftime("%Y%m%d"))));
                // Eight digits may as well be part of a phone or a chart number.
                let only_digits = n == 1 && words[at].bytes().all(|b| b.is_ascii_digit());
                let squeezed = only_digits.then(|| pattern(words[at]));
                found.push(one_of(days.chain(squeezed)));
                at += n;
            }
            None if let Some((n, term)) = month_from(&words[at..], today) => {
                found.push(term);
                at += n;
            }
            None => {
                let word = words[at];
                if word.contains('@') || word.contains(|c: char| c.is_ascii_digit()) {
                    let squeezed = squeezed(word);
                    if !squeezed.is_empty() {
                        found.push(one_of([pattern(&squeezed)]));
                    }
                } else {
                    found.extend(
                        names::fold(word).split(' ').filter(|w| !w.is_empty()).map(|w| one_of([pattern(w)])),
                    );
                }
                at += 1;
            }
        }
    }
    // Signs alone, such as a backslash, are searched literally: otherwise the search would find every chart.
    let is_sign = |c: char| !c.is_whitespace() && !matches!(c, '-' | '.' | ',');
    if found.is_empty() && typed.contains(is_sign) {
        found.push(one_of([pattern(typed.trim())]));
    }
    found.truncate(MOST_TERMS);
    found.dedup();
    found
}

/// A month of a year at the beginning of these words, and how many of them say so. "May 1987" may as well
/// be somebody called May with a number, or born then, so the words themselves count too, in either order.
fn month_from(words: &[&str], today: Date) -> Option<(usize, Term)> {
    let (n, (year, month)) = [3, 2, 1]
        .into_iter()
        .filter(|n| *n <= words.len())
        .find_map(|n| Some((n, month_meant(&words[..n].join(" "), today)?)))?;
    let born = pattern(&format!("*{year:04}{month:02}"));
    let also = if n == 1 {
        vec![pattern(&squeezed(words[0]))]
    } else {
        let (a, b) = (names::fold(words[0]), names::fold(words[n - 1]));
        vec![format!("{}{}", pattern(&a), &pattern(&b)[1..]), format!("{}{}", pattern(&b), &pattern(&a)[1..])]
    };
    Some((n, one_of(std::iter::once(born).chain(also))))
}

fn one_of(patterns: impl IntoIterator<Item = String>) -> Term {
    let mut kept: Vec<String> = Vec::new();
    for pattern in patterns {
        if !kept.contains(&pattern) && kept.len() < 3 {
            kept.push(pattern);
        }
    }
    Term(kept)
}

/// A phone, a number or an address as the search text has it: without what people put between.
fn squeezed(word: &str) -> String {
    let digits_only = !word.contains('@') && word.chars().all(is_phone_like);
    if digits_only { phone::digits(word) } else { names::fold(word).replace([' ', '(', ')', '/'], "") }
}

/// How many charts there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// This many.
    Exactly(i64),
    /// More than [`MOST_COUNTED`].
    More,
}

/// One chart of the list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The chart.
    pub chart_id: ChartId,
    /// Its number.
    pub number: String,
    /// `open` or `closed`.
    pub state: String,
    /// First name.
    pub first_name: String,
    /// Middle name.
    pub middle_name: String,
    /// Last name.
    pub last_name: String,
    /// Suffix.
    pub suffix: String,
    /// What they like to be called.
    pub preferred_name: String,
    /// Birth date.
    pub birth_date: Option<BirthDate>,
    /// The chart owner's portal access, as people see it.
    pub portal: PortalFilter,
    /// Is the chart owner somebody else than the client?
    pub owned_by_contact: bool,
    /// When the link ends or ended, while one is out.
    pub expires_at: Option<Timestamp>,
    /// Why a search found it.
    pub found_by: Vec<FoundBy>,
}

/// Why a chart was found, where what is shown of it does not say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// By a former last name.
    FormerName(String),
    /// By an e-mail address of the client.
    Email(String),
    /// By a phone of the client.
    Phone(String),
    /// By an e-mail address of a related contact.
    ContactEmail(String),
    /// By a phone of a related contact.
    ContactPhone(String),
}

/// A page of the list.
#[derive(Clone, Debug)]
pub struct SearchPage {
    /// The charts.
    pub rows: Vec<Row>,
    /// Where little was found: charts with a name that differs by one typing error.
    pub similar: Vec<Row>,
    /// The chart at which the page should begin is not there; this is the first page.
    pub starts_over: bool,
    /// How many there are in all.
    pub count: Count,
    /// Is there a page before this one?
    pub has_previous: bool,
    /// Is there one behind it?
    pub has_next: bool,
}

/// The charts' query with the terms and the portal's state in it; a macro because a boxed query's type
/// cannot be named for both engines at once.
macro_rules! matching {
    ($c:expr, $search:expr, $ids:expr) => {{
        let mut query = $c.rows(chart::table).into_boxed();
        for term in &$search.terms {
            let [a, b, d] = term.three();
            // Every pattern is tried on every chart, so no more of them than there are.
            query = match term.0.len() {
                1 => query.filter(chart::search_text.like(a).escape('\\')),
                2 => query.filter(
                    chart::search_text.like(a).escape('\\').or(chart::search_text.like(b).escape('\\')),
                ),
                _ => query.filter(
                    chart::search_text
                        .like(a)
                        .escape('\\')
                        .or(chart::search_text.like(b).escape('\\'))
                        .or(chart::search_text.like(d).escape('\\')),
                ),
            };
        }
        match ($ids, $search.portal) {
            (Some(ids), _) => query.filter(chart::chart_id.in_list(ids)),
            (None, None) => query,
            (None, Some(filter)) => narrowed!(query, filter, $c.now()),
        }
    }};
}

/// The chart owner's grant, inside a chart's query.
macro_rules! owners_grant {
    () => {
        rows_beside(portal_access::table, chart::table)
            .filter(portal_access::chart_id.eq(chart::chart_id))
            .filter(portal_access::person_id.eq(chart::owner_person_id))
    };
}

macro_rules! narrowed {
    ($query:expr, $filter:expr, $now:expr) => {
        match $filter {
            PortalFilter::NotInvited => {
                $query.filter(not(exists(owners_grant!().filter(portal_access::state.ne(State::None)))))
            }
            PortalFilter::Invited => $query.filter(exists(
                owners_grant!()
                    .filter(portal_access::state.eq(State::Invited))
                    .filter(portal_access::expires_at.gt($now)),
            )),
            PortalFilter::Expired => $query.filter(exists(
                owners_grant!()
                    .filter(portal_access::state.eq(State::Invited))
                    .filter(portal_access::expires_at.le($now)),
            )),
            PortalFilter::Undeliverable => $query.filter(exists(
                owners_grant!()
                    .filter(portal_access::state.eq(State::Invited))
                    .filter(exists(undeliverable_mails!())),
            )),
            other => $query.filter(exists(owners_grant!().filter(portal_access::state.eq(stored(other))))),
        }
    };
}

/// The stored state behind a filter that is one.
fn stored(filter: PortalFilter) -> State {
    match filter {
        PortalFilter::NotInvited => State::None,
        PortalFilter::Invited | PortalFilter::Expired | PortalFilter::Undeliverable => State::Invited,
        PortalFilter::Locked => State::Locked,
        PortalFilter::Declined => State::Declined,
        PortalFilter::Canceled => State::Canceled,
        PortalFilter::Active => State::Active,
        PortalFilter::NoPortalAccess => State::Revoked,
    }
}

/// The charts in a portal state, if they are few; `None` if they are many or the state is the lack of
/// a row.
fn few_in_state(c: &mut Scoped<'_>, filter: PortalFilter) -> Result<Option<Vec<ChartId>>, Fault> {
    let now = c.now();
    let most = i64::try_from(FEW).unwrap_or(0) + 1;
    let grants = c
        .rows(portal_access::table)
        .filter(portal_access::state.eq(stored(filter)))
        .select((portal_access::chart_id, portal_access::person_id))
        .into_boxed();
    let pairs: Vec<(ChartId, PersonId)> = match filter {
        PortalFilter::NotInvited => return Ok(None),
        PortalFilter::Undeliverable => c
            .rows(outbox::table)
            .inner_join(
                invitation::table.on(invitation::practice_id
                    .eq(outbox::practice_id)
                    .and(outbox::subject_kind.eq(INVITATION.word))
                    .and(outbox::subject_id.eq(invitation::invitation_id.nullable()))),
            )
            .inner_join(
                portal_access::table.on(portal_access::practice_id
                    .eq(invitation::practice_id)
                    .and(portal_access::access_id.eq(invitation::access_id))
                    .and(portal_access::generation.eq(invitation::generation))),
            )
            .filter(outbox::state.eq(Delivery::Undeliverable))
            .filter(portal_access::state.eq(State::Invited))
            .select((portal_access::chart_id, portal_access::person_id))
            .limit(most)
            .load(c)?,
        PortalFilter::Invited => grants.filter(portal_access::expires_at.gt(now)).limit(most).load(c)?,
        PortalFilter::Expired => grants.filter(portal_access::expires_at.le(now)).limit(most).load(c)?,
        _ => grants.limit(most).load(c)?,
    };
    if pairs.len() > FEW {
        return Ok(None);
    }
    // Only grants of the present owner count: representatives and former owners have theirs too.
    let ids: Vec<ChartId> = pairs.iter().map(|(chart, _)| chart.clone()).collect();
    let owners: std::collections::HashSet<(ChartId, PersonId)> = c
        .rows(chart::table)
        .filter(chart::chart_id.in_list(ids))
        .select((chart::chart_id, chart::owner_person_id))
        .load(c)?
        .into_iter()
        .collect();
    Ok(Some(pairs.into_iter().filter(|pair| owners.contains(pair)).map(|(chart, _)| chart).collect()))
}

/// The place of a chart in the three orders.
struct Place {
    sort_key: String,
    number: String,
    id: ChartId,
}

fn place_of(c: &mut Scoped<'_>, id: &ChartId) -> Result<Option<Place>, Fault> {
    let found: Option<(String, String)> = c
        .rows(chart::table)
        .filter(chart::chart_id.eq(id.clone()))
        .select((chart::sort_key, chart::chart_number_key))
        .optional(c)?;
    Ok(found.map(|(sort_key, number)| Place { sort_key, number, id: id.clone() }))
}

/// The ids from a place on, in the reading order of the direction.
fn ids_of_page(
    c: &mut Scoped<'_>,
    search: &Search,
    few: Option<&Vec<ChartId>>,
    place: Option<&Place>,
    backwards: bool,
    most: usize,
) -> Result<Vec<ChartId>, Fault> {
    let mut query = matching!(c, search, few.cloned()).select(chart::chart_id);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    // Newest first runs down the ids, which are born in order.
    let down = backwards != (search.sort == Sort::Newest);
    // An order that an index gives is wanted while every chart matches; while few do, that index
    // would be walked from end to end with a look at each row. Joined with an empty text, a column has
    // no index, and the charts that match are sorted instead.
    let walk = !search.has_terms() && few.is_none();
    if let Some(place) = place {
        query =
            match (search.sort, down) {
                (Sort::Name, false) => query.filter(chart::sort_key.gt(place.sort_key.clone()).or(
                    chart::sort_key.eq(place.sort_key.clone()).and(chart::chart_id.gt(place.id.clone())),
                )),
                (Sort::Name, true) => query.filter(chart::sort_key.lt(place.sort_key.clone()).or(
                    chart::sort_key.eq(place.sort_key.clone()).and(chart::chart_id.lt(place.id.clone())),
                )),
                (Sort::Number, false) => query.filter(chart::chart_number_key.gt(place.number.clone())),
                (Sort::Number, true) => query.filter(chart::chart_number_key.lt(place.number.clone())),
                (Sort::Newest, false) => query.filter(chart::chart_id.gt(place.id.clone())),
                (Sort::Newest, true) => query.filter(chart::chart_id.lt(place.id.clone())),
            };
        if search.sort == Sort::Name {
            // Says to the index where to begin; the condition above alone does not.
            query = if down {
                query.filter(chart::sort_key.le(place.sort_key.clone()))
            } else {
                query.filter(chart::sort_key.ge(place.sort_key.clone()))
            };
        }
    }
    let query = match (search.sort, down, walk) {
        (Sort::Name, false, _) => query.order((chart::sort_key.asc(), chart::chart_id.asc())),
        (Sort::Name, true, _) => query.order((chart::sort_key.desc(), chart::chart_id.desc())),
        (Sort::Number, false, true) => query.order(chart::chart_number_key.asc()),
        (Sort::Number, true, true) => query.order(chart::chart_number_key.desc()),
        (Sort::Number, false, false) => query.order(chart::chart_number_key.concat("").asc()),
        (Sort::Number, true, false) => query.order(chart::chart_number_key.concat("").desc()),
        (Sort::Newest, false, true) => query.order(chart::chart_id.asc()),
        (Sort::Newest, true, true) => query.order(chart::chart_id.desc()),
        (Sort::Newest, false, false) => query.order(chart::chart_id.concat(Vec::<u8>::new()).asc()),
        (Sort::Newest, true, false) => query.order(chart::chart_id.concat(Vec::<u8>::new()).desc()),
    };
    query.limit(most).load(c)
}

fn count(c: &mut Scoped<'_>, search: &Search, few: Option<&Vec<ChartId>>) -> Result<Count, Fault> {
    let most = i64::try_from(MOST_COUNTED).unwrap_or(0) + 1;
    if !search.has_terms() && search.portal.is_none() {
        // No further than it is told: to count every chart would take longer than the rest of the page.
        let some = c.rows(chart::table).select(chart::chart_id).limit(most);
        let counted: i64 = c.select(CountOf(some.inside())).kept().only(c)?;
        return Ok(if counted < most { Count::Exactly(counted) } else { Count::More });
    }
    if let (Some(few), false) = (few, search.has_terms()) {
        return Ok(Count::Exactly(i64::try_from(few.len()).unwrap_or(0)));
    }
    let ids: Vec<ChartId> = matching!(c, search, few.cloned()).select(chart::chart_id).limit(most).load(c)?;
    Ok(if ids.len() > MOST_COUNTED {
        Count::More
    } else {
        Count::Exactly(i64::try_from(ids.len()).unwrap_or(0))
    })
}

/// Charts that have exactly this number, or an address of theirs or of a related contact.
fn exact(c: &mut Scoped<'_>, search: &Search) -> Result<Vec<ChartId>, Fault> {
    if !search.has_terms() {
        return Ok(Vec::new());
    }
    let most = i64::try_from(MOST_EXACT).unwrap_or(0);
    let mut ids: Vec<ChartId> = c
        .rows(chart::table)
        .filter(chart::chart_number_key.eq(&search.number_key))
        .select(chart::chart_id)
        .load(c)?;
    if let Some(key) = &search.address_key {
        let persons: Vec<PersonId> = c
            .rows(person_address::table)
            .filter(person_address::value_key.eq(key))
            .select(person_address::person_id)
            .limit(most)
            .load(c)?;
        let own: Vec<ChartId> = c
            .rows(chart::table)
            .filter(chart::person_id.in_list(&persons))
            .select(chart::chart_id)
            .limit(most)
            .load(c)?;
        let of_contacts: Vec<ChartId> = c
            .rows(related_contact::table)
            .filter(related_contact::person_id.in_list(&persons))
            .select(related_contact::chart_id)
            .limit(most)
            .load(c)?;
        ids.extend(own);
        ids.extend(of_contacts);
    }
    let mut kept: Vec<ChartId> = Vec::new();
    for id in ids {
        if !kept.contains(&id) {
            kept.push(id);
        }
    }
    kept.truncate(MOST_EXACT);
    if kept.is_empty() || search.portal.is_none() {
        return Ok(kept);
    }
    // The filter counts for them as for the others.
    let shown: Vec<ChartId> = matching!(c, search, None::<Vec<ChartId>>)
        .filter(chart::chart_id.in_list(&kept))
        .select(chart::chart_id)
        .load(c)?;
    kept.retain(|id| shown.contains(id));
    Ok(kept)
}

/// Charts that would be found but for one typing error in one word.
fn similar(c: &mut Scoped<'_>, search: &Search, found: &[ChartId]) -> Result<Vec<ChartId>, Fault> {
    let mut ids: Vec<ChartId> = Vec::new();
    for mistyped in &search.mistyped {
        let mut wider = search.clone();
        wider.terms[mistyped.at] = mistyped.halves();
        let candidates: Vec<(ChartId, String)> = matching!(c, wider, None::<Vec<ChartId>>)
            .select((chart::chart_id, chart::search_text))
            .limit(i64::try_from(MOST_COMPARED).unwrap_or(0))
            .load(c)?;
        for (id, search_text) in candidates {
            let is_new = !found.contains(&id) && !ids.contains(&id);
            if is_new && ids.len() < MOST_SIMILAR && mistyped.is_meant(&search_text) {
                ids.push(id);
            }
        }
    }
    Ok(ids)
}

/// Says on each row why it was found, where its names, number and birth date do not show it.
fn say_why(c: &mut Scoped<'_>, search: &Search, rows: &mut [Row]) -> Result<(), Fault> {
    let literals: Vec<Vec<&str>> = search
        .terms
        .iter()
        .map(|term| term.0.iter().map(|pattern| pattern.trim_matches('%')).collect())
        .collect();
    let has = |text: &str, literals: &[&str]| literals.iter().any(|literal| text.contains(literal));
    let mut open: Vec<(usize, Vec<&Vec<&str>>)> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let mut shown = SearchText::new(&row.number);
        shown.names(
            [&row.first_name, &row.middle_name, &row.last_name, &row.suffix, &row.preferred_name]
                .map(String::as_str)
                .into_iter(),
        );
        if let Some(date) = &row.birth_date {
            shown.birth_date(&date.to_string());
        }
        let unseen: Vec<_> = literals.iter().filter(|literals| !has(shown.as_str(), literals)).collect();
        if !unseen.is_empty() {
            open.push((at, unseen));
        }
    }
    let ids: Vec<ChartId> = open.iter().map(|(at, _)| rows[*at].chart_id).collect();
    let files = load_files(c, &ids)?;
    for (at, unseen) in open {
        let Some(file) = files.iter().find(|file| file.chart.chart_id == rows[at].chart_id) else { continue };
        for literals in unseen {
            let address = |address: &&Address| {
                let mut text = SearchText::empty();
                text.address(address.kind, &address.value_key);
                has(text.as_str(), literals)
            };
            let name = |name: &&str| {
                let mut text = SearchText::empty();
                text.names(std::iter::once(*name));
                has(text.as_str(), literals)
            };
            let of_contacts = || file.contacts.iter().flat_map(|contact| &contact.addresses).find(address);
            let why = if let Some(former) = file.client.former().find(name) {
                FoundBy::FormerName(former.to_owned())
            } else if let Some(own) = file.addresses.iter().find(address) {
                match own.kind {
                    AddressKind::Email => FoundBy::Email(own.value.clone()),
                    AddressKind::Phone => FoundBy::Phone(own.value.clone()),
                }
            } else if let Some(theirs) = of_contacts() {
                match theirs.kind {
                    AddressKind::Email => FoundBy::ContactEmail(theirs.value.clone()),
                    AddressKind::Phone => FoundBy::ContactPhone(theirs.value.clone()),
                }
            } else {
                continue;
            };
            if !rows[at].found_by.contains(&why) {
                rows[at].found_by.push(why);
            }
        }
    }
    Ok(())
}

/// One page of what a search finds.
pub fn find(c: &mut Scoped<'_>, search: &Search) -> Result<SearchPage, Fault> {
    if search.has_terms() { planned_for_its_values(c, |c| page(c, search)) } else { page(c, search) }
}

fn page(c: &mut Scoped<'_>, search: &Search) -> Result<SearchPage, Fault> {
    let few = match search.portal {
        // With words to look for, their charts are few already.
        Some(filter) if !search.has_terms() => few_in_state(c, filter)?,
        _ => None,
    };
    let (place, backwards) = match &search.from {
        PageFrom::Start => (None, false),
        PageFrom::After(id) => (place_of(c, id)?, false),
        PageFrom::Before(id) => (place_of(c, id)?, true),
    };
    let starts_over = search.from != PageFrom::Start && place.is_none();
    let exact = exact(c, search)?;
    // A chart that is not there is no place; the list begins at its beginning then.
    let backwards = backwards && place.is_some();
    // The first page of a search counts in the same reading: a second one would cost as much again.
    let counts = search.has_terms() && place.is_none();
    let most = if counts { MOST_COUNTED.max(search.limit) } else { search.limit + exact.len() } + 1;
    let mut ids = ids_of_page(c, search, few.as_ref(), place.as_ref(), backwards, most)?;
    let read = ids.len();
    // What was exactly meant is on the first page, before the rest, and nowhere else.
    ids.retain(|id| !exact.contains(id));
    if place.is_none() {
        ids.splice(0..0, exact.iter().cloned());
    }
    let more = ids.len() > search.limit;
    ids.truncate(search.limit);
    if backwards && !more && !exact.is_empty() {
        // Back at the beginning, where they are.
        return page(c, &Search { from: PageFrom::Start, ..search.clone() });
    }
    if backwards {
        ids.reverse();
    }
    let count = if place.is_none() && read < most {
        // An exact one may be missing there: its number has more words than a search reads.
        Count::Exactly(i64::try_from(read.max(ids.len())).unwrap_or(0))
    } else if counts {
        Count::More
    } else {
        count(c, search, few.as_ref())?
    };
    let (has_previous, has_next) = if backwards { (more, true) } else { (place.is_some(), more) };
    let similar = if counts && read < FEW_FOUND { similar(c, search, &ids)? } else { Vec::new() };
    let mut found = SearchPage {
        rows: rows(c, &ids)?,
        similar: rows(c, &similar)?,
        starts_over,
        count,
        has_previous,
        has_next,
    };
    if search.has_terms() {
        say_why(c, search, &mut found.rows)?;
    }
    Ok(found)
}

type RowParts = (
    (ChartId, String, String, PersonId, PersonId),
    (String, String, String, String, String, Option<BirthDate>),
    Option<(AccessId, State, Option<Timestamp>)>,
);

/// Fills the rows of a page, in the order of its ids.
fn rows(c: &mut Scoped<'_>, ids: &[ChartId]) -> Result<Vec<Row>, Fault> {
    let now = c.now();
    let parts: Vec<RowParts> = c
        .rows(chart::table)
        .inner_join(
            person::table
                .on(person::practice_id.eq(chart::practice_id).and(person::person_id.eq(chart::person_id))),
        )
        .left_join(
            portal_access::table.on(portal_access::practice_id
                .eq(chart::practice_id)
                .and(portal_access::chart_id.eq(chart::chart_id))
                .and(portal_access::person_id.eq(chart::owner_person_id))),
        )
        .filter(chart::chart_id.in_list(ids))
        .select((
            (chart::chart_id, chart::chart_number, chart::state, chart::person_id, chart::owner_person_id),
            (
                person::first_name,
                person::middle_name,
                person::last_name,
                person::suffix,
                person::preferred_name,
                person::birth_date,
            ),
            (portal_access::access_id, portal_access::state, portal_access::expires_at).nullable(),
        ))
        .load(c)?;
    let out: Vec<AccessId> = parts
        .iter()
        .filter_map(|(_, _, grant)| grant.as_ref())
        .filter(|(_, state, _)| *state == State::Invited)
        .map(|(id, ..)| id.clone())
        .collect();
    let returned: Vec<AccessId> = if out.is_empty() {
        Vec::new()
    } else {
        c.rows(portal_access::table)
            .filter(portal_access::access_id.in_list(out))
            .filter(exists(undeliverable_mails!()))
            .select(portal_access::access_id)
            .load(c)?
    };
    let mut rows: Vec<Row> = parts
        .into_iter()
        .map(|((chart_id, number, state, client, owner), names, grant)| {
            let (first_name, middle_name, last_name, suffix, preferred_name, birth_date) = names;
            let portal = match &grant {
                None => PortalFilter::NotInvited,
                Some((id, State::Invited, ends)) => {
                    if ends.is_some_and(|end| now >= end) {
                        PortalFilter::Expired
                    } else if returned.contains(id) {
                        PortalFilter::Undeliverable
                    } else {
                        PortalFilter::Invited
                    }
                }
                Some((_, State::None, _)) => PortalFilter::NotInvited,
                Some((_, State::Locked, _)) => PortalFilter::Locked,
                Some((_, State::Declined, _)) => PortalFilter::Declined,
                Some((_, State::Canceled, _)) => PortalFilter::Canceled,
                Some((_, State::Active, _)) => PortalFilter::Active,
                Some((_, State::Revoked, _)) => PortalFilter::NoPortalAccess,
            };
            Row {
                owned_by_contact: client != owner,
                found_by: Vec::new(),
                expires_at: grant
                    .filter(|(_, state, _)| *state == State::Invited)
                    .and_then(|(.., ends)| ends),
                chart_id,
                number,
                state,
                first_name,
                middle_name,
                last_name,
                suffix,
                preferred_name,
                birth_date,
                portal,
            }
        })
        .collect();
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.chart_id));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn read(typed: &str) -> Vec<Vec<String>> {
        terms(typed, DateOrder::MonthFirst, date(2026, 11, 24)).into_iter().map(|Term(any)| any).collect()
    }

    fn one(text: &str) -> Vec<Vec<String>> {
        vec![vec![text.to_owned()]]
    }

    #[test]
    fn what_is_typed_becomes_what_is_looked_for() {
        assert_eq!(read("  Núñez  "), one("%nunez%"));
        assert_eq!(read("O’Brien-Smith Ana"), [["%obrien%"], ["%smith%"], ["%ana%"]]);
        assert_eq!(read("Ana.Duarte@Example.org"), one("%anaduarte@exampleorg%"));
        assert_eq!(read("C-1042"), one("%c1042%"));
        assert_eq!(read("#1042"), one("%#1042%"));
        assert_eq!(read("100%_"), one("%100\\%\\_%"));
        assert_eq!(read(""), Vec::<Vec<String>>::new());
        assert_eq!(read(" - . , "), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_phone_is_found_however_it_is_spelled() {
        for text in ["5550100123", "(555) 010-0123", "+1 555 010 0123", "1-555-010-0123", "555.010.0123"] {
            assert_eq!(read(text)[0][0], "%5550100123%", "{text}");
        }
        assert_eq!(read("010-0123"), one("%0100123%"));
        assert_eq!(read("0123"), one("%0123%"));
    }

    #[test]
    fn a_birth_date_is_found_however_it_is_spelled_and_beside_a_name() {
        for text in [
            "3/4/1990",
            "03-04-1990",
            "1990-03-04",
            "March 4 1990",
            "4 mar 1990",
            "19900304",
            "March 4, 1990",
        ] {
            assert_eq!(read(text)[0][0], "%*19900304\n%", "{text}");
        }
        assert_eq!(read("duarte 4 mar 1990 ana"), [["%duarte%"], ["%*19900304\n%"], ["%ana%"]]);
        assert_eq!(read("ana 3/4/15")[1], ["%*20150304\n%", "%*19150304\n%"]);
        assert_eq!(read("19900304")[0], ["%*19900304\n%", "%19900304%"]);
        assert_eq!(read("1990"), one("%1990%"));
    }

    #[test]
    fn a_month_of_a_year_is_found_and_so_is_somebody_of_that_name() {
        assert_eq!(read("May 1987"), [["%*198705%", "%may%1987%", "%1987%may%"]]);
        assert_eq!(
            read("duarte mayo de 1987 ana"),
            [vec!["%duarte%"], vec!["%*198705%", "%mayo%1987%", "%1987%mayo%"], vec!["%ana%"]]
        );
        assert_eq!(read("05/1987"), [["%*198705%", "%051987%"]]);
        assert_eq!(read("may 22 1987")[0][0], "%*19870522\n%");
        assert_eq!(read("may"), one("%may%"));
    }

    #[test]
    fn one_typing_error_is_forgiven_in_a_word_and_none_in_a_number() {
        let meant = |typed: &str, word: &str| {
            let read = terms(typed, DateOrder::MonthFirst, date(2026, 11, 24));
            let text = format!("\n#a12\nana\n{word}\n*19900304\n");
            let like = |pattern: &str| {
                // LIKE, for patterns of letters, with one "__" at most.
                let pattern = pattern.trim_matches('%');
                match pattern.split_once("__") {
                    None => word.contains(pattern),
                    Some((before, after)) => word.match_indices(before).any(|(at, _)| {
                        word[at + before.len()..].chars().skip(2).collect::<String>().starts_with(after)
                    }),
                }
            };
            mistyped(&read).iter().any(|m| m.halves().0.iter().any(|p| like(p)) && m.is_meant(&text))
        };
        for typed in [
            "duarte", "duarta", "duatre", "durate", "uarte", "duart", "duaarte", "dvarte", "daurte", "duaret",
        ] {
            assert!(meant(typed, "duarte"), "{typed}");
        }
        for typed in ["duurta", "dart", "d", "dua", "garcia", "12345"] {
            assert!(!meant(typed, "duarte"), "{typed}");
        }
        assert!(!meant("a13", "duarte"));
        assert!(meant("ana.duarte@exampel.org", "anaduarte@exampleorg"));
    }

    proptest! {
        #[test]
        fn no_text_upsets_a_search(text in "\\PC{0,300}") {
            let terms = terms(&text, DateOrder::MonthFirst, date(2026, 11, 24));
            prop_assert!(terms.len() <= MOST_TERMS);
            prop_assert!(terms.iter().all(|Term(any)| (1..=3).contains(&any.len()) && any.iter().all(|p| p.len() > 2)));
        }
    }
}
