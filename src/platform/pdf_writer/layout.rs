//! Where the pieces of a document stand: text in lines, tables in rows, all on pages.

use std::sync::LazyLock;

use fast_qr::qr::{QRBuilder, QRCode};
use krilla::color::rgb;
use krilla::text::Font;

use super::content::{Align, Block, Drawing, PdfError, Table, Weight};

/// Points: 8.5 by 11 inches.
pub(super) const WIDTH: f32 = 612.0;
pub(super) const HEIGHT: f32 = 792.0;
pub(super) const MARGIN: f32 = 56.0;
/// Room for the foot of a page.
const FOOT: f32 = 30.0;
/// Between the lines of a text, as a part of its size.
const LEADING: f32 = 1.35;
/// Between two columns of a table.
const GAP: f32 = 10.0;
/// The size of the text.
const TEXT: f32 = 10.0;
/// The size of labels, and of text that stands back.
pub(super) const SMALL: f32 = 8.5;
/// Columns of a table beyond which its text is smaller.
const MANY_COLUMNS: usize = 6;
/// From here on an address stands in the window of an envelope, when the sheet is folded in three.
const WINDOW: f32 = 132.0;
/// The side of a QR code, one inch: a phone reads it at arm's length.
pub(super) const CODE: f32 = 72.0;
/// The width of a drawing.
pub(super) const DRAWING: f32 = 200.0;
/// What stands for a character that the font does not have.
const MISSING: char = '?';

static REGULAR: &[u8] = include_bytes!("../../../assets/fonts/NotoSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../../assets/fonts/NotoSans-Bold.ttf");

/// A font with what measures its text.
pub(super) struct Face {
    pub(super) font: Font,
    shaper: rustybuzz::Face<'static>,
}

impl Face {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        Some(Self { font: Font::new(bytes.into(), 0)?, shaper: rustybuzz::Face::from_slice(bytes, 0)? })
    }

    /// The text with a visible mark for each character that the font lacks, so that a name in another script
    /// stops no document.
    pub(super) fn writable(&self, text: &str) -> String {
        text.chars().map(|c| if self.shaper.glyph_index(c).is_some() { c } else { MISSING }).collect()
    }

    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
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

pub(super) static FACES: LazyLock<Option<(Face, Face)>> =
    LazyLock::new(|| Some((Face::read(REGULAR)?, Face::read(BOLD)?)));

/// In which color something is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Almost black.
    Text,
    /// Stands back: 7 to 1 against the paper.
    Quiet,
    /// The color of names and large amounts.
    Accent,
}

impl Ink {
    pub(super) fn color(self) -> rgb::Color {
        match self {
            Self::Text => rgb::Color::new(20, 20, 20),
            Self::Quiet => rgb::Color::new(80, 80, 78),
            Self::Accent => rgb::Color::new(30, 84, 73),
        }
    }
}

/// Text at its place. `leaf` is the element that it belongs to; none for what is repeated on each page.
pub(super) struct Piece {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) ink: Ink,
    pub(super) text: String,
    pub(super) leaf: Option<usize>,
}

/// What is drawn on one page.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) pieces: Vec<Piece>,
    /// Lines across the page, by their height: strong ones, …
    pub(super) rules: Vec<f32>,
    /// … and faint ones.
    pub(super) hairs: Vec<f32>,
    /// Tinted bands across the page: where each begins, and its height.
    pub(super) bands: Vec<(f32, f32)>,
    /// Where paper is cut: dashed lines across the page.
    pub(super) cuts: Vec<f32>,
    /// QR codes: left edge, upper edge, modules, and the element that each is.
    pub(super) codes: Vec<(f32, f32, QRCode, usize)>,
    /// Drawings: upper edge, and the element that each is.
    pub(super) drawings: Vec<(f32, Drawing, usize)>,
}

/// An element of the document's structure, with the leaves that its text is.
pub(super) enum Element {
    Heading {
        level: u16,
        leaf: usize,
        text: String,
        page: usize,
        y: f32,
    },
    Paragraph(usize),
    /// What is drawn, with what it says.
    Figure(usize, String),
    /// Labels with their values.
    List(Vec<(usize, usize)>),
    /// Rows of cells; the first is the head, the last begins with a header of its row.
    Table(Vec<Vec<usize>>),
}

/// Room between the edge of a table and its text.
const INSET: f32 = 6.0;

fn drawing_height(drawing: &Drawing) -> f32 {
    DRAWING * drawing.field.1 as f32 / drawing.field.0.max(1) as f32
}

fn heading_size(level: u16) -> f32 {
    if level == 1 { 18.0 } else { 12.0 }
}

/// How the text of a table is printed.
type Print = (Weight, f32);

pub(super) struct Layout<'f> {
    regular: &'f Face,
    bold: &'f Face,
    pub(super) sheets: Vec<Sheet>,
    y: f32,
    pub(super) leaves: usize,
    pub(super) elements: Vec<Element>,
}

impl<'f> Layout<'f> {
    pub(super) fn new((regular, bold): &'f (Face, Face)) -> Self {
        let sheets = vec![Sheet::default()];
        Self { regular, bold, sheets, y: MARGIN, leaves: 0, elements: Vec::new() }
    }

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

