use jiff::civil::{date, datetime};
use proptest::prelude::*;

use super::*;

const NEW_YORK: &str = "America/New_York";

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

fn staff(n: u128) -> StaffId {
    StaffId::from_uuid(uuid::Uuid::from_u128(n))
}

fn place(n: u128) -> PlaceId {
    PlaceId::from_uuid(uuid::Uuid::from_u128(n))
}

fn weekly(weekday: Weekday, from: i32, until: i32) -> WeeklyHours {
    WeeklyHours {
        staff: staff(1),
        place: place(1),
        weekday,
        from: from * 60,
        until: until * 60,
        every_weeks: 1,
        starts_on: date(2026, 1, 1),
        ends_on: None,
    }
}

fn rules(name: &str, hours: Vec<WeeklyHours>) -> Rules {
    Rules { hours, zones: BTreeMap::from([(place(1), zone(name))]), ..Rules::default() }
}

fn rows(busy: &[Busy]) -> AllBusy<'_> {
    AllBusy { rows: busy, months: &[] }
}

fn wanted(minutes: i32, from: &str, until: &str) -> Wanted {
    Wanted { minutes, before: 0, after: 0, grid: 15, from: at(from), until: at(until) }
}

/// The beginnings on the clock of a zone.
fn clocks(openings: &Openings, zone: &TimeZone) -> Vec<DateTime> {
    openings.all().iter().map(|opening| opening.starts_at.in_zone(zone).datetime()).collect()
}

