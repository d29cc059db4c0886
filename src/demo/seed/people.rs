//! The made-up people of Riverbend Counseling, and what happened to each of them. The addresses and
//! phones are of the ranges that belong to nobody (example.org, 555-01xx).

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::features::access::permission::Basis;
use crate::features::people::{Typed, TypedAddress, TypedContact, TypedPerson};

/// Something that happened to a chart's portal access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Staff invited the owner.
    Invite,
    /// Staff sent a new link.
    Resend,
    /// Staff printed a letter.
    Letter,
    /// Staff took the invitation back.
    Cancel,
    /// Somebody opened the link and typed details that do not match, this often.
    Mismatch(u8),
    /// "This isn't me".
    Decline,
    /// "Ask the practice for a new link" on the expired link's page.
    Ask,
    /// The owner registered; `true`: with the sign-in they had already.
    Register(bool),
    /// The owner signed in.
    SignIn,
    /// The mail came back.
    Bounce,
    /// The related contact became the owner.
    ContactOwns,
    /// Staff took the access away.
    Revoke,
    /// Staff gave it back.
    Restore,
    /// A related contact became a representative, was invited and registered.
    Represent(Representative),
}

/// What a related contact was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Representative {
    /// Which contact of the face sheet, from 0.
    pub contact: usize,
    /// By what right.
    pub basis: Basis,
    /// As the column has them.
    pub rights: &'static str,
    /// The last day, in days from the present.
    pub ends_in: Option<i64>,
}

/// A client with their story: hours ago, and what.
#[derive(Clone, Debug)]
pub struct Made {
    /// The face sheet.
    pub sheet: Typed,
    /// What happened, oldest first.
    pub story: Vec<(u32, Step)>,
    /// Documents, appointments, ledger: none, a few, or a year of them.
    pub records: Records,
}

/// How much content a chart has beside the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// Nothing yet.
    None,
    /// A first visit.
    Few,
    /// Months of visits.
    Many,
}

impl Made {
    fn new(first: &str, last: &str, born: &str, email: &str) -> Self {
        let emails = if email.is_empty() { Vec::new() } else { vec![TypedAddress::mailable(email)] };
        let client = TypedPerson {
            first_name: first.into(),
            last_name: last.into(),
            emails,
            ..TypedPerson::default()
        };
        Self {
            sheet: Typed { client: client.born(born), ..Typed::default() },
            story: Vec::new(),
            records: Records::Few,
        }
    }

    fn story(mut self, story: &[(u32, Step)]) -> Self {
        self.story = story.to_vec();
        self
    }

    fn with(mut self, change: impl FnOnce(&mut TypedPerson)) -> Self {
        change(&mut self.sheet.client);
        self
    }

    fn phone(self, number: &str) -> Self {
        let phone = TypedAddress { value: number.into(), label: "mobile".into(), may_mail: true };
        self.with(|p| p.phones.push(phone))
    }

    fn speaks(self, language: &str) -> Self {
        self.with(|p| p.language = language.into())
    }

    fn lives_in(self, zone: &str) -> Self {
        self.with(|p| p.time_zone = zone.into())
    }

    fn contact(mut self, relation: &str, first: &str, last: &str, born: &str, email: &str) -> Self {
        let person = TypedPerson {
            first_name: first.into(),
            last_name: last.into(),
            emails: if email.is_empty() { Vec::new() } else { vec![TypedAddress::mailable(email)] },
            ..TypedPerson::default()
        };
        self.sheet.contacts.push(TypedContact {
            id: String::new(),
            relation: relation.into(),
            person: if born.is_empty() { person } else { person.born(born) },
        });
        self
    }

    fn records(mut self, records: Records) -> Self {
        self.records = records;
        self
    }

    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.sheet.client.first_name, self.sheet.client.last_name)
    }
}

/// A day in hours.
const D: u32 = 24;

/// Mail to this domain is refused for good by the demo's mail server, …
pub const GONE: &str = "@gone.example.net";
/// … and mail to this one for now.
pub const SLOW: &str = "@slow.example.net";

/// The client whose sign-in the demo prints, …
pub const ANA: &str = "ana.duarte@example.org";
/// … a mother with two children's charts, …
pub const ROSA: &str = "rosa.castillo@example.com";
/// … and one who reads Spanish.
pub const MARIA: &str = "mariajose.nunez@example.org";

/// The father of a child whose mother owns the chart: he sees appointments and the balance.
pub const DANIEL: &str = "daniel.bennett@example.net";
/// The mother of a client who turns 18 within a week.
pub const DENISE: &str = "denise.simmons@example.org";
/// A couple's one mailbox.
pub const VOGELS: &str = "vogels@example.com";

/// The birth date of somebody who turns 18 within a week.
fn almost_of_age(today: Date) -> String {
    today.saturating_add(5.days()).saturating_sub(18.years()).to_string()
}

