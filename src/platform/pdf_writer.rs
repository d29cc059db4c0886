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
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagTree,
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
/// The size of labels, and of text that stands back.
const SMALL: f32 = 8.5;
/// Columns of a table beyond which its text is smaller.
const MANY_COLUMNS: usize = 6;
/// From here on an address stands in the window of an envelope, when the sheet is folded in three.
const WINDOW: f32 = 132.0;
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

/// In which color something is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ink {
    /// Almost black.
    Text,
    /// Stands back: 7 to 1 against the paper.
    Quiet,
    /// The color of names and large amounts.
    Accent,
}

impl Ink {
    fn color(self) -> rgb::Color {
        match self {
            Self::Text => rgb::Color::new(20, 20, 20),
            Self::Quiet => rgb::Color::new(80, 80, 78),
            Self::Accent => rgb::Color::new(30, 84, 73),
        }
    }
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
    ink: Ink,
    text: String,
    leaf: Option<usize>,
}

/// What is drawn on one page.
#[derive(Default)]
struct Sheet {
    pieces: Vec<Piece>,
    /// Lines across the page, by their height: strong ones, …
    rules: Vec<f32>,
    /// … and faint ones.
    hairs: Vec<f32>,
    /// Tinted bands across the page: where each begins, and its height.
    bands: Vec<(f32, f32)>,
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
    /// Labels with their values.
    List(Vec<(usize, usize)>),
    /// Rows of cells; the first is the head, the last begins with a header of its row.
    Table(Vec<Vec<usize>>),
}

/// Room between the edge of a table and its text.
const INSET: f32 = 6.0;

