//! Documents as tagged PDF (PDF/UA-1): headings, paragraphs and tables laid out on pages of US letter. The same
//! content gives the same bytes: nothing here reads a clock or draws by chance.

use std::sync::LazyLock;

use krilla::color::rgb;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, TableHeaderScope, Tag, TagGroup, TagTree,
};
use krilla::text::{Font, TextDirection};
use krilla::{Document, SerializeSettings};

/// Points: 8.5 by 11 inches.
const WIDTH: f32 = 612.0;
const HEIGHT: f32 = 792.0;
const MARGIN: f32 = 56.0;
/// Room for the foot of a page.
const FOOT: f32 = 30.0;
/// Between the lines of a text, as a part of its size.
const LEADING: f32 = 1.35;
/// Between two columns of a table.
const GAP: f32 = 10.0;
/// The size of the text.
const TEXT: f32 = 10.0;
/// What stands for a character that the font does not have.
const MISSING: char = '?';

static REGULAR: &[u8] = include_bytes!("../../assets/fonts/NotoSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../assets/fonts/NotoSans-Bold.ttf");

/// A font with what measures its text.
struct Face {
    font: Font,
    shaper: rustybuzz::Face<'static>,
}

impl Face {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        Some(Self { font: Font::new(bytes.into(), 0)?, shaper: rustybuzz::Face::from_slice(bytes, 0)? })
    }

    /// The text with a visible mark for each character that the font lacks, so that a name in another script
    /// stops no document.
    fn writable(&self, text: &str) -> String {
        text.chars().map(|c| if self.shaper.glyph_index(c).is_some() { c } else { MISSING }).collect()
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        let mut buffer = rustybuzz::UnicodeBuffer::new();
        buffer.push_str(text);
        let shaped = rustybuzz::shape(&self.shaper, &[], buffer);
        let advance: i64 = shaped.glyph_positions().iter().map(|glyph| i64::from(glyph.x_advance)).sum();
        advance as f32 * size / self.shaper.units_per_em() as f32
    }

    /// The text in lines of at most this width. A word that is longer is broken.
    fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, size) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                line.push(c);
                if self.width(&line, size) > width && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, c.to_string()));
                }
            }
        }
        lines.push(line);
        lines
    }
}

static FACES: LazyLock<Option<(Face, Face)>> =
    LazyLock::new(|| Some((Face::read(REGULAR)?, Face::read(BOLD)?)));

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// As most text.
    Regular,
    /// Stands out.
    Bold,
}

/// To which side a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Left.
    Start,
    /// Right, for amounts.
    End,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its head.
    pub title: String,
    /// Its share of the width.
    pub share: f32,
    /// See [`Align`].
    pub align: Align,
}

/// A table whose head is repeated on each page.
#[derive(Clone, Debug)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// A cell for each column in each row.
    pub rows: Vec<Vec<String>>,
    /// The last row: never alone on a page.
    pub total: Vec<String>,
}

/// A piece of a document.
#[derive(Clone, Debug)]
pub enum Block {
    /// A heading of this level, from 1.
    Heading(u16, String),
    /// A paragraph.
    Paragraph(Weight, String),
    /// Lines that stand together, such as an address.
    Lines(Vec<String>),
    /// See [`Table`].
    Table(Table),
}

/// A document to be written.
#[derive(Clone, Debug)]
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
pub struct PdfError(String);

/// Text at its place. `leaf` is the element that it belongs to; none for what is repeated on each page.
struct Piece {
    x: f32,
    y: f32,
    size: f32,
    weight: Weight,
    text: String,
    leaf: Option<usize>,
}

/// What is drawn on one page.
#[derive(Default)]
struct Sheet {
    pieces: Vec<Piece>,
    /// Thin lines across the page, by their height.
    rules: Vec<f32>,
}

