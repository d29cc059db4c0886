//! A client's insurance, as one value: what a client asks for is a whole coverage, and what staff take is a new row.

use jiff::civil::Date;

use crate::kernel::civil::read_day;
use crate::kernel::ids::BlobId;
use crate::kernel::text;
use crate::platform::i18n::Words;
use crate::platform::web::forms::FieldErrors;
use crate::word_enum;

word_enum! {
    /// Which of a client's coverages.
    pub enum Position {
        /// The one that is asked first.
        Primary = "primary",
        /// The one that is asked after it.
        Secondary = "secondary",
    }
}

/// What the paths of coverages begin with.
const PATH: &str = "insurance_";

impl Position {
    /// What a submission and its review name it by.
    pub fn path(self) -> String {
        format!("{PATH}{self}")
    }

    /// The position of a path; `None` for any other field.
    pub fn of_path(path: &str) -> Option<Self> {
        path.strip_prefix(PATH)?.parse().ok()
    }
}

word_enum! {
    /// Who holds the insurance.
    pub enum Subscriber {
        /// The client.
        Own = "self",
        /// Somebody else.
        Other = "other",
    }
}

word_enum! {
    /// The sides of a card.
    pub enum CardSide {
        /// With the name and the number.
        Front = "front",
        /// With the addresses.
        Back = "back",
    }
}

/// Characters of a name or a number.
pub const LONGEST: usize = 100;

/// A coverage. As a value of a submission it is written as JSON; none at all as an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Coverage {
    /// Who insures.
    pub payer: String,
    /// The member's number.
    pub member_id: String,
    /// The group's number.
    pub group_number: String,
    /// See [`Subscriber`]; empty for nobody yet.
    pub subscriber: String,
    /// Their name, where it is not the client.
    pub subscriber_name: String,
    /// Their birth date.
    pub subscriber_born: String,
    /// What they are to the client.
    pub subscriber_relation: String,
    /// The first day.
    pub valid_from: String,
    /// The last day.
    pub valid_until: String,
    /// The picture of the card's front.
    pub front: Option<BlobId>,
    /// The picture of its back.
    pub back: Option<BlobId>,
}

impl Coverage {
    /// From the value of a submission; `None` for an empty one.
    pub fn read(value: &str) -> Option<Self> {
        serde_json::from_str(value).ok()
    }

    /// As the value of a submission.
    pub fn value(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The picture of a side.
    pub fn card(&self, side: CardSide) -> Option<BlobId> {
        match side {
            CardSide::Front => self.front,
            CardSide::Back => self.back,
        }
    }

    /// What was typed, cleaned and checked; an error names its field, and several are told at once.
    pub fn check(&self, words: Words, today: Date) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let is_other = self.subscriber == Subscriber::Other.word();
        let needed: &[&str] =
            if is_other { &["payer", "member_id", "subscriber_name"] } else { &["payer", "member_id"] };
        let mut line = |field: &str, typed: &str| match text::line(typed, LONGEST) {
            Ok(text) if text.is_empty() && needed.contains(&field) => {
                errors.add(field, words.get("information-insurance-missing"));
                text
            }
            Ok(text) => text,
            Err(_) => {
                errors.add(field, words.with1("information-insurance-wrong", "most", LONGEST));
                String::new()
            }
        };
        let mut checked = Self {
            payer: line("payer", &self.payer),
            member_id: line("member_id", &self.member_id),
            group_number: line("group_number", &self.group_number),
            subscriber: if is_other { Subscriber::Other } else { Subscriber::Own }.to_string(),
            front: self.front,
            back: self.back,
            ..Self::default()
        };
        if is_other {
            checked.subscriber_name = line("subscriber_name", &self.subscriber_name);
            checked.subscriber_relation = line("subscriber_relation", &self.subscriber_relation);
        }
        let mut day = |field: &str, typed: &str| match typed.trim() {
            "" => None,
            typed => {
                let day = read_day(typed);
                if day.is_none() {
                    errors.add(field, words.get("information-insurance-no-day"));
                }
                day
            }
        };
        let born = if is_other { day("subscriber_born", &self.subscriber_born) } else { None };
        let (first, last) = (day("valid_from", &self.valid_from), day("valid_until", &self.valid_until));
        if born.is_some_and(|born| born > today) {
            errors.add("subscriber_born", words.get("information-insurance-future"));
        }
        if first.zip(last).is_some_and(|(first, last)| last < first) {
            errors.add("valid_until", words.get("information-insurance-ends-before"));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let text = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        Ok(Self { subscriber_born: text(born), valid_from: text(first), valid_until: text(last), ..checked })
    }

    /// As people read it, a line each.
    pub fn lines(&self, words: Words) -> Vec<String> {
        let day = |text: &str| text.parse::<Date>().ok().map(|day| words.civil_date(day));
        let labelled = |key: &str, value: &str| {
            (!value.is_empty()).then(|| words.with1(&format!("information-insurance-{key}"), "value", value))
        };
        let subscriber = match self.subscriber.parse() {
            Ok(Subscriber::Own) => Some(words.get("information-insurance-self")),
            Ok(Subscriber::Other) => labelled("holder", &self.subscriber_name),
            Err(_) => None,
        };
        let born = day(&self.subscriber_born);
        [
            Some(self.payer.clone()).filter(|payer| !payer.is_empty()),
            labelled("member", &self.member_id),
            labelled("group", &self.group_number),
            subscriber,
            born.and_then(|born| labelled("holder-born", &born)),
            labelled("holder-relation", &self.subscriber_relation),
            day(&self.valid_from).and_then(|day| labelled("from", &day)),
            day(&self.valid_until).and_then(|day| labelled("until", &day)),
            self.front.map(|_| words.get("information-insurance-has-front")),
            self.back.map(|_| words.get("information-insurance-has-back")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::i18n::Language;
    use jiff::civil::date;

    fn words() -> Words {
        Words::of(Language::English)
    }

    #[test]
    fn a_coverage_is_read_as_it_was_written() {
        let coverage =
            Coverage { payer: "Green Shield".into(), subscriber: "self".into(), ..Coverage::default() };
        assert_eq!(Coverage::read(&coverage.value()), Some(coverage));
        assert_eq!(Coverage::read(""), None);
        assert_eq!(Position::of_path("insurance_primary"), Some(Position::Primary));
        assert_eq!((Position::of_path("payer"), Position::of_path("insurance_third")), (None, None));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_and_what_does_not_apply_is_left_out() {
        let typed = Coverage {
            subscriber: "other".into(),
            subscriber_born: "2027-01-01".into(),
            valid_from: "2026-02-01".into(),
            valid_until: "2026-01-31".into(),
            ..Coverage::default()
        };
        let errors = typed.check(words(), date(2026, 12, 1)).unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["payer", "member_id", "subscriber_name", "subscriber_born", "valid_until"]);
        let typed = Coverage {
            payer: " Green Shield ".into(),
            member_id: "G-1".into(),
            subscriber: "self".into(),
            subscriber_name: "Somebody".into(),
            ..Coverage::default()
        };
        let checked = typed.check(words(), date(2026, 12, 1)).unwrap();
        assert_eq!((checked.payer.as_str(), checked.subscriber_name.as_str()), ("Green Shield", ""));
    }
}
