//! Documents as tagged PDF (PDF/UA-1): headings, paragraphs and tables laid out on pages of US letter. The same
//! content gives the same bytes: nothing here reads a clock or draws by chance.

mod behind;
mod content;
mod layout;

use fast_qr::qr::QRCode;
use krilla::color::rgb;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagTree,
};
use krilla::text::TextDirection;
use krilla::{Document, SerializeSettings};

pub use behind::{Behind, write_behind};
pub use content::{Align, Block, Column, Content, Drawing, PdfError, Table, Weight};
use layout::{CODE, DRAWING, Element, FACES, Face, HEIGHT, Ink, Layout, MARGIN, Piece, SMALL, WIDTH};

/// The quiet zone of a QR code in modules (ISO/IEC 18004, 9.1).
const QUIET: f32 = 4.0;

fn fill(color: rgb::Color) -> Fill {
    Fill { paint: color.into(), opacity: NormalizedF32::ONE, rule: krilla::paint::FillRule::default() }
}

fn draw_text(surface: &mut Surface<'_>, face: &Face, piece: &Piece) {
    let at = Point::from_xy(piece.x, piece.y);
    surface.draw_text(at, face.font.clone(), piece.size, &piece.text, false, TextDirection::Auto);
}

/// A box from its upper left corner on, with its width and its height.
fn add_box(path: &mut PathBuilder, (x, y): (f32, f32), (width, height): (f32, f32)) {
    path.move_to(x, y);
    path.line_to(x + width, y);
    path.line_to(x + width, y + height);
    path.line_to(x, y + height);
    path.close();
}

/// What is tinted, below the text.
fn draw_bands(surface: &mut Surface<'_>, bands: &[(f32, f32)]) {
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)));
    surface.set_stroke(None);
    surface.set_fill(Some(fill(rgb::Color::new(238, 243, 240))));
    for (top, height) in bands {
        let mut path = PathBuilder::new();
        add_box(&mut path, (MARGIN, *top), (WIDTH - 2.0 * MARGIN, *height));
        if let Some(path) = path.finish() {
            surface.draw_path(&path);
        }
    }
    surface.end_tagged();
}

/// Thin lines across the page.
fn draw_lines(surface: &mut Surface<'_>, heights: &[f32], grey: u8, dash: Option<StrokeDash>) {
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other)));
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: rgb::Color::new(grey, grey, grey).into(),
        width: 0.6,
        dash,
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

/// A QR code: its dark modules as one path, row by row.
fn draw_code(surface: &mut Surface<'_>, (left, top): (f32, f32), code: &QRCode) {
    let module = CODE / (code.size as f32 + 2.0 * QUIET);
    let mut path = PathBuilder::new();
    for row in 0..code.size {
        for column in (0..code.size).filter(|column| code[row][*column].value()) {
            let x = left + (column as f32 + QUIET) * module;
            let y = top + (row as f32 + QUIET) * module;
            add_box(&mut path, (x, y), (module, module));
        }
    }
    surface.set_fill(Some(fill(rgb::Color::black())));
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

/// What somebody drew, in the color of text.
fn draw_lines_of(surface: &mut Surface<'_>, top: f32, drawing: &Drawing) {
    let scale = DRAWING / drawing.field.0.max(1) as f32;
    let mut path = PathBuilder::new();
    for line in &drawing.lines {
        for (at, (x, y)) in line.iter().enumerate() {
            let (x, y) = (MARGIN + *x as f32 * scale, top + *y as f32 * scale);
            if at == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
    }
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke { paint: Ink::Text.color().into(), width: 1.2, ..Stroke::default() }));
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
    surface.set_stroke(None);
}

/// Writes a document. `foot` is the line at the foot of a page, from its number and how many there are.
pub fn write(content: &Content, foot: impl Fn(usize, usize) -> String) -> Result<Vec<u8>, PdfError> {
    let configuration = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1).finish();
    let configuration = configuration.map_err(|error| PdfError(format!("{error:?}")))?;
    let document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    finish(document, Vec::new(), content, foot)
}

