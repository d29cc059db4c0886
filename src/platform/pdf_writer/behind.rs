//! A document behind the pages of another file. Files of strangers are parsed here, so it runs in a process of its own (see
//! [`confined`](crate::platform::confined)).

use std::io::{Error, Read};
use std::sync::Arc;

use hayro::hayro_syntax::object::dict::keys::{ANNOTS, AP};
use hayro::hayro_syntax::object::{Array, Dict};
use hayro::hayro_syntax::page::Page;
use krilla::Document;
use krilla::SerializeSettings;
use krilla::configure::{ConfigurationBuilder, PdfVersion};
use krilla::geom::Size;
use krilla::page::PageSettings;
use krilla::pdf::{Pdf, PdfDocument};
use krilla::tagging::{ContentTag, Node, Tag, TagGroup};
use serde::{Deserialize, Serialize};

use super::{Content, PdfError, finish};
use crate::platform::{pdf_pages, picture_pdf};

/// What is written behind the pages of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Behind {
    /// The document.
    pub content: Content,
    /// The line at the foot of its pages, with `{page}` and `{pages}` where their numbers stand.
    pub foot: String,
}

impl Behind {
    /// What the other process is given: the length of this, this, and then comes the file.
    pub fn order(&self) -> std::io::Result<Vec<u8>> {
        let text = serde_json::to_vec(self)?;
        let length = u32::try_from(text.len()).map_err(Error::other)?;
        Ok([length.to_be_bytes().as_slice(), &text].concat())
    }
}

/// Reads an order and a file, and writes one file of both.
pub fn write_behind(given: &mut dyn Read, _: &str) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    given.read_exact(&mut length)?;
    let mut order = Vec::new();
    given.take(u64::from(u32::from_be_bytes(length))).read_to_end(&mut order)?;
    let order: Behind = serde_json::from_slice(&order)?;
    let mut file = Vec::new();
    given.read_to_end(&mut file)?;
    compose(file, &order).map_err(Error::other)
}

fn failed(what: impl std::fmt::Debug) -> PdfError {
    PdfError(format!("{what:?}"))
}

fn compose(file: Vec<u8>, order: &Behind) -> Result<Vec<u8>, PdfError> {
    let pdf = Arc::new(Pdf::new(file).map_err(failed)?);
    // What comes from elsewhere is drawn in and keeps no structure, so the whole is not declared PDF/UA. Version 2.0 takes
    // pages of every version.
    let configuration =
        ConfigurationBuilder::new().with_version(PdfVersion::Pdf20).finish().map_err(failed)?;
    let mut document =
        Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let (source, mut front) = (PdfDocument::new(pdf.clone()), Vec::new());
    if pdf.pages().iter().any(pdf_pages::has_boxes) {
        return Err(failed("a box that can be ticked is not drawn"));
    }
    for (index, page) in pdf.pages().iter().enumerate() {
        let (width, height) = page.render_dimensions();
        let (settings, size) = (PageSettings::from_wh(width, height), Size::from_wh(width, height));
        let (Some(settings), Some(size)) = (settings, size) else {
            return Err(failed("a page without a size"));
        };
        let mut sheet = document.start_page_with(settings);
        let mut surface = sheet.surface();
        let identifier = surface.start_tagged(ContentTag::Other);
        match with_annotations(page)? {
            Some(picture) => surface.draw_pdf_page(&picture, size, 0),
            None => surface.draw_pdf_page(&source, size, index),
        }
        surface.end_tagged();
        surface.finish();
        sheet.finish();
        let says = pdf_pages::text_of(page);
        front.push(TagGroup::with_children(Tag::Figure(Some(says)), vec![Node::Leaf(identifier)]));
    }
    let foot = |page: usize, pages: usize| {
        order.foot.replace("{page}", &page.to_string()).replace("{pages}", &pages.to_string())
    };
    finish(document, front, &order.content, foot)
}

