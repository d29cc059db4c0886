//! Checks an address before a mail goes there: a wrong address discloses the invitation to a stranger.

use std::collections::{HashMap, HashSet};

use crate::features::access::doubt::Doubt;
use crate::features::people::{self, Address, AddressKind};
use crate::features::staff;
use crate::kernel::email::EmailAddress;
use crate::kernel::ids::PersonId;
use crate::platform::db::Scoped;
use crate::platform::fault::Fault;

/// The address that a mail to these addresses' owner goes to: that of the last invitation while it
/// is there, else the first that may be used.
pub fn address_on_file<'a>(addresses: &'a [Address], invited: Option<&EmailAddress>) -> Option<&'a Address> {
    let invited = invited.map(EmailAddress::key);
    let usable = || addresses.iter().filter(|a| a.kind == AddressKind::Email && a.may_mail);
    usable().find(|a| Some(&a.value_key) == invited.as_ref()).or_else(|| usable().next())
}

/// What is known against an address of somebody's.
pub fn marks_of(address: &Address) -> Vec<Doubt> {
    let undeliverable = address.undeliverable_at.map(|_| Doubt::Undeliverable);
    undeliverable.into_iter().chain(address.refused_at.map(|_| Doubt::Refused)).collect()
}

/// Domains that most people use; a neighbour of one of them is likely a slip of the finger.
const COMMON_DOMAINS: &[&str] = &[
    "gmail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "icloud.com",
    "aol.com",
    "live.com",
    "msn.com",
    "comcast.net",
    "verizon.net",
    "att.net",
    "sbcglobal.net",
    "bellsouth.net",
    "protonmail.com",
    "proton.me",
    "ymail.com",
    "googlemail.com",
    "mail.com",
    "me.com",
    "mac.com",
    "gmx.com",
    "gmx.net",
    "fastmail.com",
    "hotmail.es",
    "yahoo.es",
    "outlook.es",
    "yahoo.com.mx",
];

/// Domains of mail providers that are one letter away from a common one.
const REAL_NEIGHBOURS: &[&str] =
    &["email.com", "cloud.com", "mailo.com", "ymail.com", "tmail.com", "fmail.com", "qmail.com"];

/// Ends that are a slip for "com", and some a country's too.
const WRONG_ENDS: &[&str] = &["con", "cmo", "comm", "cm", "om", "co", "vom", "xom"];

/// The domain that was likely meant, if this one looks like a slip.
pub fn likely_meant(domain: &str) -> Option<&'static str> {
    let domain = domain.to_lowercase();
    if COMMON_DOMAINS.contains(&domain.as_str()) || REAL_NEIGHBOURS.contains(&domain.as_str()) {
        return None;
    }
    // The large providers have a domain in many countries: hotmail.se is no slip for hotmail.es.
    let is_of_a_country = |common: &str| match (domain.rsplit_once('.'), common.rsplit_once('.')) {
        (Some((name, end)), Some((other, _))) => {
            name == other && end.len() == 2 && !WRONG_ENDS.contains(&end)
        }
        _ => false,
    };
    // Short names lie close to too many real ones ("me.com", "de.com").
    COMMON_DOMAINS
        .iter()
        .filter(|common| common.len() >= 8)
        .find(|common| {
            (strsim::osa_distance(&domain, common) == 1 && !is_of_a_country(common))
                || domain.strip_suffix(".com").is_some_and(|d| d == common.replace(".com", "").as_str())
        })
        .copied()
        .or_else(|| {
            let (name, end) = domain.rsplit_once('.')?;
            COMMON_DOMAINS
                .iter()
                .find(|common| WRONG_ENDS.contains(&end) && **common == format!("{name}.com"))
                .copied()
        })
}

/// Who else has these addresses, loaded once for many.
#[derive(Debug, Default)]
pub struct AddressUse {
    persons: HashMap<String, Vec<PersonId>>,
    staff: HashSet<String>,
}

impl AddressUse {
    /// Looks up these e-mail keys.
    pub fn load(c: &mut Scoped<'_>, keys: &[String]) -> Result<Self, Fault> {
        let mut found = Self::default();
        for (key, person) in people::with_emails(c, keys)? {
            found.persons.entry(key).or_default().push(person);
        }
        found.staff = staff::email_keys_among(c, keys)?.into_iter().collect();
        Ok(found)
    }

    /// What staff should look at before a mail for `reader` (who may not be on file yet) goes to
    /// `address`. `family` are the people on the chart; `is_minor`: the client is between 12 and 17;
    /// `marks` are what is [known against](marks_of) it.
    pub fn doubts(
        &self,
        address: &EmailAddress,
        reader: Option<&PersonId>,
        family: &[PersonId],
        is_minor: bool,
        marks: &[Doubt],
    ) -> Vec<(Doubt, String)> {
        let key = address.key();
        let others: Vec<_> =
            self.persons.get(&key).into_iter().flatten().filter(|person| Some(*person) != reader).collect();
        let mut doubts = Vec::new();
        if others.iter().any(|person| !family.contains(person)) {
            doubts.push((Doubt::UsedByAnotherChart, String::new()));
        }
        if is_minor && others.iter().any(|person| family.contains(person)) {
            doubts.push((Doubt::GuardiansOwn, String::new()));
        }
        if self.staff.contains(&key) {
            doubts.push((Doubt::StaffMembersOwn, String::new()));
        }
        if let Some(meant) = likely_meant(address.domain()) {
            doubts.push((Doubt::LikelyTypingError, meant.to_owned()));
        }
        doubts.extend(marks.iter().map(|mark| (*mark, String::new())));
        doubts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_common_domain_is_seen_and_a_real_domain_is_left_alone() {
        for (typed, meant) in [
            ("gmial.com", "gmail.com"),
            ("gmal.com", "gmail.com"),
            ("gmaill.com", "gmail.com"),
            ("gnail.com", "gmail.com"),
            ("GMAIL.CON", "gmail.com"),
            ("gmail.co", "gmail.com"),
            ("gmail.cm", "gmail.com"),
            ("yahooo.com", "yahoo.com"),
            ("yaho.com", "yahoo.com"),
            ("hotmial.com", "hotmail.com"),
            ("hotmal.com", "hotmail.com"),
            ("outlok.com", "outlook.com"),
            ("iclould.com", "icloud.com"),
            ("icloud.con", "icloud.com"),
            ("aol.con", "aol.com"),
            ("comcast.ney", "comcast.net"),
        ] {
            assert_eq!(likely_meant(typed), Some(meant), "{typed}");
        }
        for real in [
            "gmail.com",
            "example.org",
            "mail.com",
            "me.com",
            "ymail.com",
            "gmx.de",
            "posteo.de",
            "mac.com",
            "hotmail.se",
            "outlook.se",
            "yahoo.se",
            "email.com",
            "mailo.com",
            "cloud.com",
            "hotmail.be",
            "yahoo.ca",
            "yahoo.in",
            "outlook.fr",
            "hotmail.co.uk",
            "fastmail.fm",
            "protonmail.ch",
            "pm.me",
            "att.com",
        ] {
            assert_eq!(likely_meant(real), None, "{real}");
        }
    }
}
