//! Pictures as phones make them. What is taken of a JPEG or a PNG is its picture alone: where and when it was made, by
//! which device, a preview of what was cut away, and whatever else a file can carry, is left out. Nothing is decoded.

use crate::word_enum;

/// What kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
}

impl PictureKind {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// A picture and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Which kind.
    pub kind: PictureKind,
    /// The file.
    pub bytes: Vec<u8>,
}

word_enum! {
    /// Why a file is no picture that is taken.
    pub enum PictureProblem {
        /// It is neither a JPEG nor a PNG.
        OtherKind = "kind",
        /// It is not whole, or not as its kind asks.
        Broken = "broken",
        /// It has too many points; a small file can unfold into a very large picture.
        TooManyPoints = "large",
    }
}

/// The most points of a picture.
const MOST_POINTS: u64 = 60_000_000;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Takes the picture out of a file.
pub fn clean(file: &[u8]) -> Result<Picture, PictureProblem> {
    if file.starts_with(PNG) {
        return png(file).map(|bytes| Picture { kind: PictureKind::Png, bytes });
    }
    if file.starts_with(&[0xff, 0xd8, 0xff]) {
        return jpeg(file).map(|bytes| Picture { kind: PictureKind::Jpeg, bytes });
    }
    Err(PictureProblem::OtherKind)
}