/// An element of the document's structure, with the leaves that its text is.
enum Element {
    Heading {
        level: u16,
        leaf: usize,
        text: String,
        page: usize,
        y: f32,
    },
    Paragraph(usize),
    /// Rows of cells; the first is the head, the last begins with a header of its row.
    Table(Vec<Vec<usize>>),
}

struct Layout<'f> {
    regular: &'f Face,
    bold: &'f Face,
    sheets: Vec<Sheet>,
    y: f32,
    leaves: usize,
    elements: Vec<Element>,
}

impl<'f> Layout<'f> {
    fn face(&self, weight: Weight) -> &'f Face {
        match weight {
            Weight::Regular => self.regular,
            Weight::Bold => self.bold,
        }
    }

    fn leaf(&mut self) -> usize {
        self.leaves += 1;
        self.leaves - 1
    }

    /// Begins a new page where so much does not fit on this one.
    fn need(&mut self, height: f32) -> bool {
        let is_new = self.y + height > HEIGHT - MARGIN - FOOT;
        if is_new {
            self.sheets.push(Sheet::default());
            self.y = MARGIN;
        }
        is_new
    }

    fn draw(&mut self, piece: Piece) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.pieces.push(piece);
        }
    }

    fn rule(&mut self, y: f32) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.rules.push(y);
        }
    }

    fn text(&mut self, weight: Weight, size: f32, text: &str, leaf: usize) {
        let face = self.face(weight);
        for line in face.lines(&face.writable(text), size, WIDTH - 2.0 * MARGIN) {
            self.need(size * LEADING);
            let y = self.y + size;
            self.draw(Piece { x: MARGIN, y, size, weight, text: line, leaf: Some(leaf) });
            self.y += size * LEADING;
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, text) => {
                let size = if *level == 1 { 18.0 } else { 13.0 };
                self.y += size * 0.8;
                // A heading keeps two lines of what follows with it.
                self.need(size * LEADING + 3.0 * TEXT * LEADING);
                let leaf = self.leaf();
                let (page, y) = (self.sheets.len().saturating_sub(1), self.y);
                self.text(Weight::Bold, size, text, leaf);
                self.y += 4.0;
                self.elements.push(Element::Heading { level: *level, leaf, text: text.clone(), page, y });
            }
            Block::Paragraph(weight, text) => {
                let leaf = self.leaf();
                self.text(*weight, TEXT, text, leaf);
                self.y += 5.0;
                self.elements.push(Element::Paragraph(leaf));
            }
            Block::Lines(lines) => {
                let leaf = self.leaf();
                for line in lines {
                    self.text(Weight::Regular, TEXT, line, leaf);
                }
                self.y += 8.0;
                self.elements.push(Element::Paragraph(leaf));
            }
            Block::Table(table) => self.table(table),
        }
    }

    /// A row's lines, cell by cell, and its height.
    fn row(&self, widths: &[f32], cells: &[String], weight: Weight) -> (Vec<Vec<String>>, f32) {
        let face = self.face(weight);
        let lines: Vec<Vec<String>> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| face.lines(&face.writable(cell), TEXT, *width))
            .collect();
        let tallest = lines.iter().map(Vec::len).max().unwrap_or(1);
        (lines, tallest as f32 * TEXT * LEADING + 5.0)
    }

    fn draw_row(
        &mut self,
        table: &Table,
        widths: &[f32],
        lines: &[Vec<String>],
        weight: Weight,
        leaves: Option<&[usize]>,
    ) {
        let mut left = MARGIN;
        for (place, (cell, width)) in lines.iter().zip(widths).enumerate() {
            let align = table.columns.get(place).map_or(Align::Start, |column| column.align);
            for (n, line) in cell.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
                let x = match align {
                    Align::Start => left,
                    Align::End => left + width - self.face(weight).width(line, TEXT),
                };
                let y = self.y + TEXT + n as f32 * TEXT * LEADING;
                let leaf = leaves.and_then(|leaves| leaves.get(place).copied());
                self.draw(Piece { x, y, size: TEXT, weight, text: line.clone(), leaf });
            }
            left += width + GAP;
        }
    }

    fn table(&mut self, table: &Table) {
        let gaps = GAP * table.columns.len().saturating_sub(1) as f32;
        let shares: f32 = table.columns.iter().map(|column| column.share).sum();
        let room = WIDTH - 2.0 * MARGIN - gaps;
        let widths: Vec<f32> = table.columns.iter().map(|column| room * column.share / shares).collect();
        let titles: Vec<String> = table.columns.iter().map(|column| column.title.clone()).collect();
        let (head, head_height) = self.row(&widths, &titles, Weight::Bold);
        let (total, total_height) = self.row(&widths, &table.total, Weight::Bold);
        let mut rows = Vec::new();
        let head_leaves: Vec<usize> = titles.iter().map(|_| self.leaf()).collect();
        self.need(head_height + total_height * 2.0);
        self.draw_row(table, &widths, &head, Weight::Bold, Some(&head_leaves));
        self.y += head_height;
        self.rule(self.y - 2.0);
        rows.push(head_leaves);
        let last = table.rows.len().saturating_sub(1);
        for (n, cells) in table.rows.iter().enumerate() {
            let (lines, height) = self.row(&widths, cells, Weight::Regular);
            // The last row takes the total with it to the next page.
            if self.need(if n == last { height + total_height } else { height }) {
                self.draw_row(table, &widths, &head, Weight::Bold, None);
                self.y += head_height;
                self.rule(self.y - 2.0);
            }
            let leaves: Vec<usize> = cells.iter().map(|_| self.leaf()).collect();
            self.draw_row(table, &widths, &lines, Weight::Regular, Some(&leaves));
            self.y += height;
            rows.push(leaves);
        }
        self.rule(self.y - 2.0);
        let leaves: Vec<usize> = table.total.iter().map(|_| self.leaf()).collect();
        self.y += 2.0;
        self.draw_row(table, &widths, &total, Weight::Bold, Some(&leaves));
        self.y += total_height + 6.0;
        rows.push(leaves);
        self.elements.push(Element::Table(rows));
    }
}