/// All of them, as of the demo's present.
#[rustfmt::skip]
pub fn people(today: Date) -> Vec<Made> {
    use Records::{Many, None as Nothing};
    use Step::*;
    vec![
        // Not invited.
        Made::new("Theo", "Brandt", "1988-02-14", "theo.brandt@example.org").phone("(212) 555-0101").records(Nothing),
        Made::new("Imani", "Walker", "1996-07-30", "imani.walker@example.org").with(|p| p.pronouns = "she/her".into()),
        Made::new("Thị Mai", "Nguyễn", "1990-12-01", "mai.nguyen@example.com").phone("(212) 555-0103"),
        Made::new("Grace", "Kim", "2001-11-05", "grace.kim@example.org").lives_in("America/Chicago").records(Nothing),
        Made::new("Sean", "O’Brien", "1979-03-17", "sean.obrien@example.net").phone("(212) 555-0105"),
        Made::new("Walter", "Hughes", "1941-09-02", "").phone("(212) 555-0106"),
        Made::new("Ruth", "Abernathy", "1938-05-21", "").phone("(212) 555-0107").contact("daughter", "Carol", "Abernathy-Lowe", "", ""),
        Made::new("Dana", "Whitlock", "1985-08-08", "dana.whitlock@example.org")
            .with(|p| { p.pronouns = "they/them".into(); p.emails[0].may_mail = false; }),
        Made::new("Alex", "Moreau", "", "alex.moreau@example.org").records(Nothing),
        // The same address as Harold Jensen's: the address guard asks.
        Made::new("Pat", "Jensen", "1950-06-11", "jensens@example.com").phone("(212) 555-0110"),

        // Invited.
        Made::new("Lucía", "Fernández", "1993-04-09", "lucia.fernandez@example.org").speaks("es").story(&[(2, Invite)]),
        Made::new("Jamal", "Carter", "1984-10-19", "jamal.carter@example.com").story(&[(26, Invite)]),
        Made::new("Hannah", "Müller", "1991-01-27", "hannah.mueller@example.org").lives_in("America/Denver").story(&[(3 * D, Invite)]),
        Made::new("伟", "李", "1987-06-15", "li.wei@example.org").lives_in("America/Los_Angeles").story(&[(4 * D + 8, Invite)]),
        Made::new("Saoirse", "Byrne", "1999-02-02", "saoirse.byrne@example.net").story(&[(6 * D + 4, Invite)]),
        Made::new("Olivia", "Grant", "1976-12-24", "olivia.grant@example.org").story(&[(6 * D + 14, Invite)]),
        Made::new("Marcus", "Reed", "1982-03-30", "marcus.reed@slow.example.net").story(&[(3, Invite)]),
        Made::new("Kwame", "Mensah", "1989-07-07", "kwame.mensah@example.com")
            .story(&[(9 * D, Invite), (5 * D, Resend), (30, Resend)]),
        Made::new("Harold", "Jensen", "1948-11-30", "").phone("(212) 555-0110").story(&[(2 * D, Letter)]),
        Made::new("Priscilla", "Vaughn", "1994-09-13", "priscilla.vaughn@example.org").story(&[(3 * D, Invite), (2 * D, Mismatch(2))]),

        // Came back.
        Made::new("Nadia", "Petrova", "1992-05-05", "nadia.petrova@example.net").story(&[(2 * D, Invite), (2 * D - 1, Bounce)]),
        Made::new("Tomás", "Ortega", "1970-10-10", "tomas.ortega@example.com").speaks("es").story(&[(3 * D, Invite), (3 * D - 1, Bounce)]),
        Made::new("Beth", "Lindqvist", "1986-01-16", "beth.lindqvist@gone.example.net").story(&[(D, Invite)]),

        // Expired.
        Made::new("Elena", "Rossi", "1983-08-29", "elena.rossi@example.org").story(&[(8 * D + 3, Invite)]),
        Made::new("بشير", "حداد", "1978-04-04", "bashir.haddad@example.com").story(&[(20 * D, Invite)]),
        Made::new("Joy", "Thompson", "1995-06-06", "joy.thompson@example.org").story(&[(9 * D, Invite), (D, Ask)]),
        Made::new("Viktor", "Novák", "1981-12-12", "viktor.novak@example.net").story(&[(21 * D, Invite), (12 * D, Resend)]),

        // Locked.
        Made::new("Sofia", "Lindgren", "1997-03-03", "sofia.lindgren@example.org").story(&[(4 * D, Invite), (3 * D, Mismatch(5))]),
        Made::new("DeShawn", "Price", "1990-09-09", "deshawn.price@example.com").with(|p| p.suffix = "Jr.".into())
            .story(&[(2 * D, Invite), (28, Mismatch(5))]),

        // Declined, canceled.
        Made::new("Irene", "Kowalski", "1965-02-20", "irene.kowalski@example.org").story(&[(5 * D, Invite), (4 * D, Decline)]),
        Made::new("Peter", "Nakamura", "1974-07-04", "peter.nakamura@example.net").story(&[(10 * D, Invite), (9 * D, Cancel)]),
        Made::new("Maya", "Cohen", "2000-10-01", "maya.cohen@example.org").story(&[(3 * D, Invite), (3 * D - 4, Cancel)]),

        // Active.
        Made::new("Ana", "Duarte", "1987-05-22", ANA).phone("(212) 555-0133").records(Many)
            .story(&[(45 * D, Invite), (44 * D, Register(false)), (44 * D - 1, SignIn), (12 * D, SignIn), (20, SignIn)]),
        Made::new("Mateo", "Castillo", "2015-03-08", "").contact("parent", "Rosa", "Castillo", "1986-09-27", ROSA).records(Many)
            .story(&[(31 * D, ContactOwns), (30 * D, Invite), (29 * D, Register(false)), (29 * D - 2, SignIn), (3 * D, SignIn)]),
        Made::new("Lucía", "Castillo", "2018-11-19", "").contact("parent", "Rosa", "Castillo", "1986-09-27", ROSA)
            .story(&[(15 * D, ContactOwns), (14 * D, Invite), (13 * D, Register(true))]),
        Made::new("Benjamin", "Adler", "1969-01-31", "ben.adler@example.com").with(|p| p.preferred_name = "Ben".into()).records(Many)
            .story(&[(40 * D, Invite), (39 * D, Register(false)), (5 * D, SignIn)]),
        Made::new("María José", "Núñez", "1980-08-15", MARIA).with(|p| p.former_last_names = "García".into()).speaks("es").records(Many)
            .story(&[(22 * D, Invite), (20 * D, Register(false)), (2 * D, SignIn)]),
        Made::new("Tyrone", "Jackson", "1977-11-11", "tyrone.jackson@example.org").with(|p| p.suffix = "II".into()).records(Many)
            .story(&[(30 * D, Invite), (12 * D, Resend), (10 * D, Register(false)), (9 * D, SignIn)]),
        Made::new("Hiroshi", "Tanaka", "1991-06-18", "hiroshi.tanaka@example.net").lives_in("Pacific/Honolulu")
            .story(&[(35 * D, Invite), (34 * D, Register(false)), (8 * D, Revoke), (7 * D, Restore), (6 * D, SignIn)]),

        // Families: separated parents with different rights, a guardian until a day, a client who turns 18 within a
        // week, a couple with one mailbox.
        Made::new("Noah", "Bennett", "2016-05-14", "").records(Many)
            .contact("parent", "Claire", "Bennett", "1984-02-11", "claire.bennett@example.org")
            .contact("parent", "Daniel", "Bennett", "1982-10-03", DANIEL)
            .story(&[
                (26 * D, ContactOwns), (25 * D, Invite), (24 * D, Register(false)), (20 * D, SignIn),
                (18 * D, Represent(Representative {
                    contact: 1, basis: Basis::Parent, rights: "appointments billing:view", ends_in: None,
                })),
            ]),
        Made::new("Evelyn", "Sharpe", "1952-07-19", "").phone("(212) 555-0141")
            .contact("guardian", "Thomas", "Sharpe", "1979-01-08", "thomas.sharpe@example.org")
            .story(&[(17 * D, Represent(Representative {
                contact: 0,
                basis: Basis::AdultGuardian,
                rights: "appointments billing documents forms messages",
                ends_in: Some(90),
            }))]),
        Made::new("Kayla", "Simmons", &almost_of_age(today), "kayla.simmons@example.org").records(Many)
            .contact("parent", "Denise", "Simmons", "1981-06-25", DENISE)
            .story(&[(38 * D, ContactOwns), (37 * D, Invite), (36 * D, Register(false)), (2 * D + 3, SignIn)]),
        Made::new("Martin", "Vogel", "1971-03-12", VOGELS)
            .story(&[(23 * D, Invite), (22 * D, Register(false)), (22 * D - 1, SignIn)]),
        Made::new("Ingrid", "Vogel", "1973-12-09", VOGELS).story(&[(21 * D, Invite), (19 * D, Register(true))]),

        // No portal access.
        Made::new("Amélie", "Laurent", "1998-04-25", "amelie.laurent@example.com")
            .story(&[(28 * D, Invite), (27 * D, Register(false)), (4 * D, Revoke)]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_forty_five_and_nobody_is_real() {
        let today = "2026-11-24".parse().unwrap();
        let people = people(today);
        assert_eq!(people.len(), 45);
        for made in &people {
            let client = &made.sheet.client;
            let contacts = made.sheet.contacts.iter().map(|c| &c.person);
            for person in std::iter::once(client).chain(contacts) {
                for email in &person.emails {
                    let domain = email.value.split_once('@').unwrap().1;
                    assert!(
                        domain.starts_with("example.") || domain.ends_with(".example.net"),
                        "{}",
                        email.value
                    );
                }
                for phone in &person.phones {
                    assert!(phone.value.contains("555-01"), "{}", phone.value);
                }
            }
            assert!(made.story.windows(2).all(|w| w[0].0 >= w[1].0), "{} goes back in time", made.name());
            made.sheet.check(today).unwrap_or_else(|problems| panic!("{}: {problems:?}", made.name()));
        }
    }
}