/// How the text of a table is printed.
type Print = (Weight, f32);

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
        self.ink(weight, Ink::Text, size, text, leaf);
    }

    fn ink(&mut self, weight: Weight, ink: Ink, size: f32, text: &str, leaf: usize) {
        let face = self.face(weight);
        for line in face.lines(&face.writable(text), size, WIDTH - 2.0 * MARGIN) {
            self.need(size * LEADING);
            let y = self.y + size;
            self.draw(Piece { x: MARGIN, y, size, weight, ink, text: line, leaf: Some(leaf) });
            self.y += size * LEADING;
        }
    }

    /// The name on the left, how to reach it on the right, a line below.
    fn letterhead(&mut self, name: &str, lines: &[String]) {
        let half = (WIDTH - 2.0 * MARGIN) / 2.0;
        let (size, top) = (14.0, self.y);
        let leaf = self.leaf();
        let mut left = top;
        for line in self.bold.lines(&self.bold.writable(name), size, half) {
            let y = left + size;
            let (weight, ink, text) = (Weight::Bold, Ink::Accent, line);
            self.draw(Piece { x: MARGIN, y, size, weight, ink, text, leaf: Some(leaf) });
            left += size * LEADING;
        }
        self.elements.push(Element::Paragraph(leaf));
        let leaf = self.leaf();
        let mut right = top;
        for line in lines {
            for text in self.regular.lines(&self.regular.writable(line), SMALL, half - GAP) {
                let x = WIDTH - MARGIN - self.regular.width(&text, SMALL);
                let (y, weight, ink) = (right + SMALL + 2.0, Weight::Regular, Ink::Quiet);
                self.draw(Piece { x, y, size: SMALL, weight, ink, text, leaf: Some(leaf) });
                right += SMALL * LEADING;
            }
        }
        self.elements.push(Element::Paragraph(leaf));
        self.y = left.max(right) + 8.0;
        self.rule(self.y);
        self.y += 12.0;
    }

    /// Two facts beside each other, each with its label above it.
    fn facts(&mut self, facts: &[(String, String)]) {
        let width = (WIDTH - 2.0 * MARGIN - 2.0 * GAP) / 2.0;
        let mut items = Vec::new();
        for pair in facts.chunks(2) {
            let values: Vec<Vec<String>> = pair
                .iter()
                .map(|(_, value)| self.regular.lines(&self.regular.writable(value), TEXT, width))
                .collect();
            let tallest = values.iter().map(Vec::len).max().unwrap_or(1);
            let height = SMALL * LEADING + tallest as f32 * TEXT * LEADING + 6.0;
            self.need(height);
            let top = self.y;
            for (place, ((label, _), lines)) in pair.iter().zip(values).enumerate() {
                let x = MARGIN + place as f32 * (width + 2.0 * GAP);
                let (name, value) = (self.leaf(), self.leaf());
                let text = self.regular.writable(label);
                let (y, weight) = (top + SMALL, Weight::Regular);
                self.draw(Piece { x, y, size: SMALL, weight, ink: Ink::Quiet, text, leaf: Some(name) });
                for (n, text) in lines.into_iter().enumerate() {
                    let y = top + SMALL * LEADING + TEXT + n as f32 * TEXT * LEADING;
                    self.draw(Piece { x, y, size: TEXT, weight, ink: Ink::Text, text, leaf: Some(value) });
                }
                items.push((name, value));
            }
            self.y = top + height;
        }
        self.y += 4.0;
        self.elements.push(Element::List(items));
    }

    /// A tinted band with a large amount, and its sentence beside it.
    fn callout(&mut self, amount: &str, sentence: &str) {
        let (size, inner) = (20.0, 12.0);
        let text = self.bold.writable(amount);
        let wide = self.bold.width(&text, size) + GAP;
        let room = WIDTH - 2.0 * MARGIN - 2.0 * inner - wide;
        let lines = self.regular.lines(&self.regular.writable(sentence), TEXT, room);
        let height = (size * LEADING).max(lines.len() as f32 * TEXT * LEADING) + 2.0 * inner;
        self.y += 4.0;
        self.need(height);
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.bands.push((self.y, height));
        }
        let leaf = self.leaf();
        // The amount and the first line of the sentence stand on one line.
        let y = self.y + inner + size;
        let (weight, ink) = (Weight::Bold, Ink::Accent);
        self.draw(Piece { x: MARGIN + inner, y, size, weight, ink, text, leaf: Some(leaf) });
        for (n, text) in lines.into_iter().enumerate() {
            let (x, y) = (MARGIN + inner + wide, y + n as f32 * TEXT * LEADING);
            let (weight, ink) = (Weight::Regular, Ink::Text);
            self.draw(Piece { x, y, size: TEXT, weight, ink, text, leaf: Some(leaf) });
        }
        self.y += height + 10.0;
        self.elements.push(Element::Paragraph(leaf));
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, text) => {
                let size = if *level == 1 { 18.0 } else { 12.0 };
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
            Block::Letterhead(name, lines) => self.letterhead(name, lines),
            Block::Window(lines) => {
                if self.sheets.len() == 1 {
                    self.y = self.y.max(WINDOW);
                }
                self.block(&Block::Lines(lines.clone()));
            }
            Block::Facts(facts) => self.facts(facts),
            Block::Callout(amount, sentence) => self.callout(amount, sentence),
            Block::Note(text) => {
                let leaf = self.leaf();
                self.ink(Weight::Regular, Ink::Quiet, SMALL, text, leaf);
                self.y += 4.0;
                self.elements.push(Element::Paragraph(leaf));
            }
        }
    }

    /// A row's lines, cell by cell, and its height.
    fn row(&self, widths: &[f32], cells: &[String], (weight, size): Print) -> (Vec<Vec<String>>, f32) {
        let face = self.face(weight);
        let lines: Vec<Vec<String>> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| face.lines(&face.writable(cell), size, *width))
            .collect();
        let tallest = lines.iter().map(Vec::len).max().unwrap_or(1);
        (lines, tallest as f32 * size * LEADING + 6.0)
    }

    /// The head of a table, on a band of its own.
    fn draw_head(
        &mut self,
        table: &Table,
        widths: &[f32],
        (lines, height): (&[Vec<String>], f32),
        size: f32,
        leaves: Option<&[usize]>,
    ) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.bands.push((self.y - 3.0, height + 1.0));
        }
        self.draw_row(table, widths, lines, (Weight::Bold, size), leaves);
        self.y += height;
    }

    fn draw_row(
        &mut self,
        table: &Table,
        widths: &[f32],
        lines: &[Vec<String>],
        (weight, size): Print,
        leaves: Option<&[usize]>,
    ) {
        let mut left = MARGIN + INSET;
        for (place, (cell, width)) in lines.iter().zip(widths).enumerate() {
            let align = table.columns.get(place).map_or(Align::Start, |column| column.align);
            for (n, line) in cell.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
                let x = match align {
                    Align::Start => left,
                    Align::End => left + width - self.face(weight).width(line, size),
                };
                let y = self.y + size + n as f32 * size * LEADING;
                let leaf = leaves.and_then(|leaves| leaves.get(place).copied());
                self.draw(Piece { x, y, size, weight, ink: Ink::Text, text: line.clone(), leaf });
            }
            left += width + GAP;
        }
    }

    fn table(&mut self, table: &Table) {
        let gaps = GAP * table.columns.len().saturating_sub(1) as f32;
        let shares: f32 = table.columns.iter().map(|column| column.share).sum();
        let room = WIDTH - 2.0 * (MARGIN + INSET) - gaps;
        let widths: Vec<f32> = table.columns.iter().map(|column| room * column.share / shares).collect();
        let titles: Vec<String> = table.columns.iter().map(|column| column.title.clone()).collect();
        let size = if table.columns.len() > MANY_COLUMNS { SMALL } else { TEXT };
        let (bold, regular) = ((Weight::Bold, size), (Weight::Regular, size));
        let (head, head_height) = self.row(&widths, &titles, bold);
        let (total, total_height) = self.row(&widths, &table.total, bold);
        let mut rows = Vec::new();
        let head_leaves: Vec<usize> = titles.iter().map(|_| self.leaf()).collect();
        self.y += 4.0;
        self.need(head_height + total_height * 2.0);
        self.draw_head(table, &widths, (&head, head_height), size, Some(&head_leaves));
        rows.push(head_leaves);
        let last = table.rows.len().saturating_sub(1);
        for (n, cells) in table.rows.iter().enumerate() {
            let (lines, height) = self.row(&widths, cells, regular);
            // The last row takes the total with it to the next page.
            if self.need(if n == last { height + total_height } else { height }) {
                self.draw_head(table, &widths, (&head, head_height), size, None);
            }
            let leaves: Vec<usize> = cells.iter().map(|_| self.leaf()).collect();
            self.y += 2.0;
            self.draw_row(table, &widths, &lines, regular, Some(&leaves));
            self.y += height;
            if n != last
                && let Some(sheet) = self.sheets.last_mut()
            {
                sheet.hairs.push(self.y - 2.0);
            }
            rows.push(leaves);
        }
        self.rule(self.y - 1.0);
        let leaves: Vec<usize> = table.total.iter().map(|_| self.leaf()).collect();
        self.y += 4.0;
        self.draw_row(table, &widths, &total, bold, Some(&leaves));
        self.y += total_height + 8.0;
        rows.push(leaves);
        self.elements.push(Element::Table(rows));
    }
}

