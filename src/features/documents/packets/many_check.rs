//! What a list of chart numbers comes to, before anything goes out: whose charts they name, and what is left out and why.

use std::collections::{BTreeSet, HashMap};

use crate::features::documents::packets::many::{Reach, Unreached, reach};
use crate::features::documents::packets::many_store as rows;
use crate::features::people::{self, MOST_IN_A_NUMBER};
use crate::kernel::ids::{ChartId, PacketTemplateId};
use crate::kernel::secrets::sha256_hex;
use crate::kernel::text;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::word_enum;

word_enum! {
    /// Why nothing goes to a number that was typed.
    pub enum LeftOut {
        /// No chart has it.
        Unknown = "unknown",
        /// It stands further up already.
        Twice = "twice",
        /// Its chart is closed.
        Closed = "closed",
        /// The chart's owner was not invited yet.
        NotYet = "not_yet",
        /// They declined the invitation.
        Declined = "declined",
        /// Their access was ended.
        Ended = "ended",
    }
}

/// A number that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// As it was typed.
    pub asked: String,
    /// The chart that has it.
    pub chart: Option<ChartId>,
    /// The client's name; empty where there is no chart.
    pub name: String,
    /// When they were born.
    pub born: Option<jiff::civil::Date>,
    /// Why nothing goes there.
    pub left_out: Option<LeftOut>,
}

impl Numbered {
    /// Can it be a chart's number at all? Charts get numbers with digits in them, and a practice may have given others: what
    /// no chart has and has no digit is a slip, such as a name.
    fn is_no_number(&self) -> bool {
        let has_digit = self.asked.chars().any(char::is_numeric);
        self.chart.is_none() && (!has_digit || self.asked.chars().count() > MOST_IN_A_NUMBER)
    }
}

/// The numbers of a text: one a line, or separated by commas or semicolons.
pub fn numbers(typed: &str) -> Vec<String> {
    let each = typed.split(['\n', ',', ';', '\t']).map(str::trim);
    each.filter(|number| !number.is_empty()).map(str::to_owned).collect()
}

/// How many different numbers there are.
pub fn count_different(asked: &[String]) -> usize {
    asked.iter().map(|number| text::code_key(number)).collect::<BTreeSet<_>>().len()
}

/// What these numbers name, in the order in which they were typed.
pub fn look(c: &mut Scoped<'_>, asked: &[String]) -> Result<Vec<Numbered>, Fault> {
    let keys: Vec<String> = asked.iter().map(|number| text::code_key(number)).collect();
    let (mut known, mut files, mut owners) = (HashMap::new(), HashMap::new(), HashMap::new());
    let different: Vec<String> = keys.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    for some in different.chunks(100) {
        let found = people::charts_by_number(c, some)?;
        let ids: Vec<ChartId> = found.iter().map(|(_, chart)| *chart).collect();
        known.extend(found);
        files.extend(people::load_files(c, &ids)?.into_iter().map(|file| (file.chart.chart_id, file)));
        owners
            .extend(rows::owners_of(c, &ids)?.into_iter().map(|of| (of.chart_id, (of.access_id, of.state))));
    }
    let mut seen = BTreeSet::new();
    let number = |(asked, key): (&String, &String)| {
        let file = known.get(key).and_then(|chart| files.get(chart));
        let owner = known.get(key).and_then(|chart| owners.get(chart)).copied();
        let left_out = match file {
            _ if !seen.insert(key.clone()) => Some(LeftOut::Twice),
            None => Some(LeftOut::Unknown),
            Some(file) if file.chart.state != "open" => Some(LeftOut::Closed),
            Some(_) => match reach(owner) {
                Reach::Open(_) => None,
                Reach::Not(Unreached::NotYet) => Some(LeftOut::NotYet),
                Reach::Not(Unreached::Declined) => Some(LeftOut::Declined),
                Reach::Not(Unreached::Ended) => Some(LeftOut::Ended),
            },
        };
        Numbered {
            asked: asked.clone(),
            chart: file.map(|file| file.chart.chart_id),
            name: file.map(|file| file.client.full_name()).unwrap_or_default(),
            born: file.and_then(|file| Some(file.client.birth_date.as_ref()?.date())),
            left_out,
        }
    };
    Ok(asked.iter().zip(&keys).map(number).collect())
}

/// What was typed and can be no chart's number.
pub fn no_numbers(all: &[Numbered]) -> Vec<&str> {
    all.iter().filter(|of| of.is_no_number()).map(|of| of.asked.as_str()).collect()
}

/// The charts that it goes to, each with the number that was typed.
pub fn goes_to(all: &[Numbered]) -> Vec<(String, Option<ChartId>)> {
    let going = all.iter().filter(|of| of.left_out.is_none());
    going.map(|of| (of.asked.clone(), of.chart)).collect()
}

/// Of a list that was shown: it stays the same while the numbers name the same charts and the same are left out.
pub fn fingerprint(template: &PacketTemplateId, all: &[Numbered]) -> String {
    let line = |of: &Numbered| {
        let chart = of.chart.map(|chart| chart.to_string()).unwrap_or_default();
        format!("{}\t{chart}\t{}\t{}", of.asked, of.name, of.left_out.map_or("", LeftOut::word))
    };
    let lines: Vec<String> = all.iter().map(line).collect();
    sha256_hex(format!("{template}\n{}", lines.join("\n")).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(asked: &str, chart: Option<ChartId>) -> Numbered {
        let left_out = chart.is_none().then_some(LeftOut::Unknown);
        Numbered { asked: asked.to_owned(), chart, name: String::new(), born: None, left_out }
    }

    #[test]
    fn numbers_stand_on_lines_or_between_commas_and_stay_as_often_as_they_were_typed() {
        assert_eq!(numbers("1001\r\n 1002, A-3;;\t1001\n\n"), ["1001", "1002", "A-3", "1001"]);
        assert_eq!(count_different(&numbers("a-1\nA-1\n2")), 2);
    }

    #[test]
    fn what_no_chart_has_and_has_no_digit_is_no_number() {
        let chart = Some(ChartId::from_uuid(uuid::Uuid::from_u128(1)));
        let long = "1".repeat(MOST_IN_A_NUMBER + 1);
        let all = [typed("abc", None), typed("1001", None), typed("Duarte", chart), typed(&long, None)];
        assert_eq!(no_numbers(&all), ["abc", long.as_str()]);
    }
}
