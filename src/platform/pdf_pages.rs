//! The pages of a PDF, one at a time: as a picture, and as the text in it. Files of strangers are parsed here, so it runs
//! in a process of its own (see [`confined`](crate::platform::confined)).

use std::io::{Error, Read};

use hayro::hayro_interpret::font::Glyph;
use hayro::hayro_interpret::hayro_cmap::BfString;
use hayro::hayro_interpret::util::TransformExt;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, GlyphDrawMode, Image, InterpreterCache, InterpreterSettings, Paint,
    PathDrawMode, SoftMask, interpret_page,
};
use hayro::hayro_syntax::object::dict::keys::{ANNOTS, AP, N};
use hayro::hayro_syntax::object::{Array, Dict, Stream};
use hayro::hayro_syntax::{Pdf, page::Page};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::kurbo::{Affine, BezPath, Point, Rect};
use hayro::{RenderCache, RenderSettings, render};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageResult};

/// The most pages of a file that is taken.
pub const MOST_PAGES: usize = 500;
/// Points of a picture from its left to its right: as many as a good telephone has …
const WIDTH: f32 = 1_240.0;
/// … and from its top to its bottom, of a page that is very long.
const MOST_HEIGHT: f32 = 4_000.0;
/// A page is not made larger than so many times its size.
const MOST_SCALE: f32 = 6.0;
/// A picture of more bytes is worth a JPEG: a photograph is a tenth of the size as one.
const LARGE_PNG: usize = 300_000;
/// The quality of a JPEG, of 100.
const QUALITY: u8 = 82;
/// Bytes of the longest text of a page.
pub const LONGEST_TEXT: u64 = 200_000;

/// How many pages a file has; `None` where they cannot be found, or cannot be drawn as they are seen.
pub fn count(file: Vec<u8>) -> Option<usize> {
    let pdf = Pdf::new(file).ok()?;
    let pages = pdf.pages();
    (!pages.is_empty() && !pages.iter().any(has_boxes)).then_some(pages.len())
}

/// Is a box on it that can be ticked? Which of its appearances is seen is not drawn here: nobody is to sign a picture that
/// lacks a tick.
pub(super) fn has_boxes(page: &Page<'_>) -> bool {
    let fastened = page.raw().get::<Array<'_>>(ANNOTS);
    let is_box = |annotation: Dict<'_>| {
        let seen = annotation.get::<Dict<'_>>(AP);
        seen.is_some_and(|seen| seen.contains_key(N) && seen.get::<Stream<'_>>(N).is_none())
    };
    fastened.is_some_and(|fastened| fastened.iter::<Dict<'_>>().any(is_box))
}

/// The file, and the number of a page of it, from 1.
fn opened(file: &mut dyn Read, page: &str) -> std::io::Result<(Pdf, usize)> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let pdf = Pdf::new(bytes).map_err(|error| Error::other(format!("{error:?}")))?;
    let index = page.parse::<usize>().ok().and_then(|page| page.checked_sub(1));
    let index = index.filter(|index| *index < pdf.pages().len());
    Ok((pdf, index.ok_or_else(|| Error::other("there is no such page"))?))
}

/// Draws one page, by its number from 1: a PNG or a JPEG.
pub fn draw(file: &mut dyn Read, page: &str) -> std::io::Result<Vec<u8>> {
    let (pdf, index) = opened(file, page)?;
    picture(&pdf.pages()[index]).map_err(Error::other)
}

/// A page as a PNG or a JPEG.
pub(super) fn picture(page: &Page<'_>) -> ImageResult<Vec<u8>> {
    let (width, height) = page.render_dimensions();
    let scale = (WIDTH / width.max(1.0)).min(MOST_HEIGHT / height.max(1.0)).min(MOST_SCALE);
    let settings =
        RenderSettings { x_scale: scale, y_scale: scale, bg_color: WHITE, ..RenderSettings::default() };
    let drawn = render(page, &RenderCache::new(), &InterpreterSettings::default(), &settings);
    let size = (u32::from(drawn.width()), u32::from(drawn.height()));
    encoded(drawn.data_as_u8_slice(), size)
}

/// The smaller of what shows letters and what shows photographs. The points are opaque, four bytes each.
fn encoded(points: &[u8], (width, height): (u32, u32)) -> ImageResult<Vec<u8>> {
    let is_grey = points.chunks_exact(4).all(|point| point[0] == point[1] && point[1] == point[2]);
    let (bytes, colors): (Vec<u8>, _) = match is_grey {
        true => (points.chunks_exact(4).map(|point| point[0]).collect(), ExtendedColorType::L8),
        false => {
            let colored = points.chunks_exact(4).flat_map(|point| [point[0], point[1], point[2]]);
            (colored.collect(), ExtendedColorType::Rgb8)
        }
    };
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive)
        .write_image(&bytes, width, height, colors)?;
    if png.len() <= LARGE_PNG {
        return Ok(png);
    }
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).write_image(&bytes, width, height, colors)?;
    Ok(if jpeg.len() < png.len() { jpeg } else { png })
}

