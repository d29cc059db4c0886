use std::collections::HashMap;

use jiff::civil::date;

use super::*;
use crate::kernel::civil::BirthDateError;

/// What the chart says | what is typed | the wanted answer.
/// On the chart, "/" begins the suffix and ";" a former last name.
const NAMES: &str = "
    # the same
    Duarte                | Duarte              | yes
    Duarte                | duarte              | yes
    Duarte                | DUARTE              | yes
    duarte                | Duarte              | yes
    Duarte                |   Duarte            | yes
    Duarte                | Duarté              | yes
    Duarte                | Duartes             | no
    Duarte                | Duart               | no
    Duarte                | Duarta              | no
    Duarte                | Dvarte              | no
    Duarte                | Garcia              | no
    Duarte                |                     | no
    # accents, composed and decomposed
    José                  | Jose                | yes
    Jose                  | José                | yes
    José                  | Jose\u{301}         | yes
    Jose\u{301}           | José                | yes
    Jose\u{301}           | JOSÉ                | yes
    Núñez                 | Nunez               | yes
    Nuñez                 | NUÑEZ               | yes
    Nuñez                 | Nun\u{303}ez        | yes
    Nuñez                 | Nunes               | no
    Peña                  | Pena                | yes
    Gonçalves             | Goncalves           | yes
    Dvořák                | Dvorak              | yes
    Šimić                 | Simic               | yes
    Čapek                 | Capek               | yes
    Žižek                 | ZIZEK               | yes
    Łukasz                | Lukasz              | yes
    Lukasz                | Łukasz              | yes
    Wałęsa                | Walesa              | yes
    Đorđević              | Dordevic            | yes
    Guðmundsdóttir        | Gudmundsdottir      | yes
    Þórðarson             | Thordarson          | yes
    Sigurðsson            | Sigurdsson          | yes
    Nguyễn                | Nguyen              | yes
    Nguyễn                | NGUYỄN              | yes
    Trần                  | Tran                | yes
    Đặng                  | Dang                | yes
    Ionescu               | Ionesçu             | yes
    Çelik                 | Celik               | yes
    Öztürk                | Ozturk              | yes
    Şahin                 | Sahin               | yes
    Yılmaz                | Yilmaz              | yes
    Yılmaz                | YILMAZ              | yes
    İnce                  | ince                | yes
    İnce                  | INCE                | yes
    İnce                  | İNCE                | yes
    ince                  | İnce                | yes
    INCE                  | ınce                | yes
    Lefèvre               | Lefevre             | yes
    Bœuf                  | Boeuf               | yes
    Curaçao               | Curacao             | yes
    # German and Nordic ways of writing
    Müller                | Mueller             | yes
    Müller                | Muller              | yes
    Müller                | MÜLLER              | yes
    Mueller               | Müller              | yes
    Muller                | Müller              | yes
    Müller                | Miller              | no
    Müller                | Moller              | no
    Müßig                 | Mussig              | yes
    Müßig                 | Muessig             | yes
    Müßig                 | MÜSSIG              | yes
    Weiß                  | Weiss               | yes
    Weiss                 | Weiß                | yes
    Weiß                  | WEIẞ                | yes
    Weiß                  | Weis                | no
    Schröder              | Schroeder           | yes
    Schröder              | Schroder            | yes
    Jäger                 | Jaeger              | yes
    Jäger                 | Jager               | yes
    Jäger                 | Jagger              | no
    Sørensen              | Sorensen            | yes
    Sørensen              | Soerensen           | yes
    Søndergård            | Soendergaard        | yes
    Åberg                 | Aberg               | yes
    Åberg                 | Aaberg              | yes
    Åberg                 | Oberg               | no
    Læssøe                | Laessoe             | yes
    # apostrophes, of every keyboard
    O'Brien               | OBrien              | yes
    O'Brien               | O Brien             | yes
    O'Brien               | O’Brien             | yes
    O'Brien               | O‘Brien             | yes
    O'Brien               | Oʼbrien             | yes
    O'Brien               | O`Brien             | yes
    O'Brien               | O´Brien             | yes
    O'Brien               | O′Brien             | yes
    O’Brien               | o'brien             | yes
    O'Brien               | O＇Brien            | yes
    O'Brien               | Brien               | no
    O'Brien               | O'Bryan             | no
    D'Angelo              | Dangelo             | yes
    D’Angelo              | D Angelo            | yes
    Kaʻahumanu            | Kaahumanu           | yes
    N'Diaye               | NDiaye              | yes
    # hyphens and spaces
    García-Márquez        | García Márquez      | yes
    García-Márquez        | GarciaMarquez       | yes
    García Márquez        | Garcia-Marquez      | yes
    García-Márquez        | García‐Márquez      | yes
    García-Márquez        | García–Márquez      | yes
    García-Márquez        | García—Márquez      | yes
    García-Márquez        | García‑Márquez      | yes
    García-Márquez        | García − Márquez    | yes
    García-Márquez        | Gar\u{ad}cía Márquez | yes
    García                | García Márquez      | no
    García Márquez        | García              | no
    García Márquez        | Márquez             | no
    García Márquez        | Márquez García      | no
    van der Berg          | Van Der Berg        | yes
    van der Berg          | vanderberg          | yes
    van der Berg          | VanderBerg          | yes
    van der Berg          | van  der  Berg      | yes
    van der Berg          | Berg                | no
    van der Berg          | van den Berg        | no
    de la Cruz            | Delacruz            | yes
    De La Cruz            | de la cruz          | yes
    De La Cruz            | Cruz                | no
    St. John              | St John             | yes
    St. John              | StJohn              | yes
    St. John              | St.John             | yes
    St. John              | Saint John          | no
    Smith\u{2f}Jones      | Smith Jones         | yes
    Smith\u{2f}Jones      | Smith               | no
    Mac an Bhaird         | MacAnBhaird         | yes
    d’Ávila-Coelho        | Davila Coelho       | yes
    Dʼ Souza              | DSouza              | yes
    Mac Donald            | MacDonald           | yes
    MacDonald             | McDonald            | no
    Al-Sayed              | Al Sayed            | yes
    Al-Sayed              | Alsayed             | yes
    Al-Sayed              | El-Sayed            | no
    Ben-David             | Ben David           | yes
    Smith-Jones           | Smith Jones         | yes
    Smith-Jones           | Jones-Smith         | no
    Smith-Jones           | Smith               | no
    # suffixes
    Smith Jr.             | Smith               | yes
    Smith Jr.             | Smith Jr            | yes
    Smith Jr.             | Smith, JR.          | yes
    Smith Jr.             | Smith,Jr            | yes
    Smith Jr.             | Smith Junior        | yes
    Smith Jr.             | Smith Sr.           | no
    Smith Jr.             | Smith III           | no
    Smith / Jr.           | Smith               | yes
    Smith / Jr.           | Smith Jr            | yes
    Smith / Jr.           | Smith Sr            | no
    Smith / III           | Smith iii           | yes
    Smith / III           | Smith II            | no
    Smith / IV            | Smith IV            | yes
    Smith V               | Smith               | yes
    Smith / V             | Smith V             | yes
    Smith V               | Smith IV            | no
    Smith 3rd             | Smith III           | yes
    Smith / III           | Smith 3rd           | yes
    Smith / 2nd           | Smith III           | no
    V                     | V                   | yes
    Smith / Sr.           | Smith Senior        | yes
    Smith                 | Smith Jr.           | yes
    Smith                 | Smith-Jr            | yes
    Smith / MD            | Smith               | yes
    Smith / MD            | Smith Jr            | yes
    Junior                | Junior              | yes
    Junior                | Jr                  | no
    Junior / Jr.          | Junior              | yes
    Senior                | Senior              | yes
    Smith Junior Jr       | Smith Junior        | no
    Ivanov / II           | Ivanov              | yes
    Iv                    | Iv                  | yes
    # former and alternate last names
    Duarte; Mendes        | Mendes              | yes
    Duarte; Mendes        | Duarte              | yes
    Duarte; Mendes        | Duarte Mendes       | no
    Duarte; Mendes; Reyes | reyes               | yes
    Duarte; Méndez        | Mendez              | yes
    Duarte; Mendes        | Mende               | no
    # other scripts: letters and marks are kept
    李                    | 李                  | yes
    李                    | 林                  | no
    李                    | Li                  | no
    Li                    | 李                  | no
    欧阳                  | 欧阳                | yes
    欧阳                  | 欧                  | no
    김                    | 김                  | yes
    김                    | 금                  | no
    山田                  | 山田                | yes
    ヤマダ                | ﾔﾏﾀﾞ                | yes
    ヤマダ                | ヤマタ              | no
    Иванов                | ИВАНОВ              | yes
    Иванов                | Иванова             | no
    Йовович               | йовович             | yes
    Йовович               | Иовович             | no
    Παπαδόπουλος          | παπαδόπουλος        | yes
    כהן                   | כהן                 | yes
    כהן                   | לוי                 | no
    خان                   | خان                 | yes
    शर्मा                  | शर्मा                | yes
    शर्मा                  | शरमा                | no
    เจริญ                  | เจริญ                | yes
    เจริญ                  | เจรญ                 | no
    # ways of writing in other scripts
    Παπαδόπουλος          | ΠΑΠΑΔΟΠΟΥΛΟΣ        | yes
    Παπαδόπουλος          | Παπαδοπουλου        | no
    Семёнов               | Семенов             | yes
    Семенов               | СЕМЁНОВ             | yes
    Королёва              | Королев             | no
    Іванів                | Иванив              | no
    أحمد                  | احمد                | yes
    مُحَمَّد              | محمد                | yes
    محمود                 | محمد                | no
    الشافعى               | الشافعي             | yes
    کریمی                 | كريمي               | yes
    عبد الله              | عبدالله             | yes
    ﻣﺤﻤﺪ                  | محمد                | yes
    فاطمة                 | فاطمه               | yes
    علاء                  | علا                 | yes
    כֹּהֵן                | כהן                 | yes
    בן־דוד                | בן דוד              | yes
    חיים                  | חים                 | yes
    ג׳ורג                 | ג'ורג               | yes
    לוי                   | לווי                | yes
    葛\u{e0100}城          | 葛城                | yes
    髙橋                  | 高橋                | yes
    山﨑                  | 山崎                | yes
    渡邊                  | 渡辺                | yes
    渡邊                  | 渡部                | no
    Kꞌiche                | Kiche               | yes
    Lukʼyanenko           | Luk'yanenko         | yes
    ʻAkana                | Akana               | yes
    Faʻa‘olo              | Faaolo              | yes
    O\u{22}Brien          | O'Brien             | yes
    Ţurcanu               | Țurcanu             | yes
    Schön-Jäger           | Schoen-Jager        | yes
    Schön-Jäger           | Schon-Jaeger        | yes
    Schoen-Jager          | Schön-Jäger         | yes
    Schön-Jäger           | Schon-Jagger        | no
    Bauer                 | Baur                | no
    Khan FNU              | Khan                | yes
    # full width and ligatures
    Smith                 | Ｓｍｉｔｈ          | yes
    Griffin               | Griﬃn               | yes
    # names that are nothing
    Smith                 | '                   | no
    Smith                 | -                   | no
    Smith                 | .                   | no
    '                     | '                   | no
    Smith                 | Jr                  | no
    N\u{2f}A               | N/A                 | no
    Unknown               | Unknown             | no
    FNU                   | FNU                 | no
    Smith; Unknown        | Unknown             | no
    Null                  | null                | yes
    # neighbours are other people
    Smith                 | Smyth               | no
    Johnson               | Johnston            | no
    Johnson               | Jonson              | no
    Reyes                 | Reyez               | no
    Ng                    | Eng                 | no
    O                     | O                   | yes
    O                     | Oh                  | no
    Ba                    | Bah                 | no