/// A page on which something that is seen is fastened, such as a field that was filled in, as a picture: drawn in as it is,
/// a page loses that. A link has no appearance.
fn with_annotations(page: &Page<'_>) -> Result<Option<PdfDocument>, PdfError> {
    let fastened = page.raw().get::<Array<'_>>(ANNOTS);
    let is_seen = |annotation: Dict<'_>| annotation.contains_key(AP);
    if !fastened.is_some_and(|fastened| fastened.iter::<Dict<'_>>().any(is_seen)) {
        return Ok(None);
    }
    let picture = pdf_pages::picture(page).map_err(failed)?;
    let file = picture_pdf::convert(&mut picture.as_slice(), "").map_err(failed)?;
    Ok(Some(PdfDocument::new(Arc::new(Pdf::new(file).map_err(failed)?))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::pdf_writer::{Block, Drawing, Weight};

    /// A PDF of one page that shows a word, with something fastened to the page.
    fn file(fastened: &str) -> Vec<u8> {
        let text = "BT /F1 24 Tf 20 150 Td (Lanterns) Tj ET";
        let filled = "0 0 1 rg 0 0 60 20 re f";
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 5 0 R {fastened} \
                 /Resources << /Font << /F1 4 0 R >> >> >>"
            ),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
            format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
            format!(
                "<< /Type /XObject /Subtype /Form /BBox [0 0 60 20] /Length {} >>\nstream\n{filled}\nendstream",
                filled.len()
            ),
        ];
        let mut file = "%PDF-2.0\n".to_owned();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
        for (number, object) in (1..).zip(&objects) {
            table.push_str(&format!("{:010} 00000 n \n", file.len()));
            file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
        }
        let at = file.len();
        let trailer = format!("trailer\n<< /Size {} /Root 1 0 R >>\n", objects.len() + 1);
        format!("{file}{table}{trailer}startxref\n{at}\n%%EOF\n").into_bytes()
    }

    fn order() -> Behind {
        let drawing =
            Drawing { field: (600, 200), lines: vec![vec![(0, 0), (600, 200)]], says: "A signature".into() };
        let blocks = vec![
            Block::Heading(1, "Certificate".into()),
            Block::Together(vec![
                Block::Drawing(drawing),
                Block::Paragraph(Weight::Regular, "Signed by Ana".into()),
            ]),
        ];
        let content = Content { title: "Lanterns".into(), language: "en".into(), blocks };
        Behind { content, foot: "Page {page} of {pages}".into() }
    }

    fn pages(given: &[u8]) -> Vec<(f32, String)> {
        let written = write_behind(&mut [order().order().unwrap().as_slice(), given].concat().as_slice(), "");
        let pdf = Pdf::new(written.unwrap()).unwrap();
        pdf.pages().iter().map(|page| (page.render_dimensions().0, pdf_pages::text_of(page))).collect()
    }

    #[test]
    fn the_pages_of_a_file_come_first_in_their_own_size_and_the_document_behind_them() {
        let link = "/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] >>]";
        for fastened in ["", link] {
            let pages = pages(&file(fastened));
            assert_eq!(pages.len(), 2, "{pages:?}");
            assert_eq!(pages[0], (300.0, "Lanterns".to_owned()));
            for said in ["Certificate", "Signed by Ana", "Page 2 of 2"] {
                assert!(pages[1].1.contains(said), "{said}: {pages:?}");
            }
        }
    }

    #[test]
    fn a_page_with_a_filled_in_field_is_drawn_as_it_is_seen() {
        let field =
            "/Annots [<< /Type /Annot /Subtype /Widget /FT /Tx /Rect [20 20 80 40] /AP << /N 6 0 R >> >>]";
        let given = file(field);
        let written =
            write_behind(&mut [order().order().unwrap().as_slice(), &given].concat().as_slice(), "");
        let written = written.unwrap();
        let pdf = Pdf::new(written.clone()).unwrap();
        assert_eq!(pdf.pages()[0].render_dimensions(), (300.0, 200.0));
        let picture = pdf_pages::draw(&mut written.as_slice(), "1").unwrap();
        let picture = image::load_from_memory(&picture).unwrap().to_rgb8();
        let (x, y) = (picture.width() * 50 / 300, picture.height() * 170 / 200);
        let [red, _, blue] = picture.get_pixel(x, y).0;
        assert!(blue > 200 && red < 60, "the field is blue: {:?}", picture.get_pixel(x, y));
    }

    #[test]
    fn a_page_with_a_box_that_is_ticked_is_read_from_the_file_itself() {
        let field = |seen: &str| {
            file(&format!(
                "/Annots [<< /Type /Annot /Subtype /Widget /FT /Btn /Rect [20 20 80 40] /AS /Yes /AP {seen} >>]"
            ))
        };
        let given = field("<< /N << /Yes 6 0 R /Off 6 0 R >> >>");
        assert_eq!(pdf_pages::count(given.clone()), None);
        assert!(
            write_behind(&mut [order().order().unwrap().as_slice(), &given].concat().as_slice(), "").is_err()
        );
        for drawn in [field("<< /N 6 0 R >>"), file("")] {
            assert_eq!(pdf_pages::count(drawn), Some(1));
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for given in [b"Dear Casey".as_slice(), b"", b"%PDF-1.4\n"] {
            let given = [order().order().unwrap().as_slice(), given].concat();
            assert!(write_behind(&mut given.as_slice(), "").is_err());
        }
        assert!(write_behind(&mut b"\xff\xff\xff\xff{".as_slice(), "").is_err());
    }
}