/// Writes a document behind what is there already: pages, and an element of the structure for each.
fn finish(
    mut document: Document,
    front: Vec<TagGroup>,
    content: &Content,
    foot: impl Fn(usize, usize) -> String,
) -> Result<Vec<u8>, PdfError> {
    let Some(faces) = &*FACES else { return Err(PdfError("the fonts cannot be read".into())) };
    let (regular, bold) = faces;
    let mut layout = Layout::new(faces);
    for block in &content.blocks {
        layout.block(block)?;
    }
    let Layout { sheets, leaves, elements, .. } = layout;
    let mut identifiers: Vec<Vec<Identifier>> = (0..leaves).map(|_| Vec::new()).collect();
    let (before, size) = (front.len(), PageSettings::from_wh(WIDTH, HEIGHT));
    let count = before + sheets.len();
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
        for (x, y, code, leaf) in &sheet.codes {
            let identifier = surface.start_tagged(ContentTag::Other);
            draw_code(&mut surface, (*x, *y), code);
            surface.end_tagged();
            if let Some(own) = identifiers.get_mut(*leaf) {
                own.push(identifier);
            }
        }
        for (top, drawing, leaf) in &sheet.drawings {
            let identifier = surface.start_tagged(ContentTag::Other);
            draw_lines_of(&mut surface, *top, drawing);
            surface.end_tagged();
            if let Some(own) = identifiers.get_mut(*leaf) {
                own.push(identifier);
            }
        }
        draw_lines(&mut surface, &sheet.rules, 150, None);
        draw_lines(&mut surface, &sheet.hairs, 222, None);
        draw_lines(&mut surface, &sheet.cuts, 120, Some(StrokeDash { array: vec![4.0, 4.0], offset: 0.0 }));
        surface.set_fill(Some(fill(Ink::Quiet.color())));
        surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
        let text = regular.writable(&foot(before + n + 1, count));
        let x = WIDTH - MARGIN - regular.width(&text, SMALL);
        let (y, size, weight, ink) = (HEIGHT - MARGIN, SMALL, Weight::Regular, Ink::Quiet);
        let piece = Piece { x, y, size, weight, ink, text, leaf: None };
        draw_text(&mut surface, regular, &piece);
        surface.end_tagged();
        surface.finish();
        page.finish();
    }
    document.set_outline(outline(&elements, before));
    document.set_tag_tree(tree(content, front, &elements, identifiers));
    document.set_metadata(Metadata::new().title(content.title.clone()).language(content.language.clone()));
    document.finish().map_err(|error| PdfError(format!("{error:?}")))
}

/// The headings as bookmarks, behind so many pages.
fn outline(elements: &[Element], before: usize) -> Outline {
    let mut outline = Outline::new();
    for element in elements {
        if let Element::Heading { text, page, y, .. } = element {
            let at = XyzDestination::new(before + *page, Point::from_xy(MARGIN, *y));
            outline.push_child(OutlineNode::new(text.clone(), at));
        }
    }
    outline
}

fn tree(
    content: &Content,
    front: Vec<TagGroup>,
    elements: &[Element],
    mut identifiers: Vec<Vec<Identifier>>,
) -> TagTree {
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
    front.into_iter().for_each(|group| tree.push(group));
    for element in elements {
        let group = match element {
            Element::Heading { level, leaf, text, .. } => {
                let level = std::num::NonZeroU16::new(*level).unwrap_or(std::num::NonZeroU16::MIN);
                TagGroup::with_children(Tag::Hn(level, Some(text.clone())), children(*leaf))
            }
            Element::Paragraph(leaf) => TagGroup::with_children(Tag::P, children(*leaf)),
            Element::Figure(leaf, says) => {
                TagGroup::with_children(Tag::Figure(Some(says.clone())), children(*leaf))
            }
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