";

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\u{") {
        out.push_str(before);
        let (code, after) = after.split_once('}').unwrap();
        out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        rest = after;
    }
    out + rest
}

const BORN: (i16, i8, i8) = (1987, 3, 9);

fn born() -> BirthDate {
    let (y, m, d) = BORN;
    BirthDate::from_iso(&date(y, m, d).to_string(), date(2026, 11, 24)).unwrap()
}

#[test]
fn idp_01_every_way_of_writing_a_name_gets_its_answer() {
    let mut rows = 0;
    for line in NAMES.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        // A typed apostrophe or comma is part of its cell; only "|" divides.
        let cells: Vec<&str> = line.split('|').collect();
        let [chart, typed, wanted] = cells.as_slice() else { panic!("not three cells: {line}") };
        let (names, suffix) = chart.split_once(" / ").unwrap_or((chart, ""));
        let mut names = names.split(';').map(|n| unescaped(n.trim()));
        let last_name = names.next().unwrap();
        let former: Vec<String> = names.collect();
        let day = born();
        let on_file = OnFile {
            first_name: "",
            last_name: &last_name,
            suffix: suffix.trim(),
            former: former.iter().map(String::as_str).collect(),
            birth_date: Some(&day),
        };
        let differing = differing(&on_file, &unescaped(typed.trim()), &day);
        let answer = if differing.is_empty() { "yes" } else { "no" };
        assert_eq!(answer, wanted.trim(), "{line}");
        assert!(differing.is_empty() || differing == [Field::LastName], "{line}");
        rows += 1;
    }
    assert!(rows >= 150, "only {rows} rows");
}

