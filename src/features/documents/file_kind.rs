//! What a file really is, by its first bytes, whatever its name says (FIL-01).

use crate::word_enum;

word_enum! {
    /// What a file is.
    pub enum FileKind {
        /// PDF.
        Pdf = "pdf",
        /// A picture as phones and scanners make it: JPEG or PNG.
        Picture = "picture",
        /// A picture of another kind.
        OtherPicture = "other-picture",
        /// A picture as iPhones save it.
        Heic = "heic",
        /// A web page.
        WebPage = "web-page",
        /// A drawing (SVG), which may hold scripts.
        Drawing = "drawing",
        /// A Word or other Office file.
        Office = "office",
        /// A zip file or another archive.
        Archive = "archive",
        /// A program.
        Program = "program",
        /// Plain text.
        Text = "text",
        /// None of these.
        Unknown = "unknown",
    }
}

/// Bytes that are looked at.
pub const LOOKED_AT: usize = 8 * 1024;

impl FileKind {
    /// By the beginning of the file.
    pub fn of(start: &[u8]) -> Self {
        let begins = |with: &[u8]| start.starts_with(with);
        let contains = |what: &[u8]| start.windows(what.len()).any(|part| part == what);
        if begins(b"%PDF-") || start[..start.len().min(1_024)].windows(5).any(|part| part == b"%PDF-") {
            return Self::Pdf;
        }
        if begins(b"\x89PNG\r\n\x1a\n") || begins(b"\xff\xd8\xff") {
            return Self::Picture;
        }
        if begins(b"GIF8") || begins(b"BM") {
            return Self::OtherPicture;
        }
        match start.get(4..12) {
            Some(b"ftypheic" | b"ftypheix" | b"ftyphevc" | b"ftypmif1" | b"ftypheim") => return Self::Heic,
            _ if begins(b"RIFF") && start.get(8..12) == Some(b"WEBP") => return Self::OtherPicture,
            _ => {}
        }
        if begins(b"PK\x03\x04") {
            let is_office = contains(b"[Content_Types].xml") || contains(b"word/") || contains(b"xl/");
            return if is_office { Self::Office } else { Self::Archive };
        }
        // The compound files of older Office versions.
        if begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
            return Self::Office;
        }
        if begins(b"\x1f\x8b") || begins(b"Rar!") || begins(b"7z\xbc\xaf\x27\x1c") {
            return Self::Archive;
        }
        if begins(b"MZ") || begins(b"\x7fELF") || begins(b"#!") {
            return Self::Program;
        }
        Self::of_text(start)
    }

    fn of_text(start: &[u8]) -> Self {
        let text = match std::str::from_utf8(start) {
            Ok(text) => text,
            // The last character may be cut in two.
            Err(error) if start.len() - error.valid_up_to() < 4 => {
                std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return Self::Unknown,
        };
        if text.is_empty() || text.contains('\0') {
            return Self::Unknown;
        }
        let lower = text.trim_start_matches('\u{feff}').trim_start().to_lowercase();
        if lower.starts_with('<') {
            return if lower.contains("<svg") { Self::Drawing } else { Self::WebPage };
        }
        Self::Text
    }
}

/// A file that is taken, by what it is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// A PDF, which stays as it is.
    Pdf,
    /// A picture, of which a PDF is made.
    Picture,
}

impl Taking {
    /// By the name, which agrees with what the file is. One without a name is a PDF.
    pub fn of_name(name: &str) -> Self {
        match extension(name).as_str() {
            "jpg" | "jpeg" | "png" => Self::Picture,
            _ => Self::Pdf,
        }
    }
}

/// The last part of a name behind its last point, in small letters; empty where there is none.
pub fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, end)| end.to_lowercase()).unwrap_or_default()
}

/// The name of the PDF that is made of a picture.
pub fn as_pdf(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}.pdf")
}

/// Characters of a file's name that are kept.
const LONGEST_NAME: usize = 150;

