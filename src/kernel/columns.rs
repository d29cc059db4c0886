//! How our types are stored in columns, alike on both engines: one line a type.

use std::borrow::Cow;

/// A value as text in a list of values for its column: a text as it is, bytes as hexadecimal digits.
pub trait ColumnText {
    /// That text.
    fn column_text(&self) -> Cow<'_, str>;
}

impl ColumnText for str {
    fn column_text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl ColumnText for String {
    fn column_text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

impl ColumnText for uuid::Uuid {
    fn column_text(&self) -> Cow<'_, str> {
        Cow::Owned(self.simple().to_string())
    }
}

impl ColumnText for i64 {
    fn column_text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

impl<T: ColumnText + ?Sized> ColumnText for &T {
    fn column_text(&self) -> Cow<'_, str> {
        (**self).column_text()
    }
}

/// Stores a newtype around `String` in a `TEXT` column.
#[macro_export]
macro_rules! text_newtype_column {
    ($name:ty) => {
        impl $crate::kernel::columns::ColumnText for $name {
            fn column_text(&self) -> std::borrow::Cow<'_, str> {
                std::borrow::Cow::Borrowed(&self.0)
            }
        }
        impl<DB> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            String: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, DB>,
            ) -> diesel::serialize::Result {
                self.0.to_sql(out)
            }
        }
        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(Self(String::from_sql(bytes)?))
            }
        }
    };
}

/// A closed set of words: the enum, its word in database, code, page and API, and back again.
///
/// `word_enum! { /// doc
/// pub enum Colour { Red = "red", Blue = "blue" } }`
#[macro_export]
macro_rules! word_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, diesel::AsExpression,
                 diesel::FromSqlRow, serde::Serialize, serde::Deserialize)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every member, in the order of its declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word in the database and the API.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl $crate::kernel::columns::ColumnText for $name {
            fn column_text(&self) -> std::borrow::Cow<'_, str> { std::borrow::Cow::Borrowed(self.word()) }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.word()) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::kernel::columns::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text { $($word => Ok(Self::$variant),)+ _ => Err($crate::kernel::columns::UnknownWord(text.to_owned())) }
            }
        }

        impl<DB> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, DB>>::to_sql(self.word(), out)
            }
        }

        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(<String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(bytes)?.parse()?)
            }
        }
    };
}

/// A word that is in no list we know.
#[derive(Debug, thiserror::Error)]
#[error("unknown word {0:?}")]
pub struct UnknownWord(pub String);