/// Month | day | year as typed | the wanted answer, on a chart that says March 9, 1987 unless the
/// row names another day.
const DATES: &str = "
    3  | 9  | 1987 | same
    03 | 09 | 1987 | same
    03 | 9  | 1987 | same
     3 |  9 | 1987 | same
    9  | 3  | 1987 | differs
    3  | 10 | 1987 | differs
    4  | 9  | 1987 | differs
    3  | 9  | 1988 | differs
    3  | 9  | 1978 | differs
    3  | 9  | 87   | Malformed
    3  | 9  | 187  | Malformed
    3  | 9  | 19870 | Malformed
    March | 9 | 1987 | Malformed
    3  | 9th | 1987 | Malformed
    -3 | 9  | 1987 | Malformed
    3  | 9  | 1,987 | Malformed
    ٣  | ٩  | ١٩٨٧ | same
    ３ | ９ | １９８７ | same
    003 | 9 | 1987 | Malformed
       | 9  | 1987 | Missing
    3  |    | 1987 | Missing
    3  | 9  |      | Missing
    2  | 30 | 1980 | NoSuchDay
    2  | 29 | 1900 | NoSuchDay
    2  | 29 | 1987 | NoSuchDay
    13 | 1  | 1987 | NoSuchMonth
    0  | 1  | 1987 | NoSuchMonth
    4  | 31 | 1987 | NoSuchDay
    1  | 0  | 1987 | NoSuchDay
    1  | 32 | 1987 | NoSuchDay
    2  | 29 | 2000 | differs
    11 | 24 | 2026 | differs
    11 | 25 | 2026 | Future
    1  | 1  | 2027 | Future
    1  | 1  | 1900 | differs
    12 | 31 | 1899 | TooOld
    1  | 1  | 0000 | TooOld