#[test]
fn case_01_nine_o_clock_is_nine_o_clock_on_every_monday_of_a_year() {
    let rules = rules(NEW_YORK, vec![weekly(Weekday::Monday, 9, 17)]);
    let found =
        openings(&rules, AllBusy::default(), &wanted(480, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"));
    let clocks = clocks(&found, &zone(NEW_YORK));
    assert_eq!(clocks.len(), 52);
    assert!(clocks.iter().all(|clock| (clock.hour(), clock.minute()) == (9, 0)), "{clocks:?}");
    assert!(clocks.iter().all(|clock| clock.date().weekday() == Weekday::Monday));
}

#[test]
fn case_02_the_afternoon_of_the_sunday_on_which_the_clocks_change_keeps_its_hours() {
    let rules = rules(NEW_YORK, vec![weekly(Weekday::Sunday, 13, 18)]);
    for (from, until) in
        [("2027-03-14T00:00:00Z", "2027-03-15T05:00:00Z"), ("2026-11-01T00:00:00Z", "2026-11-02T05:00:00Z")]
    {
        let found = clocks(&openings(&rules, AllBusy::default(), &wanted(60, from, until)), &zone(NEW_YORK));
        let hours: Vec<i8> =
            found.iter().filter(|clock| clock.minute() == 0).map(|clock| clock.hour()).collect();
        assert_eq!(hours, [13, 14, 15, 16, 17], "{found:?}");
    }
}

#[test]
fn case_02_a_window_over_the_change_itself_has_the_hours_that_pass() {
    let rules = rules(NEW_YORK, vec![weekly(Weekday::Sunday, 0, 6)]);
    let spring =
        openings(&rules, AllBusy::default(), &wanted(60, "2027-03-14T00:00:00Z", "2027-03-15T00:00:00Z"));
    let hours: Vec<i8> =
        clocks(&spring, &zone(NEW_YORK)).iter().filter(|c| c.minute() == 0).map(|c| c.hour()).collect();
    assert_eq!(hours, [0, 1, 3, 4, 5], "two o'clock does not exist");
    let autumn =
        openings(&rules, AllBusy::default(), &wanted(60, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"));
    let hours: Vec<i8> =
        clocks(&autumn, &zone(NEW_YORK)).iter().filter(|c| c.minute() == 0).map(|c| c.hour()).collect();
    assert_eq!(hours, [0, 1, 1, 2, 3, 4, 5], "one o'clock comes twice");
}

#[test]
fn a_time_is_unavailable_in_time_off_and_closed_days_and_outside_the_hours_of_its_place() {
    let mut rules = rules("UTC", vec![weekly(Weekday::Tuesday, 13, 17)]);
    let asked = |rules: &Rules, at_place: u128, from: &str, until: &str| {
        unavailable(rules, staff(1), place(at_place), (at(from), at(until)))
    };
    let tuesday = ("2026-12-01T13:00:00Z", "2026-12-01T13:50:00Z");
    assert_eq!(asked(&rules, 1, tuesday.0, tuesday.1), None);
    assert_eq!(
        asked(&rules, 1, "2026-12-01T16:05:00Z", "2026-12-01T16:55:00Z"),
        None,
        "on no grid of a type"
    );
    let outside = Some(Unavailable::OutsideHours);
    assert_eq!(asked(&rules, 1, "2026-12-01T16:30:00Z", "2026-12-01T17:20:00Z"), outside, "not whole");
    assert_eq!(asked(&rules, 1, "2026-12-02T13:00:00Z", "2026-12-02T13:50:00Z"), outside);
    rules.zones.insert(place(2), TimeZone::UTC);
    assert_eq!(asked(&rules, 2, tuesday.0, tuesday.1), outside, "at another place");
    let off = |of: Option<StaffId>| TimeOff {
        staff: of,
        place: None,
        from: datetime(2026, 11, 30, 0, 0, 0, 0),
        until: datetime(2026, 12, 2, 0, 0, 0, 0),
    };
    rules.time_off = vec![off(Some(staff(2)))];
    assert_eq!(asked(&rules, 1, tuesday.0, tuesday.1), None, "somebody else's");
    rules.time_off = vec![off(Some(staff(1)))];
    let days = (date(2026, 11, 30), date(2026, 12, 1));
    assert_eq!(asked(&rules, 1, tuesday.0, tuesday.1), Some(Unavailable::TimeOff(days.0, days.1)));
    rules.time_off = vec![off(None)];
    assert_eq!(asked(&rules, 1, tuesday.0, tuesday.1), Some(Unavailable::Closed(days.0, days.1)));
    rules.time_off.clear();
    rules.hours.clear();
    assert_eq!(asked(&rules, 1, tuesday.0, tuesday.1), None, "who has no hours is outside of none");
}

#[test]
fn case_03_what_is_listed_is_an_opening_and_no_time_beside_it_is() {
    let rules = rules(NEW_YORK, vec![weekly(Weekday::Monday, 9, 12)]);
    let found =
        openings(&rules, AllBusy::default(), &wanted(50, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"));
    let all = found.all();
    assert!(all.len() > 30);
    for opening in &all {
        assert!(found.has(opening));
        for seconds in [-300, -1, 1, 300] {
            let beside = Opening { starts_at: opening.starts_at.plus_seconds(seconds), ..*opening };
            assert_eq!(found.has(&beside), all.contains(&beside), "{beside:?}");
        }
        assert!(!found.has(&Opening { staff: staff(2), ..*opening }));
        assert!(!found.has(&Opening { place: place(2), ..*opening }));
    }
}

#[test]
fn case_08_another_zone_folds_the_same_moments_to_other_days_also_past_midnight() {
    // Late on Tuesday in New York is Wednesday in Madrid, and still Tuesday in Honolulu.
    let rules = rules(NEW_YORK, vec![weekly(Weekday::Tuesday, 17, 20)]);
    let found =
        openings(&rules, AllBusy::default(), &wanted(60, "2026-12-01T00:00:00Z", "2026-12-04T00:00:00Z"));
    let moments = found.all();
    for (name, days) in [
        (NEW_YORK, vec![date(2026, 12, 1)]),
        ("Europe/Madrid", vec![date(2026, 12, 1), date(2026, 12, 2)]),
        ("Pacific/Honolulu", vec![date(2026, 12, 1)]),
        (NEW_YORK, vec![date(2026, 12, 1)]),
    ] {
        assert_eq!(found.days(&zone(name)), days, "{name}");
        assert_eq!(found.all(), moments, "the reader's zone changes no moment");
    }
}

#[test]
fn case_09_two_o_clock_of_the_place_is_taken_whatever_clocks_others_have() {
    let rules = rules("America/Los_Angeles", vec![weekly(Weekday::Tuesday, 13, 17)]);
    // Two in the afternoon there; the server counts in UTC, and the client is in New York, where it is five.
    let busy =
        [Busy { staff: Some(staff(1)), from: at("2026-12-01T22:00:00Z"), until: at("2026-12-01T23:00:00Z") }];
    let wanted = Wanted { grid: 60, ..wanted(60, "2026-12-01T00:00:00Z", "2026-12-03T00:00:00Z") };
    let found = openings(&rules, rows(&busy), &wanted);
    let hours = |name| -> Vec<i8> { clocks(&found, &zone(name)).iter().map(|clock| clock.hour()).collect() };
    assert_eq!(hours("America/Los_Angeles"), [13, 15, 16]);
    assert_eq!(hours(NEW_YORK), [16, 18, 19]);
}

#[test]
fn case_10_a_single_slot_alone_in_its_week_is_found() {
    let mut rules = rules(NEW_YORK, vec![]);
    rules.days = vec![DayHours {
        staff: staff(1),
        place: Some(place(1)),
        on: date(2026, 12, 16),
        effect: DayEffect::Open,
        from: 11 * 60,
        until: 12 * 60,
    }];
    let found =
        openings(&rules, AllBusy::default(), &wanted(60, "2026-12-01T00:00:00Z", "2027-02-01T00:00:00Z"));
    assert_eq!(clocks(&found, &zone(NEW_YORK)), [datetime(2026, 12, 16, 11, 0, 0, 0)]);
    assert_eq!(found.days(&zone(NEW_YORK)), [date(2026, 12, 16)]);
}

#[test]
fn case_05_the_last_beginning_leaves_room_for_the_whole_visit() {
    let rules = rules(NEW_YORK, vec![weekly(Weekday::Tuesday, 9, 20)]);
    let found =
        openings(&rules, AllBusy::default(), &wanted(90, "2026-12-01T00:00:00Z", "2026-12-03T00:00:00Z"));
    assert_eq!(clocks(&found, &zone(NEW_YORK)).last(), Some(&datetime(2026, 12, 1, 18, 30, 0, 0)));
}

#[test]
fn case_06_a_booking_inside_a_longer_slot_blocks_it_with_its_buffers() {
    let rules = rules("UTC", vec![weekly(Weekday::Tuesday, 13, 17)]);
    let busy =
        [Busy { staff: Some(staff(1)), from: at("2026-12-01T14:00:00Z"), until: at("2026-12-01T14:30:00Z") }];
    let hour = Wanted { grid: 60, ..wanted(60, "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z") };
    let hours = |wanted: &Wanted| -> Vec<i8> {
        clocks(&openings(&rules, rows(&busy), wanted), &TimeZone::UTC)
            .iter()
            .map(|clock| clock.hour())
            .collect()
    };
    assert_eq!(hours(&hour), [13, 15, 16]);
    assert_eq!(hours(&Wanted { after: 5, ..hour }), [15, 16], "ten past would reach into the booking");
    assert_eq!(hours(&Wanted { before: 35, ..hour }), [13, 16], "half past two is too near before three");
    // Buffers must be free, not open.
    assert_eq!(hours(&Wanted { before: 30, after: 0, ..hour }), [13, 15, 16]);
}

#[test]
fn case_07_bookings_that_overlap_each_other_still_block() {
    let rules = rules("UTC", vec![weekly(Weekday::Tuesday, 13, 17)]);
    let one = |from, until| Busy { staff: Some(staff(1)), from: at(from), until: at(until) };
    let busy = [
        one("2026-12-01T13:00:00Z", "2026-12-01T15:00:00Z"),
        one("2026-12-01T13:30:00Z", "2026-12-01T14:00:00Z"),
        Busy { staff: None, from: at("2026-12-01T16:00:00Z"), until: at("2026-12-01T16:05:00Z") },
        Busy { staff: Some(staff(2)), from: at("2026-12-01T15:00:00Z"), until: at("2026-12-01T17:00:00Z") },
    ];
    let wanted = Wanted { grid: 60, ..wanted(60, "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z") };
    let found = clocks(&openings(&rules, rows(&busy), &wanted), &TimeZone::UTC);
    assert_eq!(
        found,
        [datetime(2026, 12, 1, 15, 0, 0, 0)],
        "also the client's own time; not another clinician's"
    );
}

#[test]
fn case_11_what_is_closed_wins_over_the_rule_and_what_is_open_is_added() {
    let mut rules = rules(NEW_YORK, vec![weekly(Weekday::Tuesday, 9, 17), weekly(Weekday::Wednesday, 9, 17)]);
    let day = |effect, from: i32, until: i32, place| DayHours {
        staff: staff(1),
        place,
        on: date(2026, 12, 1),
        effect,
        from: from * 60,
        until: until * 60,
    };
    rules.days = vec![day(DayEffect::Open, 19, 20, Some(place(1))), day(DayEffect::Closed, 0, 24, None)];
    rules.time_off = vec![TimeOff {
        staff: None,
        place: Some(place(1)),
        from: datetime(2026, 12, 2, 12, 0, 0, 0),
        until: datetime(2026, 12, 3, 0, 0, 0, 0),
    }];
    let wanted = Wanted { grid: 60, ..wanted(60, "2026-12-01T00:00:00Z", "2026-12-04T00:00:00Z") };
    let found = clocks(&openings(&rules, AllBusy::default(), &wanted), &zone(NEW_YORK));
    let shown: Vec<(i8, i8)> = found.iter().map(|clock| (clock.day(), clock.hour())).collect();
    assert_eq!(shown, [(1, 19), (2, 9), (2, 10), (2, 11)], "the day is replaced; the afternoon is closed");
    // Time off of another person or at another place changes nothing.
    rules.time_off[0].place = Some(place(2));
    assert_eq!(clocks(&openings(&rules, AllBusy::default(), &wanted), &zone(NEW_YORK)).len(), 9);
}

#[test]
fn case_12_a_window_until_midnight_joins_the_next_day() {
    let rules = rules(NEW_YORK, vec![weekly(Weekday::Tuesday, 22, 24), weekly(Weekday::Wednesday, 0, 2)]);
    let found =
        openings(&rules, AllBusy::default(), &wanted(240, "2026-12-01T00:00:00Z", "2026-12-04T00:00:00Z"));
    assert_eq!(clocks(&found, &zone(NEW_YORK)), [datetime(2026, 12, 1, 22, 0, 0, 0)]);
}

#[test]
fn every_second_week_is_counted_from_the_week_in_which_it_starts() {
    let mut every_second = weekly(Weekday::Monday, 9, 10);
    (every_second.every_weeks, every_second.starts_on) = (2, date(2026, 12, 2));
    every_second.ends_on = Some(date(2027, 1, 11));
    let rules = rules(NEW_YORK, vec![every_second]);
    let found =
        openings(&rules, AllBusy::default(), &wanted(60, "2026-11-01T00:00:00Z", "2027-03-01T00:00:00Z"));
    let days: Vec<Date> = clocks(&found, &zone(NEW_YORK)).iter().map(|clock| clock.date()).collect();
    assert_eq!(days, [date(2026, 12, 14), date(2026, 12, 28), date(2027, 1, 11)]);
}

#[test]
fn a_zone_of_half_hours_and_one_whose_clocks_move_by_half_an_hour_keep_their_full_hours() {
    for name in ["Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu"] {
        let rules =
            rules(name, Weekday::Sunday.cycle_forward().take(7).map(|day| weekly(day, 9, 12)).collect());
        let wanted = Wanted { grid: 60, ..wanted(60, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z") };
        let found = clocks(&openings(&rules, AllBusy::default(), &wanted), &zone(name));
        assert!(found.len() > 3 * 360, "{name}: {}", found.len());
        assert!(found.iter().all(|clock| clock.minute() == 0 && (9..12).contains(&clock.hour())), "{name}");
    }
}

#[test]
fn days_are_those_of_the_readers_zone() {
    let rules = rules(NEW_YORK, vec![weekly(Weekday::Tuesday, 22, 24)]);
    let found =
        openings(&rules, AllBusy::default(), &wanted(60, "2026-12-01T00:00:00Z", "2026-12-03T00:00:00Z"));
    assert_eq!(found.days(&zone(NEW_YORK)), [date(2026, 12, 1)]);
    assert_eq!(found.days(&zone("Europe/Madrid")), [date(2026, 12, 2)]);
    assert_eq!(found.days(&zone("America/Los_Angeles")), [date(2026, 12, 1)]);
    assert!(
        openings(&rules, AllBusy::default(), &wanted(60, "2026-12-02T06:00:00Z", "2026-12-03T00:00:00Z"))
            .days(&zone(NEW_YORK))
            .is_empty()
    );
}

/// Minute by minute: is this moment inside the hours, by the clock on the wall? On a day with an hour twice a window
/// reaches from the first showing of its beginning to the last showing of its end.
fn naive(rules: &Rules, busy: &[Busy], wanted: &Wanted) -> Vec<Opening> {
    let place = place(1);
    let zone = &rules.zones[&place];
    let minute = |moment: Timestamp, by: i64| moment.plus_seconds(by * 60);
    let shows = |moment: Timestamp| {
        let local = moment.in_zone(zone);
        (local.date(), i32::from(local.hour()) * 60 + i32::from(local.minute()))
    };
    let from = minute(wanted.from, -1_440);
    let whole = wanted.until.seconds_since(from) / 60 + 1_440;
    let clock: Vec<(Date, i32)> = (0..whole).map(|by| shows(minute(from, by))).collect();
    let window = |date: Date, begin: i32, end: i32| {
        let first = clock.iter().position(|(on, at)| *on == date && *at >= begin);
        let last = clock.iter().rposition(|(on, at)| *on == date && *at < end);
        first.zip(last).map_or(0..0, |(first, last)| first..last + 1)
    };
    let mut open = vec![false; clock.len()];
    let dates: std::collections::BTreeSet<Date> = clock.iter().map(|(date, _)| *date).collect();
    for date in &dates {
        for hours in rules.hours.iter().filter(|hours| hours.weekday == date.weekday()) {
            open[window(*date, hours.from, hours.until)].fill(true);
        }
    }
    for (effect, value) in [(DayEffect::Closed, false), (DayEffect::Open, true)] {
        for day in rules.days.iter().filter(|day| day.effect == effect) {
            open[window(day.on, day.from, day.until)].fill(value);
        }
    }
    let mut found = Vec::new();
    for by in 0..clock.len() as i64 {
        let starts_at = minute(from, by);
        if starts_at < wanted.from || starts_at >= wanted.until || clock[by as usize].1 % wanted.grid != 0 {
            continue;
        }
        let is_open = (by..by + i64::from(wanted.minutes)).all(|by| open.get(by as usize) == Some(&true));
        let (first, last) = (
            minute(starts_at, -i64::from(wanted.before)),
            minute(starts_at, i64::from(wanted.minutes + wanted.after)),
        );
        let is_free = busy.iter().all(|busy| busy.until <= first || busy.from >= last);
        if is_open && is_free {
            found.push(Opening { starts_at, staff: staff(1), place });
        }
    }
    found
}

/// Days around a change of the clocks, and one without.
const AROUND: [(&str, &str); 7] = [
    (NEW_YORK, "2027-03-13T12:00:00Z"),
    (NEW_YORK, "2026-10-31T12:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T00:00:00Z"),
    ("America/Santiago", "2026-09-05T12:00:00Z"),
    ("America/Havana", "2026-10-31T12:00:00Z"),
    ("Asia/Kathmandu", "2026-06-01T00:00:00Z"),
];

/// A number of cells: half of them are small, so that windows often begin or end in the hour that the clocks change.
fn cells(small: i32, most: i32) -> impl Strategy<Value = i32> {
    prop_oneof![0..small, 0..most]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn case_14_the_openings_are_those_of_a_walk_minute_by_minute(
        around in 0usize..AROUND.len(),
        hours in proptest::collection::vec((0i64..3, cells(48, 288), cells(24, 200)), 1..6),
        days in proptest::collection::vec((0i64..3, cells(48, 288), cells(24, 150), any::<bool>()), 0..3),
        taken in proptest::collection::vec((0i64..860, 1i64..30), 0..5),
        (minutes, before, after, grid) in (cells(6, 30), 0i32..6, 0i32..6, 0usize..5),
    ) {
        let (name, from) = AROUND[around];
        let zone = zone(name);
        let from = at(from);
        let until = from.plus_hours(48);
        let end = |begin: i32, length: i32| (begin + length).min(288) * 5;
        let today = from.in_zone(&zone).date();
        let date = |day: i64| today.checked_add(jiff::Span::new().days(day)).unwrap();
        let hours = hours.into_iter().map(|(day, begin, length)| WeeklyHours {
            weekday: date(day).weekday(), from: begin * 5, until: end(begin, length + 1),
            ..weekly(Weekday::Monday, 0, 0)
        }).collect();
        let mut rules = rules(name, hours);
        rules.days = days.into_iter().map(|(day, begin, length, is_open)| DayHours {
            staff: staff(1), place: is_open.then(|| place(1)),
            on: date(day),
            effect: if is_open { DayEffect::Open } else { DayEffect::Closed },
            from: begin * 5, until: end(begin, length + 1),
        }).collect();
        let busy: Vec<Busy> = taken.into_iter().map(|(cell, length)| {
            let from = from.plus_seconds((cell - 140) * 300);
            Busy { staff: Some(staff(1)), from, until: from.plus_seconds(length * 300) }
        }).collect();
        let grid = [5, 10, 15, 30, 60][grid];
        let wanted = Wanted { minutes: (minutes + 1) * 5, before: before * 5, after: after * 5, grid, from, until };
        let found = openings(&rules, rows(&busy), &wanted);
        prop_assert_eq!(&found.all(), &naive(&rules, &busy, &wanted));
        // The same from months of which the first begins before the range, and ends in it.
        let begins = from.plus_seconds(-150 * 300);
        let months: Vec<BusyMonth> = [0, 400].map(|first| {
            let (begins, mut cells) = (begins.plus_seconds(first * 300), Cells::none(if first == 0 { 400 } else { 700 }));
            let cell = |moment: Timestamp| usize::try_from(moment.seconds_since(begins) / 300).unwrap_or(0);
            busy.iter().for_each(|busy| cells.add(cell(busy.from)..cell(busy.until)));
            BusyMonth { staff: staff(1), begins, runs: cells.to_runs() }
        }).into();
        prop_assert_eq!(openings(&rules, AllBusy { rows: &[], months: &months }, &wanted).all(), found.all());
        for opening in found.all() {
            prop_assert!(found.has(&opening));
            let ends_at = opening.starts_at.plus_seconds(i64::from(wanted.minutes) * 60);
            prop_assert!(busy.iter().all(|busy| busy.until <= opening.starts_at || busy.from >= ends_at));
        }
        let days: std::collections::BTreeSet<Date> =
            found.all().iter().map(|opening| opening.starts_at.in_zone(&zone).date()).collect();
        prop_assert_eq!(found.days(&zone), days.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(found.count(), found.all().len());
    }
}

fn any_hours() -> impl Strategy<Value = WeeklyHours> {
    let day = (0..60i64).prop_map(|days| date(2026, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap());
    let ends_after = proptest::option::of(0..40i64);
    (1..3u128, 1..4i8, 0..8i32, 1..5i32, 1..3i32, day, ends_after).prop_map(
        |(at, weekday, from, hours, every_weeks, starts_on, ends_after)| WeeklyHours {
            place: place(at),
            every_weeks,
            starts_on,
            ends_on: ends_after.map(|days| starts_on.checked_add(jiff::Span::new().days(days)).unwrap()),
            ..weekly(Weekday::from_monday_one_offset(weekday).unwrap(), from, from + hours)
        },
    )
}

proptest! {
    #[test]
    fn hours_overlap_when_both_open_the_same_time_at_the_same_place(one in any_hours(), other in any_hours()) {
        let begins = |hours: &WeeklyHours| {
            let mut rules = rules("UTC", vec![hours.clone()]);
            rules.zones.insert(place(2), zone("UTC"));
            let wanted = Wanted { grid: 5, ..wanted(5, "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z") };
            openings(&rules, AllBusy::default(), &wanted).all()
        };
        let of_other = begins(&other);
        let is_shared = begins(&one).iter().any(|opening| of_other.contains(opening));
        prop_assert_eq!(one.overlap(&other), is_shared);
        prop_assert_eq!(other.overlap(&one), is_shared);
    }
}
