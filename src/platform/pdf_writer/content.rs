//! What a document says, before it is laid out.

use serde::{Deserialize, Serialize};

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Weight {
    /// As most text.
    Regular,
    /// Stands out.
    Bold,
}

/// To which side a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Align {
    /// Left.
    Start,
    /// Right, for amounts.
    End,
}

/// A column of a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Column {
    /// Its head.
    pub title: String,
    /// Its share of the width.
    pub share: f32,
    /// See [`Align`].
    pub align: Align,
}

/// A table whose head is repeated on each page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// A cell for each column in each row.
    pub rows: Vec<Vec<String>>,
    /// The last row: never alone on a page.
    pub total: Vec<String>,
}

/// A piece of a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Block {
    /// A heading of this level, from 1.
    Heading(u16, String),
    /// A paragraph.
    Paragraph(Weight, String),
    /// Lines that stand together, such as an address.
    Lines(Vec<String>),
    /// Pieces that stand on one page, where one page holds them: headings, paragraphs and lines.
    Together(Vec<Block>),
    /// See [`Table`].
    Table(Table),
    /// Who sends the paper: the name, and how to reach it.
    Letterhead(String, Vec<String>),
    /// A name and a postal address, in the window of an envelope.
    Window(Vec<String>),
    /// Labels with their values, two beside each other.
    Facts(Vec<(String, String)>),
    /// The amount that matters, with its sentence.
    Callout(String, String),
    /// A paragraph that stands back.
    Note(String),
    /// An address as a QR code, with words beside it.
    Code(String, String),
    /// Lines that somebody drew.
    Drawing(Drawing),
    /// What is cut off and sent back with a payment.
    Slip {
        /// What to do with it.
        cut: String,
        /// Whom it goes to, line by line.
        to: Vec<String>,
        /// Labels with their values.
        facts: Vec<(String, String)>,
    },
}

/// Lines that somebody drew, each a list of points from the upper left corner of a field on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Drawing {
    /// Width and height of the field, in its own units.
    pub field: (i32, i32),
    /// The lines.
    pub lines: Vec<Vec<(i32, i32)>>,
    /// What it is, for a screen reader.
    pub says: String,
}

/// A document to be written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Content {
    /// Its title, which readers show and screen readers say first.
    pub title: String,
    /// Its language (BCP 47).
    pub language: String,
    /// What it says, in the order in which it is read.
    pub blocks: Vec<Block>,
}

/// Why no document was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a PDF could not be written: {0}")]
pub struct PdfError(pub(super) String);