";

#[test]
fn idp_01_a_birth_date_is_one_day_of_the_calendar_or_a_field_error_and_never_swapped() {
    let day = born();
    let on_file =
        OnFile { first_name: "", last_name: "Duarte", suffix: "", former: vec![], birth_date: Some(&day) };
    let mut rows = 0;
    for line in DATES.lines().filter(|l| !l.trim().is_empty()) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [month, dday, year, wanted] = cells.as_slice() else { panic!("not four cells: {line}") };
        let answer = match BirthDate::from_fields(month, dday, year, date(2026, 11, 24)) {
            Ok(typed) => match differing(&on_file, "Duarte", &typed).as_slice() {
                [] => "same".to_owned(),
                [Field::BirthDate] => "differs".to_owned(),
                other => panic!("{other:?} on {line}"),
            },
            Err(error @ (BirthDateError::Missing | BirthDateError::Malformed)) => format!("{error:?}"),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(answer, *wanted, "{line}");
        rows += 1;
    }
    assert!(rows >= 30);
}

/// Last name on the chart, last name typed, the wanted answer, why.
#[test]
fn idp_01_names_of_many_scripts_match_as_their_people_write_them() {
    let day = born();
    for line in include_str!("pairs.tsv").lines().filter(|line| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [chart, typed, wanted, ..] = cells.as_slice() else { panic!("not three cells: {line}") };
        let on_file =
            OnFile { first_name: "", last_name: chart, suffix: "", former: vec![], birth_date: Some(&day) };
        let answer = if differing(&on_file, typed, &day).is_empty() { "yes" } else { "no" };
        assert_eq!(answer, *wanted, "{line}");
    }
}

