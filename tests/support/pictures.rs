//! Pictures as phones make them, that can be opened.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use super::cards::exif;

/// The left half red, the right half blue. Its Exif block says that it has to be turned to the right: upright, the red
/// half is above.
pub fn turned_jpeg() -> Vec<u8> {
    let picture =
        RgbImage::from_fn(400, 200, |x, _| if x < 200 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) });
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, ImageFormat::Jpeg).expect("it is encoded");
    let plain = out.into_inner();
    let exif = exif();
    let length = u16::try_from(exif.len() + 2).unwrap_or(u16::MAX).to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat()
}

/// A small PNG whose head says 50,000 by 50,000 points.
pub fn png_bomb() -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    RgbImage::new(64, 64).write_to(&mut out, ImageFormat::Png).expect("it is encoded");
    let mut file = out.into_inner();
    file[16..24].copy_from_slice(&[50_000u32.to_be_bytes(), 50_000u32.to_be_bytes()].concat());
    let mut sum = flate2::Crc::new();
    sum.update(&file[12..29]);
    file[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    file
}