fn fill(grey: u8) -> Fill {
    let paint = rgb::Color::new(grey, grey, grey).into();
    Fill { paint, opacity: NormalizedF32::ONE, rule: krilla::paint::FillRule::default() }
}

fn draw_text(surface: &mut Surface<'_>, face: &Face, piece: &Piece) {
    let at = Point::from_xy(piece.x, piece.y);
    surface.draw_text(at, face.font.clone(), piece.size, &piece.text, false, TextDirection::Auto);
}

/// Writes a document. `foot` is the line at the foot of a page, from its number and how many there are.
pub fn write(content: &Content, foot: impl Fn(usize, usize) -> String) -> Result<Vec<u8>, PdfError> {
    let Some((regular, bold)) = &*FACES else { return Err(PdfError("the fonts cannot be read".into())) };
    let sheets = vec![Sheet::default()];
    let mut layout = Layout { regular, bold, sheets, y: MARGIN, leaves: 0, elements: Vec::new() };
    for block in &content.blocks {
        layout.block(block);
    }
    let Layout { sheets, leaves, elements, .. } = layout;
    let configuration = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1).finish();
    let configuration = configuration.map_err(|error| PdfError(format!("{error:?}")))?;
    let settings = SerializeSettings { configuration, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let mut identifiers: Vec<Vec<Identifier>> = (0..leaves).map(|_| Vec::new()).collect();
    let (count, size) = (sheets.len(), PageSettings::from_wh(WIDTH, HEIGHT));
    let size = size.ok_or_else(|| PdfError("no page size".into()))?;
    for (n, sheet) in sheets.iter().enumerate() {
        let mut page = document.start_page_with(size.clone());
        let mut surface = page.surface();
        surface.set_fill(Some(fill(20)));
        for piece in &sheet.pieces {
            let tag = match piece.leaf {
                Some(_) => ContentTag::Span(SpanTag::empty()),
                None => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Header)),
            };
            let identifier = surface.start_tagged(tag);
            let face = if piece.weight == Weight::Bold { bold } else { regular };
            draw_text(&mut surface, face, piece);
            surface.end_tagged();
            if let Some(own) = piece.leaf.and_then(|leaf| identifiers.get_mut(leaf)) {
                own.push(identifier);
            }
        }
        surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)));
        surface.set_fill(None);
        surface.set_stroke(Some(Stroke {
            paint: rgb::Color::new(150, 150, 150).into(),
            width: 0.6,
            ..Stroke::default()
        }));
        for y in &sheet.rules {
            let mut path = PathBuilder::new();
            path.move_to(MARGIN, *y);
            path.line_to(WIDTH - MARGIN, *y);
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        surface.end_tagged();
        surface.set_stroke(None);
        surface.set_fill(Some(fill(90)));
        surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
        let text = regular.writable(&foot(n + 1, count));
        let x = WIDTH - MARGIN - regular.width(&text, 8.5);
        let piece = Piece { x, y: HEIGHT - MARGIN, size: 8.5, weight: Weight::Regular, text, leaf: None };
        draw_text(&mut surface, regular, &piece);
        surface.end_tagged();
        surface.finish();
        page.finish();
    }
    document.set_outline(outline(&elements));
    document.set_tag_tree(tree(content, &elements, identifiers));
    document.set_metadata(Metadata::new().title(content.title.clone()).language(content.language.clone()));
    document.finish().map_err(|error| PdfError(format!("{error:?}")))
}

