//! Numbers of payment cards, which are kept nowhere.

/// Does a text hold what looks like the number of a payment card? Those never reach the database (PCI DSS, SAQ A):
/// 14 to 19 digits, however they are spaced, with the first digits of a card brand and a right check digit (Luhn).
pub fn holds_card_number(text: &str) -> bool {
    let mut run: Vec<u8> = Vec::new();
    let mut runs = vec![];
    for c in text.chars() {
        // Full-width digits are digits too.
        let c = if ('\u{ff10}'..='\u{ff19}').contains(&c) {
            char::from(u8::try_from(u32::from(c) - 0xff10).unwrap_or(0) + b'0')
        } else {
            c
        };
        match c {
            '0'..='9' => run.push(u8::try_from(c).unwrap_or(b'0') - b'0'),
            ' ' | '-' | '.' | '\u{a0}' | '\u{2010}'..='\u{2015}' => {}
            _ => runs.push(std::mem::take(&mut run)),
        }
    }
    runs.push(run);
    runs.iter().any(|digits| {
        (14..=19)
            .any(|length| digits.windows(length).any(|window| has_brand(window) && has_check_digit(window)))
    })
}

fn has_brand(digits: &[u8]) -> bool {
    let first = |count: usize| digits[..count].iter().fold(0u32, |sum, digit| sum * 10 + u32::from(*digit));
    match digits.len() {
        15 => matches!(first(2), 34 | 37),
        14 => matches!(first(2), 36 | 38) || matches!(first(3), 300..=305),
        length => {
            first(1) == 4
                || (length == 16 && (matches!(first(2), 51..=55) || matches!(first(4), 2221..=2720)))
                || matches!(first(4), 6011 | 3528..=3589)
                || first(2) == 65
                || first(2) == 62
        }
    }
}

fn has_check_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match u32::from(*digit) * if place % 2 == 1 { 2 } else { 1 } {
            double @ 10.. => double - 9,
            single => single,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_is_found_however_it_is_written() {
        // Numbers that card networks publish for tests.
        for text in [
            "4242424242424242",
            "card 4242 4242 4242 4242 exp 12/30",
            "4242-4242-4242-4242",
            "4242.4242.4242.4242",
            "\u{ff14}\u{ff12}42 4242 4242 4242",
            "378282246310005",
            "5555 5555 5555 4444",
            "6011111111111117",
            "no 30569309025904.",
        ] {
            assert!(holds_card_number(text), "{text}");
        }
        for text in [
            "",
            "Check 1042",
            "4242424242424241",
            "1234567890123452",
            "+1 303 555 0100",
            "Session of 2026-11-30",
        ] {
            assert!(!holds_card_number(text), "{text}");
        }
    }
}