/// Reads the text of one page, by its number from 1: a line for each of its lines.
pub fn read(file: &mut dyn Read, page: &str) -> std::io::Result<Vec<u8>> {
    let (pdf, index) = opened(file, page)?;
    let mut text = text_of(&pdf.pages()[index]);
    let mut end = text.len().min(LONGEST_TEXT as usize);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    Ok(text.into_bytes())
}

/// The text of a page: a line for each of its lines.
pub(super) fn text_of(page: &Page<'_>) -> String {
    let (width, height) = page.render_dimensions();
    let mut context = Context::new(
        page.initial_transform(true).to_kurbo(),
        Rect::new(0.0, 0.0, f64::from(width), f64::from(height)),
        &InterpreterCache::new(),
        page.xref(),
        InterpreterSettings::default(),
    );
    let mut reader = Reader::default();
    interpret_page(page, &mut context, &mut reader);
    let lines = reader.text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Puts the glyphs of a page together to lines, in the order in which they are drawn.
#[derive(Default)]
struct Reader {
    text: String,
    /// Where the last glyph ended, and its height.
    last: Option<(Point, f64)>,
}

impl Reader {
    fn take(&mut self, glyph: &Glyph<'_>, transform: Affine) {
        let Some(said) = glyph.as_unicode() else { return };
        // A font's glyphs are drawn in units of a thousandth of its size.
        let at = transform * Point::ORIGIN;
        let height = (transform * Point::new(0.0, 1_000.0) - at).hypot();
        let advance = match glyph {
            Glyph::Outline(glyph) => glyph.advance_width(),
            // It does not say.
            Glyph::Type3(_) => None,
        };
        let end = transform * Point::new(f64::from(advance.unwrap_or(500.0)), 0.0);
        if let Some((before, size)) = self.last {
            let size = size.max(height);
            if (at.y - before.y).abs() > size * 0.5 || at.x < before.x - size * 2.0 {
                self.text.push('\n');
            } else if at.x - before.x > size * 0.15 && !self.text.ends_with(' ') {
                self.text.push(' ');
            }
        }
        match said {
            BfString::Char(letter) => self.text.push(letter),
            BfString::String(letters) => self.text.push_str(&letters),
        }
        self.last = Some((end, height));
    }
}

impl<'a> Device<'a> for Reader {
    fn draw_glyph(
        &mut self,
        glyph: &Glyph<'a>,
        transform: Affine,
        glyph_transform: Affine,
        _: &Paint<'a>,
        _: &GlyphDrawMode,
    ) {
        self.take(glyph, transform * glyph_transform);
    }

    fn set_soft_mask(&mut self, _: Option<SoftMask<'a>>) {}

    fn set_blend_mode(&mut self, _: BlendMode) {}

    fn draw_path(&mut self, _: &BezPath, _: Affine, _: &Paint<'a>, _: &PathDrawMode) {}

    fn push_clip_path(&mut self, _: &ClipPath) {}

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}

    fn draw_image(&mut self, _: Image<'a, '_>, _: Affine) {}

    fn pop_clip_path(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::*;

    /// What `encoded` makes of 400 by 400 opaque points.
    fn picture(point: impl Fn(usize) -> [u8; 3]) -> Vec<u8> {
        let points = (0..160_000).flat_map(|at| {
            let [red, green, blue] = point(at);
            [red, green, blue, 255]
        });
        encoded(&points.collect::<Vec<_>>(), (400, 400)).expect("a picture")
    }

    #[test]
    fn letters_are_a_png_in_grey_or_in_color_and_a_photograph_is_a_jpeg() {
        let grey = picture(|at| if at % 400 < 3 { [0, 0, 0] } else { [255, 255, 255] });
        assert!(grey.starts_with(b"\x89PNG"));
        assert_eq!(grey[25], 0, "the colors of a PNG: grey");
        let colored = picture(|at| if at % 400 < 3 { [0, 80, 60] } else { [255, 255, 255] });
        assert!(colored.starts_with(b"\x89PNG"));
        assert_eq!(colored[25], 2, "red, green and blue");
        let noise = |at: usize| sha2::Sha256::digest(at.to_be_bytes());
        let photograph = picture(|at| [noise(at)[0], noise(at)[1], noise(at)[2]]);
        assert!(photograph.starts_with(b"\xff\xd8\xff"));
    }

    #[test]
    fn what_is_no_pdf_has_no_pages() {
        assert_eq!(count(b"Dear Casey".to_vec()), None);
        assert!(read(&mut b"Dear Casey".as_slice(), "1").is_err());
        assert!(draw(&mut b"Dear Casey".as_slice(), "1").is_err());
    }
}
