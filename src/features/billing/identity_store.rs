//! By which numbers insurers know the practice and its clinicians.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::kernel::ids::StaffId;
use crate::platform::db::Scoped;
use crate::platform::db::schema::billing_identity;
use crate::platform::fault::Fault;

/// The numbers of the practice (under the id of nobody) or of a clinician; each may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// National Provider Identifier.
    pub npi: String,
    /// Employer Identification Number.
    pub tax_id: String,
    /// Behind a clinician's name, as "LCSW".
    pub credentials: String,
    /// State and number of the license.
    pub license: String,
    /// The kind of a clinician's work, by its code of the NUCC.
    pub taxonomy: String,
}

/// All that are known.
pub fn all(c: &mut Scoped<'_>) -> Result<BTreeMap<StaffId, Identity>, Fault> {
    let rows: Vec<(StaffId, String, String, String, String, String)> = c
        .rows(billing_identity::table)
        .select((
            billing_identity::staff_id,
            billing_identity::npi,
            billing_identity::tax_id,
            billing_identity::credentials,
            billing_identity::license,
            billing_identity::taxonomy,
        ))
        .load(c)?;
    Ok(rows
        .into_iter()
        .map(|(id, npi, tax_id, credentials, license, taxonomy)| {
            (id, Identity { npi, tax_id, credentials, license, taxonomy })
        })
        .collect())
}

pub(super) fn save(c: &mut Scoped<'_>, id: StaffId, to: &Identity) -> Result<(), Fault> {
    c.rows(billing_identity::table).filter(billing_identity::staff_id.eq(id)).delete(c)?;
    let row = (
        billing_identity::staff_id.eq(id),
        billing_identity::npi.eq(&to.npi),
        billing_identity::tax_id.eq(&to.tax_id),
        billing_identity::credentials.eq(&to.credentials),
        billing_identity::license.eq(&to.license),
        billing_identity::taxonomy.eq(&to.taxonomy),
        billing_identity::changed_at.eq(c.now()),
    );
    c.insert(billing_identity::table, row)
}

/// An NPI: ten digits, of which the last checks the others (Luhn, behind 80840). May be empty. Pure.
pub fn npi(typed: &str) -> Option<String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Some(String::new());
    }
    if typed.len() != 10 || !typed.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // The prefix adds 24 to the sum.
    let sum: u32 = typed
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0');
            match at % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    (sum + 24).is_multiple_of(10).then(|| typed.to_owned())
}

/// A code of the NUCC's list of kinds of work: ten letters and digits. May be empty. Pure.
pub fn taxonomy(typed: &str) -> Option<String> {
    let code = typed.trim().to_ascii_uppercase();
    let is_code = code.len() == 10 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    (code.is_empty() || is_code).then_some(code)
}

/// An EIN: nine digits, kept as 12-3456789. May be empty. Pure.
pub fn tax_id(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    if digits.is_empty() {
        return Some(digits);
    }
    let is_number = digits.len() == 9 && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| format!("{}-{}", &digits[..2], &digits[2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_only_where_they_can_be_right() {
        assert_eq!(npi("1234567893").as_deref(), Some("1234567893"));
        assert_eq!((npi("1234567890"), npi("123"), npi("12345678 3")), (None, None, None));
        assert_eq!((npi(" ").as_deref(), tax_id("").as_deref()), (Some(""), Some("")));
        assert_eq!(tax_id("123456789").as_deref(), Some("12-3456789"));
        assert_eq!(taxonomy("1041c0700x").as_deref(), Some("1041C0700X"));
        assert_eq!(
            (taxonomy("").as_deref(), taxonomy("1041C0700"), taxonomy("1041C-700X")),
            (Some(""), None, None)
        );
        assert_eq!((tax_id("12-34567890"), tax_id("1a-3456789")), (None, None));
    }
}