/// A client with one name is asked for that one, wherever the chart has it; a placeholder never counts.
#[test]
fn idp_01_one_name_is_enough_and_a_placeholder_is_none() {
    let day = born();
    for (first, last, asked) in [
        ("Teller", "", Some("Teller")),
        ("", "Suharto", Some("Suharto")),
        ("Sukarno", ".", Some("Sukarno")),
        ("Siti", "N/A", Some("Siti")),
        ("FNU", "Khan", Some("Khan")),
        ("Amir", "-", Some("Amir")),
        ("Björk", "Unknown", Some("Bjork")),
        ("FNU", "LNU", None),
        ("N/A", ".", None),
        ("", "", None),
    ] {
        let on_file =
            OnFile { first_name: first, last_name: last, suffix: "", former: vec![], birth_date: Some(&day) };
        let lacks = lacking(first, last, Some(&day));
        assert_eq!(lacks.is_empty(), asked.is_some(), "{first}, {last}");
        for typed in ["N/A", "-", ".", "Unknown", "FNU", "LNU", "", "n/a"] {
            assert_eq!(differing(&on_file, typed, &day), [Field::LastName], "{first}, {last}: {typed}");
        }
        if let Some(name) = asked {
            assert_eq!(differing(&on_file, name, &day), [], "{first}, {last}");
        }
        if !last.is_empty() && asked == Some(last) && !first.is_empty() {
            assert_eq!(differing(&on_file, first, &day), [Field::LastName], "{first}, {last}");
        }
    }
}

#[test]
fn idp_05_a_chart_without_a_birth_date_or_name_lets_nobody_in() {
    let nobody = OnFile { first_name: "", last_name: "", suffix: "", former: vec![], birth_date: None };
    assert_eq!(differing(&nobody, "", &born()), [Field::LastName, Field::BirthDate]);
    let day = born();
    let unnamed =
        OnFile { first_name: "", last_name: " ", suffix: "Jr.", former: vec![""], birth_date: Some(&day) };
    assert_eq!(differing(&unnamed, "Jr", &day), [Field::LastName]);
}

#[test]
fn twenty_ninth_of_february_is_a_birthday_like_any_other() {
    let day = BirthDate::from_fields("2", "29", "2000", date(2026, 11, 24)).unwrap();
    let on_file =
        OnFile { first_name: "", last_name: "Duarte", suffix: "", former: vec![], birth_date: Some(&day) };
    assert!(differing(&on_file, "duarte", &day).is_empty());
}

/// 2,000 last names that are different people's by any reading: plain letters, two to four
/// syllables, no two the same.
fn synthetic_names() -> Vec<String> {
    const SYLLABLES: [&str; 24] = [
        "ba", "den", "fi", "gor", "hal", "jin", "kes", "lom", "mar", "nov", "pet", "qui", "ros", "sil",
        "tan", "vel", "wim", "xar", "yol", "zed", "cam", "dru", "fen", "gli",
    ];
    let mut names = Vec::new();
    'all: for a in SYLLABLES {
        for b in SYLLABLES {
            for c in ["", "ton", "sen", "ez"] {
                names.push(format!("{a}{b}{c}"));
                if names.len() == 2_000 {
                    break 'all;
                }
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

#[test]
fn idp_01_among_two_thousand_different_people_nobody_passes_for_another() {
    let names = synthetic_names();
    assert_eq!(names.len(), 2_000);
    let keys: Vec<NameKey> = names.iter().map(|name| NameKey::of(name, "")).collect();
    let mut accepted = 0u32;
    for (i, a) in keys.iter().enumerate() {
        for b in &keys[i + 1..] {
            accepted += u32::from(a.matches(b));
        }
    }
    assert_eq!(accepted, 0, "of 1,999,000 pairs");

    // With the right name known, a guessed day is right once in some 29,000; five guesses a link.
    let today = date(2026, 11, 24);
    let mut days: HashMap<String, u32> = HashMap::new();
    let mut day = date(1946, 11, 24);
    while day <= today {
        *days.entry(BirthDate::from_iso(&day.to_string(), today).unwrap().to_string()).or_default() += 1;
        day = day.tomorrow().unwrap();
    }
    assert!(days.values().all(|n| *n == 1), "every day has its own text");
    let luck = 5.0 / days.len() as f64;
    assert!(luck < 0.000_2, "{luck}");
}