fn fill(color: rgb::Color) -> Fill {
    Fill { paint: color.into(), opacity: NormalizedF32::ONE, rule: krilla::paint::FillRule::default() }
}

fn draw_text(surface: &mut Surface<'_>, face: &Face, piece: &Piece) {
    let at = Point::from_xy(piece.x, piece.y);
    surface.draw_text(at, face.font.clone(), piece.size, &piece.text, false, TextDirection::Auto);
}

/// What is tinted, below the text.
fn draw_bands(surface: &mut Surface<'_>, bands: &[(f32, f32)]) {
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)));
    surface.set_stroke(None);
    surface.set_fill(Some(fill(rgb::Color::new(238, 243, 240))));
    for (top, height) in bands {
        let mut path = PathBuilder::new();
        path.move_to(MARGIN, *top);
        path.line_to(WIDTH - MARGIN, *top);
        path.line_to(WIDTH - MARGIN, top + height);
        path.line_to(MARGIN, top + height);
        path.close();
        if let Some(path) = path.finish() {
            surface.draw_path(&path);
        }
    }
    surface.end_tagged();
}

/// Thin lines across the page.
fn draw_lines(surface: &mut Surface<'_>, heights: &[f32], grey: u8) {
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)));
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: rgb::Color::new(grey, grey, grey).into(),
        width: 0.6,
        ..Stroke::default()
    }));
    for y in heights {
        let mut path = PathBuilder::new();
        path.move_to(MARGIN, *y);
        path.line_to(WIDTH - MARGIN, *y);
        if let Some(path) = path.finish() {
            surface.draw_path(&path);
        }
    }
    surface.end_tagged();
    surface.set_stroke(None);
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
        draw_bands(&mut surface, &sheet.bands);
        for piece in &sheet.pieces {
            surface.set_fill(Some(fill(piece.ink.color())));
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
        draw_lines(&mut surface, &sheet.rules, 150);
        draw_lines(&mut surface, &sheet.hairs, 222);
        surface.set_fill(Some(fill(Ink::Quiet.color())));
        surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
        let text = regular.writable(&foot(n + 1, count));
        let x = WIDTH - MARGIN - regular.width(&text, SMALL);
        let (y, size, weight, ink) = (HEIGHT - MARGIN, SMALL, Weight::Regular, Ink::Quiet);
        let piece = Piece { x, y, size, weight, ink, text, leaf: None };
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
            Element::List(items) => {
                let mut list = TagGroup::new(Tag::L(ListNumbering::None));
                for (label, value) in items {
                    let mut item = TagGroup::new(Tag::LI);
                    item.push(TagGroup::with_children(Tag::Lbl, children(*label)));
                    item.push(TagGroup::with_children(Tag::LBody, children(*value)));
                    list.push(item);
                }
                list
            }
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