fn points(width: u64, height: u64) -> Result<(), PictureProblem> {
    match width * height {
        0 => Err(PictureProblem::Broken),
        all if all > MOST_POINTS => Err(PictureProblem::TooManyPoints),
        _ => Ok(()),
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The chunks that make the picture; the others are words, times, places and colours of devices.
const KEPT_CHUNKS: [&[u8]; 5] = [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"];

fn png(file: &[u8]) -> Result<Vec<u8>, PictureProblem> {
    let (mut out, mut at, mut is_first) = (PNG.to_vec(), PNG.len(), true);
    loop {
        let head = file.get(at..at + 8).ok_or(PictureProblem::Broken)?;
        let length = usize::try_from(number(&head[..4])).map_err(|_| PictureProblem::Broken)?;
        let kind = &head[4..];
        let end = at.checked_add(12).and_then(|at| at.checked_add(length)).ok_or(PictureProblem::Broken)?;
        let chunk = file.get(at..end).ok_or(PictureProblem::Broken)?;
        if is_first != (kind == b"IHDR") {
            return Err(PictureProblem::Broken);
        }
        if is_first {
            let size = chunk.get(8..16).filter(|_| length == 13).ok_or(PictureProblem::Broken)?;
            points(number(&size[..4]), number(&size[4..]))?;
        }
        is_first = false;
        if KEPT_CHUNKS.contains(&kind) {
            out.extend_from_slice(chunk);
        }
        at = end;
        if kind == b"IEND" {
            return Ok(out);
        }
    }
}

const ADOBE: &[u8] = b"Adobe";
const EXIF: &[u8] = b"Exif\0\0";

fn jpeg(file: &[u8]) -> Result<Vec<u8>, PictureProblem> {
    let (mut kept, mut at) = (Vec::with_capacity(file.len()), 2);
    let (mut turned, mut has_frame, mut has_scan) = (None, false, false);
    loop {
        // Any number of bytes 0xFF may stand before a marker.
        if file.get(at) != Some(&0xff) {
            return Err(PictureProblem::Broken);
        }
        while file.get(at) == Some(&0xff) {
            at += 1;
        }
        let marker = *file.get(at).ok_or(PictureProblem::Broken)?;
        at += 1;
        if marker == 0xd9 {
            break;
        }
        let length = usize::try_from(number(file.get(at..at + 2).ok_or(PictureProblem::Broken)?))
            .map_err(|_| PictureProblem::Broken)?;
        let body = file.get(at + 2..at + length).filter(|_| length >= 2).ok_or(PictureProblem::Broken)?;
        at += length;
        let is_kept = match marker {
            // Baseline, extended and progressive; no other is shown by every browser.
            0xc0..=0xc2 if !has_frame => {
                let size = body.get(1..5).ok_or(PictureProblem::Broken)?;
                points(number(&size[..2]), number(&size[2..]))?;
                has_frame = true;
                true
            }
            0xc4 | 0xdb | 0xdd => true,
            0xda if has_frame => {
                has_scan = true;
                true
            }
            0xe1 => {
                turned = turned.or_else(|| body.strip_prefix(EXIF).and_then(orientation));
                false
            }
            // Says how the colours are kept.
            0xee => body.starts_with(ADOBE) && body.len() == 12,
            0xe0..=0xef | 0xfe => false,
            _ => return Err(PictureProblem::Broken),
        };
        if is_kept {
            kept.extend_from_slice(&[0xff, marker]);
            kept.extend_from_slice(&file[at - length..at]);
        }
        if marker == 0xda {
            let data = scan(&file[at..]);
            kept.extend_from_slice(data);
            at += data.len();
        }
    }
    if !has_frame || !has_scan {
        return Err(PictureProblem::Broken);
    }
    let mut out = vec![0xff, 0xd8];
    out.extend(turned.map(way_up).unwrap_or_default());
    out.extend(kept);
    out.extend_from_slice(&[0xff, 0xd9]);
    Ok(out)
}

/// The picture's data up to the next marker that is none of the data itself.
fn scan(rest: &[u8]) -> &[u8] {
    let is_end = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff);
    let end = rest.windows(2).position(is_end).unwrap_or(rest.len());
    &rest[..end]
}

/// Which way up the camera was held: 1 to 8, of the first directory of an Exif block.
fn orientation(tiff: &[u8]) -> Option<u8> {
    let is_little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let read = |at: usize, length: usize| -> Option<u64> {
        let bytes = tiff.get(at..at.checked_add(length)?)?;
        let turned: Vec<u8> = bytes.iter().rev().copied().collect();
        Some(number(if is_little { &turned } else { bytes }))
    };
    let first = usize::try_from(read(4, 4)?).ok()?;
    for entry in 0..usize::try_from(read(first, 2)?).ok()? {
        let at = first.checked_add(2)?.checked_add(entry.checked_mul(12)?)?;
        if read(at, 2)? == 0x0112 {
            return u8::try_from(read(at.checked_add(8)?, 2)?).ok().filter(|way| (1..=8).contains(way));
        }
    }
    None
}

/// An Exif block that says nothing but which way up the picture is.
fn way_up(way: u8) -> Vec<u8> {
    let mut block = vec![0xff, 0xe1, 0, 34];
    block.extend_from_slice(EXIF);
    block.extend_from_slice(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    block.extend_from_slice(&[way, 0, 0, 0, 0, 0, 0]);
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2 by 1 points, with what a phone writes beside them.
    fn sample_jpeg() -> Vec<u8> {
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
        exif.extend_from_slice(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
        exif.extend_from_slice(b"\x25\x88\x04\0\x01\0\0\0\x2a\0\0\0\0\0\0\0GPS 40.7128 N 74.0060 W");
        let mut file = vec![0xff, 0xd8];
        let mut segment = |marker: u8, body: &[u8]| {
            let length = u16::try_from(body.len() + 2).unwrap_or(u16::MAX).to_be_bytes();
            file.extend_from_slice(&[0xff, marker]);
            file.extend_from_slice(&length);
            file.extend_from_slice(body);
        };
        segment(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
        segment(0xe1, &exif);
        segment(0xfe, b"made by a phone");
        segment(0xdb, &[0; 65]);
        segment(0xc0, &[8, 0, 1, 0, 2, 1, 1, 0x11, 0]);
        segment(0xc4, &[0; 18]);
        segment(0xda, &[1, 1, 0, 0, 63, 0]);
        file.extend_from_slice(&[0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56, 0xff, 0xd9]);
        file.extend_from_slice(b"and what was hidden behind the end");
        file
    }

    fn contains(file: &[u8], what: &[u8]) -> bool {
        file.windows(what.len()).any(|part| part == what)
    }

    fn sample_png(more: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut file = PNG.to_vec();
        let mut chunk = |kind: &[u8; 4], body: &[u8]| {
            file.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
            file.extend_from_slice(kind);
            file.extend_from_slice(body);
            file.extend_from_slice(&[0; 4]);
        };
        chunk(b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
        for (kind, body) in more {
            chunk(kind, body);
        }
        chunk(b"IDAT", b"points");
        chunk(b"IEND", b"");
        file
    }

    #[test]
    fn case_58_a_card_from_a_phone_keeps_its_picture_and_which_way_up_it_is_and_nothing_else() {
        let picture = clean(&sample_jpeg()).unwrap();
        assert_eq!(picture.kind.media_type(), "image/jpeg");
        for gone in [&b"GPS"[..], b"40.7128", b"made by a phone", b"JFIF", b"hidden"] {
            assert!(!contains(&picture.bytes, gone), "{}", String::from_utf8_lossy(gone));
        }
        assert!(contains(&picture.bytes, &[0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56]), "its data are whole");
        let exif = picture.bytes.windows(EXIF.len()).position(|part| part == EXIF).unwrap();
        assert_eq!(orientation(&picture.bytes[exif + EXIF.len()..]), Some(6), "it still stands upright");
        // What was cleaned is its own clean copy.
        assert_eq!(clean(&picture.bytes).unwrap(), picture);
        let png = sample_png(&[(b"tEXt", b"place 40.7128"), (b"eXIf", b"II*\0"), (b"tRNS", b"\x01")]);
        let picture = clean(&[png.as_slice(), b"hidden"].concat()).unwrap();
        assert!(!contains(&picture.bytes, b"40.7128") && !contains(&picture.bytes, b"hidden"));
        assert!(contains(&picture.bytes, b"tRNS") && contains(&picture.bytes, b"points"));
        assert_eq!(clean(&picture.bytes).unwrap(), picture);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for other in [&b""[..], b"%PDF-1.7", b"GIF89a", b"<svg>", b"RIFF....WEBP"] {
            assert_eq!(clean(other), Err(PictureProblem::OtherKind));
        }
        let whole = sample_jpeg();
        let end = whole.windows(2).position(|pair| pair == [0xff, 0xd9]).unwrap();
        for cut in 3..end {
            assert_eq!(clean(&whole[..cut]), Err(PictureProblem::Broken), "cut at {cut}");
        }
        let mut large = sample_png(&[]);
        large[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        assert_eq!(clean(&large), Err(PictureProblem::TooManyPoints));
        let mut empty = sample_png(&[]);
        empty[16..20].copy_from_slice(&[0; 4]);
        assert_eq!(clean(&empty), Err(PictureProblem::Broken));
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_are_nothing_panics_and_what_is_taken_is_taken_again(
            at in 0usize..200, byte in any::<u8>(), cut in 0usize..400
        ) {
            for mut file in [sample_jpeg(), sample_png(&[(b"tEXt", b"words")])] {
                let (at, cut) = (at % file.len(), cut.min(file.len()));
                file[at] = byte;
                file.truncate(cut);
                if let Ok(picture) = clean(&file) {
                    prop_assert_eq!(clean(&picture.bytes), Ok(picture));
                }
            }
        }
    }
}
