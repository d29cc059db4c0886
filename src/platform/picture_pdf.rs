//! A picture as phones make it, as a PDF of one page. It is decoded and encoded anew, so nothing of its file is left but
//! what is seen: no place, no time, no device, no hidden preview. Files of strangers are decoded here, so it runs in a
//! process of its own (see [`confined`](crate::platform::confined)).

use std::io::{Cursor, Error, Read};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageReader, Limits, RgbImage};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref};

use crate::kernel::picture::{self, PictureProblem};

/// Points from left to right, or from top to bottom, at most.
const MOST_ACROSS: u32 = 12_000;
/// Points in all, at most.
const MOST_POINTS: u64 = 50_000_000;
/// A picture of more points across is made smaller: as sharp as a scan of a page with 300 points an inch.
const KEPT_ACROSS: u32 = 3_500;
/// Bytes while it is decoded, at most.
const MOST_MEMORY: u64 = 400 * 1024 * 1024;
/// The quality of the JPEG in the PDF, of 100.
const QUALITY: u8 = 88;
/// The longer side of the page, in points of a 72nd of an inch: 11 inches, the height of a US letter.
const PAGE: f32 = 792.0;

/// The PDF, or the word of a [`PictureProblem`].
pub fn convert(file: &mut dyn Read, _asked: &str) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    match decoded(bytes) {
        Ok(picture) => page_of(&picture).map_err(Error::other),
        Err(problem) => Ok(problem.word().as_bytes().to_vec()),
    }
}

/// The picture upright, on white where it lets the ground through, and not larger than it is kept.
fn decoded(bytes: Vec<u8>) -> Result<RgbImage, PictureProblem> {
    // The decoder fills up what is missing of a JPEG that was cut off.
    picture::clean(&bytes).map_err(|problem| match problem {
        PictureProblem::OtherKind => PictureProblem::Broken,
        other => other,
    })?;
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| PictureProblem::Broken)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_ACROSS);
    limits.max_image_height = Some(MOST_ACROSS);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let problem = |error: ImageError| match error {
        ImageError::Limits(_) => PictureProblem::TooManyPoints,
        _ => PictureProblem::Broken,
    };
    let mut decoder = reader.into_decoder().map_err(problem)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_POINTS {
        return Err(PictureProblem::TooManyPoints);
    }
    // What cannot be read of it says nothing of how the camera was held.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(problem)?;
    picture.apply_orientation(orientation);
    if width.max(height) > KEPT_ACROSS {
        picture = picture.resize(KEPT_ACROSS, KEPT_ACROSS, FilterType::Triangle);
    }
    Ok(on_white(picture))
}

fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let seen = picture.into_rgba8();
    let mut out = RgbImage::new(seen.width(), seen.height());
    for (from, to) in seen.pixels().zip(out.pixels_mut()) {
        let alpha = u16::from(from[3]);
        for (color, seen) in to.0.iter_mut().zip(&from.0[..3]) {
            let mixed = (u16::from(*seen) * alpha + 255 * (255 - alpha)) / 255;
            *color = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
    }
    out
}

/// A PDF with one page that the picture fills.
fn page_of(picture: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let (width, height) = picture.dimensions();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode(
        picture.as_raw(),
        width,
        height,
        ExtendedColorType::Rgb8,
    )?;
    let scale = PAGE / width.max(height).max(1) as f32;
    let (across, down) = (width as f32 * scale, height as f32 * scale);
    let [catalog, pages, page, shown, content] = [1, 2, 3, 4, 5].map(Ref::new);
    let name = Name(b"Picture");
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut leaf = pdf.page(page);
    leaf.parent(pages).media_box(Rect::new(0.0, 0.0, across, down)).contents(content);
    leaf.resources().x_objects().pair(name, shown);
    leaf.finish();
    let mut object = pdf.image_xobject(shown, &jpeg);
    object.filter(Filter::DctDecode);
    object.width(i32::try_from(width).unwrap_or(i32::MAX)).height(i32::try_from(height).unwrap_or(i32::MAX));
    object.color_space().device_rgb();
    object.bits_per_component(8);
    object.finish();
    let mut drawing = Content::new();
    drawing.save_state().transform([across, 0.0, 0.0, down, 0.0, 0.0]).x_object(name).restore_state();
    pdf.stream(content, &drawing.finish());
    Ok(pdf.finish())
}

#[cfg(test)]
mod tests {
    use image::ImageFormat;

    use super::*;

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).expect("it is encoded");
        out.into_inner()
    }

    fn converted(bytes: &[u8]) -> Vec<u8> {
        convert(&mut &bytes[..], "").expect("an answer")
    }

    #[test]
    fn a_png_becomes_a_page_of_its_shape_on_white() {
        let clear =
            DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(300, 150, image::Rgba([9, 9, 9, 0])));
        let pdf = converted(&encoded(&clear, ImageFormat::Png));
        assert!(pdf.starts_with(b"%PDF-"));
        assert_eq!(crate::platform::pdf_pages::count(pdf.clone()), Some(1));
        let drawn = crate::platform::pdf_pages::draw(&mut &pdf[..], "1").expect("a picture");
        let drawn = image::load_from_memory(&drawn).expect("it opens").into_rgb8();
        assert_eq!((drawn.width(), drawn.height()), (1_240, 620));
        assert_eq!(drawn.get_pixel(600, 300).0, [255; 3]);
    }

    #[test]
    fn what_is_cut_off_or_too_large_is_named() {
        let whole = encoded(&DynamicImage::new_rgb8(64, 64), ImageFormat::Png);
        assert_eq!(converted(&whole[..whole.len() / 2]), b"broken");
        assert_eq!(converted(b"GIF89a"), b"broken");
        // A head that says 50,000 times 50,000, with its checksum.
        let mut bomb = whole;
        bomb[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
        let mut sum = flate2::Crc::new();
        sum.update(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.sum().to_be_bytes());
        assert_eq!(converted(&bomb), b"large");
    }
}
