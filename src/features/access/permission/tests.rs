use super::*;
use crate::features::practice::LeapDay;
use jiff::ToSpan as _;
use jiff::civil::date;
use proptest::prelude::*;

const TODAY: Date = date(2026, 11, 28);
const ITEM: uuid::Uuid = uuid::Uuid::from_u128(7);

/// A grant on an adult's open chart.
fn facts(basis: Basis, terms: &str) -> Facts {
    Facts {
        today: TODAY,
        chart: ChartStanding::Open,
        client: ClientFacts { born: Some(date(1986, 5, 1)), emancipated_on: None, deceased_on: None },
        grant: GrantFacts {
            basis,
            standing: GrantStanding::Active,
            starts_on: None,
            ends_on: None,
            terms: Terms::read(terms),
            sensitive: SensitiveItems::Excluded,
            assent: Assent::Missing,
        },
        rule: None,
        place: Jurisdiction::BUILT_IN,
        part2: Consent::Never,
        minor_request: Consent::Never,
        withheld: Vec::new(),
    }
}

fn all_rights() -> String {
    Terms::all().write()
}

/// As [`facts`], where the client turned `age` today.
fn facts_of_age(basis: Basis, terms: &str, age: i16) -> Facts {
    let mut facts = facts(basis, terms);
    facts.client.born = Some(date(TODAY.year() - age, TODAY.month(), TODAY.day()));
    facts
}

fn rule(from_age: i16, caps: &[(Right, Level)]) -> AgeRule {
    AgeRule {
        jurisdiction: Jurisdiction::PRACTICE.to_owned(),
        from_age,
        bases: vec![Basis::Parent],
        caps: caps.iter().copied().collect(),
        label_caps: BTreeMap::new(),
        assent: AssentRule::NotNeeded,
        effective_from: date(2020, 1, 1),
        effective_until: None,
    }
}

fn document(label: Option<Label>, share: Share) -> Item {
    Item { kind: ItemKind::Document, id: ITEM, label, share, party: Party::Stranger }
}

fn own_thread() -> Item {
    Item { kind: ItemKind::Thread, id: ITEM, label: None, share: Share::NotShared, party: Party::Party }
}

/// "act", "view C5", "none C6, archive", as the table has them.
fn said(facts: &Facts, right: Right, item: Option<&Item>) -> String {
    let verdict = decide(facts, right, item);
    let why = verdict.why.map(|cap| format!(" C{}", cap as usize + 1)).unwrap_or_default();
    let archive = if verdict.archive == Archive::Readable { ", archive" } else { "" };
    format!("{}{why}{archive}", verdict.level)
}