    /// The address as a QR code, with the words beside it.
    fn code(&mut self, address: &str, words: &str) -> Result<(), PdfError> {
        let code = QRBuilder::new(address).build().map_err(|error| PdfError(error.to_string()))?;
        self.y += 4.0;
        self.need(CODE);
        let (drawn, said) = (self.leaf(), self.leaf());
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.codes.push((MARGIN, self.y, code, drawn));
        }
        self.elements.push(Element::Figure(drawn, address.to_owned()));
        let x = MARGIN + CODE + 2.0 * GAP;
        let bottom = self.y + CODE + 8.0;
        self.column(x, WIDTH - MARGIN - x, Ink::Text, words, said);
        self.elements.push(Element::Paragraph(said));
        self.y = self.y.max(bottom);
        Ok(())
    }

    fn drawing(&mut self, drawing: &Drawing) {
        let height = drawing_height(drawing);
        self.need(height);
        let leaf = self.leaf();
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.drawings.push((self.y, drawing.clone(), leaf));
        }
        self.elements.push(Element::Figure(leaf, drawing.says.clone()));
        self.y += height + 8.0;
    }

    /// Text in a column, from the present height on.
    fn column(&mut self, x: f32, width: f32, ink: Ink, text: &str, leaf: usize) {
        for text in self.regular.lines(&self.regular.writable(text), TEXT, width) {
            let (y, weight) = (self.y + TEXT, Weight::Regular);
            self.draw(Piece { x, y, size: TEXT, weight, ink, text, leaf: Some(leaf) });
            self.y += TEXT * LEADING;
        }
    }

    /// What is cut off and sent back: at the foot of the page, the address on the left, the facts on the right.
    fn slip(&mut self, cut: &str, to: &[String], facts: &[(String, String)]) {
        let half = (WIDTH - 2.0 * MARGIN - 2.0 * GAP) / 2.0;
        let label = half * 0.5;
        let facts_height = facts.iter().map(|(name, value)| {
            let tall = |text: &str, room| self.regular.lines(&self.regular.writable(text), TEXT, room).len();
            tall(name, label).max(tall(value, half - label - GAP)) as f32 * TEXT * LEADING + 3.0
        });
        let facts_height: f32 = facts_height.sum();
        let to_height =
            to.iter().map(|line| self.regular.lines(&self.regular.writable(line), TEXT, half).len());
        let to_height = to_height.sum::<usize>() as f32 * TEXT * LEADING;
        let height = 2.0 * SMALL * LEADING + 10.0 + facts_height.max(to_height);
        self.need(height + 10.0);
        self.y = self.y.max(HEIGHT - MARGIN - FOOT - height);
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.cuts.push(self.y);
        }
        self.y += 2.0;
        let leaf = self.leaf();
        self.ink(Weight::Regular, Ink::Quiet, SMALL, cut, leaf);
        self.elements.push(Element::Paragraph(leaf));
        let top = self.y + 8.0;
        self.y = top;
        let leaf = self.leaf();
        for line in to {
            self.column(MARGIN, half, Ink::Text, line, leaf);
        }
        self.elements.push(Element::Paragraph(leaf));
        let bottom = self.y;
        self.y = top;
        let mut items = Vec::new();
        for (name, value) in facts {
            let (own, said) = (self.leaf(), self.leaf());
            let (line, x) = (self.y, MARGIN + half + 2.0 * GAP);
            self.column(x, label, Ink::Quiet, name, own);
            let below = self.y;
            self.y = line;
            self.column(x + label + GAP, half - label - GAP, Ink::Text, value, said);
            self.y = self.y.max(below) + 3.0;
            items.push((own, said));
        }
        self.elements.push(Element::List(items));
        self.y = self.y.max(bottom);
    }

    pub(super) fn block(&mut self, block: &Block) -> Result<(), PdfError> {
        match block {
            Block::Heading(level, text) => {
                let size = heading_size(*level);
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
            Block::Together(blocks) => {
                let height: f32 = blocks.iter().map(|block| self.height(block)).sum();
                // What no page holds begins where it is.
                if height <= HEIGHT - 2.0 * MARGIN - FOOT {
                    self.need(height);
                }
                for block in blocks {
                    self.block(block)?;
                }
            }
            Block::Table(table) => self.table(table),
            Block::Letterhead(name, lines) => self.letterhead(name, lines),
            Block::Window(lines) => {
                if self.sheets.len() == 1 {
                    self.y = self.y.max(WINDOW);
                }
                self.block(&Block::Lines(lines.clone()))?;
            }
            Block::Facts(facts) => self.facts(facts),
            Block::Callout(amount, sentence) => self.callout(amount, sentence),
            Block::Note(text) => {
                let leaf = self.leaf();
                self.ink(Weight::Regular, Ink::Quiet, SMALL, text, leaf);
                self.y += 4.0;
                self.elements.push(Element::Paragraph(leaf));
            }
            Block::Code(address, words) => self.code(address, words)?,
            Block::Drawing(drawing) => self.drawing(drawing),
            Block::Slip { cut, to, facts } => self.slip(cut, to, facts),
        }
        Ok(())
    }

    /// How high a heading, a paragraph, lines or a drawing are.
    fn height(&self, block: &Block) -> f32 {
        let room = WIDTH - 2.0 * MARGIN;
        let text = |weight: Weight, size: f32, text: &str| {
            let face = self.face(weight);
            face.lines(&face.writable(text), size, room).len() as f32 * size * LEADING
        };
        match block {
            Block::Heading(level, words) => {
                let size = heading_size(*level);
                size * 0.8 + text(Weight::Bold, size, words) + 4.0
            }
            Block::Paragraph(weight, words) => text(*weight, TEXT, words) + 5.0,
            Block::Lines(lines) => {
                lines.iter().map(|line| text(Weight::Regular, TEXT, line)).sum::<f32>() + 8.0
            }
            Block::Drawing(drawing) => drawing_height(drawing) + 8.0,
            _ => 0.0,
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