/// The headings as bookmarks.
fn outline(elements: &[Element]) -> Outline {
    let mut outline = Outline::new();
    for element in elements {
        if let Element::Heading { text, page, y, .. } = element {
            let at = XyzDestination::new(*page, Point::from_xy(MARGIN, *y));
            outline.push_child(OutlineNode::new(text.clone(), at));
        }
    }
    outline
}

fn tree(content: &Content, elements: &[Element], mut identifiers: Vec<Vec<Identifier>>) -> TagTree {
    let mut children = |leaf: usize| -> Vec<Node> {
        identifiers
            .get_mut(leaf)
            .map(std::mem::take)
            .unwrap_or_default()
            .into_iter()
            .map(Node::Leaf)
            .collect()
    };
    let mut tree = TagTree::new().with_lang(Some(content.language.clone()));
    for element in elements {
        let group = match element {
            Element::Heading { level, leaf, text, .. } => {
                let level = std::num::NonZeroU16::new(*level).unwrap_or(std::num::NonZeroU16::MIN);
                TagGroup::with_children(Tag::Hn(level, Some(text.clone())), children(*leaf))
            }
            Element::Paragraph(leaf) => TagGroup::with_children(Tag::P, children(*leaf)),
            Element::Table(rows) => {
                let mut table = TagGroup::new(Tag::Table);
                let last = rows.len().saturating_sub(1);
                let (mut head, mut body) = (TagGroup::new(Tag::THead), TagGroup::new(Tag::TBody));
                for (n, cells) in rows.iter().enumerate() {
                    let mut row = TagGroup::new(Tag::TR);
                    for (place, leaf) in cells.iter().enumerate() {
                        let cell = match (n, place) {
                            (0, _) => {
                                TagGroup::with_children(Tag::TH(TableHeaderScope::Column), children(*leaf))
                            }
                            (n, 1) if n == last => {
                                TagGroup::with_children(Tag::TH(TableHeaderScope::Row), children(*leaf))
                            }
                            _ => TagGroup::with_children(Tag::TD, children(*leaf)),
                        };
                        row.push(cell);
                    }
                    if n == 0 { head.push(row) } else { body.push(row) }
                }
                table.push(head);
                table.push(body);
                table
            }
        };
        tree.push(group);
    }
    tree
}