/// Every right gets the same answer.
fn said_of_any(facts: &Facts) -> String {
    let mut all: Vec<String> = Right::ALL.iter().map(|right| said(facts, *right, None)).collect();
    all.dedup();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// What the table says of a grant that opens nothing, in the words that staff get.
#[test]
fn a_grant_that_opens_nothing_says_why() {
    let all = all_rights();
    let why = |facts: &Facts| closed_by(facts).map(Closed::word);
    let parent = |age| facts_of_age(Basis::Parent, &all, age);
    assert_eq!(why(&parent(11)), None);
    assert_eq!(closed_by(&parent(18)), Some(Closed::Adult(TODAY)));
    let mut emancipated = parent(17);
    emancipated.client.emancipated_on = TODAY.yesterday().ok();
    assert_eq!(closed_by(&emancipated), Some(Closed::Adult(TODAY.yesterday().unwrap())));
    let mut unknown = parent(9);
    unknown.client.born = None;
    assert_eq!(why(&unknown), Some("age_unknown"));
    // One right is left to look at: what shuts that one counts, not that the others are not in the terms.
    assert_eq!(closed_by(&facts_of_age(Basis::Parent, "billing:view", 18)), Some(Closed::Adult(TODAY)));
    let none: Vec<(Right, Level)> = Right::ALL.iter().map(|right| (*right, Level::None)).collect();
    let ruled = Facts { rule: Some(rule(12, &none)), ..parent(13) };
    assert_eq!(why(&ruled), Some("age_rule"));
    let asked = Facts { rule: Some(AgeRule { assent: AssentRule::Needed, ..rule(12, &[]) }), ..parent(13) };
    assert_eq!(why(&asked), Some("assent_missing"));
    assert_eq!(why(&facts(Basis::ClientChoice, "")), Some("no_rights"));
    let withheld = Right::ALL.iter().map(|right| Withheld::Right(*right)).collect();
    assert_eq!(why(&Facts { withheld, ..facts(Basis::ClientChoice, &all) }), Some("withheld"));
    let mut dated = facts(Basis::ClientChoice, &all);
    dated.grant.starts_on = TODAY.tomorrow().ok();
    assert_eq!(closed_by(&dated), TODAY.tomorrow().ok().map(Closed::NotBefore));
    dated.grant.starts_on = None;
    dated.grant.ends_on = TODAY.yesterday().ok();
    assert_eq!(closed_by(&dated), TODAY.yesterday().ok().map(Closed::Over));
    for (standing, word) in [
        (GrantStanding::Paused, "paused"),
        (GrantStanding::AccountLocked, "account_locked"),
        (GrantStanding::NotActive, "not_active"),
    ] {
        let mut stopped = facts(Basis::Client, "");
        stopped.grant.standing = standing;
        assert_eq!(why(&stopped), Some(word));
    }
    let mut dead = facts(Basis::ClientChoice, &all);
    dead.client.deceased_on = Some(TODAY);
    assert_eq!(why(&dead), Some("death"));
    assert_eq!(why(&Facts { chart: ChartStanding::Merged, ..facts(Basis::Client, "") }), Some("chart"));
}

/// The table of permissions, row by row.
#[test]
fn case_01_every_row_of_the_table() {
    use Right::{Appointments, Billing, Documents, Forms, Messages};
    let all = all_rights();
    let shared = |label| document(label, Share::Shared);

    let own = facts(Basis::Client, "");
    assert_eq!(said_of_any(&own), "act", "row 1");
    for label in [None, Some(Label::Sud), Some(Label::Sensitive), Some(Label::MinorConsented)] {
        assert_eq!(said(&own, Documents, Some(&shared(label))), "act", "row 1, {label:?}");
    }
    for label in [Label::Psychotherapy, Label::SudCounseling] {
        assert_eq!(said(&own, Documents, Some(&shared(Some(label)))), "none C7", "row 2, {label}");
    }
    let teen = facts_of_age(Basis::Client, "", 15);
    assert_eq!(said(&teen, Documents, Some(&shared(Some(Label::MinorConsented)))), "act", "row 3");

    let parent = |age| facts_of_age(Basis::Parent, &all, age);
    assert_eq!(said(&parent(11), Billing, None), "act", "row 4");
    let mut narrowed = parent(12);
    narrowed.rule = Some(rule(12, &[(Documents, Level::None), (Messages, Level::Act)]));
    assert_eq!(said(&narrowed, Documents, Some(&shared(None))), "none C6", "row 5");
    assert_eq!(said(&narrowed, Appointments, None), "act", "row 6");
    assert_eq!(said(&facts_of_age(Basis::Parent, "billing:view", 9), Billing, None), "view C5", "row 7");

    let mut asked = parent(13);
    asked.rule = Some(AgeRule { assent: AssentRule::Needed, ..rule(13, &[]) });
    assert_eq!(said_of_any(&asked), "none C6", "row 8");
    asked.grant.assent = Assent::Given;
    assert_eq!(said_of_any(&asked), "act", "row 9, without a label");
    assert_eq!(said(&asked, Documents, Some(&shared(Some(Label::Sensitive)))), "none C7", "row 9");
    let mut viewing = parent(17);
    viewing.rule = Some(rule(14, &[(Documents, Level::View)]));
    assert_eq!(said(&viewing, Documents, Some(&shared(None))), "view C6", "row 10");

    assert_eq!(said_of_any(&parent(18)), "none C6", "row 11");
    assert_eq!(said(&parent(18), Messages, Some(&own_thread())), "none C6, archive", "row 11");
    let mut emancipated = parent(17);
    emancipated.client.emancipated_on = TODAY.yesterday().ok();
    assert_eq!(said_of_any(&emancipated), "none C6", "row 12");
    let guardian = facts_of_age(Basis::AdultGuardian, &all, 40);
    assert_eq!(said(&guardian, Documents, Some(&shared(None))), "act", "row 13");
    let mut agent = facts_of_age(Basis::PowerOfAttorney, &all, 70);
    agent.grant.starts_on = TODAY.tomorrow().ok();
    assert_eq!(said_of_any(&agent), "none C2", "row 14");

    let mut chosen = facts(Basis::ClientChoice, &all);
    chosen.grant.ends_on = Some(TODAY);
    assert_eq!(said(&chosen, Messages, Some(&own_thread())), "act", "row 15, the last day");
    chosen.grant.ends_on = TODAY.yesterday().ok();
    assert_eq!(said(&chosen, Messages, Some(&own_thread())), "none C2, archive", "row 15, the day after");
    let mut part2 = facts(Basis::ClientChoice, "documents");
    for (fact, wanted) in [(Consent::Never, "none C7"), (Consent::Live, "act"), (Consent::Revoked, "none C7")]
    {
        part2.part2 = fact;
        assert_eq!(said(&part2, Documents, Some(&shared(Some(Label::Sud)))), wanted, "row 16, {fact:?}");
    }
    let other_parents = document(None, Share::NotShared);
    assert_eq!(said(&parent(8), Documents, Some(&other_parents)), "none C9", "row 17");
    let mut withheld = parent(8);
    withheld.withheld.push(Withheld::Right(Messages));
    assert_eq!(said(&withheld, Messages, None), "none C8", "row 18");
    assert_eq!(said(&withheld, Messages, Some(&own_thread())), "none C8", "row 18");
    for standing in [GrantStanding::Paused, GrantStanding::NotActive, GrantStanding::AccountLocked] {
        for basis in Basis::ALL {
            let mut stopped = facts_of_age(*basis, &all, 40);
            stopped.grant.standing = standing;
            assert_eq!(said_of_any(&stopped), "none C1", "row 19, {standing:?}, {basis}");
        }
    }

    let mut frozen = own.clone();
    frozen.chart = ChartStanding::Frozen;
    let wanted = [(Appointments, "view C3"), (Documents, "act"), (Billing, "act")];
    for (right, wanted) in wanted {
        assert_eq!(said(&frozen, right, None), wanted, "row 20, {right}");
    }
    let mut closed = own.clone();
    closed.chart = ChartStanding::Closed(Some(TODAY));
    for (right, wanted) in [(Documents, "view C3"), (Billing, "act"), (Forms, "view C3")] {
        assert_eq!(said(&closed, right, None), wanted, "row 21, {right}");
    }
    closed.chart = ChartStanding::Closed(TODAY.yesterday().ok());
    assert_eq!(said_of_any(&closed), "none C3", "row 21, after the view time");

    let mut executor = facts(Basis::Executor, "documents billing");
    executor.client.deceased_on = TODAY.yesterday().ok();
    assert_eq!(said(&executor, Documents, None), "view C4", "row 22");
    assert_eq!(said(&executor, Billing, None), "act", "row 22");
    let mut spouse = executor.clone();
    spouse.grant.basis = Basis::ClientChoice;
    assert_eq!(
        [said(&spouse, Documents, None), said(&spouse, Billing, None)],
        ["none C4", "none C4"],
        "row 22"
    );
    for basis in Basis::ALL {
        let mut merged = facts_of_age(*basis, &all, 10);
        merged.chart = ChartStanding::Merged;
        assert_eq!(said_of_any(&merged), "none C3", "row 23, {basis}");
    }
}

#[test]
fn case_14_a_parents_documents_end_with_the_first_day_of_the_rule() {
    let mut parent = facts(Basis::Parent, &all_rights());
    parent.client.born = Some(date(2012, 3, 3));
    parent.today = date(2024, 3, 2);
    assert_eq!(said(&parent, Right::Documents, None), "act");
    parent.today = date(2024, 3, 3);
    parent.rule = Some(rule(12, &[(Right::Documents, Level::None)]));
    assert_eq!(said(&parent, Right::Documents, None), "none C6");
}

#[test]
fn case_15_a_leap_day_child_is_an_adult_where_the_law_says() {
    let mut parent = facts(Basis::Parent, &all_rights());
    parent.client.born = Some(date(2008, 2, 29));
    for (leap_day, today, wanted) in [
        (LeapDay::Mar1, date(2026, 2, 28), "act"),
        (LeapDay::Feb28, date(2026, 2, 28), "none C6"),
        (LeapDay::Mar1, date(2026, 3, 1), "none C6"),
        (LeapDay::Feb28, date(2026, 2, 27), "act"),
    ] {
        parent.place.leap_day = leap_day;
        parent.today = today;
        assert_eq!(said_of_any(&parent), wanted, "{leap_day} on {today}");
    }
}

#[test]
fn case_18_majority_is_where_the_jurisdiction_puts_it() {
    let mut parent = facts_of_age(Basis::Parent, &all_rights(), 18);
    parent.place.majority_age = 19;
    assert_eq!(said_of_any(&parent), "act");
    parent.today = TODAY.saturating_add(1.year()).yesterday().unwrap();
    assert_eq!(said_of_any(&parent), "act");
    parent.today = TODAY.saturating_add(1.year());
    assert_eq!(said_of_any(&parent), "none C6");
}

#[test]
fn case_24_without_a_birth_date_a_parent_sees_nothing_and_others_what_their_terms_say() {
    for basis in Basis::ALL {
        let mut unknown = facts(*basis, &all_rights());
        unknown.client.born = None;
        let wanted = if basis.ends_at_majority() { "none C6" } else { "act" };
        assert_eq!(said_of_any(&unknown), wanted, "{basis}");
        assert_eq!(decide(&unknown, Right::Messages, Some(&own_thread())).archive, Archive::Shut, "{basis}");
        unknown.client.born = TODAY.tomorrow().ok();
        assert_eq!(said_of_any(&unknown), wanted, "{basis}, born tomorrow");
    }
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(of: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(of)
}

fn any_day() -> impl Strategy<Value = Option<Date>> {
    proptest::option::of((-60i32..60).prop_map(|days| TODAY.saturating_add(days.days())))
}

const LEVELS: &[Level] = Level::ALL;
const CONSENTS: &[Consent] = &[Consent::Never, Consent::Live, Consent::Revoked];

fn any_terms() -> impl Strategy<Value = Terms> {
    proptest::collection::vec(one_of(LEVELS), Right::ALL.len())
        .prop_map(|levels| Terms::of(Right::ALL.iter().copied().zip(levels)))
}

fn any_rule() -> impl Strategy<Value = Option<AgeRule>> {
    let rule = (
        proptest::collection::btree_map(one_of(Right::ALL), one_of(LEVELS), 0..5),
        proptest::collection::btree_map(one_of(Label::ALL), one_of(LEVELS), 0..4),
        one_of(&[AssentRule::Needed, AssentRule::NotNeeded]),
    )
        .prop_map(|(caps, label_caps, assent)| AgeRule { caps, label_caps, assent, ..rule(0, &[]) });
    proptest::option::of(rule)
}

fn any_withheld() -> impl Strategy<Value = Vec<Withheld>> {
    let one = prop_oneof![
        one_of(Right::ALL).prop_map(Withheld::Right),
        (one_of(ItemKind::ALL), 5u128..9)
            .prop_map(|(kind, id)| Withheld::Item(kind, uuid::Uuid::from_u128(id))),
    ];
    prop_oneof![3 => Just(Vec::new()), 1 => proptest::collection::vec(one, 1..3)]
}

fn any_chart() -> impl Strategy<Value = ChartStanding> {
    prop_oneof![
        4 => Just(ChartStanding::Open),
        1 => Just(ChartStanding::Frozen),
        1 => any_day().prop_map(ChartStanding::Closed),
        1 => any_day().prop_map(ChartStanding::Transferred),
        1 => Just(ChartStanding::Merged),
    ]
}

fn any_client() -> impl Strategy<Value = ClientFacts> {
    // Births around the ages that decide, to the day.
    let born = (0i16..22, -2i32..3)
        .prop_map(|(years, days)| TODAY.saturating_sub(i64::from(years).years()).saturating_add(days.days()));
    let rare = || prop_oneof![3 => Just(None), 1 => any_day()];
    (proptest::option::weighted(0.9, born), rare(), rare())
        .prop_map(|(born, emancipated_on, deceased_on)| ClientFacts { born, emancipated_on, deceased_on })
}

fn any_grant() -> impl Strategy<Value = GrantFacts> {
    (
        one_of(Basis::ALL),
        prop_oneof![5 => Just(GrantStanding::Active), 1 => Just(GrantStanding::Paused), 1 => Just(GrantStanding::NotActive)],
        any_day(),
        any_day(),
        any_terms(),
        one_of(&[SensitiveItems::Included, SensitiveItems::Excluded]),
        one_of(&[Assent::Given, Assent::Missing]),
    )
        .prop_map(|(basis, standing, starts_on, ends_on, terms, sensitive, assent)| GrantFacts {
            basis,
            standing,
            starts_on,
            ends_on,
            terms,
            sensitive,
            assent,
        })
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let place = (16i32..22, one_of(LeapDay::ALL))
        .prop_map(|(majority_age, leap_day)| Jurisdiction { majority_age, leap_day });
    let consents = (one_of(CONSENTS), one_of(CONSENTS));
    (any_chart(), any_client(), any_grant(), any_rule(), place, consents, any_withheld()).prop_map(
        |(chart, client, grant, rule, place, (part2, minor_request), withheld)| Facts {
            today: TODAY,
            chart,
            client,
            grant,
            rule,
            place,
            part2,
            minor_request,
            withheld,
        },
    )
}

fn any_item() -> impl Strategy<Value = Option<Item>> {
    proptest::option::of(
        (
            one_of(ItemKind::ALL),
            5u128..9,
            proptest::option::of(one_of(Label::ALL)),
            one_of(&[Share::NotShared, Share::Shared, Share::ByName]),
            one_of(&[Party::Party, Party::Stranger]),
        )
            .prop_map(|(kind, id, label, share, party)| Item {
                kind,
                id: uuid::Uuid::from_u128(id),
                label,
                share,
                party,
            }),
    )
}

/// Everything that can be taken from a holder, one at a time.
fn with_less(facts: &Facts, item: Option<Item>) -> Vec<(&'static str, Facts, Option<Item>)> {
    let mut all = Vec::new();
    let mut less = |what, change: &dyn Fn(&mut Facts, &mut Option<Item>)| {
        let (mut facts, mut item) = (facts.clone(), item);
        change(&mut facts, &mut item);
        all.push((what, facts, item));
    };
    less("paused", &|f, _| f.grant.standing = GrantStanding::Paused);
    less("revoked", &|f, _| f.grant.standing = GrantStanding::NotActive);
    less("ended", &|f, _| f.grant.ends_on = TODAY.yesterday().ok());
    less("begins later", &|f, _| f.grant.starts_on = TODAY.tomorrow().ok());
    less("no terms", &|f, _| f.grant.terms = Terms::read(""));
    less("view only", &|f, _| {
        f.grant.terms =
            Terms::of(Right::ALL.iter().map(|right| (*right, f.grant.terms.level(*right).min(Level::View))));
    });
    less("assent taken back", &|f, _| f.grant.assent = Assent::Missing);
    less("sensitive items excluded", &|f, _| f.grant.sensitive = SensitiveItems::Excluded);
    less("consent revoked", &|f, _| f.part2 = Consent::Revoked);
    less("request taken back", &|f, _| f.minor_request = Consent::Revoked);
    less("everything withheld", &|f, _| {
        f.withheld.extend(Right::ALL.iter().map(|right| Withheld::Right(*right)));
    });
    less("item withheld", &|f, item| f.withheld.extend(item.map(|item| Withheld::Item(item.kind, item.id))));
    less("share taken back", &|_, item| {
        if let Some(item) = item {
            item.share = Share::NotShared;
        }
    });
    less("no longer a party", &|_, item| {
        if let Some(item) = item {
            item.party = Party::Stranger;
        }
    });
    less("rule caps lowered", &|f, _| {
        if let Some(rule) = &mut f.rule {
            rule.caps = Right::ALL.iter().map(|right| (*right, Level::None)).collect();
            rule.label_caps = Label::ALL.iter().map(|label| (*label, Level::None)).collect();
        }
    });
    less("emancipated", &|f, _| f.client.emancipated_on = Some(TODAY));
    less("birth date gone", &|f, _| f.client.born = None);
    less("chart closed", &|f, _| {
        if matches!(f.chart, ChartStanding::Open) {
            f.chart = ChartStanding::Closed(None);
        }
    });
    less("chart merged", &|f, _| f.chart = ChartStanding::Merged);
    less("dead", &|f, _| f.client.deceased_on = Some(TODAY));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn case_01_taking_anything_away_never_raises_a_level(
        facts in any_facts(), item in any_item(), right in one_of(Right::ALL)
    ) {
        let before = decide(&facts, right, item.as_ref());
        for (what, less, item) in with_less(&facts, item) {
            let after = decide(&less, right, item.as_ref());
            prop_assert!(after.level <= before.level, "{}: {:?} became {:?}", what, before, after);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn case_01_an_item_never_has_more_than_its_right(
        facts in any_facts(), item in any_item(), right in one_of(Right::ALL)
    ) {
        let verdict = decide(&facts, right, item.as_ref());
        prop_assert!(verdict.level <= decide(&facts, right, None).level);
        prop_assert_eq!(verdict.why.is_none(), verdict.level == Level::Act);
        prop_assert!(verdict.archive == Archive::Shut || verdict.level == Level::None);
    }

    #[test]
    fn a_reason_is_given_exactly_where_no_right_is_open(facts in any_facts()) {
        prop_assert_eq!(closed_by(&facts).is_some(), open_rights(&facts).is_empty());
    }

    #[test]
    fn case_01_the_clients_own_level_does_not_depend_on_age(
        facts in any_facts(), item in any_item(), right in one_of(Right::ALL),
        client in any_client(), rule in any_rule()
    ) {
        let mut own = facts;
        own.grant.basis = Basis::Client;
        let before = decide(&own, right, item.as_ref());
        own.client = ClientFacts { deceased_on: own.client.deceased_on, ..client };
        own.rule = rule;
        prop_assert_eq!(decide(&own, right, item.as_ref()), before);
        prop_assert_ne!(before.why, Some(Cap::Age));
    }

    #[test]
    fn case_01_paused_revoked_withheld_and_dead_leave_no_archive(
        facts in any_facts(), item in any_item()
    ) {
        for (what, less, item) in with_less(&facts, item) {
            if ["paused", "revoked", "dead", "item withheld", "everything withheld"].contains(&what)
                && less.grant.basis != Basis::Executor
                && (what != "item withheld" || item.is_some())
            {
                prop_assert_eq!(decide(&less, Right::Messages, item.as_ref()).archive, Archive::Shut, "{}", what);
            }
        }
    }
}
