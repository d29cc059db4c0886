//! Time zones by their IANA names. The rules come with the program and never from the machine, so that
//! every host answers alike, whatever zones its operating system has.

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// An IANA time zone that has rules. Only a known one can be made or loaded; there is no other to fall
/// back on.
#[derive(Clone, Debug, PartialEq, Eq, diesel::AsExpression, diesel::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

/// No zone of the IANA database has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no IANA time zone {0:?}")]
pub struct UnknownZone(String);

impl Zone {
    /// Reads a name or an old name ("US/Eastern"), in any case; keeps it as the database writes it.
    pub fn read(text: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone(text.chars().take(64).collect());
        let typed = crate::kernel::text::clean(text);
        let rules = TimeZoneDatabase::bundled().get(typed.trim()).map_err(|_| unknown())?;
        match rules.iana_name().map(str::to_owned) {
            // "Factory" is what a machine has before anybody chose; "Etc/Unknown" is no place either.
            Some(name) if !rules.is_unknown() && name != "Factory" => Ok(Self { name, rules }),
            _ => Err(unknown()),
        }
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules.
    pub fn rules(&self) -> &TimeZone {
        &self.rules
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// The zone that a person has of their own, or none: then the practice's counts. An empty text in the
/// database.
#[derive(Clone, Debug, Default, PartialEq, Eq, diesel::AsExpression, diesel::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct OwnZone(Option<Zone>);

impl std::fmt::Display for OwnZone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl OwnZone {
    /// Reads a name; nothing but blanks is none.
    pub fn read(text: &str) -> Result<Self, UnknownZone> {
        if text.trim().is_empty() { Ok(Self(None)) } else { Zone::read(text).map(|zone| Self(Some(zone))) }
    }

    /// The zone, if there is one.
    pub fn get(&self) -> Option<&Zone> {
        self.0.as_ref()
    }

    /// Its IANA name, or nothing.
    pub fn name(&self) -> &str {
        self.0.as_ref().map_or("", Zone::name)
    }
}

macro_rules! zone_column {
    ($name:ty) => {
        impl<DB> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, DB>,
            ) -> diesel::serialize::Result {
                self.name().to_sql(out)
            }
        }

        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(Self::read(&String::from_sql(bytes)?)?)
            }
        }
    };
}

zone_column!(Zone);
zone_column!(OwnZone);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_known_by_every_iana_name_in_any_case() {
        for (typed, name) in [
            ("America/New_York", "America/New_York"),
            ("america/new_york", "America/New_York"),
            (" US/Eastern\u{200b} ", "US/Eastern"),
            ("America/Indianapolis", "America/Indianapolis"),
            ("Asia/Calcutta", "Asia/Calcutta"),
            ("Asia/Kolkata", "Asia/Kolkata"),
            ("Europe/Kiev", "Europe/Kiev"),
            ("Europe/Kyiv", "Europe/Kyiv"),
            ("America/Coyhaique", "America/Coyhaique"),
            ("America/Ciudad_Juarez", "America/Ciudad_Juarez"),
            ("EST5EDT", "EST5EDT"),
            ("EST", "EST"),
            ("UTC", "UTC"),
            ("Asia/Katmandu", "Asia/Katmandu"),
            ("Etc/GMT+5", "Etc/GMT+5"),
            ("Pacific/Kanton", "Pacific/Kanton"),
            ("America/Buenos_Aires", "America/Buenos_Aires"),
        ] {
            assert_eq!(Zone::read(typed).map(|zone| zone.name().to_owned()).as_deref(), Ok(name), "{typed}");
        }
        for typed in [
            "",
            "Mars/Olympus",
            "Eastern Standard Time",
            "Eastern Time (US & Canada)",
            "America/New York",
            "GMT+5",
            "localtime",
            "posix/America/New_York",
            "Factory",
            "Etc/Unknown",
            "../../etc/localtime",
        ] {
            assert!(Zone::read(typed).is_err(), "{typed}");
        }
        assert_eq!(OwnZone::read(" ").map(|zone| zone.name().to_owned()).as_deref(), Ok(""));
        assert!(OwnZone::read("Mars/Olympus").is_err());
    }

    /// Paraguay stayed on summer time in October 2024; a machine whose rules are older says 09:00 here.
    #[test]
    fn the_rules_are_the_program_s_own() {
        let zone = Zone::read("America/Asuncion").unwrap();
        let noon =
            jiff::civil::date(2027, 7, 6).at(10, 0, 0, 0).to_zoned_datetime(zone.rules().clone()).unwrap();
        assert_eq!(noon.offset(), jiff::tz::offset(-3));
    }
}
