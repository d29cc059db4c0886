//! Payers and their shares in words.

use crate::features::billing::responsibility_store::{WHOLE, named};
use crate::features::ledger::{self, PartyPurpose};
use crate::kernel::ids::{ChartId, PayerId};
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;

/// Hundredths of a percent as people write them: `50`, `33.33`.
pub(super) fn percent(basis_points: i32) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    match rest {
        0 => whole.to_string(),
        _ if rest % 10 == 0 => format!("{whole}.{}", rest / 10),
        _ => format!("{whole}.{rest:02}"),
    }
}

/// A percentage that was typed: at most two digits behind the point, at most 100.
pub(super) fn read_percent(typed: &str) -> Option<i32> {
    let typed = typed.trim().trim_end_matches('%').trim_end();
    let (whole, rest) = typed.split_once('.').unwrap_or((typed, ""));
    let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || rest.len() > 2 || !are_digits(whole) || !are_digits(rest) {
        return None;
    }
    let padded = format!("{rest:0<2}");
    let points = whole.parse::<i32>().ok()? * 100 + padded.parse::<i32>().ok()?;
    (points <= WHOLE).then_some(points)
}

/// The payers of a chart to choose from, by name.
pub(super) fn payer_choices(
    c: &mut Scoped<'_>,
    chart: ChartId,
    parties: &[PayerId],
    words: Words,
) -> Result<Vec<(String, String)>, Fault> {
    if parties.is_empty() {
        return Ok(Vec::new());
    }
    let named = named(c, chart, parties)?;
    Ok(named
        .into_iter()
        .map(|(payer, name)| (payer.party.to_string(), called(words, &payer, name)))
        .collect())
}

/// A payer's name, with a word for the account that nobody else sees.
pub(super) fn called(words: Words, payer: &ledger::Payer, name: String) -> String {
    match payer.purpose {
        PartyPurpose::Usual => name,
        PartyPurpose::Private => words.with1("billing-payer-private", "name", name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_as_they_are_written() {
        for (typed, points) in
            [("50", 5_000), ("33.33", 3_333), ("0.5", 50), (" 100 % ", 10_000), ("7.10", 710)]
        {
            assert_eq!(read_percent(typed), Some(points), "{typed}");
        }
        for wrong in ["", "-5", "100.01", "33.333", "1,5", "1e1", ".5", "50 50"] {
            assert_eq!(read_percent(wrong), None, "{wrong}");
        }
        for points in [0, 1, 10, 3_333, 5_000, 10_000] {
            assert_eq!(read_percent(&percent(points)), Some(points));
        }
    }
}