/// The name of a file as its sender's program gives it: its last part only, without what no name needs. At most 150
/// characters; for showing and for the name of a download, never for a path of ours (FIL-03).
pub fn shown_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !c.is_control()).collect();
    let clean = crate::kernel::text::clean(&kept).into_owned();
    let whole = clean.trim().trim_start_matches('.');
    let name: String = match whole.rsplit_once('.') {
        // What says the kind of file stays at the end of a name that is cut.
        Some((stem, kind)) if whole.chars().count() > LONGEST_NAME && kind.chars().count() < 10 => {
            let stem: String = stem.chars().take(LONGEST_NAME - 1 - kind.chars().count()).collect();
            format!("{stem}.{kind}")
        }
        _ => whole.chars().take(LONGEST_NAME).collect(),
    };
    // What the cleaning leaves may still turn the reading direction.
    name.chars().filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')).collect()
}

/// `Content-Disposition` of a download (RFC 6266): the name in ASCII, and as it is (RFC 8187).
pub fn attachment(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
        .collect();
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_and_keeps_what_says_its_kind() {
        let shown = shown_name(&format!("{}.pdf", "a".repeat(300)));
        assert_eq!((shown.chars().count(), shown.ends_with("a.pdf")), (150, true));
        assert_eq!(shown_name(&"b".repeat(300)).chars().count(), 150);
    }

    #[test]
    fn a_01_a_file_is_what_its_bytes_say() {
        for (start, wanted) in [
            (b"%PDF-1.7\n".as_slice(), FileKind::Pdf),
            (b"\n\n%PDF-1.4", FileKind::Pdf),
            (b"\x89PNG\r\n\x1a\nIHDR", FileKind::Picture),
            (b"\xff\xd8\xff\xe0JFIF", FileKind::Picture),
            (b"RIFF\x01\x02\x03\x04WEBPVP8", FileKind::OtherPicture),
            (b"\0\0\0\x18ftypheic\0\0", FileKind::Heic),
            (b"<!DOCTYPE html><title>x</title>", FileKind::WebPage),
            (b"\xef\xbb\xbf  <HTML>", FileKind::WebPage),
            (b"<?xml version=\"1.0\"?><svg onload=\"x()\">", FileKind::Drawing),
            (b"PK\x03\x04....[Content_Types].xml", FileKind::Office),
            (b"PK\x03\x04....notes.txt", FileKind::Archive),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileKind::Office),
            (b"MZ\x90\0", FileKind::Program),
            (b"#!/bin/sh", FileKind::Program),
            ("Größe\n".as_bytes(), FileKind::Text),
            (b"a\0b", FileKind::Unknown),
            (b"\xfe\xff\xfe\xff\xfe\xff\xfe\xff", FileKind::Unknown),
            (b"", FileKind::Unknown),
        ] {
            assert_eq!(FileKind::of(start), wanted, "{}", String::from_utf8_lossy(start));
        }
    }

    #[test]
    fn c_26_a_name_is_one_line_and_no_path_and_a_download_has_it_again() {
        let long = "x".repeat(300);
        for (sent, shown) in [
            ("../../x", "x"),
            ("C:\\Users\\Ana\\plan.pdf", "plan.pdf"),
            ("a\r\nB: c", "aB: c"),
            (".hidden.pdf", "hidden.pdf"),
            ("отчёт.pdf", "отчёт.pdf"),
            ("\u{202e}fdp.exe", "fdp.exe"),
            ("", ""),
            (long.as_str(), &long[..150]),
        ] {
            assert_eq!(shown_name(sent), shown, "{sent:?}");
            let header = attachment(&shown_name(sent));
            assert!(header.is_ascii() && !header.contains(['\r', '\n']), "{header}");
        }
        assert_eq!(
            attachment("отчёт \"1\".pdf"),
            "attachment; filename=\"_____ _1_.pdf\"; filename*=UTF-8''%D0%BE%D1%82%D1%87%D1%91%D1%82%20%221%22%2Epdf"
        );
        assert_eq!((extension("A.PDF"), extension("none")), ("pdf".to_owned(), String::new()));
    }
}
